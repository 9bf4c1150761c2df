"""The display of the running demo: live tables on a terminal, elsewhere a line each second."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from smppgate.cli.control.screen import can_redraw
from smppgate.cli.demo.moment import Moment
from smppgate.cli.demo.stage import Stage
from smppgate.cli.demo.verdict import latency, merged, shares
from smppgate.cli.extra import has_rich


class View(Protocol):
    """Shows the counts of a `Stage`."""

    interval: float
    """Seconds between two updates."""

    def update(self, stage: Stage, at: float) -> None:
        """Show the counts, ``at`` seconds after the ESMEs began to send."""


@contextmanager
def view() -> Iterator[View]:
    """`LiveTable` where standard output is a terminal that can redraw and Rich is installed.

    Else `Lines`.
    """
    if not (can_redraw() and has_rich()):
        yield Lines()
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.live import Live  # noqa: PLC0415

    from smppgate.cli.demo.live_table import LiveTable  # noqa: PLC0415

    with Live(console=Console(), auto_refresh=False) as live:
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
