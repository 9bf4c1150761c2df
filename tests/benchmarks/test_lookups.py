"""A store that is filled, started again and asked."""

from __future__ import annotations

import json
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import Clock

from benchmarks import machine
from benchmarks.gate_state import paths_kept
from benchmarks.lookups import NOTATIONS, LookupsFound, line, measure_lookups
from benchmarks.lookups_process import Filling, Searches, look, settings
from benchmarks.process import ProgramError
from benchmarks.reactor_pauses import Pauses
from benchmarks.report import Report
from benchmarks.return_path_records import key, some, value
from smppgate.store import Limits, MemoryStore

T = TypeVar("T")

FOUND = LookupsFound(
    paths=10_000_000,
    kept_per_second=150_000.0,
    late_ms=5.0,
    own_ms=1.0,
    others=0.0,
    rss_keeping_mb=1000.0,
    disk_mb=800.0,
    start_seconds=10.0,
    lookups=2000,
    exact_us={"p99": 5_000.0},
    notations_us={"p99": 20_000.0},
    rss_mb=900.0,
)


def done(clock: Clock, work: Coroutine[Deferred[Any], Any, T]) -> T:
    """What it gives, as time goes by."""
    results: list[T] = []
    ensureDeferred(work).addCallback(results.append)
    for _ in range(10_000):
        if results:
            return results[0]
        clock.advance(0.001)
    raise AssertionError("it does not end")


def test_all_are_kept() -> None:
    """In batches, as time goes by."""
    clock = Clock()
    store = MemoryStore(clock, Limits())
    done(clock, Filling(clock, store, 900).run())
    assert all(store.recent(key(n)) == value(n) for n in range(900))


def test_settings_are_the_defaults_but_for_room() -> None:
    """Of ten million, memory has what it has by default."""
    few, many = (settings("disk", Path("/nowhere"), n).store for n in (2_000, 20_000_000))
    assert (few.durability, few.return_paths_in_memory) == ("disk", 10_000)
    assert few.return_paths == type(few)().return_paths
    assert many.return_paths in (0, 40_000_000)
    assert many.return_paths_in_memory == type(many)().return_paths_in_memory


def test_what_is_looked_for_is_known_or_not_as_said() -> None:
    """Of ids in all notations one at most, and not always."""
    searches = Searches(Clock(), MemoryStore(Clock(), Limits()), 500)
    known = some(range(500))
    founds = []
    for _ in range(200):
        keys, wanted = searches.notations()
        assert len(set(keys)) == NOTATIONS
        found = [known[each] for each in keys if each in known]
        assert found == ([] if wanted is None else [wanted])
        founds.append(wanted)
        (exact,), wanted = searches.exact()
        assert known[exact] == wanted
    assert 50 < founds.count(None) < 150


def test_answers_of_a_store_are_checked() -> None:
    """One that has lost half of them is found out."""
    clock = Clock()
    store = MemoryStore(clock, Limits())
    store.keep(some(range(0, 400, 2)))
    faults = done(clock, look(clock, store, 400, 100))["faults"]
    assert faults["return paths that the store does not count"] == 200
    assert 50 < faults["lookups with a wrong answer"] < 150


def test_return_paths_are_counted_once_wherever_they_are() -> None:
    """Some of those on disk are in memory too; a store in memory has none on disk."""
    assert paths_kept({"paths_recent": 3, "paths_on_disk": 10}) == 10
    assert paths_kept({"paths_recent": 3, "paths_on_disk": 0}) == 3


def test_the_longest_pause_is_told_once() -> None:
    """By the clock, and what of it the process was at work."""
    clock = Clock()
    pauses = Pauses(clock)
    clock.advance(0.001)
    found = pauses.longest()
    assert 0.0 <= found.own_ms <= found.late_ms or found.late_ms == 0.0
    assert pauses.longest().late_ms == 0.0
    pauses.stop()


@pytest.mark.parametrize(
    ("place", "changes"),
    [
        (None, {}),
        (0, {"start_seconds": 10.1}),
        (1, {"exact_us": {"p99": 5_001.0}}),
        (2, {"notations_us": {"p99": 20_001.0}}),
        (3, {"rss_keeping_mb": 1001.0}),
        (3, {"rss_mb": 1001.0}),
        (4, {"late_ms": 5.1}),
    ],
)
def test_each_figure_has_its_bound(
    tmp_path: Path, place: int | None, changes: dict[str, Any]
) -> None:
    """JSON can say all of it."""
    report = Report({}, {}, lookups=evolve(FOUND, **changes))
    met = [target.met for target in report.targets]
    assert met == [n != place for n in range(5)]
    assert "10,000,000 return paths" in line(FOUND)
    report.write(tmp_path / "found.json")
    assert json.loads((tmp_path / "found.json").read_text())["lookups"]["lookups"] == 2000


def test_nothing_is_met_with_faults() -> None:
    """A wrong answer may be as quick as it likes."""
    report = Report({}, {}, lookups=evolve(FOUND, faults={"return paths lost": 1}))
    assert not any(target.met for target in report.targets)
    assert report.faults == ["lookups: return paths lost: 1"]


@pytest.mark.thorough
def test_the_default_store_is_filled_and_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """With real processes, wherever temporary files are."""
    core = min(os.sched_getaffinity(0))
    monkeypatch.setattr(machine, "is_in_memory", lambda _: False)
    found = measure_lookups(core, 30_000, 50, "process")
    assert not found.faults
    assert found.exact_us["p99"] > 0 < found.start_seconds
    monkeypatch.setattr(machine, "is_in_memory", lambda _: True)
    with pytest.raises(ProgramError, match="TMPDIR"):
        measure_lookups(core, 30_000, 50, "process")
