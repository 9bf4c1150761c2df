"""What a comparison with another checkout found, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from attrs import define
from rich.console import Console
from rich.table import Table

from benchmarks.comparison import (
    AS_FAST,
    LARGEST_RATIO,
    LEAST_ROUNDS,
    NOT_JUDGED,
    OTHER,
    ROWS,
    SLOWER,
    THIS,
    ComparedRow,
    Spread,
    overall,
)
from benchmarks.measurement import Measurement
from benchmarks.rows import STEADY

_RANKS = ("p50", "p99", "p99.9")
_FIGURES = (
    "CPU µs",
    "least – most",
    "per second",
    *(f"{rank} µs" for rank in _RANKS),
    "others",
    "ratio",
    "least – most",
)
_STATUSES = {AS_FAST: 0, NOT_JUDGED: 2, SLOWER: 3}


@define
class ComparisonReport:
    """Both checkouts and the rows measured of them, which grow round by round."""

    machine: dict[str, str]
    options: dict[str, Any]
    checkouts: dict[str, dict[str, str]]
    rows: list[ComparedRow]

    @property
    def verdict(self) -> str:
        """The verdict on all rows."""
        return overall(row.verdict for row in self.rows)

    @property
    def faults(self) -> list[str]:
        """Whatever should not have happened, with where it did."""
        return [fault for row in self.rows for fault in row.faults]

    @property
    def status(self) -> int:
        """The exit status: 1 after faults, else by the verdict."""
        return 1 if self.faults else _STATUSES[self.verdict]

    @property
    def conclusion(self) -> str:
        """The verdict in a sentence, with what it rests on."""
        bound = f"{LARGEST_RATIO} of the other's CPU a message"
        rest = ", ".join(name for name in ROWS if name not in {row.name for row in self.rows})
        reason = {
            AS_FAST: f"at most {bound}",
            SLOWER: f"more than {bound}",
            NOT_JUDGED: f"faults, or fewer than {LEAST_ROUNDS} rounds,",
        }[self.verdict]
        said = f"{self.verdict}: {reason} at {self._names(self.verdict)}"
        return said + (f" (not measured: {rest})" if rest else "")

    def write(self, file: Path) -> None:
        """Write JSON, with every measurement of every round, making the folder if need be."""
        document = {
            "machine": self.machine,
            "options": self.options,
            "checkouts": self.checkouts,
            "verdict": self.verdict,
            "rows": [row.document() for row in self.rows],
        }
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document, indent=2) + "\n")

    def show(self, console: Console) -> None:
        """Print who was compared, the table, the faults and the conclusion."""
        console.print(_joined(self.machine), markup=False)
        for side, described in self.checkouts.items():
            console.print(f"{side}: {_joined(described)}", markup=False)
        console.print(self._table())
        for fault in self.faults:
            console.print(f"[red]fault[/red] {fault}")
        console.print(self.conclusion, markup=False)

    def _names(self, verdict: str) -> str:
        return ", ".join(row.name for row in self.rows if row.verdict == verdict)

    def _table(self) -> Table:
        table = Table("row", "gate")
        for column in _FIGURES:
            table.add_column(column, justify="right")
        table.add_column("verdict")
        for row in self.rows:
            table.add_row(row.name, THIS, *_cells(row, row.this), *_pair(row.ratio), row.verdict)
            table.add_row("", OTHER, *_cells(row, row.other))
            table.add_section()
        return table


def line(row: ComparedRow) -> str:
    """The newest round of a row in one line, told when it is done."""
    this, other = row.this[-1], row.other[-1]
    faults = dict(this.faults) | other.faults
    state = f"  FAULTS {faults}" if faults else ""
    return (
        f"round {len(row.this):2}  {row.name:12}"
        f"  CPU {this.cpu_us or 0:8.2f} / {other.cpu_us or 0:8.2f} µs"
        f"  {this.rate:9,.0f} / {other.rate:9,.0f} per second{state}"
    )


def _cells(row: ComparedRow, measurements: list[Measurement]) -> list[str]:
    rate, others = (
        Spread.of(figures)
        for figures in ([m.rate for m in measurements], [m.others for m in measurements])
    )
    telling = measurements if _tells_latency(row.name) else []
    ranks = [Spread.of(m.latency_us.get(rank) for m in telling) for rank in _RANKS]
    return [
        *_pair(Spread.of(m.cpu_us for m in measurements)),
        f"{rate.median:,.0f}" if rate else "",
        *(f"{rank.median:,.0f}" if rank else "" for rank in ranks),
        f"{others.median:.0%}" if others else "",
    ]


def _pair(spread: Spread | None) -> tuple[str, str]:
    if spread is None:
        return "", ""
    return f"{spread.median:.3f}", f"{spread.least:.3f} – {spread.largest:.3f}"


def _tells_latency(name: str) -> bool:
    """Whether latency there is more than what a full window costs."""
    return name == STEADY or name.endswith("x1")


def _joined(named: dict[str, str]) -> str:
    return " · ".join(f"{name} {value}" for name, value in named.items())
