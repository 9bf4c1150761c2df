"""The gate as a process, on a reactor in memory: no signal is sent."""

from __future__ import annotations

import atexit
import gc
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.testing import MemoryReactorClock

from smppgate.daemon import systemd
from smppgate.daemon.program import Program
from smppgate.settings import parse
from smppgate.store import StoreError
from tests.daemon.test_systemd import Told
from tests.e2e.twistd import settings
from tests.gate.memory_gateway import Log

SETTINGS = parse(
    settings(2775, {"alpha": 3001}, store='kind = "memory"') + "\n[admin]\nendpoint = []\n"
)


class Reactor(MemoryReactorClock):
    """With the handlers that Twisted's reactors have."""

    def sigTerm(self, number: int, frame: object = None) -> None:
        """Nothing."""

    sigInt = sigTerm  # noqa: N815


@pytest.fixture(autouse=True)
def process() -> Iterator[None]:
    """A program sets its process up; tests after this one want theirs."""
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
    """What systemd hears."""
    told = Told()
    monkeypatch.setattr(systemd.Notifier, "of_process", classmethod(lambda *_: told))
    return told


def started(file: str = "") -> Any:
    """A program that runs."""
    program = Program(SETTINGS, Reactor(), file)
    program.privilegedStartService()
    program.startService()
    return program


def pump(program: Any) -> None:
    """Let a moment pass."""
    program._surroundings._reactor.pump([0.1] * 5)


def test_it_is_ready_once_its_store_is_open_and_tells_how_it_is(told: Told) -> None:
    started()
    assert told.messages == ["READY=1", "STATUS=0 ESMEs, 0 of 1 links"]


def test_a_stop_is_told_and_leaves_no_timer(told: Told) -> None:
    program = started()
    stopping = program.stopService()
    pump(program)
    assert told.messages[-1] == "STOPPING=1"
    assert stopping.called
    assert program._surroundings._reactor.getDelayedCalls() == []
    assert program.exit_status == 0


def test_told_twice_in_one_turn_the_stop_is_cut_as_soon_as_it_begins() -> None:
    program = started()
    program._surroundings._told_again(signal.SIGTERM)
    stopping = program.stopService()
    pump(program)
    assert stopping.called
    assert program.exit_status == 128 + signal.SIGTERM


def test_the_state_goes_into_the_log_line_by_line() -> None:
    program = started()
    with Log() as log:
        program._surroundings.log_state()
        pump(program)
    for name in ("accounts acme: ", "accounts bolt: ", "smscs alpha: "):
        assert any(line.startswith(name) for line in log.lines)


def test_a_store_that_cannot_be_opened_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    at_exit: list[Any] = []
    monkeypatch.setattr(atexit, "register", at_exit.append)
    program = Program(SETTINGS, Reactor())
    program.store_failed(StoreError("it is in use"))
    assert program.exit_status == 1
    assert len(at_exit) == 1


def test_the_file_is_read_again_under_the_path_that_it_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """twistd changes the folder once it runs."""
    monkeypatch.chdir(tmp_path)
    program: Any = Program(SETTINGS, Reactor(), "gate.toml")
    monkeypatch.chdir("/")
    assert program._surroundings._reloads._file == str(tmp_path / "gate.toml")
