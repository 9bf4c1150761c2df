"""Verdicts on two gates."""

from __future__ import annotations

from itertools import permutations

import pytest

from benchmarks.comparison import (
    AS_FAST,
    LEAST_ROUNDS,
    NOT_JUDGED,
    OTHER,
    SLOWER,
    THIS,
    ComparedRow,
    Spread,
    overall,
)
from tests.benchmarks.measurements import compared, measurement


def test_a_spread_is_of_what_is_known() -> None:
    """The median, the least and the largest, in whatever order they come."""
    for figures in permutations([3.0, None, 1.0, 8.0]):
        assert Spread.of(figures) == Spread(3, 3.0, 1.0, 8.0)
    assert Spread.of([None]) is None
    assert Spread.of([]) is None


def test_each_round_is_compared_with_itself() -> None:
    """A machine that is slower for some rounds is slower for both gates."""
    costs = [10.0, 10.0, 40.0, 40.0, 40.0, 10.0, 10.0]
    row = compared("16x50", *((cost * 1.02, cost) for cost in costs))
    ratio = row.ratio
    assert ratio is not None
    assert ratio.median == pytest.approx(1.02)
    assert ratio.least == pytest.approx(ratio.largest)
    assert row.verdict == AS_FAST


@pytest.mark.parametrize(
    ("cost", "verdict"), [(90.0, AS_FAST), (105.0, AS_FAST), (105.1, SLOWER), (200.0, SLOWER)]
)
def test_five_percent_more_is_as_fast(cost: float, verdict: str) -> None:
    """A cheaper gate is as fast, a costlier one up to the bound itself."""
    assert compared("1x1", *[(cost, 100.0)] * LEAST_ROUNDS).verdict == verdict


def test_the_median_round_decides() -> None:
    """Three bad rounds of seven are the machine's, four are the gate's."""
    for bad, verdict in ((3, AS_FAST), (4, SLOWER)):
        rounds = [(300.0, 100.0)] * bad + [(100.0, 100.0)] * (LEAST_ROUNDS - bad)
        assert compared("4x10", *rounds).verdict == verdict


def test_too_few_rounds_are_not_judged() -> None:
    """Neither is a row that was not measured, nor one with rounds of no known cost."""
    assert compared("1x1").verdict == NOT_JUDGED
    assert compared("1x1", *[(1.0, 1.0)] * (LEAST_ROUNDS - 1)).verdict == NOT_JUDGED
    unknown: list[tuple[float | None, float | None]] = [(1.0, None), (None, 1.0)]
    known: list[tuple[float | None, float | None]] = [(1.0, 1.0)] * (LEAST_ROUNDS - 1)
    assert compared("1x1", *known, *unknown).verdict == NOT_JUDGED


def test_faults_of_either_gate_are_told_and_not_judged() -> None:
    """What a gate with faults costs says nothing."""
    for side in (THIS, OTHER):
        row = compared("receipts", *[(1.0, 1.0)] * LEAST_ROUNDS)
        row.add({THIS: measurement(1.0), OTHER: measurement(1.0), side: measurement(1.0, lost=2)})
        assert row.faults == [f"receipts round 8 {side}: lost: 2"]
        assert row.verdict == NOT_JUDGED


def test_a_round_is_added_by_side() -> None:
    """Whichever was measured first."""
    row = ComparedRow("1x1")
    row.add({OTHER: measurement(2.0), THIS: measurement(1.0)})
    assert [m.cpu_us for m in row.this + row.other] == [1.0, 2.0]


@pytest.mark.parametrize(
    ("verdicts", "verdict"),
    [
        ([AS_FAST, AS_FAST], AS_FAST),
        ([AS_FAST, SLOWER, NOT_JUDGED], SLOWER),
        ([NOT_JUDGED, AS_FAST], NOT_JUDGED),
        ([], NOT_JUDGED),
    ],
)
def test_the_worst_row_is_the_gates_verdict(verdicts: list[str], verdict: str) -> None:
    """As fast as before is as fast everywhere."""
    assert overall(verdicts) == verdict
