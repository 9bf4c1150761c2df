"""A worker is started, begins, serves, ends, and is started again, on a reactor in memory."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.task import Clock as TwistedClock
from twisted.protocols import amp
from twisted.python.failure import Failure

from smppgate.txsmpp.backoff import Backoff
from smppgate.txsmpp.clock import Clock
from smppgate.workers import commands
from smppgate.workers.control import Control, Responders
from smppgate.workers.supervision import CONTROL, Supervised
from tests.fakes import connect
from tests.gate.memory_gateway import Log


class Process:
    """What the reactor has of a child."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.signals: list[str] = []

    def signalProcess(self, name: str) -> None:
        self.signals.append(name)


class Child(Responders):
    """The worker's end: answers what the test has said."""

    def __init__(self) -> None:
        self.number = self.serves = 0
        self.fault = ""
        self.mistake: Exception | None = None
        self.is_lost = False

    @commands.Begin.responder
    def begin(self, number: int, common: bytes) -> dict[str, Any]:
        self.number = number
        if self.fault:
            raise commands.CannotStart(self.fault)
        if self.mistake is not None:
            raise self.mistake
        return {}

    @commands.Serve.responder
    def serve(self) -> dict[str, Any]:
        self.serves += 1
        return {}

    def lost(self) -> None:
        self.is_lost = True


class Reactor(TwistedClock):
    """Starts processes that are objects, each with a connection in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.processes: list[Process] = []
        self.children: list[Child] = []
        self.fault = ""
        self.mistake: Exception | None = None
        self.no_process: OSError | None = None
        self.environment: dict[str, str] = {}

    def adoptStreamConnection(self, descriptor: int, family: int, factory: Any) -> None:
        assert socket.socket(fileno=socket.dup(descriptor)).family == family
        child = Child()
        child.fault, child.mistake = self.fault, self.mistake
        self.children.append(child)
        connect(self, factory.buildProtocol(None), peer=Control([child], lambda: None))

    def spawnProcess(self, *_: Any, **options: Any) -> Process:
        assert set(options["childFDs"]) == {0, 1, 2, CONTROL}
        if self.no_process is not None:
            raise self.no_process
        self.environment = options["env"]
        self.processes.append(Process(100 + len(self.processes)))
        return self.processes[-1]


class Rig:
    """One worker, and what its watcher hears."""

    def __init__(self) -> None:
        self.reactor = Reactor()
        self.heard: list[str] = []
        backoff = Backoff(1.0, 8.0, lambda: 1.0)
        self.worker = Supervised(self.reactor, 3, backoff, Clock.of(self.reactor), self)

    def responders(self, worker: Supervised) -> list[Responders]:
        return []

    def common(self) -> bytes:
        return b"common"

    def listens(self, worker: Supervised) -> None:
        self.heard.append("listens")

    def began(self, worker: Supervised) -> None:
        self.heard.append("began")

    def disconnected(self, worker: Supervised) -> None:
        self.heard.append("disconnected")

    def ended(self, worker: Supervised, has_begun: bool) -> None:
        self.heard.append(f"ended {has_begun}")

    def turn(self) -> None:
        for _ in range(10):
            self.reactor.advance(0)

    def serving(self) -> None:
        self.worker.start()
        self.turn()
        self.worker.serve()
        self.turn()

    def end(self, reason: Exception) -> None:
        """Its process ends."""
        control = self.worker.control
        if control is not None:
            control.close()
        self.turn()
        self.worker.processEnded(Failure(reason))

    def heard_now(self) -> list[str]:
        heard, self.heard = self.heard, []
        return heard


def killed() -> ProcessTerminated:
    return ProcessTerminated(None, 9, 9)


def test_it_begins_and_serves_when_it_is_told() -> None:
    rig = Rig()
    rig.worker.start()
    rig.turn()
    assert rig.heard_now() == ["listens"]
    assert rig.worker.is_listening
    assert not rig.worker.is_serving
    assert rig.reactor.children[0].number == 3
    rig.worker.serve()
    rig.turn()
    assert rig.heard_now() == ["began"]
    assert rig.worker.is_serving
    assert (rig.worker.pid, rig.worker.common) == (100, b"common")


def test_one_that_ends_is_started_again_after_growing_pauses() -> None:
    rig = Rig()
    rig.serving()
    with Log() as log:
        rig.end(killed())
    assert rig.heard_now() == ["listens", "began", "disconnected", "ended True"]
    assert any("SG-6201 worker 3 ended by signal 9" in line for line in log.lines)
    pauses = []
    for _ in range(5):
        began, count = rig.reactor.seconds(), len(rig.reactor.processes)
        while len(rig.reactor.processes) == count:
            rig.reactor.advance(0.5)
        pauses.append(rig.reactor.seconds() - began)
        rig.turn()
        rig.end(ProcessTerminated(1))
    assert pauses == [1.0, 2.0, 4.0, 8.0, 8.0]


def test_its_state_is_told_with_since_when_and_how_often() -> None:
    rig = Rig()
    worker = rig.worker
    assert (worker.state, worker.since, worker.restarts) == ("down", 0.0, 0)
    rig.reactor.advance(5.0)
    rig.serving()
    assert (worker.state, worker.since, worker.restarts) == ("up", 5.0, 0)
    rig.end(killed())
    assert (worker.state, worker.since, worker.restarts) == ("down", 0.0, 0)
    rig.reactor.advance(1.0)
    assert (worker.state, worker.since, worker.restarts) == ("starting", 6.0, 1)
    rig.turn()
    worker.stop()
    assert worker.state == "stopping"


def test_one_that_has_served_for_long_comes_back_soon() -> None:
    rig = Rig()
    for _ in range(4):
        rig.serving()
        rig.end(killed())
        rig.reactor.advance(8.0)
        rig.turn()
    rig.worker.serve()
    rig.turn()
    rig.reactor.advance(100.0)
    rig.end(killed())
    count = len(rig.reactor.processes)
    rig.reactor.advance(1.0)
    assert len(rig.reactor.processes) == count + 1


def test_why_it_cannot_start_is_told_before_it_is_let_go() -> None:
    rig = Rig()
    rig.reactor.fault = "the folder is in use"
    rig.worker.start()
    rig.turn()
    assert rig.reactor.children[0].is_lost, "it waits for that"
    with Log() as log:
        rig.end(ProcessTerminated(1))
    assert rig.heard_now() == ["disconnected", "ended False"]
    assert any("SG-6202 worker 3 cannot start: the folder is in use" in x for x in log.lines)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (ProcessDone(0), "with exit status 0"),
        (ProcessTerminated(3), "with exit status 3"),
        (ProcessTerminated(None, 15, 15), "by signal 15"),
    ],
)
def test_how_it_has_ended_is_told(reason: Exception, words: str) -> None:
    rig = Rig()
    rig.serving()
    with Log() as log:
        rig.end(reason)
    assert any(f"worker 3 ended {words};" in line for line in log.lines)


@pytest.mark.parametrize(
    ("reason", "fault", "is_stopped"),
    [
        (ProcessTerminated(None, 2, 2), "", True),
        (ProcessTerminated(None, 15, 15), "", True),
        (ProcessDone(0), "", True),
        (ProcessDone(0), commands.STOPPED, True),
        (ProcessDone(0), "no such file", False),
        (ProcessTerminated(None, 9, 9), "", False),
        (ProcessTerminated(1), "", False),
    ],
)
def test_one_that_a_signal_stops_before_it_serves_is_none_that_cannot_start(
    reason: Exception, fault: str, is_stopped: bool
) -> None:
    rig = Rig()
    rig.reactor.fault = fault
    rig.worker.start()
    rig.turn()
    rig.end(reason)
    assert rig.heard_now()[-1] == f"ended {is_stopped}"


def test_after_a_stop_it_is_not_started_again_and_nothing_is_told() -> None:
    rig = Rig()
    rig.serving()
    rig.worker.stop()
    assert not rig.worker.is_serving
    with Log() as log:
        rig.end(ProcessDone(0))
    assert not log.lines
    assert rig.reactor.getDelayedCalls() == []
    assert not rig.worker.is_running


def test_what_fails_otherwise_is_told_and_it_is_let_go_too() -> None:
    rig = Rig()
    rig.reactor.mistake = ValueError("a secret")
    rig.worker.start()
    rig.turn()
    assert rig.reactor.children[0].is_lost
    with Log() as log:
        rig.end(ProcessTerminated(1))
    (line,) = [line for line in log.lines if "SG-6202" in line]
    assert "ValueError" in line
    assert "a secret" not in line


def test_how_it_ended_is_told_where_it_did_so_before_it_answered() -> None:
    rig = Rig()
    rig.worker.start()
    with Log() as log:
        rig.end(ProcessTerminated(3))
    assert any("worker 3 cannot start: with exit status 3" in line for line in log.lines)


def test_one_process_is_told_to_serve_once() -> None:
    rig = Rig()
    rig.serving()
    rig.worker.serve()
    rig.turn()
    assert rig.reactor.children[0].serves == 1
    assert rig.worker.is_serving
    rig.end(killed())
    rig.reactor.advance(1.0)
    rig.turn()
    rig.worker.serve()
    rig.turn()
    assert rig.reactor.children[1].serves == 1


def test_a_connection_that_outlives_its_process_is_not_of_the_next_one() -> None:
    rig = Rig()
    rig.serving()
    former = rig.worker.control
    rig.worker.processEnded(Failure(killed()))
    rig.heard_now()
    rig.reactor.advance(1.0)
    rig.turn()
    assert former is not None
    assert former.transport is None
    assert rig.heard_now() == ["disconnected", "listens"]
    rig.worker.serve()
    rig.turn()
    assert rig.worker.is_serving


def test_an_answer_that_comes_late_is_not_of_the_next_process() -> None:
    rig = Rig()
    rig.worker.start()
    rig.worker.processEnded(Failure(killed()))
    rig.worker.start()
    rig.turn()
    assert rig.heard_now() == ["ended False", "disconnected", "listens"]
    assert rig.worker.control is not None


def test_without_a_process_it_is_tried_again_later() -> None:
    rig = Rig()
    rig.reactor.no_process = OSError(11, "Resource temporarily unavailable")
    with Log() as log:
        rig.worker.start()
        assert rig.heard_now() == [], "as with any process, in a turn of its own"
        rig.turn()
    assert any("SG-6202 worker 3 cannot start: [Errno 11]" in line for line in log.lines)
    assert rig.heard_now() == ["ended False"]
    assert (rig.worker.state, rig.worker.since, rig.worker.control) == ("down", 0.0, None)
    rig.reactor.no_process = None
    rig.reactor.advance(1.0)
    rig.turn()
    assert rig.heard_now() == ["listens"]
    assert rig.worker.state == "starting"


def test_a_stop_ends_what_follows_a_process_that_could_not_be_started() -> None:
    rig = Rig()
    rig.reactor.no_process = OSError(11, "Resource temporarily unavailable")
    rig.worker.start()
    rig.worker.stop()
    rig.turn()
    assert rig.heard_now() == []
    assert not rig.reactor.getDelayedCalls()


def test_a_stop_during_a_pause_ends_the_pause() -> None:
    rig = Rig()
    rig.serving()
    rig.end(killed())
    assert rig.reactor.getDelayedCalls()
    rig.worker.stop()
    assert not rig.reactor.getDelayedCalls()


def test_it_is_killed_by_its_id() -> None:
    rig = Rig()
    rig.worker.kill()
    rig.serving()
    rig.worker.kill()
    assert rig.reactor.processes[0].signals == ["KILL"]


def test_what_systemd_tells_the_master_is_not_told_to_workers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "OTHER"):
        monkeypatch.setenv(name, "1")
    rig = Rig()
    rig.worker.start()
    kept = rig.reactor.environment
    assert "OTHER" in kept
    assert not [name for name in kept if name.startswith(("NOTIFY", "WATCHDOG", "LISTEN"))]


def test_commands_have_names_of_their_own() -> None:
    found = [it for it in vars(commands).values() if isinstance(it, type)]
    names = [it.commandName for it in found if issubclass(it, amp.Command)]
    assert len(set(names)) == len(names) > 10
