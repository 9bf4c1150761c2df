"""The display of the running demo: live tables on a terminal, elsewhere a line each second."""

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

_BAR_WIDTH = 22
"""Columns of a bar that represents all messages."""


@frozen
class Moment:
    """The counts at one time."""

    at: float
    """Seconds since the ESMEs began to send."""
    accepted: tuple[int, ...]
    """For each ESME, its messages that were answered with ESME_ROK."""
    taken: tuple[int, ...]
    """For each SMSC, the messages that it accepted."""

    @classmethod
    def of(cls, stage: Stage, at: float) -> Moment:
        """The counts of ``stage`` now."""
        accepted = tuple(ledger.accepted for ledger in stage.ledgers)
        return cls(at, accepted, tuple(stage.taken.values()))


class View(Protocol):
    """Shows the counts of a `Stage`."""

    interval: float
    """Seconds between two updates."""

    def update(self, stage: Stage, at: float) -> None:
        """Show the counts, ``at`` seconds after the ESMEs began to send."""


@contextmanager
def view() -> Iterator[View]:
    """`LiveTable` where standard output is a terminal that can redraw, else `Lines`."""
    console = Console()
    # isatty, because environment variables can make Rich take a pipe for a terminal.
    if not sys.stdout.isatty() or console.is_dumb_terminal:
        yield Lines()
        return
    with Live(console=console, auto_refresh=False) as live:
        yield LiveTable(live)


class Lines:
    """Prints a line each second."""

    interval = 1.0

    def __init__(self) -> None:
        self._last = Moment(0.0, (), ())

    def update(self, stage: Stage, at: float) -> None:
        """Print the line for the time since the previous one."""
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
    """Redraws two tables in place: one of the ESMEs, one of the SMSCs."""

    interval = 0.2

    def __init__(self, live: Live) -> None:
        self._live = live
        self._last: Moment | None = None

    def update(self, stage: Stage, at: float) -> None:
        """Redraw the tables."""
        now = Moment.of(stage, at)
        start = Moment(0.0, (0,) * len(now.accepted), (0,) * len(now.taken))
        last, self._last = self._last or start, now
        seconds = max(at - last.at, 0.001)
        shown = Group(
            Text(f"{at:.1f} s", style="dim"),
            _esmes(stage.ledgers, _rates(last.accepted, now.accepted, seconds)),
            _smscs(stage.taken, _rates(last.taken, now.taken, seconds)),
        )
        self._live.update(shown, refresh=True)


def _rates(before: tuple[int, ...], after: tuple[int, ...], seconds: float) -> list[float]:
    return [(b - a) / seconds for a, b in zip(before, after, strict=True)]


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
    table.add_column(" " * _BAR_WIDTH)
    total = sum(taken.values()) or 1
    for (name, number), rate in zip(taken.items(), rates, strict=True):
        table.add_row(
            name,
            f"{SMSCS[name].latency * 1000:.0f} ms",
            f"{rate:,.0f}",
            f"{number:,}",
            f"{number / total:.1%}",
            Text("█" * round(_BAR_WIDTH * number / total), style="cyan"),
        )
    return table
