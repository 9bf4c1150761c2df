"""Measurements of no interest but for a few of their figures."""

from __future__ import annotations

from benchmarks.comparison import ComparedRow
from benchmarks.measurement import GATE, Measurement


def measurement(cpu_us: float | None, **faults: int) -> Measurement:
    """One of the gate with that cost a message."""
    return Measurement(
        GATE,
        1000.0,
        {"p50": 150.0, "p99": 250.0, "p99.9": 350.0},
        cpu_us,
        None,
        1,
        0.01,
        faults=faults,
    )


def compared(name: str, *rounds: tuple[float | None, float | None]) -> ComparedRow:
    """A row with the costs of this and of the other gate in each round."""
    return ComparedRow(
        name,
        [measurement(this) for this, _ in rounds],
        [measurement(other) for _, other in rounds],
    )
