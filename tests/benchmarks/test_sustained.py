"""A minute without receipts: what the gate says of its store, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest
from attrs import evolve

from benchmarks import machine
from benchmarks.gate_process import GateOptions
from benchmarks.gate_state import parsed, store_state
from benchmarks.loop import Loop
from benchmarks.measurement import Timing
from benchmarks.process import Program, ProgramError
from benchmarks.report import Report
from benchmarks.sustained import SustainedFound, faults_of, line, measure_sustained
from smppgate.daemon.state_lines import state_lines
from smppgate.store import StoreStatistics

FOUND = SustainedFound(
    seconds=60.0,
    edge_seconds=10.0,
    first_rate=80_000.0,
    last_rate=68_000.0,
    told=4_000_000,
    kept=4_000_000,
    forgotten=0,
    rss_before_mb=60.0,
    rss_mb=300.0,
    late_ms=12.0,
    own_ms=3.0,
    others=0.0,
)


def log_line(statistics: StoreStatistics) -> str:
    """What a gate writes into its log of these."""
    (told,) = state_lines(statistics, "store")
    return f"2026-11-28T20:00:00+0000 [smppgate.daemon.program#info] {told}\n"


def test_counts_are_read_from_the_line_that_the_gate_writes() -> None:
    """The newest whole one; the text of a fault is no count."""
    first = log_line(StoreStatistics(paths_recent=1))
    last = log_line(StoreStatistics(7, 8, 9, 2, 3, fault="full, n=5x and The store: no=1e5"))
    assert parsed("The store's file was broken\n") == {}
    assert parsed(first)["paths_recent"] == 1
    state = parsed(first + "[-] accounts esme0: window=1\n" + last + last[:60])
    assert (state["paths_recent"], state["paths_on_disk"], state["unsaved"]) == (7, 8, 9)
    assert (state["lost"], state["forgotten"]) == (2, 3)
    assert faults_of(state) == {"return paths lost": 2}


class SilentGate:
    """Has written something, and is told a signal it does nothing at."""

    def __init__(self, log: Path) -> None:
        self.log = log

    def send_signal(self, number: int) -> None:
        """It does nothing."""

    def said(self) -> str:
        return "nothing new"


def test_what_was_told_before_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gate that does not answer is told of."""
    log = tmp_path / "output.log"
    log.write_text(log_line(StoreStatistics(forgotten=5)))
    monkeypatch.setattr("benchmarks.gate_state._SECONDS", 0.01)
    with pytest.raises(ProgramError, match="nothing new"):
        store_state(Loop(), cast(Program, SilentGate(log)))


@pytest.mark.parametrize(
    ("changes", "met"),
    [
        ({}, [True, True]),
        ({"last_rate": 67_999.0}, [False, True]),
        ({"forgotten": 1}, [True, False]),
        ({"first_rate": 0.0}, [False, True]),
    ],
)
def test_it_is_judged_by_the_rate_at_the_end_and_by_what_was_forgotten(
    tmp_path: Path, changes: dict[str, Any], met: list[bool]
) -> None:
    """Faults are faults, and JSON can say all of it."""
    found = evolve(FOUND, faults={"session lost": 1}, **changes)
    report = Report({}, {}, sustained=found)
    assert [target.met for target in report.targets] == met
    assert report.faults == ["sustained: session lost: 1"]
    assert "FAULTS" in line(found)
    report.write(tmp_path / "found.json")
    assert json.loads((tmp_path / "found.json").read_text())["sustained"]["told"] == 4_000_000


def test_a_folder_in_memory_is_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The innermost mount counts; the row is not measured there."""
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/vda / ext4 rw 0 0\n"
        f"tmpfs {tmp_path} tmpfs rw 0 0\n"
        f"/dev/vdb {tmp_path}/d xfs rw 0 0\n"
    )
    monkeypatch.setattr(machine, "MOUNTS", mounts)
    assert not machine.is_in_memory(Path("/"))
    assert machine.is_in_memory(tmp_path / "state")
    assert not machine.is_in_memory(tmp_path / "d" / "state")
    monkeypatch.setattr(machine, "is_in_memory", lambda _: True)
    with pytest.raises(ProgramError, match="TMPDIR"):
        measure_sustained(0, Timing(), GateOptions(), 1.0)
