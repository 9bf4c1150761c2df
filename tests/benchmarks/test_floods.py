"""Verdicts on floods and attacks, and what a flooder sends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import wire
from benchmarks.attack_kinds import ATTACKS
from benchmarks.attacks import FLAT_MB, MOST_MB, AttackFound
from benchmarks.flooder import KINDS
from benchmarks.floods import FLOODS, FloodFound, FloodRound
from benchmarks.report import Report


def measured(quiet: float, flooded: float) -> FloodRound:
    """A round with these p99 in microseconds."""
    return FloodRound({"p99": quiet}, {"p99": flooded}, 1.0)


@pytest.mark.parametrize(
    ("quiet", "flooded", "met"),
    [
        (1_000.0, 6_000.0, True),
        (1_000.0, 6_001.0, False),
        (8_000.0, 16_000.0, True),
        (8_000.0, 16_001.0, False),
    ],
)
def test_a_flood_may_double_the_latency_or_add_5_ms(
    quiet: float, flooded: float, met: bool
) -> None:
    """The best round counts: nothing else that the machine does makes it better."""
    worse = measured(quiet, 10 * flooded)
    found = FloodFound(FLOODS[0], [worse, measured(quiet, flooded)])
    assert found.met is met
    assert found.best is found.rounds[1]


@pytest.mark.parametrize(
    ("most", "settled", "met"),
    [
        (60 + MOST_MB, 60 + MOST_MB, True),
        (61 + MOST_MB, 61 + MOST_MB, False),
        (100.0, 100.0 - FLAT_MB, True),
        (100.0, 99.0 - FLAT_MB, False),
    ],
)
def test_an_attack_is_judged_by_its_most_and_its_growth(
    most: float, settled: float, met: bool
) -> None:
    """Memory that an attack takes at once and no more of is none that it fills."""
    assert AttackFound(ATTACKS[0], 60.0, most, settled, most).met is met


def test_each_kind_is_a_whole_pdu_under_the_number_given() -> None:
    """Its length is that of its octets."""
    for make in KINDS.values():
        pdu = make(77)
        length, _, status, _ = wire.HEADER.unpack_from(pdu)
        assert (length, status) == (len(pdu), 0)
        assert len(make(78)) == len(pdu)


def test_both_are_in_the_report(tmp_path: Path) -> None:
    """As targets with verdicts; their faults are faults, and JSON can say all of it."""
    report = Report({}, {})
    report.floods.append(FloodFound(FLOODS[0], [measured(1.0, 1.0)]))
    report.attacks.append(AttackFound(ATTACKS[0], 60.0, 300.0, 60.0, 300.0, {"errors": 1}))
    assert [target.met for target in report.targets] == [True, False]
    assert report.faults == [f"attack: {ATTACKS[0].name}: errors: 1"]
    report.write(tmp_path / "found.json")
    written = json.loads((tmp_path / "found.json").read_text())
    assert written["attacks"][0]["attack"]["name"] == ATTACKS[0].name
