"""Tables as lines of cells, fitted to a width: what a terminal, a pipe and `top` show.

Rich's own tables were rejected for this: they shorten all columns alike where a terminal is
narrow, and take seconds for 10 000 rows.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import frozen

GAP = "  "
"""Between two columns."""

MORE = "…"

Row = Mapping[str, Any]
"""An object of the API."""


@frozen
class Cell:
    """:ivar style: as Rich calls it; empty for none."""

    text: str
    style: str = ""


@frozen
class Column:
    """:ivar cell: what it has of an object, at this time.
    :ivar right: whether it is aligned to the right, as numbers are.
    :ivar rank: where the room is short, columns of the highest rank are left out first; those of
        0 stay.
    :ivar least: the width to which it may be shortened then; 0 where it may not.
    """

    title: str
    cell: Callable[[Row, datetime], str | Cell]
    right: bool = False
    rank: int = 0
    least: int = 0


Line = tuple[Cell, ...]


@frozen
class Laid:
    """:ivar lines: the first one has the titles. :ivar hidden: titles of columns left out."""

    lines: tuple[Line, ...]
    hidden: tuple[str, ...]


def laid_out(
    columns: Sequence[Column], rows: Iterable[Row], now: datetime, limit: int | None = None
) -> Laid:
    """The rows as lines of at most ``limit`` columns of a terminal; None for any width."""
    # Cells of all columns first: which of them fit depends on how wide they are.
    table = [[_cell(column.cell(row, now)) for column in columns] for row in rows]
    table.insert(0, [Cell(column.title, "bold") for column in columns])
    widths = [max(width(line[at].text) for line in table) for at in range(len(columns))]
    kept = _kept(columns, widths, limit)
    _shorten(columns, widths, kept, limit)
    lines = tuple(
        tuple(_padded(line[at], widths[at], columns[at].right, at == kept[-1]) for at in kept)
        for line in table
    )
    hidden = tuple(column.title for at, column in enumerate(columns) if at not in kept)
    return Laid(lines, hidden)


def plain(line: Line) -> str:
    """The line without styles and without spaces at its end."""
    return GAP.join(cell.text for cell in line).rstrip()


def width(text: str) -> int:
    """Columns of a terminal that printable ``text`` takes."""
    if text.isascii():
        return len(text)
    return sum(_width_of(sign) for sign in text)


def cut(text: str, limit: int) -> str:
    """The beginning of ``text`` with three dots, where it is wider than ``limit``."""
    if width(text) <= limit:
        return text
    taken, room = "", limit - 1
    for sign in text:
        room -= _width_of(sign)
        if room < 0:
            break
        taken += sign
    return taken + MORE if limit > 0 else ""


def _width_of(sign: str) -> int:
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def _cell(value: str | Cell) -> Cell:
    return Cell(value) if isinstance(value, str) else value


def _kept(columns: Sequence[Column], widths: Sequence[int], limit: int | None) -> list[int]:
    """Which columns fit, by their places."""
    kept = list(range(len(columns)))
    if limit is None:
        return kept
    # Of two that rank alike, the one further to the right.
    for at in sorted(kept, key=lambda at: (columns[at].rank, at), reverse=True):
        least = [min(widths[each], columns[each].least or widths[each]) for each in kept]
        if _whole(least) <= limit or not columns[at].rank:
            break
        kept.remove(at)
    return kept


def _shorten(
    columns: Sequence[Column], widths: list[int], kept: Sequence[int], limit: int | None
) -> None:
    """Take what is too much from the columns that may be shortened, the widest first."""
    if limit is None:
        return
    over = _whole([widths[at] for at in kept]) - limit
    for at in sorted(kept, key=lambda at: widths[at], reverse=True):
        least = columns[at].least
        if over > 0 and least:
            less = min(over, max(0, widths[at] - least))
            widths[at] -= less
            over -= less


def _whole(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _padded(cell: Cell, room: int, right: bool, is_last: bool) -> Cell:
    text = cut(cell.text, room)
    pad = " " * (room - width(text))
    if right:
        return Cell(pad + text, cell.style)
    return Cell(text if is_last else text + pad, cell.style)
