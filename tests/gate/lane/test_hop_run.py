"""What goes by way of another node of a run is a run of its own."""

from __future__ import annotations

from typing import Any, cast

from smppgate.gate.lane.hop_run import HopRun, RunLink
from smppgate.routing.exchange import Exchange
from smppgate.txsmpp.sequence import Request
from tests.gate.lane.test_run import COUNT, Laid
from tests.routing.fakes import FakeSession

FIRST, SIZE = 3, COUNT - 5


class Remote(FakeSession):
    """A link by way of another node."""

    def __init__(self, laid: Laid) -> None:
        super().__init__(smsc=laid.smsc)
        self.took_all: list[int] = []
        self.awaited: list[Request] = []

    def hop(self, request: Request) -> Request:
        self.awaited.append(request)
        return Request(request.command_id, request.sent_at)

    def took(self, count: int) -> None:
        self.took_all.append(count)


def hop_of(laid: Laid) -> tuple[HopRun, Any]:
    """Some of the messages in the middle of the run, on such a link."""
    link: Any = Remote(laid)
    run = HopRun(laid.run, FIRST, SIZE, cast(RunLink, link))
    assert list(run.claim(link, 0, SIZE)) == list(range(1, SIZE + 1))
    return run, link


def test_its_messages_are_those_of_its_part() -> None:
    laid = Laid()
    run, link = hop_of(laid)
    frames = laid.frames[FIRST : FIRST + SIZE]
    assert run.messages(range(SIZE)) == [frame.octets for frame in frames]
    assert list(run.asked) == [frame.sequence_number for frame in frames]
    assert run.is_on(link)
    assert not run.is_on(laid.links[0])


def test_a_single_message_is_a_hop_of_its_exchange() -> None:
    laid = Laid()
    run, link = hop_of(laid)
    for at in range(SIZE):
        awaited = run.single(at)
        exchange = link.awaited[at]
        assert isinstance(exchange, Exchange)
        assert not isinstance(awaited, Exchange)
        assert (exchange.number, exchange.octets) == laid.frames[FIRST + at][2:]
        assert (exchange.smsc, exchange.sent_on, exchange.attempts) == (laid.smsc, link, 1)
    assert run.open == 0
    assert link.took_all == []


def test_the_link_hears_how_many_were_taken() -> None:
    laid = Laid()
    run, link = hop_of(laid)
    run.answered_some(2)
    run.answered_some(1)
    assert link.took_all == [2, 1]
    assert run.open == SIZE - 3
