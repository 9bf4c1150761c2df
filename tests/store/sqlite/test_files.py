"""The state directory is claimed by one gate at a time and readable by its owner alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from smppgate.store.records import StoreError
from smppgate.store.sqlite.files import StateDirectory


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    """So are the folders that are created above it."""
    directory = StateDirectory(tmp_path / "a" / "b" / "state")
    directory.claim()
    directory.make_database()
    assert [_mode(path) for path in (directory.path, directory.path.parent)] == [0o700, 0o700]
    assert [_mode(file) for file in directory.path.iterdir()] == [0o600, 0o600]
    directory.release()


def test_one_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    directory = StateDirectory(tmp_path)
    directory.claim()
    directory.release()
    assert _mode(tmp_path) == 0o750


def test_another_gate_gets_an_error_that_says_which_process_has_it(tmp_path: Path) -> None:
    first, second = StateDirectory(tmp_path), StateDirectory(tmp_path)
    first.claim()
    with pytest.raises(StoreError, match=rf"process {os.getpid()}\): stop that one, or give"):
        second.claim()
    first.release()
    second.claim()
    second.release()


def test_an_error_names_the_path_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file/state cannot be used: Not a directory"):
        StateDirectory(tmp_path / "file" / "state").claim()


def test_a_broken_database_keeps_its_companions_and_its_time(tmp_path: Path) -> None:
    directory = StateDirectory(tmp_path)
    for name in ("", "-wal", "-shm"):
        (tmp_path / f"smppgate.sqlite{name}").write_text(name)
    aside = directory.set_aside(1_800_000_000.0)
    assert aside == tmp_path / "smppgate.sqlite.broken-20270115T080000"
    for name in ("", "-wal", "-shm"):
        assert (tmp_path / f"{aside.name}{name}").read_text() == name
    assert directory.identity() is None
    assert directory.octets() == 0


def test_one_that_is_set_aside_replaces_none(tmp_path: Path) -> None:
    """Within one second."""
    directory = StateDirectory(tmp_path)
    asides = set()
    for _ in range(3):
        directory.make_database()
        asides.add(directory.set_aside(1_800_000_000.0))
    assert len(asides) == 3
    assert all(aside is not None and aside.exists() for aside in asides)


def test_nothing_is_set_aside_where_nothing_is(tmp_path: Path) -> None:
    assert StateDirectory(tmp_path).set_aside(0.0) is None
