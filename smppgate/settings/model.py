"""The whole configuration: all tables, and the rules between them.

A program that embeds the gate may make these classes itself. They check their values and raise
`SettingsError` with all problems, as reading a file does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from smppgate.settings.checks import Check, Several, kind_of
from smppgate.settings.errors import Problem
from smppgate.settings.esme_side import EsmeSettings, ListenSettings
from smppgate.settings.gate_side import GateSettings, StoreSettings
from smppgate.settings.pools import PoolSettings
from smppgate.settings.relations import DEFAULT_POOL, relation_problems
from smppgate.settings.routes import RouteSettings
from smppgate.settings.smsc_side import SmscSettings
from smppgate.settings.tables import Table, setting


@attrs.frozen
class One(Check):
    """One table of class ``table``."""

    table: type[Table]

    def problems(self, value: object) -> Iterator[Problem]:
        """Another class. A table of the right class has checked itself."""
        if not isinstance(value, self.table):
            yield Problem("", f"must be {self.table.__name__}, not {kind_of(value)}")


SECTIONS: dict[str, type[Table]] = {
    "gate": GateSettings,
    "store": StoreSettings,
    "listen": ListenSettings,
    "esme": EsmeSettings,
    "smsc": SmscSettings,
    "pool": PoolSettings,
    "route": RouteSettings,
}

SINGLE = ("gate", "store")
"""Sections that are one table; each of the others is an array of tables."""


def heading(section: str) -> str:
    """How the file begins a table of ``section``: ``[gate]`` or ``[[esme]]``."""
    return f"[{section}]" if section in SINGLE else f"[[{section}]]"


def _section(name: str, meaning: str, minimum: int = 0) -> dict[str, Any]:
    one = One(SECTIONS[name])
    return setting(one if name in SINGLE else Several(one, minimum), meaning)


@attrs.frozen(kw_only=True)
class Settings(Table):
    """A whole configuration: at least one listener, account and SMSC.

    Without pools there is one, named ``default``, of all SMSCs.

    :raises SettingsError: with all problems, also those between tables: a name that is used twice
        or not defined, tags that collide, a group with two forms of ids.
    """

    gate: GateSettings = attrs.field(
        factory=GateSettings, metadata=_section("gate", "What holds for the whole gate.")
    )
    store: StoreSettings = attrs.field(
        factory=StoreSettings, metadata=_section("store", "What the gate keeps, and how.")
    )
    listen: tuple[ListenSettings, ...] = attrs.field(
        metadata=_section("listen", "Where ESMEs connect.", 1)
    )
    esme: tuple[EsmeSettings, ...] = attrs.field(metadata=_section("esme", "Who may bind.", 1))
    smsc: tuple[SmscSettings, ...] = attrs.field(
        metadata=_section("smsc", "Where messages go.", 1)
    )
    pool: tuple[PoolSettings, ...] = attrs.field(
        default=(), metadata=_section("pool", "Which SMSCs share messages.")
    )
    route: tuple[RouteSettings, ...] = attrs.field(
        default=(), metadata=_section("route", "Which messages go to which pool.")
    )

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if not self.pool:
            everyone = tuple(dict.fromkeys(smsc.name for smsc in self.smsc))
            object.__setattr__(self, "pool", (PoolSettings(DEFAULT_POOL, everyone),))

    def _relations(self) -> Iterator[Problem]:
        document = attrs.asdict(self, filter=_is_public)
        # With what is in their files, which is not to be shown.
        document["route"] = [attrs.asdict(route, recurse=False) for route in self.route]
        return relation_problems(document)


def _is_public(field: attrs.Attribute[object], _value: object) -> bool:
    return bool(field.repr)
