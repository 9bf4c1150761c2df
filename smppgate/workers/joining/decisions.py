"""`Decisions`: what operators have decided, for workers that come later.

A worker that takes the place of another begins by the settings; what an operator has decided since
the start of the master holds for it all the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from smppgate.settings import Settings

Key = tuple[str, str, str]
"""The kind of object, its name, and what of it was decided."""

_STATES = {"ready", "drain", "maint", "open", "close"}
LEVEL: Key = ("", "", "log-level")

_PLAIN = {"ready", "open"}
"""What is so without a decision."""


class Decisions:
    """The decisions that hold: one for each object, and for its weight."""

    def __init__(self) -> None:
        self._made: dict[Key, tuple[str, str, bytes]] = {}
        self._weights: dict[str, int] = {}
        self._level = ""

    def decided(
        self, method: str, path: str, kind: str, name: str, body: Mapping[str, Any]
    ) -> None:
        """An operator has changed something so. What does not last is passed over."""
        action = path.rpartition("/")[2]
        about = "state" if action in _STATES else action
        if about not in ("state", "weight", "log-level"):
            return
        # The last decision comes last.
        self._made.pop((kind, name, about), None)
        if action not in _PLAIN and body.get("weight", 0) is not None:
            self._made[kind, name, about] = method, path, json.dumps(body).encode()

    def all(self) -> list[tuple[str, str, bytes]]:
        """Method, path and body of each, in the order in which they were made."""
        return list(self._made.values())

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
