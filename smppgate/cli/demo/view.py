"""The demo while it runs: a live table on a terminal, a line a second elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from attrs import frozen
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from smppgate.cli.demo.ledger import Ledger
from smppgate.cli.demo.stage import SMSCS, Stage
from smppgate.cli.demo.verdict import latency, merged, p99, shares

_BAR = 22
"""Columns of a bar that stands for all messages."""


@frozen
class Moment:
    """The numbers at one time."""

    at: float
    """Seconds since sending began."""
    accepted: tuple[int, ...]
    """Messages of each ESME that were answered with ESME_ROK."""
    taken: tuple[int, ...]
    """Messages that each SMSC took."""

    @classmethod
    def of(cls, stage: Stage, at: float) -> Moment:
        """The numbers now."""
        accepted = tuple(ledger.accepted for ledger in stage.ledgers)
        return cls(at, accepted, tuple(stage.taken.values()))


class View(Protocol):
    """Shows the stage from time to time."""

    interval: float
    """Seconds from one time to the next."""

    def tell(self, stage: Stage, at: float) -> None:
        """Show the numbers, ``at`` seconds after sending began."""


@contextmanager
def view() -> Iterator[View]:
    """What standard output can show."""
    console = Console()
    # Rich may be told by the environment to take anything for a terminal.
    if not sys.stdout.isatty() or console.is_dumb_terminal:
        yield Lines()
        return
    with Live(console=console, auto_refresh=False) as live:
        yield LiveTable(live)


class Lines:
    """A line each second."""

    interval = 1.0

    def __init__(self) -> None:
        self._last = Moment(0.0, (), ())

    def tell(self, stage: Stage, at: float) -> None:
        """Print the line for the time since the last one."""
        last, self._last = self._last, Moment.of(stage, at)
        rate = (sum(self._last.accepted) - sum(last.accepted)) / max(at - last.at, 0.001)
        ledgers = stage.ledgers
        home = sum(ledger.home for ledger in ledgers)
        missing = sum(ledger.missing for ledger in ledgers)
        print(
            f"{at:5.1f} s  {rate:6,.0f} messages/s  {shares(stage.taken)}  "
            f"{latency(merged(ledgers))}  {home:,} receipts home, {missing:,} under way",
            flush=True,
        )


class LiveTable:
    """Two tables that stay in place on a terminal."""

    interval = 0.2

    def __init__(self, live: Live) -> None:
        self._live = live
        self._last: Moment | None = None

    def tell(self, stage: Stage, at: float) -> None:
        """Draw the tables again."""
        now = Moment.of(stage, at)
        last, self._last = self._last or Moment(0.0, (0,) * 9, (0,) * 9), now
        seconds = max(at - last.at, 0.001)
        shown = Group(
            Text(f"{at:.1f} s", style="dim"),
            _esmes(stage.ledgers, _rates(last.accepted, now.accepted, seconds)),
            _smscs(stage.taken, _rates(last.taken, now.taken, seconds)),
        )
        self._live.update(shown, refresh=True)


def _rates(before: tuple[int, ...], after: tuple[int, ...], seconds: float) -> list[float]:
    return [(b - a) / seconds for a, b in zip(before, after, strict=False)]


def _table(*columns: str) -> Table:
    table = Table()
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", min_width=5)
    return table


def _esmes(ledgers: list[Ledger], rates: list[float]) -> Table:
    table = _table("ESME", "msg/s", "sent", "answered", "avg ms", "p99 ms", "receipts", "wrong")
    for ledger, rate in zip(ledgers, rates, strict=True):
        wrong = ledger.errors.total() + ledger.strays + ledger.foreign + ledger.odd_receipts
        table.add_row(
            ledger.account,
            f"{rate:,.0f}",
            f"{ledger.sent:,}",
            f"{ledger.accepted:,}",
            f"{ledger.latencies.average * 1000:.1f}",
            f"{p99(ledger.latencies) * 1000:.1f}",
            f"{ledger.home:,}",
            Text(f"{wrong:,}", style="bold red" if wrong else "green"),
        )
    return table


def _smscs(taken: dict[str, int], rates: list[float]) -> Table:
    table = _table("SMSC", "answers in", "msg/s", "taken", "share")
    table.add_column(" " * _BAR)
    total = sum(taken.values()) or 1
    for (name, number), rate in zip(taken.items(), rates, strict=True):
        table.add_row(
            name,
            f"{SMSCS[name].latency * 1000:.0f} ms",
            f"{rate:,.0f}",
            f"{number:,}",
            f"{number / total:.1%}",
            Text("█" * round(_BAR * number / total), style="cyan"),
        )
    return table
