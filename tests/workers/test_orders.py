"""A worker does what its master says, on a reactor in memory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from smppgate.settings import Settings, parse
from smppgate.workers import commands
from smppgate.workers.common import Common
from smppgate.workers.control import Control, Responders
from smppgate.workers.handed import HandedOver
from smppgate.workers.orders import LAST_LINES_TIME, ORPHAN_TIME, Orders
from tests.e2e.twistd import settings
from tests.fakes import connect, outcomes
from tests.gate.memory_gateway import Log


class Reactor(MemoryReactorClock):
    """Stops as Twisted's do: what was to come before is waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.stopping: list[Any] = []

    def stop(self) -> None:
        assert not self.stopping, "it stops already"
        for function, args, more in self.triggers["before"]["shutdown"]:
            self.stopping.append(function(*args, **more))

    def sigTerm(self, number: int, frame: object = None) -> None:
        self.stop()

    sigInt = sigTerm


class Told(Responders):
    """The master's end."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    @commands.Stopping.responder
    def stopping(self) -> dict[str, Any]:
        self.heard.append("stopping")
        return {}

    @commands.EsmesEnded.responder
    def esmes_ended(self) -> dict[str, Any]:
        self.heard.append("esmes ended")
        return {}

    @commands.Status.responder
    def status(self, **status: int) -> dict[str, Any]:
        self.heard.append("status {esmes} {links_up} {links}".format(**status))
        return {}


class Rig:
    """A worker's process, and its master."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reactor: Any = Reactor()
        self.told = Told()
        handed = HandedOver(self.reactor)
        self.orders = Orders(self.reactor, handed)
        self.master = Control([self.told], lambda: None)
        worker = Control([self.orders, handed], lambda: None)
        self.transport = connect(self.reactor, self.master, peer=worker)

    def settings(self, gate: str = "", more: str = "") -> Settings:
        gate = f'workers = 2\nstate_dir = "{self.folder}/state"\nstop_timeout = 4.0\n{gate}'
        sessions, store = "sessions = 2", 'kind = "memory"'
        return parse(settings(0, {"alpha": 3001}, gate=gate, store=store, smsc=sessions) + more)

    def common(self, **more: str) -> Common:
        return Common.at_start(self.settings(**more), 2, "secret", "run")

    def turn(self, seconds: float = 0.0) -> None:
        for _ in range(20):
            self.reactor.advance(0)
        self.reactor.pump([0.05] * round(seconds / 0.05))

    def order(self, command: Any, **values: Any) -> Any:
        """What the worker answers."""
        seen = outcomes(self.master.callRemote(command, **values))
        self.turn()
        (outcome,) = seen
        return outcome.value if isinstance(outcome, Failure) else outcome

    def serving(self) -> None:
        assert self.order(commands.Begin, number=2, common=self.common().octets()) == {}
        assert self.order(commands.Serve) == {}

    @property
    def worker(self) -> Any:
        return self.orders.worker


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_it_listens_and_then_serves(rig: Rig) -> None:
    assert rig.order(commands.Begin, number=2, common=rig.common().octets()) == {}
    (unix,) = rig.reactor.unixServers
    assert os.fsdecode(unix[0]) == f"{rig.folder}/state/worker-2-run.sock"
    assert not rig.reactor.tcpServers, "what ESMEs connect to is the master's"
    assert not rig.reactor.tcpClients
    assert rig.order(commands.Serve) == {}
    (link,) = rig.reactor.tcpClients
    assert link[1] == 3001
    assert [rig.worker.parts.smscs["alpha"].name_of(key) for key in _keys(rig)] == [
        "alpha transceiver 2"
    ]
    assert "status 0 0 1" in rig.told.heard


def _keys(rig: Rig) -> list[tuple[int, str]]:
    keys: list[tuple[int, str]] = rig.worker.parts.smscs["alpha"].keys
    return keys


def test_a_socket_that_was_left_is_replaced(rig: Rig) -> None:
    left = rig.folder / "state" / "worker-2-run.sock"
    left.parent.mkdir()
    left.touch()
    assert rig.order(commands.Begin, number=2, common=rig.common().octets()) == {}
    assert not left.exists(), "it listens in memory here"


def test_hooks_that_cannot_be_made_are_told(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(rig.folder)
    (rig.folder / "bad_hooks.py").write_text("def F(context):\n    raise ValueError('no')\n")
    common = rig.common(gate='hooks = "bad_hooks:F"')
    error = rig.order(commands.Begin, number=1, common=common.octets())
    assert isinstance(error, commands.CannotStart)
    assert "fails: ValueError" in str(error)
    assert not rig.reactor.stopping, "its master has yet to hear it"


def test_a_folder_that_cannot_be_made_is_told(rig: Rig) -> None:
    (rig.folder / "state").touch()
    error = rig.order(commands.Begin, number=1, common=rig.common().octets())
    assert isinstance(error, commands.CannotStart)


def test_other_settings_are_gone_by(rig: Rig) -> None:
    rig.serving()
    common = rig.common(more='[[esme]]\nsystem_id = "more"\npassword = "pw"\n')
    assert rig.order(commands.Reload, common=common.octets()) == {}
    assert rig.worker.settings.esme[-1].system_id == "more"
    moved = evolve(common, smscs={"alpha": 0, "beta": 5})
    assert rig.order(commands.Reload, common=moved.octets()) == {}
    assert rig.worker.parts.seat.smscs == {"alpha": 0, "beta": 5}


def test_settings_that_cannot_be_gone_by_are_refused(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.serving()
    monkeypatch.syspath_prepend(rig.folder)
    (rig.folder / "worse_hooks.py").write_text("def F(context):\n    raise ValueError('no')\n")
    before = rig.worker.settings
    common = rig.common(gate='hooks = "worse_hooks:F"')
    error = rig.order(commands.Reload, common=common.octets())
    assert isinstance(error, commands.SettingsRefused)
    assert rig.worker.settings == before


def test_a_stop_keeps_links_until_all_workers_are_without_esmes(rig: Rig) -> None:
    rig.serving()
    rig.told.heard.clear()
    assert rig.order(commands.Stop, at_once=False) == {}
    rig.turn(0.5)
    assert rig.told.heard == ["stopping", "esmes ended"]
    (stopping,) = rig.reactor.stopping
    done = outcomes(stopping)
    rig.turn(0.5)
    assert not done
    assert rig.order(commands.EndLinks) == {}
    rig.turn(0.5)
    assert done == [None]


def test_a_second_order_to_stop_changes_nothing_but_at_once(rig: Rig) -> None:
    rig.serving()
    rig.order(commands.Stop, at_once=False)
    rig.order(commands.Stop, at_once=False)
    done = outcomes(rig.reactor.stopping[0])
    rig.turn(0.5)
    assert not done
    rig.order(commands.Stop, at_once=True)
    rig.turn(0.5)
    assert done == [None]


def test_a_signal_that_the_group_gets_after_the_order_says_the_same(rig: Rig) -> None:
    rig.serving()
    rig.order(commands.Stop, at_once=False)
    done = outcomes(rig.reactor.stopping[0])
    with Log() as log:
        rig.orders._signals._stop(15)
        rig.turn(0.5)
        assert not done
        rig.orders._signals._stop(15)
        rig.turn(0.5)
    assert done == [None]
    assert sum("SG-6002" in line for line in log.lines) == 1


def test_a_signal_of_its_own_stops_it_in_order(rig: Rig) -> None:
    rig.serving()
    rig.told.heard.clear()
    rig.orders._signals._stop(15)
    rig.turn(0.5)
    assert rig.told.heard == ["stopping", "esmes ended"]
    # The master hears it, and may say so too.
    rig.order(commands.Stop, at_once=False)
    done = outcomes(rig.reactor.stopping[0])
    rig.turn(0.5)
    assert not done
    rig.orders._signals._stop(15)
    rig.turn(0.5)
    assert done == [None]


def test_without_its_master_it_ends_at_once(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    rig.serving()
    rig.transport.lose()
    rig.turn()
    done = outcomes(rig.reactor.stopping[0])
    rig.turn(0.2)
    assert done == [None]
    rig.turn(ORPHAN_TIME)
    assert ended == [1]


def test_one_that_has_not_begun_can_be_stopped(rig: Rig) -> None:
    assert rig.order(commands.Stop, at_once=False) == {}
    assert outcomes(rig.reactor.stopping[0]) == [None]
    assert isinstance(rig.order(commands.Serve), commands.CannotStart)


@pytest.mark.parametrize(("is_read", "seconds"), [(True, 0.05), (False, LAST_LINES_TIME)])
def test_it_ends_when_the_master_has_its_last_lines_or_does_not_read(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, is_read: bool, seconds: float
) -> None:
    waiting = 7
    monkeypatch.setattr("smppgate.workers.orders.unwritten", lambda _: waiting, raising=False)
    rig.order(commands.Stop, at_once=False)
    done = outcomes(rig.reactor.stopping[0])
    assert not done
    waiting = 0 if is_read else 7
    rig.turn(seconds)
    assert done == [None]


def test_the_rest_is_done_too(rig: Rig) -> None:
    assert rig.order(commands.Ping) == {}
    for command in (commands.LogState, commands.OpenFilesAnew):
        assert rig.order(command) == {}
    rig.serving()
    with Log() as log:
        assert rig.order(commands.LogState) == {}
        rig.turn(0.5)
    assert any(line.startswith("accounts acme: ") for line in log.lines)
    assert rig.order(commands.OpenFilesAnew) == {}
