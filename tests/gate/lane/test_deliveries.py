"""Reads of deliver_sm, and of their answers, are relayed by the run."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest

from smppgate.gate.deliver.delivery import Delivery
from smppgate.gate.deliver.receipt_delivery import ReceiptDelivery
from smppgate.gate.lane.delivery_run import DeliveryRun
from smppgate.routing.smscs.link_shares import LinkShares
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import Frame, header_only
from smppgate.txsmpp.states import State
from smppgate.txsmpp.versions import V3_3, V3_4
from tests.gate.deliver.test_dispatcher import with_queue
from tests.routing import fakes
from tests.routing.fakes import FakeSession, Gate, said

DELIVER_SM_RESP = 0x80000005


@pytest.fixture(autouse=True)
def _with_the_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the tests of all else run with."""
    monkeypatch.delenv("GATE_LANE", raising=False)


def answered(gate: Gate, session: FakeSession, *answers: bytes) -> int:
    """The ESME answers so in one read; gives how many octets of that are left."""
    octets = b"".join(answers)
    return len(octets) - gate.router.relay_from_esme(session, octets, 0, gate.now)  # type: ignore[arg-type]


def answer(request: Frame, status: int = 0, body: bytes = b"\0") -> bytes:
    return fakes.resp(request, status, body).octets


def taken(gate: Gate, session: FakeSession, link: FakeSession, *message_ids: bytes) -> None:
    for message_id in message_ids:
        gate.submitted(session, link, message_id)


def receipts(*message_ids: bytes) -> list[Frame]:
    return [fakes.receipt(each, number=at) for at, each in enumerate(message_ids, 7)]


def run_of(session: FakeSession) -> DeliveryRun:
    run, _ = next(iter(session.outstanding.requests.values()))  # type: ignore[misc]
    assert isinstance(run, DeliveryRun)
    return run


def test_a_read_of_messages_and_receipts_is_one_run() -> None:
    gate = Gate()
    session, link = gate.esme(), gate.link()
    taken(gate, session, link, b"11", b"12")
    session.answers.clear()
    frames = [*receipts(b"11", b"12"), fakes.deliver(b"1000", 9, b"Hello")]
    assert gate.read(link, *frames) == 3
    assert [frame.command_id for frame in session.requests] == [CommandId.DELIVER_SM] * 3
    assert len(run_of(session).messages) == link.unanswered == len(link.shares) == 3
    requests = session.requests
    assert answered(gate, session, *map(answer, requests)) == 0
    assert said(link) == [(7, 0), (8, 0), (9, 0)]
    assert (link.unanswered, len(link.shares), len(session.outstanding)) == (0, 0, 0)
    assert gate.router.events.answered == 5


@pytest.mark.parametrize("is_receipt", [True, False])
def test_a_message_that_ends_otherwise_is_a_delivery_as_the_general_way_makes_it(
    is_receipt: bool,
) -> None:
    gate = Gate()
    session, link = gate.esme(), gate.link()
    taken(gate, session, link, b"11")
    (frame,) = receipts(b"11") if is_receipt else [fakes.deliver(b"1000", 7, b"Hello")]
    gate.deliver(link, frame)
    usual: Any = session.outstanding.drain()[0]
    assert gate.read(link, frame) == 1
    (single,) = session.outstanding.drain()
    assert type(single) is type(usual) is (ReceiptDelivery if is_receipt else Delivery)
    for each in type(usual).__mro__:
        for name in getattr(each, "__slots__", ()):
            assert getattr(single, name) == getattr(usual, name), name


def test_an_error_of_the_esme_ends_the_run_of_answers() -> None:
    gate = Gate()
    session, link = gate.esme(), gate.link()
    gate.read(link, *(fakes.deliver(b"1000", number) for number in range(1, 4)))
    first, second, third = session.requests
    left = answered(gate, session, answer(first), answer(second, 0x45, b""), answer(third))
    assert left == 16 + 17
    session.reply(second, 0x45)
    assert answered(gate, session, answer(third)) == 0
    assert said(link) == [(1, 0), (2, 0x45), (3, 0)]
    assert link.unanswered == len(link.shares) == 0


def test_an_answer_without_its_nul_is_given_one() -> None:
    gate = Gate()
    session, link = gate.esme(), gate.link()
    gate.read(link, fakes.deliver(b"1000", 1))
    number = session.requests[0].sequence_number
    assert answered(gate, session, header_only(DELIVER_SM_RESP, 0, number)) == 0
    assert link.answers[0].octets[16:] == b"\0"


def test_return_paths_of_a_read_of_answers_end_together() -> None:
    gate = Gate()
    session, link = gate.esme(), gate.link()
    taken(gate, session, link, b"11", b"aB", b"13")
    under_way = fakes.deliver(b"1000", 9, b"id:13 sub:001 dlvrd:000 stat:ENROUTE err:000 text:", 4)
    gate.read(link, *receipts(b"11", b"aB"), under_way)
    with patch.object(gate.store, "end") as end:
        answered(gate, session, *map(answer, session.requests))
    ((keys, _),) = [call.args for call in end.call_args_list]
    prefix = link.smsc.center.prefix
    assert [key for key in keys if key.startswith(prefix)] == [prefix + b"11", prefix + b"aB"]


def test_one_session_does_not_take_the_link_of_another_in_one_read() -> None:
    gate = Gate()
    slow, quick, link = gate.esme(window=100), gate.esme(gate.other), gate.link(window=10)
    to_slow = [fakes.deliver(b"1000", number) for number in range(1, 11)]
    gate.read(link, fakes.deliver(b"2000", 500), *to_slow, fakes.deliver(b"2000", 501))
    assert (len(slow.requests), len(quick.requests)) == (5, 2)
    assert said(link) == [(number, 0x64) for number in range(6, 11)]


def test_what_is_behind_a_queued_message_in_a_read_is_queued_too() -> None:
    """Though the link has room for its session again."""
    gate, queue, link = with_queue()
    session = gate.esme(window=100)

    def put(*message: Any) -> None:
        queue.taken.append(message)
        queue.holds = True

    with (
        patch.object(LinkShares, "has_room", side_effect=[True, False, False, True, True]),
        patch.object(queue, "put", put),
    ):
        gate.read(link, *(fakes.deliver(b"1000", number) for number in range(1, 4)))
    assert (len(session.requests), len(queue.taken)) == (1, 2)


def test_a_window_bounds_a_run() -> None:
    gate = Gate()
    session, link = gate.esme(window=3), gate.link()
    gate.read(link, *(fakes.deliver(b"1000", number) for number in range(1, 6)))
    assert len(session.requests) == 3
    assert said(link) == [(4, 0x64), (5, 0x64)]
    assert link.unanswered == 3


def test_several_receivers_share_a_read() -> None:
    gate = Gate()
    sessions, link = [gate.esme(window=100) for _ in range(2)], gate.link(window=200)
    assert gate.read(link, *(fakes.deliver(b"1000", number) for number in range(1, 65))) == 64
    assert all(24 <= len(each.requests) <= 40 for each in sessions)


def test_receipts_that_follow_their_answers_leave_together_and_in_order() -> None:
    gate = Gate(receipt_delay=0.05)
    sender = gate.esme(state=State.BOUND_TX)
    receiver, link = gate.esme(state=State.BOUND_RX), gate.link()
    taken(gate, sender, link, b"11", b"12", b"13")
    first, second, third = receipts(b"11", b"12", b"13")
    assert gate.read(link, first, second) == 2
    gate.deliver(link, third)
    gate.clock.advance(0)
    assert (receiver.requests, gate.router.receipts.waiting, link.unanswered) == ([], 3, 3)
    gate.clock.advance(0.05)
    ids = [frame.octets.partition(b"id:")[2][:8] for frame in receiver.requests]
    assert [each.partition(b" ")[0][-2:] for each in ids] == [b"11", b"12", b"13"]
    assert gate.router.receipts.waiting == 0
    assert len(run_of(receiver).messages) == 2


def test_receipts_that_were_held_go_another_way_if_their_session_is_gone() -> None:
    gate = Gate(receipt_delay=0.05)
    sender = gate.esme(state=State.BOUND_TX)
    receiver, link = gate.esme(state=State.BOUND_RX), gate.link()
    taken(gate, sender, link, b"11", b"12")
    gate.read(link, *receipts(b"11", b"12"))
    gate.clock.advance(0)
    gate.lose(receiver)
    gate.clock.advance(0.05)
    assert said(link) == [(7, 0x64), (8, 0x64)]
    assert link.unanswered == 0


def test_what_has_a_lost_link_is_not_delivered() -> None:
    gate = Gate(receipt_delay=0.05)
    sender = gate.esme(state=State.BOUND_TX)
    receiver, link = gate.esme(state=State.BOUND_RX), gate.link()
    taken(gate, sender, link, b"11")
    gate.read(link, *receipts(b"11"))
    gate.clock.advance(0)
    gate.lose(link)
    gate.clock.advance(0.05)
    assert receiver.requests == []


def test_what_an_esme_of_another_version_gets_is_not_sent_as_it_is() -> None:
    gate = Gate()
    session, link = gate.esme(version=V3_3), gate.link()
    frames = [fakes.deliver(b"1000", number) for number in range(1, 4)]
    gate.read(link, *frames)
    sent = list(session.outstanding.requests.values())
    assert [each.adapts for each in sent] == [V3_4] * 3  # type: ignore[union-attr]


def test_sessions_of_another_version_take_turns_as_well() -> None:
    gate = Gate()
    sessions, link = [gate.esme(version=V3_3, window=50) for _ in range(2)], gate.link(window=200)
    for _ in range(10):
        gate.read(link, *(fakes.deliver(b"1000", number) for number in range(1, 3)))
    assert [len(each.requests) for each in sessions] == [10, 10]


@pytest.mark.parametrize("state", [State.BOUND_TX, State.UNBINDING])
def test_a_link_that_may_not_deliver_is_left_to_the_session(state: State) -> None:
    gate = Gate()
    gate.esme()
    link = gate.link(state=state)
    octets = fakes.deliver(b"1000", 1).octets
    assert gate.router.relay_from_smsc(link, octets, 0, gate.now) == 0  # type: ignore[arg-type]
