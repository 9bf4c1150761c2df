"""The master and its workers, which are objects here: starts, reloads, stops, on a clock."""

from __future__ import annotations

import atexit
import gc
import signal
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.error import CannotListenError, ProcessDone, ProcessTerminated
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from smppgate.daemon import systemd
from smppgate.gate.reload import LINES_A_TURN
from smppgate.settings import Settings, SettingsError, parse
from smppgate.store import StoreError
from smppgate.workers import commands
from smppgate.workers.common import Common
from smppgate.workers.control import Control, Responders
from smppgate.workers.master import Master
from tests.daemon.test_systemd import Told
from tests.e2e.twistd import settings
from tests.fakes import connect, outcomes
from tests.gate.memory_gateway import Log

PORT = 2775


class Port:
    """A socket that listens, and is read or not."""

    def __init__(self, port: int) -> None:
        self.address = IPv4Address("TCP", "127.0.0.1", port)
        self.is_read = True

    def startReading(self) -> None:
        self.is_read = True

    def stopReading(self) -> None:
        self.is_read = False

    def stopListening(self) -> None:
        self.is_read = False

    def getHost(self) -> IPv4Address:
        return self.address


class Child(Responders):
    """The process of a worker: does what it is told, and notes it."""

    def __init__(self, reactor: Reactor) -> None:
        self.reactor = reactor
        self.did: list[str] = []
        self.number = 0
        self.common: Common | None = None
        self.refusal = ""

    @commands.Begin.responder
    def begin(self, number: int, common: bytes) -> dict[str, Any]:
        self.number, self.common = number, Common.of(common)
        if self.reactor.fault:
            raise commands.CannotStart(self.reactor.fault)
        return {}

    @commands.Serve.responder
    def serve(self) -> Any:
        self.did.append("serve")
        if self.number == self.reactor.slow:
            return Deferred()
        return {} if self.reactor.serving is None else self.reactor.serving

    @commands.Reload.responder
    def reload(self, common: bytes) -> Any:
        if self.refusal:
            raise commands.SettingsRefused(self.refusal)
        if self.number == self.reactor.stuck:
            return Deferred()
        self.common = Common.of(common)
        self.did.append("reload")
        return {} if self.reactor.reloading is None else self.reactor.reloading

    @commands.Stop.responder
    def stop(self, at_once: bool) -> dict[str, Any]:
        self.did.append("cut" if at_once else "stop")
        return {}

    @commands.EndLinks.responder
    def end_links(self) -> dict[str, Any]:
        self.did.append("end links")
        return {}

    @commands.LogState.responder
    def log_state(self) -> dict[str, Any]:
        self.did.append("state")
        return {}

    @commands.Ping.responder
    def ping(self) -> Any:
        return {} if self.number != self.reactor.hanging else Deferred()

    @commands.OpenFilesAnew.responder
    def open_files_anew(self) -> dict[str, Any]:
        self.did.append("files")
        return {}

    def did_now(self) -> list[str]:
        did, self.did = self.did, []
        return did


class Process:
    def __init__(self, reactor: Reactor, protocol: Any, pid: int) -> None:
        self.pid = pid
        self._reactor = reactor
        self._protocol = protocol

    def signalProcess(self, name: str) -> None:
        assert name == "KILL"
        self._reactor.callLater(0, self.end, ProcessTerminated(None, 9, 9))

    def end(self, reason: Exception) -> None:
        control = self._protocol.control
        if control is not None:
            control.close()
        self._reactor.callLater(0.01, self._protocol.processEnded, Failure(reason))


class Reactor(MemoryReactorClock):
    """Sockets, processes and signals that are objects."""

    def __init__(self) -> None:
        super().__init__()
        self.ports: list[Port] = []
        self.children: list[Child] = []
        self.processes: list[Process] = []
        self.fault = ""
        self.hanging = self.slow = self.stuck = self.taken = 0
        self.serving: Deferred[Any] | None = None
        self.reloading: Deferred[Any] | None = None
        self.is_stopped = False

    def listenTCP(self, port: int, *_: Any, **__: Any) -> Any:
        if port == self.taken:
            raise CannotListenError("127.0.0.1", port, OSError("in use"))
        self.ports.append(Port(port))
        return self.ports[-1]

    def adoptStreamConnection(self, _descriptor: int, _family: int, factory: Any) -> None:
        self.children.append(Child(self))
        connect(self, factory.buildProtocol(None), peer=Control([self.children[-1]], lambda: None))

    def spawnProcess(self, protocol: Any, *_: Any, **__: Any) -> Any:
        self.processes.append(Process(self, protocol, 100 + len(self.processes)))
        return self.processes[-1]

    def stop(self) -> None:
        self.is_stopped = True

    def sigTerm(self, number: int, frame: object = None) -> None:
        """Nothing."""

    sigInt = sigTerm


@pytest.fixture(autouse=True)
def process() -> Iterator[None]:
    """A master sets its process up; tests after this one want theirs."""
    thresholds = gc.get_threshold()
    numbers = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
    handlers = {number: signal.getsignal(number) for number in numbers}
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    told = Told()
    monkeypatch.setattr(systemd.Notifier, "of_process", classmethod(lambda *_: told))
    return told


class Rig:
    """A master of three workers."""

    def __init__(self, folder: Path, workers: int = 3) -> None:
        self.folder = folder
        self.reactor = Reactor()
        settings = self.settings(workers=workers)
        self.master: Any = Master(settings, self.reactor, "", Random(1))

    def settings(self, workers: int = 3, port: int = PORT, more: str = "") -> Settings:
        gate = f'workers = {workers}\nstate_dir = "{self.folder}/state"\nstop_timeout = 5.0'
        text = settings(port, {"alpha": 3001}, gate=gate, store='kind = "memory"')
        return parse(f"{text}\n{more}\n[admin]\nendpoint = []\n")

    @property
    def children(self) -> list[Child]:
        return self.reactor.children

    def start(self) -> None:
        self.master.privilegedStartService()
        self.master.startService()
        self.turn()

    def turn(self, seconds: float = 0.0) -> None:
        for _ in range(30):
            self.reactor.advance(0)
        self.reactor.pump([0.05] * round(seconds / 0.05))

    def reload(self, settings: Settings) -> list[Any]:
        done = outcomes(self.master.reload(settings))
        self.turn()
        return done

    def did(self) -> list[list[str]]:
        return [child.did_now() for child in self.children]

    def says(self, child: Child, command: Any, **values: Any) -> None:
        child.control.callRemote(command, **values)
        self.turn()


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_workers_serve_when_all_of_them_listen_and_then_connections_are_accepted(
    rig: Rig, told: Told
) -> None:
    made = Rig(rig.folder)
    made.master.privilegedStartService()
    assert [port.is_read for port in made.reactor.ports] == [False]
    made.start()
    assert [child.number for child in made.children] == [1, 2, 3]
    assert made.did() == [["serve"]] * 3
    assert [port.is_read for port in made.reactor.ports[:1]] == [True]
    assert told.messages[0] == "READY=1"


def test_all_have_the_same_in_common(rig: Rig) -> None:
    rig.start()
    first = rig.children[0].common
    assert first is not None
    assert (first.workers, len(first.secret)) == (3, 32)
    assert all(child.common == first for child in rig.children)


def test_what_a_former_run_has_left_is_removed(rig: Rig) -> None:
    state = rig.folder / "state"
    state.mkdir()
    (state / "worker-1-0badcafe.sock").touch()
    (state / "admin.sock").touch()
    rig.start()
    assert [path.name for path in state.iterdir()] == ["admin.sock"]


def test_what_a_gate_that_runs_has_is_left_where_its_store_is_in_use(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atexit, "register", lambda _: None)
    store = rig.master._stores.store
    monkeypatch.setattr(store, "open", lambda: fail(StoreError("in use")))
    state = rig.folder / "state"
    state.mkdir()
    (state / "worker-1-0badcafe.sock").touch()
    rig.start()
    assert rig.reactor.is_stopped
    assert [path.name for path in state.iterdir()] == ["worker-1-0badcafe.sock"]


def test_one_that_cannot_start_ends_the_gate(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    at_exit: list[Any] = []
    monkeypatch.setattr(atexit, "register", at_exit.append)
    rig.reactor.fault = "no way"
    rig.start()
    rig.reactor.processes[1].end(ProcessTerminated(1))
    rig.turn(0.1)
    assert rig.reactor.is_stopped
    assert rig.master.exit_status == 1
    assert len(at_exit) == 1


def test_one_that_ends_later_is_started_again_and_serves_at_once(rig: Rig) -> None:
    rig.start()
    rig.did()
    rig.reactor.processes[1].end(ProcessTerminated(None, 9, 9))
    rig.turn(0.5)
    assert rig.children[3].number == 2
    assert rig.did() == [[], [], [], ["serve"]]
    assert not rig.reactor.is_stopped


def test_one_that_ends_before_all_have_begun_lets_no_other_serve_again(rig: Rig) -> None:
    rig.reactor.slow = 3
    rig.start()
    assert rig.did() == [["serve"]] * 3
    rig.reactor.processes[0].end(ProcessTerminated(None, 9, 9))
    rig.turn(0.5)
    assert rig.did() == [[], [], [], ["serve"]]
    assert [worker.is_serving for worker in rig.master.workers] == [True, True, False]


def test_one_without_a_process_at_the_start_ends_the_gate(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atexit, "register", lambda _: None)

    def no_process(*_: Any, **__: Any) -> Any:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(rig.reactor, "spawnProcess", no_process)
    rig.start()
    assert rig.reactor.is_stopped
    assert rig.master.exit_status == 1


OUTBINDS = """
[[smsc]]
name = "beta"
endpoint = "tcp:127.0.0.1:3002"
system_id = "gate"
password = "pw"
outbind_listen = "tcp:2790"
"""

MORE = '[[esme]]\nsystem_id = "more"\npassword = "pw"\n'


def test_a_reload_goes_to_all_and_is_told_once(rig: Rig) -> None:
    rig.start()
    wanted = rig.settings(more=MORE)
    followed: list[Settings] = []
    rig.master.follow_reloads(followed.append)
    with Log() as log:
        assert rig.reload(wanted) == [wanted]
    assert all(child.common.settings == wanted for child in rig.children if child.common)
    assert rig.master.settings == wanted
    assert followed == [wanted]
    assert sum('[[esme]] "more" added' in line for line in log.lines) == 1


def test_many_changes_are_told_some_lines_a_turn(rig: Rig) -> None:
    rig.start()
    names = [f"more{number}" for number in range(3 * LINES_A_TURN)]
    more = "\n".join(MORE.replace("more", name) for name in names)
    told: list[int] = []
    with Log() as log:
        rig.master.follow_reloads(lambda _: told.append(_added(log)))
        rig.reload(rig.settings(more=more))
        assert told == [LINES_A_TURN]
        assert _added(log) == len(names)


def _added(log: Log) -> int:
    return sum(line.endswith(" added") for line in log.lines)


def test_what_waits_for_a_restart_stays_for_all(rig: Rig) -> None:
    rig.start()
    with Log() as log:
        rig.reload(rig.settings(workers=5, more=MORE))
    assert rig.master.settings.gate.workers == 3
    assert {child.common.settings.gate.workers for child in rig.children if child.common} == {3}
    assert any("waits for a restart: " in line and "workers" in line for line in log.lines)


@pytest.mark.parametrize("refusing", [0, 1, 2])
def test_what_one_refuses_is_changed_nowhere(rig: Rig, refusing: int) -> None:
    rig.start()
    before = rig.master.settings
    rig.children[refusing].refusal = "gate.hooks: fails\nand more"
    (failure,) = rig.reload(rig.settings(more=MORE))
    assert failure.check(SettingsError)
    assert failure.value.errors == ("gate.hooks: fails", "and more")
    assert all(child.common.settings == before for child in rig.children if child.common)
    assert rig.master.settings == before
    # And later ones begin with those in force.
    rig.reactor.processes[0].end(ProcessTerminated(1))
    rig.turn(0.5)
    assert rig.children[3].common is not None
    assert rig.children[3].common.settings == before


def test_one_that_starts_later_begins_with_the_newest(rig: Rig) -> None:
    rig.start()
    wanted = rig.settings(more=MORE)
    rig.reload(wanted)
    rig.reactor.processes[0].end(ProcessTerminated(1))
    rig.turn(0.5)
    assert rig.children[3].common is not None
    assert rig.children[3].common.settings == wanted


def test_one_that_starts_during_a_reload_gets_it_when_it_serves(rig: Rig) -> None:
    rig.start()
    rig.reactor.serving = serving = Deferred()
    rig.reactor.processes[0].end(ProcessTerminated(1))
    rig.turn(0.5)
    assert [worker.is_serving for worker in rig.master.workers] == [False, True, True]
    wanted = rig.settings(more=MORE)
    rig.reload(wanted)
    serving.callback({})
    rig.turn()
    assert rig.children[3].common is not None
    assert rig.children[3].common.settings == wanted


def test_one_that_serves_while_a_reload_is_under_way_gets_it_after_it(rig: Rig) -> None:
    rig.start()
    rig.reactor.serving = serving = Deferred()
    rig.reactor.processes[0].end(ProcessTerminated(1))
    rig.turn(0.5)
    rig.reactor.reloading = first = Deferred()
    wanted = rig.settings(more=MORE)
    done = rig.reload(wanted)
    serving.callback({})
    rig.turn()
    rig.reactor.reloading = None
    assert not done
    first.callback({})
    rig.turn()
    assert done == [wanted]
    assert rig.children[3].common is not None
    assert rig.children[3].common.settings == wanted
    assert rig.master.listening.spread.workers == [0, 1, 2]


def test_one_takes_connections_once_it_goes_by_the_newest_settings(rig: Rig) -> None:
    rig.start()
    rig.reactor.serving = serving = Deferred()
    rig.reactor.processes[0].end(ProcessTerminated(1))
    rig.turn(0.5)
    rig.reload(rig.settings(more=MORE))
    rig.reactor.reloading = updated = Deferred()
    serving.callback({})
    rig.turn()
    assert rig.master.workers[0].is_serving
    assert rig.master.listening.spread.workers == [1, 2]
    updated.callback({})
    rig.turn()
    assert rig.master.listening.spread.workers == [0, 1, 2]


def test_one_that_refuses_what_others_have_taken_begins_anew_with_it(rig: Rig) -> None:
    rig.start()
    rig.reactor.serving = serving = Deferred()
    rig.reactor.processes[0].end(ProcessTerminated(1))
    rig.turn(0.5)
    wanted = rig.settings(more=MORE)
    rig.reload(wanted)
    rig.children[3].refusal = "gate.hooks: fails"
    rig.reactor.serving = None
    serving.callback({})
    rig.turn(0.5)
    assert rig.children[4].common is not None
    assert rig.children[4].common.settings == wanted
    assert rig.master.listening.spread.workers == [0, 1, 2]


def test_one_that_does_not_take_the_former_settings_again_begins_anew_with_them(rig: Rig) -> None:
    rig.start()
    before = rig.master.settings
    rig.reactor.reloading = first = Deferred()
    done = rig.reload(rig.settings(more=MORE))
    rig.reactor.reloading = None
    rig.children[0].refusal = rig.children[1].refusal = "gate.hooks: fails"
    first.callback({})
    rig.turn(0.5)
    assert done[0].check(SettingsError)
    assert rig.children[3].number == 1
    assert rig.children[3].common is not None
    assert rig.children[3].common.settings == before
    assert rig.master.listening.spread.workers == [0, 1, 2]


@pytest.mark.parametrize("stuck", [1, 3])
def test_one_that_does_not_apply_a_reload_is_killed_and_others_go_on(rig: Rig, stuck: int) -> None:
    rig.start()
    rig.reactor.stuck = stuck
    wanted = rig.settings(more=MORE)
    with Log() as log:
        done = rig.reload(wanted)
        rig.turn(29.0)
        assert not done
        rig.reactor.stuck = 0
        rig.turn(2.0)
    assert done == [wanted]
    assert sum(f"SG-6206 worker {stuck} has not" in line for line in log.lines) == 1
    assert all(child.common.settings == wanted for child in rig.children[3:] if child.common)
    assert rig.master.listening.spread.workers == [0, 1, 2]


def test_a_reload_that_is_cancelled_changes_nothing_more(rig: Rig) -> None:
    rig.start()
    before = rig.master.settings
    rig.reactor.stuck = 1
    reloading = rig.master.reload(rig.settings(port=PORT + 1))
    done = outcomes(reloading)
    rig.turn()
    stopped = outcomes(rig.master.stopService())
    reloading.cancel()
    rig.turn()
    assert done[0].check(CancelledError)
    assert rig.master.settings == before
    assert len(rig.reactor.ports) == 1
    ended(rig)
    assert stopped == [None]
    assert rig.reactor.getDelayedCalls() == []


def test_listeners_change_after_the_workers_have(rig: Rig) -> None:
    rig.start()
    rig.reload(rig.settings(port=PORT + 1))
    former, new = rig.reactor.ports
    assert not former.is_read
    assert new.is_read
    assert rig.master.addresses() == (new.address,)


def test_listeners_for_esmes_are_shown_where_they_are_open(rig: Rig) -> None:
    """Those for outbinds are no listeners for ESMEs; a stop closes all of them."""
    rig.start()
    (former,) = rig.master.listeners()
    assert rig.master.listeners() == {former: f"127.0.0.1:{PORT}"}
    rig.reload(rig.settings(port=PORT + 1, more=OUTBINDS))
    (new,) = rig.master.listeners()
    assert new != former
    assert len(rig.master.addresses()) == 2
    assert rig.master.listeners() == {new: f"127.0.0.1:{PORT + 1}"}
    stopped = outcomes(rig.master.stopService())
    assert rig.master.listeners() == {new: ""}
    ended(rig)
    assert stopped == [None]


def test_a_listener_whose_port_is_taken_is_shown_as_not_open(rig: Rig) -> None:
    rig.start()
    rig.reactor.taken = PORT + 1
    rig.reload(rig.settings(port=PORT + 1))
    assert list(rig.master.listeners().values()) == [""]
    rig.reactor.taken = 0
    rig.reload(rig.settings(port=PORT + 1))
    assert list(rig.master.listeners().values()) == [f"127.0.0.1:{PORT + 1}"]


def ended(rig: Rig) -> None:
    for each in rig.reactor.processes:
        each.end(ProcessDone(0))
    rig.turn(0.2)


def test_links_are_kept_until_no_worker_has_esmes(rig: Rig) -> None:
    rig.start()
    rig.did()
    stopped = outcomes(rig.master.stopService())
    rig.turn()
    assert rig.did() == [["stop"]] * 3
    assert not any(port.is_read for port in rig.reactor.ports)
    for child in rig.children[:2]:
        rig.says(child, commands.EsmesEnded)
        assert rig.did() == [[]] * 3
    rig.says(rig.children[2], commands.EsmesEnded)
    assert rig.did() == [["end links"]] * 3
    assert not stopped
    ended(rig)
    assert stopped == [None]
    assert rig.reactor.getDelayedCalls() == []
    assert rig.master.exit_status == 0


def test_one_that_ends_during_a_stop_is_waited_for_no_longer(rig: Rig) -> None:
    rig.start()
    rig.did()
    stopped = outcomes(rig.master.stopService())
    for child in rig.children[:2]:
        rig.says(child, commands.EsmesEnded)
    rig.reactor.processes[2].end(ProcessTerminated(None, 9, 9))
    rig.turn(0.1)
    assert [did[-1] for did in rig.did()[:2]] == ["end links"] * 2
    ended(rig)
    assert stopped == [None]


def test_those_that_do_not_end_in_time_are_killed(rig: Rig) -> None:
    rig.start()
    with Log() as log:
        stopped = outcomes(rig.master.stopService())
        rig.turn(7.5)
        assert not stopped
        rig.turn(1.0)
    assert stopped == [None]
    assert any("SG-6203 3 workers have not stopped in time" in line for line in log.lines)


def test_a_second_signal_cuts_the_stop_of_all(rig: Rig) -> None:
    rig.start()
    rig.did()
    stopped = outcomes(rig.master.stopService())
    rig.master._surroundings._told_again(signal.SIGTERM)
    rig.turn()
    assert rig.did() == [["stop", "cut"]] * 3
    ended(rig)
    assert stopped == [None]
    assert rig.master.exit_status == 128 + signal.SIGTERM


def test_two_signals_in_one_turn_cut_it_as_it_begins(rig: Rig) -> None:
    rig.start()
    rig.did()
    rig.master._surroundings._told_again(signal.SIGTERM)
    rig.master.stopService()
    rig.turn()
    assert rig.did() == [["stop", "cut"]] * 3
    ended(rig)


def test_one_that_stops_by_itself_takes_no_connections_and_is_let_go(rig: Rig) -> None:
    rig.start()
    rig.did()
    rig.says(rig.children[0], commands.Stopping)
    assert rig.master.listening.spread.workers == [1, 2]
    rig.says(rig.children[0], commands.EsmesEnded)
    rig.turn(1.0)
    assert rig.did() == [["end links"], [], []]


def test_a_signal_to_the_group_that_a_worker_gets_first_is_a_stop_of_all(rig: Rig) -> None:
    rig.start()
    rig.did()
    rig.says(rig.children[0], commands.Stopping)
    rig.says(rig.children[0], commands.EsmesEnded)
    stopped = outcomes(rig.master.stopService())
    rig.turn(1.0)
    assert rig.did() == [["stop"]] * 3
    for child in rig.children[1:]:
        rig.says(child, commands.EsmesEnded)
    assert rig.did() == [["end links"]] * 3
    ended(rig)
    assert stopped == [None]
    assert rig.reactor.getDelayedCalls() == []


def test_one_that_is_gone_is_let_go_of_no_more(rig: Rig) -> None:
    rig.start()
    rig.says(rig.children[0], commands.EsmesEnded)
    rig.reactor.processes[0].end(ProcessDone(0))
    rig.turn(1.0)
    assert rig.children[0].did_now()[-1] != "end links"
    assert rig.children[3].did_now() == ["serve"]


def test_the_state_is_written_by_all_and_files_are_opened_anew_by_all(rig: Rig) -> None:
    rig.start()
    rig.did()
    with Log() as log:
        rig.master._surroundings.log_state()
        rig.turn()
    assert "worker 2: pid=101 connections=0" in log.lines
    rig.master.reopen_files()
    rig.turn()
    assert rig.did() == [["state", "files"]] * 3


def test_the_status_counts_over_all(rig: Rig) -> None:
    rig.start()
    assert rig.master.status_line() == "0 ESMEs, 0 of 0 links, 3 of 3 workers"
    for child, esmes in zip(rig.children, (1, 0, 4), strict=True):
        rig.says(child, commands.Status, esmes=esmes, links_up=1, links=2)
    assert rig.master.status_line() == "5 ESMEs, 3 of 6 links, 3 of 3 workers"
    rig.reactor.processes[2].end(ProcessTerminated(None, 9, 9))
    rig.turn(0.05)
    assert rig.master.status_line() == "1 ESME, 2 of 4 links, 2 of 3 workers"


def test_one_that_hangs_is_killed_within_the_time_of_the_watchdog(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "4000000")
    watched = Rig(rig.folder)
    watched.start()
    watched.turn(20.0)
    assert len(watched.children) == 3
    watched.reactor.hanging = 2
    with Log() as log:
        watched.turn(7.0)
        watched.reactor.hanging = 0
        watched.turn(10.0)
    assert len(watched.children) == 4
    assert [line for line in log.lines if "SG-6205" in line] == [
        "SG-6205 worker 2 gives no sign of life, and is killed"
    ]
    stopped = outcomes(watched.master.stopService())
    ended(watched)
    assert stopped == [None]
    assert watched.reactor.getDelayedCalls() == []


def test_one_that_hangs_is_killed_without_a_watchdog_too(rig: Rig) -> None:
    rig.start()
    rig.turn(60.0)
    assert len(rig.children) == 3
    rig.reactor.hanging = 2
    rig.turn(45.0)
    rig.reactor.hanging = 0
    rig.turn(1.0)
    assert len(rig.children) == 4
