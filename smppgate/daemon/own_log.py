"""`OwnLog`: how the process writes its own log, as ``[log]`` says: the format, and the level.

The log is set up by twistd or by ``smppgate run``, from their command lines, and before there is a
gate. So what writes text into files stays as it is, and is told to write JSON in its place. What
else twistd may log to (``--syslog``, ``--logger``) has its own form.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from twisted.logger import (
    FileLogObserver,
    ILogObserver,
    LogEvent,
    LogLevel,
    LogPublisher,
    globalLogPublisher,
)
from zope.interface import implementer

from smppgate.daemon.json_lines import json_line
from smppgate.daemon.log_files import observers_behind
from smppgate.settings import LogSettings, Settings
from smppgate.txsmpp.log import change_level

Form: TypeAlias = Callable[[LogEvent], str | None]

FollowReloads: TypeAlias = Callable[[Callable[[Settings], None]], None]
"""Has a function called after each reload, with the settings in force."""


@implementer(ILogObserver)
class OwnLog:
    """The format and the level of the process's log.

    While they write JSON it observes the log too: those that are added to it later are told with
    its next event, before they write that.
    """

    def __init__(self, publisher: LogPublisher = globalLogPublisher) -> None:
        self._publisher = publisher
        self._level = ""
        # What each observer has written before.
        self._former: dict[FileLogObserver, Form] = {}

    @classmethod
    def begin(cls, settings: Settings, follow_reloads: FollowReloads) -> None:
        """Go by ``settings`` from now on, and by those of each reload."""
        own = cls()
        own.change(settings.log)
        follow_reloads(lambda newest: own.change(newest.log))

    def change(self, settings: LogSettings) -> None:
        """Go by ``settings`` from now on.

        A level that an operator has set stays, unless that of the settings is another than before.
        """
        if settings.level != self._level:
            self._level = settings.level
            change_level(LogLevel.levelWithName(settings.level))
        if settings.daemon_format == "json":
            self._publisher.addObserver(self)
            self._write_json()
        else:
            self._publisher.removeObserver(self)
            self._write_text()

    def __call__(self, _event: LogEvent) -> None:
        """Something is logged: let what has come to the log since write JSON too."""
        self._write_json()

    def _write_json(self) -> None:
        for observer in observers_behind(self._publisher):
            if isinstance(observer, FileLogObserver) and observer not in self._former:
                self._former[observer] = _form_of(observer)
                observer.formatEvent = json_line

    def _write_text(self) -> None:
        for observer, form in self._former.items():
            observer.formatEvent = form
        self._former.clear()


def _form_of(observer: Any) -> Form:
    form: Form = observer.formatEvent
    return form
