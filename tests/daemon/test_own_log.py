"""The process's own log goes by `[log]`: its format and its level, also after a reload."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.logger import (
    FilteringLogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    LogPublisher,
    textFileLogObserver,
)

from smppgate.daemon.own_log import OwnLog
from smppgate.settings import LogSettings
from smppgate.txsmpp.log import Logger, change_level, level_in_force

JSON, TEXT = LogSettings(daemon_format="json"), LogSettings()


@pytest.fixture(autouse=True)
def level() -> Iterator[None]:
    """The level of the process is as it was, afterwards."""
    before = level_in_force()
    yield
    change_level(before)


class Desk:
    """A log of its own, that nothing else writes to."""

    def __init__(self) -> None:
        self.publisher = LogPublisher()
        self.own_log = OwnLog(self.publisher)
        self.log = Logger("test", observer=self.publisher)

    def file(self, wrap: Any = lambda observer: observer) -> io.StringIO:
        """One more file that the log goes to."""
        file = io.StringIO()
        self.publisher.addObserver(wrap(textFileLogObserver(file)))
        return file


def texts(file: io.StringIO) -> list[str]:
    """The text of each line, all of which are JSON."""
    return [json.loads(line)["text"] for line in file.getvalue().splitlines()]


def test_text_is_left_as_it_is() -> None:
    desk = Desk()
    file = desk.file()
    desk.own_log.change(TEXT)
    desk.log.info("one")
    assert file.getvalue().endswith("[test#info] one\n")
    assert len(desk.publisher._observers) == 1


@pytest.mark.parametrize("is_before", [False, True])
def test_json_from_the_first_line(is_before: bool) -> None:
    """twistd sets its log up when the gate is made already."""
    desk = Desk()
    file = desk.file() if is_before else None
    desk.own_log.change(JSON)
    file = file or desk.file()
    desk.log.info("one")
    desk.log.info("two")
    assert texts(file) == ["one", "two"]


def _filtered(observer: Any) -> Any:
    return FilteringLogObserver(observer, [LogLevelFilterPredicate()])


@pytest.mark.parametrize("wrap", [LogPublisher, _filtered])
def test_files_behind_other_observers_are_found(wrap: Any) -> None:
    desk = Desk()
    desk.own_log.change(JSON)
    file = desk.file(wrap)
    desk.log.info("one")
    assert texts(file) == ["one"]


def test_a_reload_changes_the_format_and_back() -> None:
    desk = Desk()
    file = desk.file()
    for at, settings in enumerate((TEXT, JSON, JSON, TEXT, JSON)):
        desk.own_log.change(settings)
        desk.log.info("line {at}", at=at)
    lines = file.getvalue().splitlines()
    assert [line.startswith("{") for line in lines] == [False, True, True, False, True]
    assert lines[3].endswith("[test#info] line 3")


def test_the_level_of_the_settings_is_in_force() -> None:
    OwnLog(LogPublisher()).change(LogSettings(level="error"))
    assert level_in_force() is LogLevel.error


def test_a_level_that_an_operator_has_set_stays_until_the_settings_change() -> None:
    own_log = OwnLog(LogPublisher())
    own_log.change(TEXT)
    change_level(LogLevel.debug)
    own_log.change(JSON)
    assert level_in_force() is LogLevel.debug
    own_log.change(LogSettings(level="warn"))
    assert level_in_force() is LogLevel.warn
