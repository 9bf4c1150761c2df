"""Log files that are opened anew under their path, as logrotate needs it.

``twistd`` makes its log file itself, and nothing but the observers of its log leads there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from twisted.logger import globalLogPublisher
from twisted.python.logfile import BaseLogFile

from smppgate.notices.process import LOG_NOT_REOPENED
from smppgate.txsmpp.log import Logger

_log = Logger()


class SteadyLogFile(BaseLogFile):
    """A log file that grows until another program moves it."""

    @classmethod
    def at(cls, path: str) -> SteadyLogFile:
        """The file of this path; it is appended to.

        :raises OSError: when it cannot be opened.
        """
        folder, name = os.path.split(os.path.abspath(path))
        return cls(name, folder)

    def shouldRotate(self) -> bool:
        """Never."""
        return False

    def _openFile(self) -> None:
        # To append, where Twisted seeks the end once: another program may cut the file as well.
        self.closed = False
        self._file = cast(BinaryIO, open(self.path, "ab", 0))  # noqa: SIM115


def reopen_log_files() -> None:
    """Open each file that the log goes to anew, and tell so in it.

    One that cannot be opened goes on as it was.
    """
    files = dict.fromkeys(_files())
    for file in files:
        _reopen(file)
    if not files:
        _log.info("the log goes to no file that could be opened anew")


def _reopen(file: Any) -> None:
    former = file._file
    try:
        file._openFile()
    except OSError as error:
        _log.tell(LOG_NOT_REOPENED, file=file.path, reason=error.strerror)
        return
    former.close()
    _log.info("the log file {path} is opened anew", path=file.path)


def _files() -> Iterator[BaseLogFile]:
    for observer in observers_behind(globalLogPublisher):
        file = getattr(observer, "_outFile", None)
        if isinstance(file, BaseLogFile):
            yield file


def observers_behind(observer: Any) -> Iterator[Any]:
    """This observer, and all behind it: publishers and filters have others behind them."""
    yield observer
    behind = getattr(observer, "_observer", None)
    for each in (*getattr(observer, "_observers", ()), *((behind,) if behind else ())):
        yield from observers_behind(each)
