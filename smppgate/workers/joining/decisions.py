"""`Decisions`: what operators have decided, for workers that come later.

A worker that takes the place of another begins by the settings; what an operator has decided since
the start of the master holds for it all the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from smppgate.settings import Settings

Key = tuple[str, str, str]
"""The kind of object, its name, and what of it was decided."""

Decision = tuple[str, str, bytes]
"""Method, path and body of the request."""

_STATES = {"ready", "drain", "maint", "open", "close"}
LEVEL: Key = ("", "", "log-level")

_PLAIN = {"ready", "open"}
"""What is so without a decision."""


class Decisions:
    """The decisions that hold: one for each object, and for its weight."""

    def __init__(self) -> None:
        self._made: dict[Key, Decision] = {}
        self._being_told: list[Decision] = []
        self._weights: dict[str, int] = {}
        self._level = ""

    def decided(
        self, method: str, path: str, kind: str, name: str, body: Mapping[str, Any]
    ) -> None:
        """An operator has changed something so. What does not last is passed over."""
        action, about = _action_of(path), _about(path)
        if not about:
            return
        # The last decision comes last.
        self._made.pop((kind, name, about), None)
        if action not in _PLAIN and body.get("weight", 0) is not None:
            self._made[kind, name, about] = method, path, json.dumps(body).encode()

    @contextmanager
    def being_told(self, method: str, path: str, body: bytes) -> Iterator[None]:
        """Workers are told so meanwhile; only if one of them can do it, it is `decided`.

        Those that come are told too. What does not last is passed over.
        """
        told = [(method, path, body)] if _about(path) else []
        self._being_told += told
        try:
            yield
        finally:
            for decision in told:
                self._being_told.remove(decision)

    def all(self) -> list[Decision]:
        """What a worker that comes now is told, in the order in which they were made."""
        return [*self._made.values(), *self._being_told]

    def change(self, settings: Settings) -> None:
        """Forget what settings have changed since, and what there is no more."""
        weights = {each.name: each.weight for each in settings.smsc}
        accounts = {each.system_id for each in settings.esme}
        if settings.log.level != self._level:
            self._made.pop(LEVEL, None)
            self._level = settings.log.level
        known = {"smscs": weights, "links": weights, "accounts": accounts}
        for kind, name, about in list(self._made):
            name_of = name.rsplit("-", 2)[0] if kind == "links" else name
            is_gone = kind in known and name_of not in known[kind]
            is_over = about == "weight" and self._weights.get(name) != weights.get(name)
            if is_gone or is_over:
                del self._made[kind, name, about]
        self._weights = weights


def _action_of(path: str) -> str:
    return path.rpartition("/")[2]


def _about(path: str) -> str:
    """What of its object a request is about; "" where it does not last."""
    action = _action_of(path)
    about = "state" if action in _STATES else action
    return about if about in ("state", "weight", "log-level") else ""
