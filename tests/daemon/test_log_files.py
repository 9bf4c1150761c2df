"""Log files that are opened anew, as twistd and `smppgate run` make them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from twisted.logger import LogPublisher, globalLogPublisher, textFileLogObserver
from twisted.python.logfile import LogFile

from smppgate.daemon.log_files import SteadyLogFile, reopen_log_files
from smppgate.txsmpp.log import Logger
from tests.gate.memory_gateway import Log

MAKERS = [LogFile.fromFullPath, SteadyLogFile.at]


@contextmanager
def logging_to(file: Any, nested: bool = False) -> Iterator[None]:
    """The log goes to ``file``; perhaps by way of another publisher."""
    observer: Any = textFileLogObserver(file)
    observer = LogPublisher(observer) if nested else observer
    globalLogPublisher.addObserver(observer)
    try:
        yield
    finally:
        globalLogPublisher.removeObserver(observer)
        file.close()


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("nested", [False, True])
def test_a_file_that_was_moved_is_made_anew(
    tmp_path: Path, make: Callable[[str], Any], nested: bool
) -> None:
    path = tmp_path / "gate.log"
    with logging_to(make(str(path)), nested):
        Logger().info("before")
        moved = path.rename(tmp_path / "gate.log.1")
        reopen_log_files()
        Logger().info("after")
    assert "before" in moved.read_text()
    assert "after" not in moved.read_text()
    assert "after" in path.read_text()


@pytest.mark.parametrize("make", MAKERS)
def test_a_file_that_is_still_there_is_appended_to(
    tmp_path: Path, make: Callable[[str], Any]
) -> None:
    path = tmp_path / "gate.log"
    with logging_to(make(str(path))):
        Logger().info("before")
        reopen_log_files()
        Logger().info("after")
    text = path.read_text()
    assert text.index("before") < text.index("opened anew") < text.index("after")


def test_a_file_that_somebody_cuts_is_written_to_from_its_beginning(tmp_path: Path) -> None:
    """As copytruncate of logrotate does."""
    path = tmp_path / "gate.log"
    with logging_to(SteadyLogFile.at(str(path))):
        Logger().info("before")
        path.write_text("")
        Logger().info("after")
    assert "after" in path.read_text()
    assert "\0" not in path.read_text()


def test_a_file_that_cannot_be_opened_goes_on_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    with logging_to(SteadyLogFile.at(str(folder / "gate.log"))):
        moved = folder.rename(tmp_path / "moved")
        reopen_log_files()
        Logger().info("after")
    text = (moved / "gate.log").read_text()
    assert "cannot be opened anew: No such file or directory" in text
    assert "after" in text


def test_a_log_without_a_file_says_so() -> None:
    with Log() as log:
        reopen_log_files()
    assert log.lines == ["the log goes to no file that could be opened anew"]
