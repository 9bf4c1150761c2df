"""The socket's file: whose it is, and who may open it."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock

from smppgate.admin.unix_socket import UnixSocket
from tests.fakes import outcomes


@contextmanager
def listening(path: Path, mode: int = 0o600, **more: Any) -> Iterator[Any]:
    """The port, or the failure."""
    endpoint = UnixSocket(MemoryReactorClock(), str(path), mode, **more)
    (found,) = outcomes(endpoint.listen(Factory.forProtocol(Protocol)))
    yield found
    if hasattr(found, "connectionLost"):
        found.connectionLost(None)


def test_the_file_has_its_mode_and_goes_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    with listening(path, 0o640):
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        assert stat.S_ISSOCK(path.stat().st_mode)
    assert not path.exists()


def test_a_folder_is_made_for_this_user_alone_where_that_is_wanted(tmp_path: Path) -> None:
    with listening(tmp_path / "state/a.sock", makes_folder=True):
        assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    with listening(tmp_path / "other/a.sock") as failure:
        assert "No such file" in failure.getErrorMessage()


def test_one_that_is_left_of_a_process_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    with listening(path) as port:
        assert port.own == (path.stat().st_dev, path.stat().st_ino)


def test_one_in_use_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen(1)
        before = path.stat().st_ino
        with listening(path) as failure:
            assert "another process listens on " in failure.getErrorMessage()
        assert path.stat().st_ino == before


@pytest.mark.parametrize("is_folder", [True, False])
def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path, is_folder: bool) -> None:
    path = tmp_path / "a.sock"
    path.mkdir() if is_folder else path.write_text("mine")
    with listening(path) as failure:
        assert "is no socket" in failure.getErrorMessage()
    assert path.exists()


def test_the_file_of_another_that_has_come_since_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    with listening(path):
        os.unlink(path)
        path.write_text("another's")
    assert path.read_text() == "another's"


def test_a_path_that_is_too_long_is_told(tmp_path: Path) -> None:
    with listening(tmp_path / ("x" * 120)) as failure:
        assert "too long" in failure.getErrorMessage()
