"""A document as TOML gives it, gone through without trusting any kind of value in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeGuard


def tables(
    document: Mapping[str, object], section: str
) -> Iterator[tuple[int, dict[str, object]]]:
    """The tables of ``section``, each with its index; whatever is no table is left out."""
    found = document.get(section)
    if is_array(found):
        yield from ((index, table) for index, table in enumerate(found) if isinstance(table, dict))


def named_tables(
    document: Mapping[str, object], section: str, key: str
) -> Iterator[tuple[int, str, dict[str, object]]]:
    """The tables of ``section`` that have a name of their own in ``key``: index, name, table.

    Of several with one name only the first is there.
    """
    seen = set()
    for index, table in tables(document, section):
        name = table.get(key)
        if isinstance(name, str) and name not in seen:
            seen.add(name)
            yield index, name, table


def is_array(value: object) -> TypeGuard[list[object] | tuple[object, ...]]:
    """Whether ``value`` is an array, of a file or of a program."""
    return isinstance(value, list | tuple)
