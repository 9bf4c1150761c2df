"""Access to a TOML document in which any value may be of the wrong kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeGuard


def tables(
    document: Mapping[str, object], section: str
) -> Iterator[tuple[int, dict[str, object]]]:
    """The tables of ``section``, each with its index; values of other kinds are skipped."""
    found = document.get(section)
    if is_array(found):
        yield from ((index, table) for index, table in enumerate(found) if isinstance(table, dict))


def named_tables(
    document: Mapping[str, object], section: str, key: str
) -> Iterator[tuple[int, str, dict[str, object]]]:
    """Index, name and table for each name in ``section``; ``key`` has the name.

    Of several tables with one name only the first is given.
    """
    seen = set()
    for index, table in tables(document, section):
        name = table.get(key)
        if isinstance(name, str) and name not in seen:
            seen.add(name)
            yield index, name, table


def is_array(value: object) -> TypeGuard[list[object] | tuple[object, ...]]:
    """Whether ``value`` is an array: a list from a file, a list or tuple from a program."""
    return isinstance(value, list | tuple)
