"""This checkout and another: which of the two gates needs less for a message.

Judged is the processor time a message, not the rate: a rate also says how fast the generator was
and what else the machine did. Figures of one round are compared with each other only, and the
median over rounds is what counts, since a machine is not equally fast for long.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import Any

from attrs import asdict, define, field, frozen

from benchmarks.measurement import Measurement
from benchmarks.rows import RECEIPTS, cpu_ratios

THIS, OTHER = "this", "other"
AS_FAST, SLOWER, NOT_JUDGED = "as fast as before", "slower", "not judged"

ROWS = ("16x50", "64x10", "4x10", "1x1", RECEIPTS)
"""Where a gate is to be as fast as before."""

LEAST_ROUNDS = 7
LARGEST_RATIO = 1.05


@frozen
class Spread:
    """How many figures there are, their median, the least and the largest."""

    count: int
    median: float
    least: float
    largest: float

    @classmethod
    def of(cls, figures: Iterable[float | None]) -> Spread | None:
        """Of those that are known; None if none is."""
        known = [figure for figure in figures if figure is not None]
        if not known:
            return None
        return cls(len(known), statistics.median(known), min(known), max(known))


@define
class ComparedRow:
    """One row of both gates; measurements in the same place were made in the same round."""

    name: str
    this: list[Measurement] = field(factory=list)
    other: list[Measurement] = field(factory=list)

    @property
    def sides(self) -> dict[str, list[Measurement]]:
        """The measurements by whose they are."""
        return {THIS: self.this, OTHER: self.other}

    @property
    def ratio(self) -> Spread | None:
        """Processor time a message here over the other's, round by round."""
        return Spread.of(cpu_ratios(self.this, self.other))

    @property
    def faults(self) -> list[str]:
        """What should not have happened, with its round and side."""
        return [
            f"{self.name} round {number} {side}: {what}: {count}"
            for side, measurements in self.sides.items()
            for number, measurement in enumerate(measurements, 1)
            for what, count in measurement.faults.items()
        ]

    @property
    def verdict(self) -> str:
        """Whether this gate is as fast there; not judged after faults or too few rounds."""
        ratio = self.ratio
        if ratio is None or ratio.count < LEAST_ROUNDS or self.faults:
            return NOT_JUDGED
        return AS_FAST if ratio.median <= LARGEST_RATIO else SLOWER

    def add(self, found: dict[str, Measurement]) -> None:
        """One round more, by side."""
        for side, measurements in self.sides.items():
            measurements.append(found[side])

    def document(self) -> dict[str, Any]:
        """All of it, for JSON."""
        ratio = self.ratio
        return {
            "name": self.name,
            "verdict": self.verdict,
            "cpu_ratio": asdict(ratio) if ratio else None,
            "cpu_ratios": cpu_ratios(self.this, self.other),
            **{side: [asdict(m) for m in found] for side, found in self.sides.items()},
        }


def overall(verdicts: Iterable[str]) -> str:
    """The verdict on all rows: one slower row makes a slower gate."""
    found = set(verdicts)
    worst_first = (SLOWER, NOT_JUDGED, AS_FAST)
    return next((verdict for verdict in worst_first if verdict in found), NOT_JUDGED)
