"""What is said of two gates."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.comparison import (
    AS_FAST,
    LEAST_ROUNDS,
    NOT_JUDGED,
    OTHER,
    ROWS,
    SLOWER,
    THIS,
    ComparedRow,
)
from benchmarks.comparison_report import ComparisonReport, line
from tests.benchmarks.measurements import compared, measurement


def row(name: str, cost: float) -> ComparedRow:
    """Enough rounds of a gate of that cost, the other's being 10 µs."""
    return compared(name, *[(cost, 10.0)] * LEAST_ROUNDS)


def report(*rows: ComparedRow) -> ComparisonReport:
    """Of these rows."""
    checkouts = {side: {"folder": f"/{side}"} for side in (THIS, OTHER)}
    return ComparisonReport({"cpu": "one"}, {"seconds": 3.0}, checkouts, list(rows))


def shown(found: ComparisonReport) -> str:
    """All that is printed."""
    output = io.StringIO()
    found.show(Console(file=output, width=200))
    return output.getvalue()


def test_a_gate_as_fast_is_said_to_be_so_where_it_was_measured() -> None:
    """What was not measured of the rows that count is said, too."""
    found = report(*(row(name, 10.1) for name in ROWS))
    assert found.status == 0
    assert found.conclusion == (
        f"{AS_FAST}: at most 1.05 of the other's CPU a message at {', '.join(ROWS)}"
    )
    assert report(row("16x50", 10.0)).conclusion.endswith(
        "at 16x50 (not measured: 64x10, 4x10, 1x1, receipts)"
    )


def test_a_slower_gate_has_a_status_of_its_own() -> None:
    """One row is enough, and is named alone."""
    found = report(row("16x50", 10.1), row("1x1", 11.0))
    assert found.status == 3
    assert found.conclusion.startswith(
        f"{SLOWER}: more than 1.05 of the other's CPU a message at 1x1 ("
    )


def test_faults_and_missing_rounds_are_no_verdict() -> None:
    """Faults are status 1 whatever the figures; too few rounds, 2."""
    faulty = row("1x1", 20.0)
    faulty.add({THIS: measurement(1.0, lost=1), OTHER: measurement(1.0)})
    found = report(faulty, row("16x50", 20.0))
    assert (found.status, found.verdict) == (1, SLOWER)
    assert "fault 1x1 round 8 this: lost: 1" in shown(found)
    unfinished = report(compared("1x1", (1.0, 1.0)))
    assert (unfinished.status, unfinished.verdict) == (2, NOT_JUDGED)


def test_the_table_has_both_gates_and_ends_with_the_conclusion() -> None:
    """Cost, rate and ratio, with their spread; latency where it says something."""
    rounds = [(10.0, 20.0), *[(12.0, 20.0)] * (LEAST_ROUNDS - 2), (14.0, 20.0)]
    found = report(compared("1x1", *rounds), row("16x50", 10.0))
    lines = shown(found).splitlines()
    first, second, third = (
        [cell.strip() for cell in told.split("│")[1:-1]]
        for told in lines
        if told.startswith("│") and ("this" in told or "20.000" in told)
    )
    assert first == [
        "1x1",
        THIS,
        "12.000",
        "10.000 – 14.000",
        "1,000",
        "150",
        "250",
        "350",
        "1%",
        "0.600",
        "0.500 – 0.700",
        AS_FAST,
    ]
    assert second[:4] == ["", OTHER, "20.000", "20.000 – 20.000"]
    assert (third[0], third[5:8]) == ("16x50", ["", "", ""])
    assert lines[-1] == found.conclusion


def test_json_has_every_round(tmp_path: Path) -> None:
    """For both gates, beside the verdict and what it rests on."""
    file = tmp_path / "made" / "against.json"
    report(row("1x1", 11.0)).write(file)
    document = json.loads(file.read_text())
    assert document["verdict"] == SLOWER
    assert document["checkouts"][OTHER] == {"folder": "/other"}
    (written,) = document["rows"]
    assert written["cpu_ratio"]["median"] == pytest.approx(1.1)
    assert len(written["cpu_ratios"]) == LEAST_ROUNDS
    assert [m["cpu_us"] for m in written[THIS]] == [11.0] * LEAST_ROUNDS
    assert [m["cpu_us"] for m in written[OTHER]] == [10.0] * LEAST_ROUNDS


def test_a_round_is_one_line() -> None:
    """The newest, with faults of either side."""
    told = row("1x1", 11.0)
    assert "round  7  1x1" in line(told)
    assert "11.00 /    10.00 µs" in line(told)
    told.add({THIS: measurement(None), OTHER: measurement(1.0, lost=1)})
    assert line(told).endswith("FAULTS {'lost': 1}")
