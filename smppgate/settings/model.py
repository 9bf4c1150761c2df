"""The whole configuration: all tables, and the rules between them.

A program that embeds the gate may make these classes itself. They check their values and raise
`SettingsError` with all problems, as reading a file does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from smppgate.settings.admin_side import AdminSettings
from smppgate.settings.checks import Several
from smppgate.settings.errors import Problem
from smppgate.settings.esme_side import EsmeSettings, ListenSettings
from smppgate.settings.gate_side import GateSettings
from smppgate.settings.log_side import CdrSettings, LogSettings
from smppgate.settings.nested import Nested, nested_in
from smppgate.settings.peer_side import PeerSettings, PeersSettings
from smppgate.settings.pools import PoolSettings
from smppgate.settings.relations import DEFAULT_POOL, relation_problems
from smppgate.settings.rewrites import RewriteSettings
from smppgate.settings.routes import RouteSettings
from smppgate.settings.smsc_side import SmscSettings
from smppgate.settings.store_side import StoreSettings
from smppgate.settings.tables import Table, setting

SECTIONS: dict[str, type[Table]] = {
    "gate": GateSettings,
    "store": StoreSettings,
    "admin": AdminSettings,
    "log": LogSettings,
    "cdr": CdrSettings,
    "peers": PeersSettings,
    "peer": PeerSettings,
    "listen": ListenSettings,
    "esme": EsmeSettings,
    "smsc": SmscSettings,
    "pool": PoolSettings,
    "route": RouteSettings,
    "rewrite": RewriteSettings,
}

SINGLE = ("gate", "store", "admin", "log", "cdr", "peers")
"""Sections that are one table; each of the others is an array of tables."""


def _tables(
    name: str, table: type[Table], is_one: bool
) -> Iterator[tuple[str, type[Table], bool]]:
    """A table, or an array of it, and then what is inside of it, as its fields have it."""
    yield name, table, is_one
    for field in attrs.fields(table):
        check = field.metadata["check"]
        nested = nested_in(check)
        if nested is not None:
            yield from _tables(f"{name}.{field.name}", nested.table, check is nested)


_ALL = [
    each
    for section, table in SECTIONS.items()
    for each in _tables(section, table, section in SINGLE)
]

TABLES: dict[str, type[Table]] = {name: table for name, table, _ in _ALL}
"""All of them, each section followed by what is inside of it."""

_ONE = {name for name, _, is_one in _ALL if is_one}


def heading(section: str) -> str:
    """How the file begins a table of ``section``: ``[gate]`` or ``[[esme]]``."""
    return f"[{section}]" if section in _ONE else f"[[{section}]]"


def _section(name: str, meaning: str, minimum: int = 0) -> dict[str, Any]:
    one = Nested(SECTIONS[name])
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
    admin: AdminSettings = attrs.field(
        factory=AdminSettings,
        metadata=_section("admin", "Where the gate is watched and operated."),
    )
    log: LogSettings = attrs.field(
        factory=LogSettings,
        metadata=_section(
            "log", "What is written of messages, and how the gate writes its own log."
        ),
    )
    cdr: CdrSettings = attrs.field(
        factory=CdrSettings, metadata=_section("cdr", "A record for each message.")
    )
    peers: PeersSettings = attrs.field(
        factory=PeersSettings, metadata=_section("peers", "What this node is to its peers.")
    )
    peer: tuple[PeerSettings, ...] = attrs.field(
        default=(), metadata=_section("peer", "The nodes of the gate.")
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
    rewrite: tuple[RewriteSettings, ...] = attrs.field(
        default=(), metadata=_section("rewrite", "What becomes of messages on their way.")
    )

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if not self.pool:
            everyone = tuple(dict.fromkeys(smsc.name for smsc in self.smsc))
            object.__setattr__(self, "pool", (PoolSettings(DEFAULT_POOL, everyone),))

    def _relations(self) -> Iterator[Problem]:
        document = attrs.asdict(self, filter=_is_public)
        # With what is in their files, which is not to be shown.
        for section in ("route", "rewrite"):
            tables: tuple[Table, ...] = getattr(self, section)
            document[section] = [attrs.asdict(table, recurse=False) for table in tables]
        return relation_problems(document)


def _is_public(field: attrs.Attribute[object], _value: object) -> bool:
    return bool(field.repr)
