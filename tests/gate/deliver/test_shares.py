"""One slow ESME does not fill an SMSC's link for the others."""

from __future__ import annotations

from typing import Any

from smppgate.txsmpp.frame import Frame
from tests.gate.deliver.test_receipts import receipt
from tests.routing import fakes
from tests.routing.fakes import FakeSession, Gate, said


def sent(gate: Gate, link: FakeSession, destination: bytes, numbers: range) -> None:
    for number in numbers:
        gate.deliver(link, fakes.deliver(destination, number))


def test_a_session_holds_half_of_the_window_once_another_wants_it() -> None:
    gate = Gate()
    slow, quick, link = gate.esme(window=100), gate.esme(gate.other), gate.link(window=10)
    gate.deliver(link, fakes.deliver(b"2000", 500))
    sent(gate, link, b"1000", range(1, 11))
    assert len(slow.requests) == 5
    assert said(link) == [(number, 0x64) for number in range(6, 11)]
    sent(gate, link, b"2000", range(11, 14))
    assert len(quick.requests) == 4
    for frame in slow.requests[:5]:
        slow.reply(frame)
    sent(gate, link, b"1000", range(20, 25))
    assert len(slow.requests) == 10


def test_alone_it_may_have_all_of_it() -> None:
    gate = Gate()
    slow, link = gate.esme(window=100), gate.link(window=10)
    sent(gate, link, b"1000", range(1, 101))
    assert (len(slow.requests), said(link)) == (100, [])


def test_each_link_is_counted_by_itself() -> None:
    gate = Gate()
    slow, one, two = gate.esme(window=100), gate.link(window=10), gate.link(window=10)
    gate.esme(gate.other)
    for link in (one, two):
        gate.deliver(link, fakes.deliver(b"2000", 500))
        sent(gate, link, b"1000", range(1, 11))
    assert len(slow.requests) == 10


def test_a_session_that_does_not_answer_at_all_holds_few() -> None:
    """Though the SMSC's window is smaller than the gate's is configured to be."""
    gate = Gate()
    slow, quick, link = gate.esme(window=100), gate.esme(gate.other), gate.link(window=100)
    for number in range(1, 30):
        gate.deliver(link, fakes.deliver(b"1000", number))
        gate.deliver(link, fakes.deliver(b"2000", 100 + number))
        gate.answer(quick)
        gate.clock.advance(0.25)
    assert len(quick.requests) == 29
    assert len(slow.requests) < 6
    refused = [number for number, status in said(link) if status == 0x64]
    assert len(slow.requests) + len(refused) == 29


def test_receipts_count_too_and_another_session_of_the_account_does_not_matter() -> None:
    gate = Gate(tags=True)
    slow, quick, link = gate.esme(window=100), gate.esme(gate.other), gate.link(window=10)
    for number in range(1, 11):
        gate.submitted(slow, link, b"%d" % number)
    gate.submitted(quick, link, b"99")
    gate.deliver(link, receipt(b"99", 99))
    for number in range(1, 11):
        gate.deliver(link, receipt(b"%d" % number, number))
    assert len(slow.requests) == 5


def test_what_goes_to_its_queue_is_no_matter_of_the_link() -> None:
    gate = Gate()
    queued: list[Any] = []

    class Queue:
        name, holds, is_closing = b"acme", False, False

        def put(self, exchange: Any, octets: bytes) -> None:
            queued.append(exchange)

    gate.router.dispatcher.queues = {gate.acme: Queue()}  # type: ignore[dict-item]
    slow, link = gate.esme(window=100), gate.link(window=10)
    gate.esme(gate.other)
    gate.deliver(link, fakes.deliver(b"2000", 500))
    sent(gate, link, b"1000", range(1, 11))
    assert (len(slow.requests), len(queued), said(link)) == (5, 5, [])
    for exchange in queued:
        exchange.answered(Frame.of(exchange.resp(0)), gate.now)
    sent(gate, link, b"1000", range(20, 23))
    assert len(slow.requests) == 5


def test_sessions_and_links_that_end_leave_nothing() -> None:
    gate = Gate()
    slow, link = gate.esme(window=100), gate.link(window=10)
    other = gate.esme(gate.other)
    gate.deliver(link, fakes.deliver(b"2000", 500))
    sent(gate, link, b"1000", range(1, 4))
    gate.lose(slow)
    assert len(link.shares) == 1
    gate.lose(link)
    gate.answer(other)
    assert len(link.shares) == 0
