"""A message of a run that does not end as most do is an exchange like any other."""

from __future__ import annotations

from typing import Any

from smppgate.gate.lane.run import FEW, Run
from smppgate.routing.exchange import Exchange
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.sequence import Request
from tests.routing import fakes
from tests.routing.fakes import FakeSession, submit

COUNT = 2 * FEW


class Laid:
    """A run of messages, and two links that have them."""

    def __init__(self) -> None:
        self.frames = [submit(40 + at, b"text %d" % at, at % 2) for at in range(COUNT)]
        octets, bounds = b"before", [6]
        for frame in self.frames:
            octets += frame.octets
            bounds.append(len(octets))
        self.octets = octets + b"behind"
        self.smsc = fakes.smsc("alpha", 1, 100, 100)
        self.links: list[Any] = list(self.smsc.links)
        self.origin: Any = FakeSession(10)
        self.pool = fakes.pool(self.smsc)
        self.correlator: Any = object()
        self.run = Run(
            self.correlator,
            self.origin,
            self.pool,
            self.octets,
            bounds,
            [frame.sequence_number for frame in self.frames],
            None,
            7.0,
        )

    def claim(self) -> list[tuple[Any, int]]:
        """Where each message went, and under which number."""
        half = COUNT // 2
        first, second = self.links
        return [(first, number) for number in self.run.claim(first, 0, half)] + [
            (second, number) for number in self.run.claim(second, half, half)
        ]


def _of(exchange: Request) -> dict[str, Any]:
    names = (*Exchange.__slots__, "command_id", "sent_at")
    return {name: getattr(exchange, name) for name in names}


def test_a_single_message_is_what_the_general_way_makes_of_it() -> None:
    laid = Laid()
    claimed = laid.claim()
    assert laid.run.open == COUNT
    for at, frame in enumerate(laid.frames):
        usual = Exchange(laid.correlator, laid.origin, frame, laid.pool, 7.0)
        usual.smsc, usual.sent_on, usual.attempts = laid.smsc, claimed[at][0], 1
        assert _of(laid.run.single(at)) == _of(usual)
    assert laid.run.open == 0


def test_few_that_are_open_do_not_keep_the_read() -> None:
    laid = Laid()
    claimed = laid.claim()
    left = [1, COUNT - 1]
    for at, (link, number) in enumerate(claimed):
        if at not in left:
            del link.outstanding.requests[number]
    laid.run.answered_some(COUNT - 3)
    assert laid.run._octets is laid.octets
    laid.run.answered_some(1)
    assert laid.run._octets == {at: laid.frames[at].octets for at in left}
    for at in left:
        link, number = claimed[at]
        found = link.outstanding.answered(_answer(number))
        assert (found.number, found.octets) == (40 + at, laid.frames[at].octets)


def test_a_run_of_which_nothing_is_open_copies_nothing() -> None:
    laid = Laid()
    for link, number in laid.claim():
        del link.outstanding.requests[number]
    laid.run.answered_some(COUNT)
    assert laid.run._octets is laid.octets


def _answer(number: int) -> Frame:
    return fakes.raw(0x80000004, 0x08, number)
