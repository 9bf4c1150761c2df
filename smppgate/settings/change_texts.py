"""Changes of settings in words, for the log: one line each, without secrets.

A value stands there as the file writes it. Lists are told by what came and went, since an account
may have thousands of ranges.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import nsmallest

import attrs

from smppgate.settings.changes import IDENTITIES, Change
from smppgate.settings.checks import Check
from smppgate.settings.model import heading
from smppgate.settings.number_files import NumberFile
from smppgate.settings.tables import Table
from smppgate.settings.takes import Takes
from smppgate.txsmpp.printable import printable

LONGEST_SHOWN = 200
"""Characters of a text that are shown; three dots stand for the rest."""
MOST_SHOWN = 3
"""Items of a list that are shown; the others are counted."""


def title(section: str, table: Table) -> str:
    """What a line about ``table`` begins with: ``[gate]`` or ``[[esme]] "acme"``."""
    key = IDENTITIES.get(section)
    return heading(section) if key is None else named(section, getattr(table, key))


def named(section: str, name: str) -> str:
    """What a line about the table called ``name`` begins with."""
    return f"{heading(section)} {quoted(name)}"


def change_lines(section: str, change: Change[Table], takes: Takes | None = None) -> Iterator[str]:
    """A line for each changed key, in the order of the class.

    :param takes: only keys that take effect in this way; None for all.
    """
    keys = change.keys if takes is None else change.taking(takes)
    if not keys:
        return
    begin = title(section, change.new)
    for field in attrs.fields(type(change.new)):
        if field.name in keys:
            effect: Takes = field.metadata["takes"]
            yield f"{begin}: {field.name} {_change_text(field, change)}, {effect.value}"


def quoted(text: str) -> str:
    """``text`` in double quotes, printable, and cut if it is long."""
    if len(text) > LONGEST_SHOWN:
        text = text[:LONGEST_SHOWN] + "..."
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{printable(escaped)}"'


def _change_text(field: attrs.Attribute[object], change: Change[Table]) -> str:
    if not field.repr:
        return "changed"
    old, new = getattr(change.old, field.name), getattr(change.new, field.name)
    check: Check = field.metadata["check"]
    if isinstance(old, tuple) and isinstance(new, tuple) and check.kind != "table":
        return _list_text(old, new)
    if isinstance(old, NumberFile) and isinstance(new, NumberFile) and old.path == new.path:
        return _file_text(old, new)
    return f"{_value_text(check, old)} -> {_value_text(check, new)}"


def _file_text(old: NumberFile, new: NumberFile) -> str:
    before, after = old.lines(), new.lines()
    parts = [
        _done(len(lines), done, map(_line_text, nsmallest(MOST_SHOWN, lines)))
        for lines, done in ((after - before, "added"), (before - after, "removed"))
        if lines
    ]
    return f"{quoted(new.path)} {', '.join(parts)}"


def _value_text(check: Check, value: object) -> str:
    return quoted(value) if isinstance(value, str) else printable(check.write(value))


def _list_text(old: tuple[object, ...], new: tuple[object, ...]) -> str:
    before, after = dict.fromkeys(old), dict.fromkeys(new)
    added = [item for item in after if item not in before]
    removed = [item for item in before if item not in after]
    parts = [
        _done(len(items), done, map(_item_text, items[:MOST_SHOWN]))
        for items, done in ((added, "added"), (removed, "removed"))
        if items
    ]
    stayed = [item for item in before if item in after]
    if stayed != [item for item in after if item in before]:
        parts.append("in another order")
    return ", ".join(parts)


def _done(count: int, done: str, first: Iterable[str]) -> str:
    """How many items were added or removed, and the ``first`` of them."""
    shown = ", ".join(first)
    return f"{count} {done} ({shown}{', ...' if count > MOST_SHOWN else ''})"


def _item_text(item: object) -> str:
    return quoted(item) if isinstance(item, str) else str(item)


def _line_text(line: bytes) -> str:
    return quoted(line.decode("latin-1"))
