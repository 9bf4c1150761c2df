"""Records of what differs between two tables, and between two arrays of tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

import attrs

from smppgate.settings.model import SECTIONS
from smppgate.settings.relations import NAME_KEYS
from smppgate.settings.tables import Table
from smppgate.settings.takes import Takes

IDENTITIES = {**NAME_KEYS, "listen": "endpoint", "route": "label", "rewrite": "label"}
"""The key that a table is known by, for each section that is an array of tables."""

T = TypeVar("T", bound=Table)

# Looked up here, since a thousand tables are compared between two reads of a session.
_TAKES: dict[type[Table], dict[str, Takes]] = {
    table: {field.name: field.metadata["takes"] for field in attrs.fields(table)}
    for table in SECTIONS.values()
}
_TAKING: dict[type[Table], dict[Takes, frozenset[str]]] = {
    table: {each: frozenset(name for name in keys if keys[name] is each) for each in Takes}
    for table, keys in _TAKES.items()
}


@attrs.frozen
class Change(Generic[T]):
    """A table before and after, and the ``keys`` whose values differ; there is at least one."""

    old: T
    new: T
    keys: frozenset[str]

    def taking(self, takes: Takes) -> frozenset[str]:
        """Those of `keys` that take effect in this way."""
        return self.keys & keys_taking(type(self.new), takes)


@attrs.frozen
class Changes(Generic[T]):
    """What differs between two arrays of tables.

    :ivar added: tables that only the new array has, in its order.
    :ivar removed: tables that only the old array has, in its order.
    :ivar changed: tables that both have, with other values, in the order of the new array.
    """

    added: tuple[T, ...] = ()
    removed: tuple[T, ...] = ()
    changed: tuple[Change[T], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def keys_taking(table: type[Table], takes: Takes) -> frozenset[str]:
    """The keys of ``table`` whose changes take effect in this way."""
    return _TAKING[table][takes]


def change(old: T, new: T) -> Change[T] | None:
    """The change from ``old`` to ``new``; None where they are equal."""
    if old is new or old == new:
        return None
    names = _TAKES[type(new)]
    keys = [name for name in names if getattr(old, name) != getattr(new, name)]
    return Change(old, new, frozenset(keys))


def changes(old: tuple[T, ...], new: tuple[T, ...], section: str) -> Changes[T]:
    """The changes from the array ``old`` of ``section`` to ``new``.

    The order of the tables makes no difference.
    """
    before, after = identified(old, section), identified(new, section)
    both = (change(before[one], table) for one, table in after.items() if one in before)
    return Changes(
        added=tuple(table for one, table in after.items() if one not in before),
        removed=tuple(table for one, table in before.items() if one not in after),
        changed=tuple(each for each in both if each is not None),
    )


def identified(tables: Iterable[T], section: str) -> dict[tuple[str, int], T]:
    """Each of ``tables`` under its identity and a number, which tells equal identities apart.

    Listeners may have one endpoint string: ``tcp:0`` is another port each time.
    """
    key = IDENTITIES[section]
    found: dict[tuple[str, int], T] = {}
    seen: dict[str, int] = {}
    for table in tables:
        name = getattr(table, key)
        number = seen[name] = seen.get(name, -1) + 1
        found[name, number] = table
    return found
