"""The live tables of the demo, which Rich draws."""

from __future__ import annotations

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from smppgate.cli.demo.ledger import Ledger
from smppgate.cli.demo.moment import Moment
from smppgate.cli.demo.stage import SMSCS, Stage
from smppgate.cli.demo.verdict import p99

_BAR_WIDTH = 22
"""Columns of a bar that represents all messages."""


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
