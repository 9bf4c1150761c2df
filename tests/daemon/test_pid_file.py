"""The file with the id of the running process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from smppgate.daemon.pid_file import PidFile, PidFileTaken


def test_it_is_there_while_it_is_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the process changes its folder."""
    monkeypatch.chdir(tmp_path)
    with PidFile("gate.pid"):
        assert (tmp_path / "gate.pid").read_text() == f"{os.getpid()}\n"
        monkeypatch.chdir("/")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "no number", "99999999999999999999", "its own"])
def test_one_of_a_process_that_is_gone_is_replaced(tmp_path: Path, text: str) -> None:
    path = tmp_path / "gate.pid"
    path.write_text(str(os.getpid()) if text == "its own" else text)
    with PidFile(str(path)):
        assert path.read_text() == f"{os.getpid()}\n"


def test_one_of_a_process_that_runs_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "gate.pid"
    path.write_text(f"{os.getppid()}")
    with (
        pytest.raises(PidFileTaken, match=f"process {os.getppid()} is running"),
        PidFile(str(path)),
    ):
        pass
    assert path.read_text() == f"{os.getppid()}"


def test_of_another_users_process_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def not_permitted(*_: int) -> None:
        raise PermissionError

    path = tmp_path / "gate.pid"
    path.write_text("1")
    monkeypatch.setattr(os, "kill", not_permitted)
    with pytest.raises(PidFileTaken), PidFile(str(path)):
        pass


def test_without_a_path_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with PidFile(""):
        assert list(tmp_path.iterdir()) == []


def test_one_that_somebody_removed_is_no_failure(tmp_path: Path) -> None:
    path = tmp_path / "gate.pid"
    with PidFile(str(path)):
        path.unlink()
