"""Two gates by turns."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.against import compare, measurer
from benchmarks.checkout import HERE, Checkout
from benchmarks.comparison import OTHER, THIS, ComparedRow
from benchmarks.gate_process import GateOptions
from benchmarks.measurement import DIRECT, GATE, Measurement, Timing
from benchmarks.process import ProgramError
from benchmarks.rows import Plan, Row
from tests.benchmarks.measurements import measurement

ELSEWHERE = Checkout(Path("/elsewhere"), Path("/elsewhere/.venv/bin/python"))
COSTS = {THIS: 1.0, OTHER: 2.0}


def untold(*_: object) -> None:
    """Says nothing."""


def test_who_begins_alternates_from_round_to_round() -> None:
    """All rows have one round before any has the next; each figure goes to its own side."""
    asked: list[tuple[str, str]] = []
    told: list[tuple[str, int]] = []

    def measure(side: str, name: str) -> Measurement:
        asked.append((name, side))
        return measurement(COSTS[side])

    rows = [ComparedRow("1x1"), ComparedRow("receipts")]
    compare(rows, 3, measure, lambda row: told.append((row.name, len(row.this))))
    first, second = (THIS, OTHER), (OTHER, THIS)
    assert asked == [
        (name, side)
        for sides in (first, second, first)
        for name in ("1x1", "receipts")
        for side in sides
    ]
    assert told == [(name, number) for number in (1, 2, 3) for name in ("1x1", "receipts")]
    for row in rows:
        assert {m.cpu_us for m in row.this} == {COSTS[THIS]}
        assert {m.cpu_us for m in row.other} == {COSTS[OTHER]}


def test_a_round_half_done_is_none() -> None:
    """What was measured before stays comparable when a gate does not come up."""

    def measure(side: str, _name: str) -> Measurement:
        if side == OTHER:
            raise ProgramError(side)
        return measurement(1.0)

    row = ComparedRow("1x1")
    with pytest.raises(ProgramError):
        compare([row], 7, measure, untold)
    assert row.this == row.other == []


def test_each_side_is_measured_as_planned_but_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the checkout differs: the same rows, time, core and store."""
    seen: list[Plan] = []

    def row(plan: Plan, name: str) -> Row:
        seen.append(plan)
        return Row(name, {GATE: measurement(1.0)}, {})

    monkeypatch.setattr(Plan, "row", row)
    plan = Plan(3, Timing(), 7, False, (DIRECT, GATE), GateOptions("memory"), untold)
    measure = measurer(plan, {THIS: HERE, OTHER: ELSEWHERE})
    assert measure(THIS, "1x1").cpu_us == measure(OTHER, "1x1").cpu_us == 1.0
    for found, checkout in zip(seen, (HERE, ELSEWHERE), strict=True):
        assert found.options == GateOptions("memory", checkout=checkout)
        assert (found.rounds, found.throughs, found.core) == (1, (GATE,), 3)
        assert (found.timing, found.receipts_asked) == (plan.timing, False)
