"""Events as they come: all of them, from where the client was, and no more than it reads."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock as TwistedClock

from smppgate.admin.event_stream import MOST_UNREAD, SIGN_OF_LIFE, EventStream
from smppgate.observe import EventLog
from smppgate.txsmpp.clock import Clock


class Request:
    """What a stream needs of a request."""

    def __init__(self) -> None:
        self.written = b""
        self.is_cut = False
        self.producer: Any = None
        self._finished: Deferred[None] = Deferred()
        self.channel = self

    def notifyFinish(self) -> Deferred[None]:
        return self._finished

    def registerProducer(self, producer: Any, _streaming: bool) -> None:
        self.producer = producer

    def write(self, octets: bytes) -> None:
        self.written += octets

    def forceAbortClient(self) -> None:
        self.is_cut = True

    def gone(self) -> None:
        self._finished.callback(None)

    def numbers(self) -> list[int]:
        """Of the events that were written."""
        lines = self.written.decode().splitlines()
        found = [json.loads(line[6:])["number"] for line in lines if line.startswith("data: ")]
        assert found == [int(line[4:]) for line in lines if line.startswith("id: ")]
        return found


class Streaming:
    """A log of events and one client."""

    def __init__(self, before: int = 0, since: int = 0) -> None:
        self.time: Any = TwistedClock()
        clock = Clock.of(self.time)
        self.events = EventLog(clock)
        self.tell(before)
        self.request = Request()
        EventStream(self.events, clock, since).start(self.request)

    def tell(self, count: int) -> None:
        for _ in range(count):
            # There are only so many a second.
            self.time.advance(0.1)
            self.events.tell("operator", "vera: drain alpha", user="vera", smsc="alpha")


def test_a_number_that_was_never_given_is_of_the_gate_before_a_start() -> None:
    """Whoever followed that one has seen none of the events of this one."""
    assert Streaming(before=3, since=900).request.numbers() == [1, 2, 3]
    assert Streaming(before=3, since=3).request.numbers() == []


def test_an_event_has_number_kind_and_data() -> None:
    streaming = Streaming()
    streaming.events.tell("operator", "vera: drain alpha", user="vera", smsc="alpha")
    _retry, event, _ = streaming.request.written.decode().split("\n\n")
    number, kind, data = event.split("\n")
    assert (number, kind) == ("id: 1", "event: operator")
    assert json.loads(data.removeprefix("data: ")) == {
        "number": 1,
        "time": None,
        "kind": "operator",
        "text": "vera: drain alpha",
        "user": "vera",
        "smsc": "alpha",
    }


def test_what_was_missed_comes_first_and_nothing_twice() -> None:
    streaming = Streaming(before=5, since=3)
    streaming.tell(2)
    assert streaming.request.numbers() == [4, 5, 6, 7]


def test_a_client_that_does_not_read_is_sent_nothing_and_then_all() -> None:
    streaming = Streaming()
    streaming.request.producer.pauseProducing()
    streaming.tell(20)
    assert streaming.request.numbers() == []
    streaming.request.producer.resumeProducing()
    assert streaming.request.numbers() == list(range(1, 21))


def test_one_that_is_too_far_behind_is_cut() -> None:
    streaming = Streaming()
    streaming.request.producer.pauseProducing()
    streaming.tell(MOST_UNREAD)
    assert not streaming.request.is_cut
    streaming.tell(1)
    assert streaming.request.is_cut
    assert streaming.time.getDelayedCalls() == []
    streaming.tell(1)


def test_idle_connections_get_a_sign_of_life() -> None:
    streaming = Streaming()
    before = len(streaming.request.written)
    streaming.time.pump([SIGN_OF_LIFE / 2] * 4)
    assert streaming.request.written[before:] == b": \n\n" * 2


def test_nothing_is_left_of_a_client_that_is_gone() -> None:
    streaming = Streaming()
    streaming.request.gone()
    streaming.tell(1)
    assert streaming.request.numbers() == []
    assert streaming.time.getDelayedCalls() == []
    assert not streaming.events._subscribers
