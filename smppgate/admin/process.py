"""`Process`: what the API shows and does of the process: its settings and its log."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import LogLevel

from smppgate.admin.audit import Audit
from smppgate.admin.messages import TEXT, Answer, Problem, json_answer
from smppgate.admin.routes import Call
from smppgate.settings import SettingsError
from smppgate.txsmpp.log import change_level, level_in_force

Reload = Callable[[], "Deferred[None]"]
"""Reads the file again and applies it; fails with `SettingsError`."""


class Process:
    """What the API shows and does of the process that it is served by.

    :param reload: None where there is no file.
    """

    def __init__(self, audit: Audit, reload: Reload | None) -> None:
        self._audit = audit
        self._reload = reload

    async def me(self, call: Call) -> Answer:
        """Who asks."""
        return json_answer({"user": call.user.name, "role": call.user.role})

    async def health(self, _call: Call) -> Answer:
        """Whether the process answers."""
        return Answer(content_type=TEXT, body=(b"ok\n",))

    async def reload(self, call: Call) -> Answer:
        """Read the file again."""
        if self._reload is None:
            raise Problem(409, "this gate was not started from a file")
        self._audit.changed(call, "reload", "")
        try:
            await self._reload()
        except SettingsError as error:
            errors = [_split(line) for line in error.errors]
            detail = "nothing is changed: the file has errors"
            raise Problem(422, detail, errors=errors) from None
        except CancelledError:
            raise Problem(503, "the gate is stopping") from None
        return json_answer({"reloaded": True})

    async def level(self, _call: Call) -> Answer:
        """How much is logged."""
        return json_answer({"level": level_in_force().name})

    async def change_level(self, call: Call) -> Answer:
        """Log more, or less."""
        level = call.body["level"]
        change_level(LogLevel.levelWithName(level))
        self._audit.changed(call, "log-level", level)
        return json_answer({"level": level})


def _split(line: str) -> tuple[str, str]:
    """Path and text of a line of `SettingsError`."""
    path, separator, text = line.partition(": ")
    is_path = bool(separator) and " " not in path
    return (path, text) if is_path else ("", line)
