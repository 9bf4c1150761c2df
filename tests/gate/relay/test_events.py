"""Whoever listens is told of each session and message, in order, and of each end once."""

from __future__ import annotations

from typing import Any

from smppgate.gate.relay.events import Events, Listener
from smppgate.txsmpp.errors import RequestTimeout
from tests.gate.deliver.test_receipts import receipt
from tests.gate.memory_gateway import bind
from tests.gate.test_reload import gate_of
from tests.routing import fakes
from tests.routing.fakes import Gate


class Recorder(Listener):
    """A listener that keeps what it is told, by names."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def bound(self, session: Any) -> None:
        self.told.append(("bound",))

    def refused(self, session: Any, number: int, name: str, command_status: int, why: str) -> None:
        self.told.append(("refused", number, name, session.host, command_status, why))

    def connection_refused(self, host: str, reason: str) -> None:
        self.told.append(("connection refused", host, reason))

    def lost(self, session: Any, reason: str) -> None:
        self.told.append(("lost",))

    def entered(self, exchange: Any) -> None:
        self.told.append(("entered", exchange.number))

    def turned_down(self, origin: Any, frame: Any, command_status: int, cause: Any) -> None:
        self.told.append(("turned down", frame.command_id, command_status))

    def waiting(self, exchange: Any) -> None:
        self.told.append(("waiting", exchange.number))

    def sent(self, exchange: Any) -> None:
        self.told.append(("sent", exchange.number, exchange.attempts))

    def answered(self, exchange: Any, command_status: int, now: float) -> None:
        self.told.append(("answered", exchange.number, command_status))

    def ended(self, exchange: Any, command_status: int, now: float, cause: Any) -> None:
        self.told.append(("ended", exchange.number, command_status))

    def receipt(self, link: Any, receipt: Any, is_matched: bool) -> None:
        self.told.append(("receipt", is_matched))


def recorded(gate: Gate) -> list[tuple[Any, ...]]:
    """What is told from now on."""
    recorder = Recorder()
    gate.router.events.attach(recorder)
    return recorder.told


def test_a_message_enters_is_sent_answered_and_ends() -> None:
    gate = Gate()
    esme, link = gate.esme(), gate.link()
    told = recorded(gate)
    gate.submitted(esme, link, b"id")
    assert [each[0] for each in told] == ["entered", "sent", "answered", "ended"]
    assert len({each[1] for each in told}) == 1


def test_what_waits_for_an_smsc_is_told_between() -> None:
    gate = Gate()
    gate.pool.hold = 5.0
    esme = gate.esme()
    told = recorded(gate)
    gate.forward(esme, fakes.submit(5))
    gate.forward(esme, fakes.submit(6))
    link = gate.link(window=1)
    told.clear()
    gate.clock.advance(0)
    gate.answer(link, 0x45)
    gate.clock.advance(0)
    gate.router.esme_ended(esme)  # type: ignore[arg-type]
    assert told == [
        ("sent", 5, 1),
        ("answered", 5, 0x45),
        ("ended", 5, 0x45),
        ("sent", 6, 1),
    ]
    gate.forward(esme, fakes.submit(7))
    told.clear()
    gate.router.esme_ended(esme)  # type: ignore[arg-type]
    assert told == [("ended", 7, 0x08)]


def test_a_retry_is_sent_once_more_and_ends_once() -> None:
    gate = Gate()
    esme, first = gate.esme(), gate.link()
    second = gate.link(gate.beta)
    told = recorded(gate)
    gate.forward(esme, fakes.submit(5))
    gate.answer(first if first.requests else second, 0x58)
    gate.answer(second if first.requests else first, 0)
    assert told == [
        ("entered", 5),
        ("sent", 5, 1),
        ("answered", 5, 0x58),
        ("sent", 5, 2),
        ("answered", 5, 0),
        ("ended", 5, 0),
    ]


def test_without_an_answer_it_ends_with_the_answer_of_the_gate() -> None:
    gate = Gate()
    esme, link = gate.esme(), gate.link()
    told = recorded(gate)
    gate.forward(esme, fakes.submit(5))
    (exchange,) = link.outstanding.drain()
    exchange.failed(RequestTimeout("too late"))
    assert told[2:] == [("ended", 5, 0x08)]


def test_what_is_over_the_window_is_turned_down_and_what_no_smsc_takes_ends() -> None:
    gate = Gate()
    esme = gate.esme(window=1)
    told = recorded(gate)
    gate.forward(esme, fakes.submit(5))
    assert told == [("entered", 5), ("ended", 5, 0x08)]
    gate.link()
    gate.forward(esme, fakes.submit(6))
    gate.forward(esme, fakes.submit(7))
    assert told[-1] == ("turned down", 4, 0x58)


def test_a_receipt_is_told_with_or_without_its_return_path() -> None:
    gate = Gate(tags=True)
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"1")
    told = recorded(gate)
    gate.deliver(link, receipt(b"1", 9))
    gate.answer(esme)
    assert told == [
        ("receipt", True),
        ("entered", 9),
        ("sent", 9, 1),
        ("answered", 9, 0),
        ("ended", 9, 0),
    ]
    told.clear()
    gate.deliver(link, receipt(b"2", 10))
    assert ("receipt", False) in told


def test_a_refused_bind_is_told() -> None:
    gate = gate_of()
    recorder = Recorder()
    gate.router.events.attach(recorder)
    end = gate.esme(bind(password=b"wrong"))
    assert [frame.command_status for frame in end.heard()] == [0x0E]
    (told,) = recorder.told
    assert told == ("refused", 7, "'acme'", "192.168.1.1", 0x0E, "wrong password")


def test_sessions_are_told_when_they_are_bound_and_lost() -> None:
    gate = Gate()
    told = recorded(gate)
    esme, link = gate.esme(), gate.link()
    gate.lose(esme)
    gate.lose(link)
    assert told == [("bound",), ("bound",), ("lost",), ("lost",)]


class Bound(Listener):
    """Wants to know of binds alone."""

    def __init__(self, told: list[Any]) -> None:
        self._told = told

    def bound(self, session: Any) -> None:
        self._told.append((self, session))


def test_what_no_listener_wants_is_told_to_none() -> None:
    events = Events()
    events.attach(Bound([]))
    kinds = [name for name in dir(events) if name.startswith("tell_")]
    assert [name for name in kinds if getattr(events, name) is not None] == ["tell_bound"]
    assert {name.removeprefix("tell_") for name in kinds} == {
        name for name in vars(Listener) if not name.startswith("_")
    }


def test_several_are_told_in_the_order_in_which_they_came_until_they_go() -> None:
    events, told = Events(), list[Any]()
    first, second = Bound(told), Bound(told)
    events.attach(first)
    events.attach(second)
    assert events.tell_bound is not None
    events.tell_bound("a session")
    assert told == [(first, "a session"), (second, "a session")]
    events.detach(first)
    told.clear()
    events.tell_bound("another")
    assert told == [(second, "another")]
    events.detach(second)
    assert events.tell_bound is None


class OfRuns(Listener):
    """Wants to know how messages end, and is content with runs."""

    def taken(self, exchange: Any, frame: Any, answer: bytes, now: float) -> None:
        """Of one."""

    def run_taken(self, run: Any, link: Any, places: Any, answers: Any, now: float) -> None:
        """Of several."""

    def run_delivered(self, link: Any, session: Any, count: int) -> None:
        """To an ESME."""


class OfSomeRuns(Listener):
    """The same, but for what ESMEs are sent."""

    def run_taken(self, run: Any, link: Any, places: Any, answers: Any, now: float) -> None:
        """Of several."""

    def taken(self, exchange: Any, now: float) -> None:
        """Of one."""


class OfEnds(Listener):
    """Wants to know how each message ends."""

    def ended(self, exchange: Any, command_status: int, now: float, cause: Any) -> None:
        """It has."""


class OfSessions(Listener):
    """Wants to know of no message."""

    def bound(self, session: Any) -> None:
        """It is."""


def test_a_listener_is_told_of_each_message_unless_it_takes_runs() -> None:
    events = Events()
    of_runs = OfRuns()
    events.attach(of_runs)
    events.attach(OfSessions())
    assert not events.tells_each
    assert events.tell_run_taken == of_runs.run_taken
    for listener, is_told in ((OfEnds(), True), (OfSomeRuns(), False), (Recorder(), True)):
        events.attach(listener)
        assert events.tells_each is is_told
        assert events.tells_each_delivery
        events.detach(listener)
        assert not events.tells_each
        assert not events.tells_each_delivery
