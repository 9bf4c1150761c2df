"""`Logger`: Twisted's, with values that cannot write anything but their own text into a log.

Names, addresses, ids and reasons come from peers, from PROXY headers and from files. With a raw
line end or an escape sequence in one of them a stranger writes lines of a log, or commands to the
terminal that shows it. So every value is escaped here, whatever its source.

What an operator should act on is a `Notice` with a code, and is told by `Logger.tell`. Twisted's
own ``warn``, ``error``, ``critical`` and ``failure`` are not used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import twisted.logger
from twisted.logger import LogLevel
from twisted.python.failure import Failure

from smppgate.txsmpp.notice import Notice
from smppgate.txsmpp.printable import printable, shown

_AS_THEY_ARE = (bool, int, float)


_level: Any = LogLevel.info


def change_level(level: Any) -> None:
    """Let all loggers of the process write events of this `LogLevel` and above, and no others."""
    global _level  # noqa: PLW0603 - the log is the process's, and there is one
    _level = level


def level_in_force() -> Any:
    """The `LogLevel` that was given last; info before that."""
    return _level


class Logger(twisted.logger.Logger):
    """A logger whose values are printable and on one line."""

    def __get__(self, instance: Any, owner: Any = None) -> Logger:
        """That of a class or an object, which is told of with what it logs."""
        return cast(Logger, super().__get__(instance, owner))

    def tell(self, notice: Notice, **values: object) -> None:
        """Log the line of ``notice`` with ``values`` filled in; observers get its ``code`` too."""
        self._tell(notice, notice.text, values)

    def tell_failure(self, notice: Notice, failure: Failure, **values: object) -> None:
        """The same, with ``failure`` and its traceback behind it."""
        self._tell(notice, notice.text, {**values, "log_failure": failure})

    def sum_up(self, notice: Notice, line: str, **values: object) -> None:
        """Log ``line`` in place of many lines of ``notice``."""
        self._tell(notice, "{line}", {**values, "line": line})

    def _tell(self, notice: Notice, text: str, values: Mapping[str, object]) -> None:
        level = LogLevel.levelWithName(notice.level)
        self.emit(level, "{code} " + text, code=notice.code, **values)

    def emit(self, level: Any, format: str | None = None, **kwargs: object) -> None:
        """Log ``format`` with ``kwargs``: numbers as they are, all else as `shown` text.

        What is below the level of `change_level` is not logged.
        """
        if level < _level:
            return
        failure = kwargs.get("log_failure")
        if isinstance(failure, Failure) and not _is_plain(failure):
            format = f"{format}\n{{traceback}}"
            del kwargs["log_failure"]
        else:
            failure = None
        values = {name: _value(name, value) for name, value in kwargs.items()}
        if failure is not None:
            values["traceback"] = _traceback(failure)
        # Observers that write fields may write these: they have no other text than is shown here.
        fields = tuple(name for name in kwargs if not name.startswith("log_"))
        super().emit(level, format, **values, log_fields=fields)


def _value(name: str, value: object) -> object:
    # What begins so is Twisted's own, and no peer's.
    if name.startswith("log_") or isinstance(value, _AS_THEY_ARE):
        return value
    return shown(str(value))


def _is_plain(failure: Failure) -> bool:
    return failure.getErrorMessage().isprintable()


def _traceback(failure: Failure) -> str:
    # An observer for text files indents all lines but the first, so none looks like another event.
    return "\n".join(printable(line) for line in failure.getTraceback().splitlines())
