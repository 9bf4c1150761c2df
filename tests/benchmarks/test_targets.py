"""Verdicts on what was measured."""

from __future__ import annotations

import pytest

from benchmarks.measurement import GATE, HAPROXY, Measurement
from benchmarks.rows import Row
from benchmarks.targets import targets


def measurement(through: str, rate: float, p99: float = 0.0) -> Measurement:
    """One of no interest but for these."""
    return Measurement(through, rate, {"p99": p99}, 1.0, None, 1)


def verdicts(*rows: Row) -> list[bool | None]:
    """Of each target, in order."""
    return [target.met for target in targets(list(rows), [], None)]


@pytest.mark.parametrize(("name", "least"), [("16x50", 0.04), ("64x10", 0.09)])
def test_rates_are_judged_by_haproxys(name: str, least: float) -> None:
    """Met from the ratio itself on; not measured without HAProxy."""
    for rate, met in ((least, True), (least * 0.99, False)):
        found = {HAPROXY: measurement(HAPROXY, 1.0), GATE: measurement(GATE, rate)}
        assert verdicts(Row(name, found, {})) == [met]
    assert verdicts(Row(name, {GATE: measurement(GATE, 1.0)}, {})) == [None]


def test_a_steady_rate_is_judged_by_its_slowest_hundredth() -> None:
    """10 ms, through the gate."""
    for p99, met in ((10_000.0, True), (10_001.0, False)):
        assert verdicts(Row("steady", {GATE: measurement(GATE, 1.0, p99)}, {})) == [met]
    assert verdicts(Row("steady", {HAPROXY: measurement(HAPROXY, 1.0)}, {})) == [None]
