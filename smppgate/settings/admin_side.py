"""The tables ``[admin]`` and ``[[admin.user]]``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from smppgate.settings.checks import Check, Flag, Several, describe
from smppgate.settings.endpoints import bare_server_fault, split
from smppgate.settings.errors import Problem
from smppgate.settings.nested import Nested
from smppgate.settings.passwords import HashedPassword
from smppgate.settings.raw import is_array
from smppgate.settings.tables import Table, setting
from smppgate.settings.texts import Choice, Endpoint, Name

STATE_DIR = "STATE_DIR"
"""Stands for ``state_dir`` in an endpoint."""

DEFAULT_ENDPOINT = f"unix:{STATE_DIR}/admin.sock:mode=600"

VIEWER, OPERATOR = "viewer", "operator"


@attrs.frozen
class Endpoints(Several):
    """An array of endpoints to listen on, or one of them alone."""

    item: Check = attrs.field(factory=lambda: Endpoint("server", bare_server_fault))

    @property
    def kind(self) -> str:
        """``string, or array of strings``."""
        return "string, or array of strings"

    @property
    def allowed(self) -> str:
        """Endpoints that can be told apart from those of ESMEs."""
        return self.item.allowed

    def write(self, value: object) -> str:
        """One alone without brackets."""
        if isinstance(value, tuple) and len(value) == 1:
            return self.item.write(value[0])
        return super().write(value)

    def tidy(self, value: object) -> object:
        """One alone as a tuple."""
        return (value,) if isinstance(value, str) else super().tidy(value)

    def problems(self, value: object) -> Iterator[Problem]:
        """As of `Several`; of a value that is neither, both are named."""
        if isinstance(value, tuple):
            yield from super().problems(value)
        else:
            yield Problem("", f"must be a string or an array, not {describe(value)}")


def is_of_this_machine(endpoint: str) -> bool:
    """Whether only those connect who may open a file of this machine."""
    parts = split(endpoint)
    is_inherited = parts.scheme == "systemd" and parts.get("domain", 0) == "UNIX"
    return parts.scheme == "unix" or is_inherited


@attrs.frozen
class AdminUserSettings(Table):
    """``[[admin.user]]``: who may connect by TCP."""

    name: str = attrs.field(
        metadata=setting(Name(), "The name; no two users share one."),
    )
    password_hash: str = attrs.field(
        repr=False,
        metadata=setting(
            HashedPassword(0, 300), "A hash of the password, which `smppgate passwd` makes."
        ),
    )
    role: str = attrs.field(
        default=VIEWER,
        metadata=setting(
            Choice((VIEWER, OPERATOR)), 'A "viewer" sees everything and changes nothing.'
        ),
    )

    def __str__(self) -> str:
        return f"{self.name} ({self.role})"


@attrs.frozen
class AdminSettings(Table):
    """``[admin]``: the API, the page and the metrics."""

    endpoint: tuple[str, ...] = attrs.field(
        default=(DEFAULT_ENDPOINT,),
        metadata=setting(
            Endpoints(),
            "Where API, page and metrics are served; [] has none of them. STATE_DIR stands for "
            "state_dir. Whoever can open a unix: socket is an operator; tcp: and ssl: need users.",
        ),
    )
    metrics: bool = attrs.field(
        default=True,
        metadata=setting(Flag(), "Whether metrics are counted and served, under /metrics."),
    )
    user: tuple[AdminUserSettings, ...] = attrs.field(
        default=(),
        metadata=setting(
            Several(Nested(AdminUserSettings)), "Who may connect by TCP, and may do what."
        ),
    )

    @classmethod
    def clashes(cls, table: Mapping[str, object]) -> Iterator[Problem]:
        """Two users of one name; an endpoint that needs users where there are none."""
        users = table.get("user", ())
        yield from _duplicates(users if is_array(users) else ())
        endpoints = Endpoints().tidy(table.get("endpoint", ()))
        if users or not isinstance(endpoints, tuple):
            return
        for index, endpoint in enumerate(endpoints):
            if isinstance(endpoint, str) and not is_of_this_machine(endpoint):
                text = "needs users: there is no [[admin.user]]"
                yield Problem(f"endpoint[{index}]", text)


def endpoints_of(table: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Path in ``table`` and text of each endpoint, which may be raw."""
    tidied = Endpoints().tidy(table.get("endpoint"))
    for index, endpoint in enumerate(tidied if isinstance(tidied, tuple) else ()):
        if isinstance(endpoint, str) and endpoint:
            yield f"endpoint[{index}]", endpoint


def placed(endpoint: str, state_dir: str) -> str:
    """``endpoint`` with ``state_dir`` in it."""
    escaped = state_dir.replace("\\", "\\\\").replace(":", "\\:").replace("=", "\\=")
    return endpoint.replace(STATE_DIR, escaped)


def _duplicates(users: Any) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, user in enumerate(users):
        name = user.get("name") if isinstance(user, dict) else getattr(user, "name", None)
        if isinstance(name, str) and first.setdefault(name, index) != index:
            yield Problem(
                f"user[{index}].name", f"{name!r} is the name of user[{first[name]}] too"
            )
