"""A configuration that is read in a real process beside this one."""

from __future__ import annotations

import os
import queue
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from smppgate.daemon import reading
from smppgate.daemon.checked_file import checked
from smppgate.daemon.reading import read_beside
from smppgate.settings import Settings, SettingsError, load
from tests.e2e.twistd import settings
from tests.e2e.wire import PATIENCE

pytestmark = pytest.mark.thorough


class Reactor:
    """Runs what threads hand over, in the test's own."""

    def __init__(self) -> None:
        self._calls: queue.Queue[Callable[[], object]] = queue.Queue()

    def callFromThread(self, function: Any, *args: Any) -> None:
        """Keep the call."""
        self._calls.put(lambda: function(*args))

    def outcome(self, waiting: Deferred[Settings]) -> Any:
        """What ``waiting`` fires with."""
        found: list[Any] = []
        waiting.addBoth(found.append)
        while not found:
            self._calls.get(timeout=PATIENCE)()
        return found[0]

    def last_call(self) -> None:
        """Run the next call."""
        self._calls.get(timeout=PATIENCE)()


def read(file: Path) -> Any:
    """The settings or the failure."""
    reactor = Reactor()
    return reactor.outcome(read_beside(reactor, str(file)))


def test_the_settings_are_those_that_load_gives(tmp_path: Path) -> None:
    file = tmp_path / "gate.toml"
    file.write_text(settings(2775, {"alpha": 3001, "beta": 3002}))
    assert read(file) == load(file)


def test_hooks_that_write_when_they_are_imported_do_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loud_hooks.py").write_text(
        "import os\nprint('hello')\nos.write(1, b'hello')\ndef F(context): pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "gate.toml"
    file.write_text(settings(2775, {"alpha": 3001}, gate='hooks = "loud_hooks:F"'))
    assert read(file).gate.hooks == "loud_hooks:F"


def test_the_errors_are_those_that_load_gives(tmp_path: Path) -> None:
    file = tmp_path / "gate.toml"
    file.write_text(settings(2775, {"alpha": 3001}) + 'windw = 3\nweight = "1"\n')
    failure = read(file)
    assert isinstance(failure, Failure)
    with pytest.raises(SettingsError) as raised:
        load(file)
    assert str(failure.value) == str(raised.value)


def test_a_state_dir_that_can_be_no_folder_is_an_error_too(tmp_path: Path) -> None:
    file = tmp_path / "gate.toml"
    (tmp_path / "state").write_text("")
    file.write_text(settings(2775, {"alpha": 3001}, gate=f'state_dir = "{tmp_path / "state"}"'))
    (error,) = checked(str(file))  # type: ignore[misc]
    assert error.startswith("gate.state_dir: ")


def test_relative_paths_count_from_the_folder_of_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no module is imported from there."""
    (tmp_path / "tomllib.py").write_text("raise SystemExit(3)")
    (tmp_path / "gate.toml").write_text(settings(2775, {"alpha": 3001}))
    monkeypatch.chdir(tmp_path)
    assert isinstance(read(Path("gate.toml")), Settings)


@pytest.mark.parametrize("executable", ["/nowhere/python", "", "/bin/false"])
def test_a_process_that_does_not_run_is_an_error_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, executable: str
) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    failure = read(tmp_path / "gate.toml")
    assert failure.check(SettingsError)
    assert "could not be read and checked" in str(failure.value)


def test_a_file_that_is_never_read_to_its_end_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody writes into this pipe."""
    endless(tmp_path / "gate.toml")
    monkeypatch.setattr(reading, "READING_TIMEOUT", 0.01)
    failure = read(tmp_path / "gate.toml")
    assert failure.check(SettingsError)


def test_cancelled_it_ends_the_process(tmp_path: Path) -> None:
    endless(tmp_path / "gate.toml")
    reactor = Reactor()
    waiting = read_beside(reactor, str(tmp_path / "gate.toml"))
    waiting.cancel()
    assert reactor.outcome(waiting).check(CancelledError)
    # The thread has ended too: its outcome is not heard.
    reactor.last_call()


def endless(path: Path) -> None:
    """A file that cannot be read before somebody writes."""
    os.mkfifo(path)
