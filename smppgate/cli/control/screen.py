"""Writing lines of cells: with colours on a terminal, plain elsewhere.

Rich is loaded for a terminal alone, and where it is installed.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from smppgate.cli.control.tables import GAP, Cell, Laid, Line, plain
from smppgate.cli.extra import has_rich

if TYPE_CHECKING:
    from rich.text import Text


def is_terminal() -> bool:
    """Whether people read standard output."""
    return sys.stdout.isatty()


def can_redraw() -> bool:
    """Whether what was written to standard output can be written over."""
    return is_terminal() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")


def room() -> int | None:
    """Columns of the terminal; None for any number, where standard output is none."""
    return shutil.get_terminal_size().columns if is_terminal() else None


def print_lines(lines: Iterable[Line]) -> None:
    """Write these lines."""
    if not (is_terminal() and has_rich()):
        for line in lines:
            print(plain(line))
        return
    # Imported here, as a script has no need of it.
    from rich.console import Console  # noqa: PLC0415

    Console(highlight=False).print(styled(lines), no_wrap=True, crop=False, soft_wrap=True)


def print_laid(laid: Laid) -> None:
    """Write a table; on a terminal, with what it has no room for."""
    print_lines(laid.lines)
    if laid.hidden and is_terminal():
        titles = ", ".join(laid.hidden)
        print_lines([(Cell(f"not shown, unless --wide: {titles}", "dim"),)])


def styled(lines: Iterable[Line]) -> Text:
    """The lines as Rich shows them."""
    from rich.text import Text  # noqa: PLC0415

    text = Text(no_wrap=True)
    for number, line in enumerate(lines):
        text.append("\n" if number else "")
        for at, cell in enumerate(line):
            text.append(GAP if at else "")
            text.append(cell.text, cell.style or None)
    return text
