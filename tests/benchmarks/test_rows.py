"""Which shapes of traffic the rows are made of."""

from __future__ import annotations

import pytest
from attrs import evolve

from benchmarks import rows
from benchmarks.bench import SMSCS, Shape
from benchmarks.gate_process import Accounts, GateOptions
from benchmarks.measurement import DIRECT, GATE, HAPROXY, Measurement, Timing, percentiles
from benchmarks.rows import Plan
from tests.benchmarks.measurements import measurement

_WINDOW = 2000
"""Of each SMSC, in the gate's configuration."""


@pytest.fixture
def shapes(monkeypatch: pytest.MonkeyPatch) -> dict[str, Shape]:
    """What is measured, by what it goes through; filled as it is."""
    found: dict[str, Shape] = {}

    def measure(shape: Shape, through: str, *_: object) -> Measurement:
        found[through] = shape
        return measurement(1.0)

    monkeypatch.setattr(rows, "measure", measure)
    return found


def plan(rate: int = rows.STEADY_RATE) -> Plan:
    """One that says nothing."""
    throughs = (DIRECT, HAPROXY, GATE)
    return Plan(0, Timing(), 1, True, throughs, GateOptions(), lambda *_: None, rate)


def test_receipts_with_tlvs_differ_in_nothing_else(shapes: dict[str, Shape]) -> None:
    """HAProxy is beside both of them, without receipts."""
    plan().row(rows.RECEIPTS)
    bare = dict(shapes)
    assert bare.keys() == {HAPROXY, GATE}
    plan().row(rows.RECEIPTS_TLV)
    assert shapes == {through: evolve(shape, tlvs=True) for through, shape in bare.items()}
    assert [shapes[through].receipts for through in (HAPROXY, GATE)] == [False, True]


def test_a_steady_rate_is_what_was_asked_for(shapes: dict[str, Shape]) -> None:
    """With receipts only through the gate, and no more outstanding than SMSCs have room for."""
    plan().row(rows.STEADY)
    assert {shape.rate for shape in shapes.values()} == {20_000}
    assert {through for through, shape in shapes.items() if shape.receipts} == {GATE}
    assert shapes[GATE].sessions * shapes[GATE].window < SMSCS * _WINDOW
    plan(7000).row(rows.STEADY)
    assert {shape.rate for shape in shapes.values()} == {7000}


def test_the_slowest_thousandth_is_told() -> None:
    """In microseconds, as all ranks are."""
    ranks = percentiles([n * 1000 for n in range(10_001)])
    assert ranks == {"p50": 5000, "p90": 9000, "p99": 9900, "p99.9": 9990, "max": 10_000}
    assert percentiles([]) == {}


def test_large_differs_from_small_in_prefixes_accounts_and_links(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both are routed, and over both a message comes alone."""
    found = []

    def measure(
        shape: Shape,
        _through: str,
        _core: int,
        _timing: Timing,
        accounts: Accounts,
        gate: GateOptions,
    ) -> Measurement:
        found.append((str(shape), accounts.count, gate.is_routed, gate.prefixes, gate.links))
        return measurement(1.0)

    monkeypatch.setattr(rows, "measure", measure)
    plan().scale_row(rows.LARGE)
    assert found[:2] == [("16x1", 2, True, 100, 8), ("16x1", 1000, True, 100_000, 100)]
