"""The order of reloads, with a reader and a gate of the test's."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import CancelledError, Deferred

from smppgate.daemon.reloads import Reloads
from smppgate.settings import Settings, SettingsError, parse
from tests.daemon.test_systemd import Told
from tests.e2e.twistd import settings
from tests.fakes import outcomes
from tests.gate.memory_gateway import Log

FILE = "gate.toml"


class Gate:
    """A gate whose reloads are done when the test says so."""

    def __init__(self) -> None:
        self.under_way: list[tuple[Settings, Deferred[object]]] = []
        self.refused: list[Sequence[str]] = []

    def reload(self, settings: Settings) -> Deferred[object]:
        """Begin."""
        self.under_way.append((settings, Deferred()))
        return self.under_way[-1][1]

    def reload_refused(self, lines: Sequence[str]) -> None:
        """Note them."""
        self.refused.append(lines)


class Desk:
    """The reloads of a gate, and what they wait for."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.readings: list[Deferred[Settings]] = []
        self.cancelled = 0
        self.told = Told()
        self.reloads = Reloads(self.gate, FILE, self._read, self.told)

    def _read(self, file: str) -> Deferred[Settings]:
        assert file == FILE
        self.readings.append(Deferred(lambda _: self._cancel()))
        return self.readings[-1]

    def _cancel(self) -> None:
        self.cancelled += 1

    def states(self) -> list[str]:
        """What systemd was told."""
        return [message.partition("=")[0] for message in self.told.messages]


GOOD = parse(settings(2775, {"alpha": 3001}))


def test_what_is_read_goes_to_the_gate() -> None:
    desk = Desk()
    desk.reloads.request()
    assert desk.states() == ["RELOADING"]
    desk.readings[0].callback(GOOD)
    ((given, done),) = desk.gate.under_way
    assert given is GOOD
    assert desk.states() == ["RELOADING"]
    done.callback(None)
    assert desk.states() == ["RELOADING", "READY"]


def test_errors_are_told_and_the_gate_hears_nothing() -> None:
    desk = Desk()
    with Log() as log:
        desk.reloads.request()
        desk.readings[0].errback(SettingsError(("a: is wrong", "b: is worse"), FILE))
    assert desk.gate.under_way == []
    assert log.lines[1:] == [
        f"SG-5001 {FILE}: a: is wrong",
        f"SG-5001 {FILE}: b: is worse",
        f"SG-5002 nothing is changed: {FILE} has errors",
    ]
    assert desk.gate.refused == [("a: is wrong", "b: is worse")]
    assert desk.states() == ["RELOADING", "READY"]


def test_signals_during_a_reload_are_one_reload_after_it() -> None:
    desk = Desk()
    desk.reloads.request()
    desk.reloads.request()
    desk.readings[0].callback(GOOD)
    desk.reloads.request()
    assert len(desk.readings) == 1
    desk.gate.under_way[0][1].callback(None)
    assert len(desk.readings) == 2
    desk.readings[1].callback(GOOD)
    desk.gate.under_way[1][1].callback(None)
    assert len(desk.readings) == 2
    assert desk.states() == ["RELOADING", "RELOADING", "READY"]


def test_a_fault_of_the_gates_does_not_end_reloads() -> None:
    desk = Desk()
    with Log() as log:
        desk.reloads.request()
        desk.readings[0].callback(GOOD)
        desk.gate.under_way[0][1].errback(RuntimeError("a bug"))
    assert any("the reload failed" in line for line in log.lines)
    desk.reloads.request()
    assert len(desk.readings) == 2


def test_a_gate_that_stops_reads_no_more() -> None:
    desk = Desk()
    desk.reloads.request()
    desk.reloads.request()
    desk.reloads.stop()
    assert desk.cancelled == 1
    desk.reloads.request()
    assert len(desk.readings) == 1
    assert desk.states() == ["RELOADING"]


# Who wants to know what comes of it


def test_who_asks_hears_when_it_is_applied_and_not_before() -> None:
    desk = Desk()
    heard = outcomes(desk.reloads.done())
    desk.readings[0].callback(GOOD)
    assert heard == []
    desk.gate.under_way[0][1].callback(None)
    assert heard == [None]


def test_who_asks_during_a_reload_waits_for_the_next_one() -> None:
    """The file may have changed since it was read."""
    desk = Desk()
    desk.reloads.request()
    heard = [outcomes(desk.reloads.done()) for _ in range(2)]
    desk.readings[0].callback(GOOD)
    desk.gate.under_way[0][1].callback(None)
    assert heard == [[], []]
    desk.readings[1].callback(GOOD)
    desk.gate.under_way[1][1].callback(None)
    assert heard == [[None], [None]]
    assert len(desk.readings) == 2


def test_who_asks_hears_all_errors_and_they_are_logged_too() -> None:
    desk = Desk()
    heard = outcomes(desk.reloads.done())
    with Log() as log:
        desk.readings[0].errback(SettingsError(("a: is wrong",), FILE))
    assert heard[0].value.errors == ("a: is wrong",)  # type: ignore[union-attr]
    assert f"SG-5001 {FILE}: a: is wrong" in log.lines


def test_a_stop_tells_who_waits() -> None:
    desk = Desk()
    desk.reloads.request()
    waiting = outcomes(desk.reloads.done())
    desk.reloads.stop()
    late = outcomes(desk.reloads.done())
    assert [each[0].check(CancelledError) for each in (waiting, late)]  # type: ignore[union-attr]
    assert len(desk.readings) == 1


def test_who_hangs_up_stops_no_reload() -> None:
    desk = Desk()
    asking = desk.reloads.done()
    heard = outcomes(asking)
    asking.cancel()
    desk.readings[0].callback(GOOD)
    desk.gate.under_way[0][1].callback(None)
    assert len(heard) == 1
    assert desk.states() == ["RELOADING", "READY"]
