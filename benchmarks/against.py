"""This gate and another checkout's, measured by turns over one generator, which is this one's."""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve

from benchmarks.checkout import Checkout
from benchmarks.comparison import OTHER, THIS, ComparedRow
from benchmarks.measurement import GATE, Measurement
from benchmarks.rows import Plan

Measure = Callable[[str, str], Measurement]
"""Measures one side, by its name, in the row of a name."""

Told = Callable[[ComparedRow], None]


def measurer(plan: Plan, checkouts: dict[str, Checkout]) -> Measure:
    """Measures as planned, but once, and only through the gate of the side asked for."""
    once = evolve(plan, rounds=1, throughs=(GATE,))
    plans = {
        side: evolve(once, options=evolve(plan.options, checkout=checkout))
        for side, checkout in checkouts.items()
    }
    return lambda side, name: plans[side].row(name).measurements[GATE]


def compare(rows: list[ComparedRow], rounds: int, measure: Measure, told: Told) -> None:
    """Measure all rows of both sides, so many rounds; ``told`` hears of each row in each round.

    The rounds of one row lie apart, so that a bad minute of the machine does not hit all of them.
    """
    for number in range(rounds):
        for row in rows:
            row.add({side: measure(side, row.name) for side in order(number)})
            told(row)


def order(number: int) -> tuple[str, str]:
    """Who begins alternates: whatever grows or wears off in a round then hits both alike."""
    return (THIS, OTHER) if number % 2 == 0 else (OTHER, THIS)
