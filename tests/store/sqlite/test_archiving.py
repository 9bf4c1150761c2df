"""Return paths that leave memory are archived in small steps, found, bounded and expired."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from smppgate.store import Limits, SqliteStore
from smppgate.store.sqlite.tables import STEP
from tests.store.fakes import Inline, killed, octets, result_of, some, sqlite_error

LIFETIME = 1600.0
LIMITS = Limits(return_paths=100_000, return_paths_in_memory=1600, return_path_ttl=LIFETIME)


def _rows(directory: Path, table: str) -> int:
    connection = sqlite3.connect(directory / "smppgate.sqlite")
    (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    connection.close()
    return int(count)


def _fill(inline: Inline, count: int, first: int = 0) -> None:
    """Keep ``count`` return paths, a hundred at a time, with time for upkeep in between."""
    for start in range(first, first + count, 100):
        inline.wait(inline.store.keep(some(100, start)))
        inline.clock.pump([0.01] * 5)


@pytest.fixture
def full(tmp_path: Path) -> Inline:
    """A store with 3000 return paths, 1200 of them at the most in memory."""
    inline = Inline(tmp_path, LIMITS)
    inline.open()
    _fill(inline, 3000)
    return inline


def _find(store: SqliteStore, *numbers: int) -> set[int]:
    found = result_of(store.find([octets(number) for number in numbers])).paths
    assert all(
        found[octets(number)] == b"value-%d" % number
        for number in numbers
        if octets(number) in found
    )
    return {number for number in numbers if octets(number) in found}


def test_all_are_found_and_none_is_forgotten(full: Inline) -> None:
    statistics = full.store.statistics()
    assert statistics.paths_recent <= 1200
    assert statistics.paths_recent + statistics.paths_archived == 3000
    assert statistics.forgotten == 0
    assert not full.store.is_all_recent
    assert full.store.recent(octets(0)) is None
    assert _find(full.store, *range(3100)) == set(range(3000))
    full.close()


def test_archived_batches_leave_the_journal(full: Inline, tmp_path: Path) -> None:
    assert _rows(tmp_path, "journal") < 20
    assert _rows(tmp_path, "archive") == full.store.statistics().paths_archived
    full.close()


def test_a_batch_waits_for_one_small_step_at_the_most(tmp_path: Path) -> None:
    inline = Inline(tmp_path, LIMITS)
    store = inline.open()
    inline.wait(store.keep(some(1200)))
    inline.writer.holds = True
    for start in range(2000, 2200, 20):
        store.keep(some(20, start))
        inline.clock.advance(0.01)
        assert inline.writer.ran[-3:].count("archive") <= 1
        assert len(inline.writer.held) <= 2
    inline.writer.held.popleft()()
    before = store.statistics().paths_archived
    inline.writer.held.popleft()()
    assert 0 < store.statistics().paths_archived - before <= STEP
    inline.writer.go_on()
    inline.close()


def test_a_segment_is_in_memory_until_all_of_it_is_archived(tmp_path: Path) -> None:
    inline = Inline(tmp_path, Limits(100_000, 16 * 1000, LIFETIME))
    store = inline.open()
    for start in range(0, 12_000, 1000):
        inline.wait(store.keep(some(1000, start)))
    inline.writer.holds = True
    store.keep(some(500, 12_000))
    for _ in range(1000 // STEP):
        assert all(store.recent(octets(number)) for number in range(0, 1000, 50))
        inline.writer.held.popleft()()
        inline.clock.advance(0.01)
    inline.writer.go_on()
    inline.clock.pump([0.01] * 10)
    assert store.recent(octets(0)) is None
    assert _find(store, *range(12_500)) == set(range(12_500))
    inline.close()


def test_what_is_ended_while_it_is_archived_is_not_found_again(tmp_path: Path) -> None:
    """Before its step, while it is being written, and after."""
    inline = Inline(tmp_path, Limits(100_000, 16 * 1000, LIFETIME))
    store = inline.open()
    for start in range(0, 12_500, 500):
        inline.wait(store.keep(some(500, start)))
    inline.writer.holds = True
    inline.clock.advance(0.01)
    ended = list(range(0, 1000, 3))
    store._paths.end([octets(number) for number in ended])
    assert not _find(store, *ended)
    inline.writer.go_on()
    inline.clock.pump([0.01] * 40)
    assert not _find(store, *ended)
    assert _find(store, *range(1000)) == set(range(1000)) - set(ended)
    inline.close()
    assert store.statistics().failures == 0


def test_an_archived_return_path_can_be_ended_and_kept_anew(full: Inline, tmp_path: Path) -> None:
    full.store._paths.end([octets(0), octets(1)])
    full.store.keep({octets(1): b"value-1"})
    assert _find(full.store, 0, 1, 2) == {1, 2}
    full.clock.pump([0.01] * 10)
    _fill(full, 3000, 5000)
    assert full.store.recent(octets(1)) is None
    assert _find(full.store, 0, 1, 2) == {1, 2}
    full.close()
    again = Inline(tmp_path, LIMITS)
    assert _find(again.open(), 0, 1, 2) == {1, 2}
    again.close()


def test_the_newer_of_memory_and_archive_wins(full: Inline) -> None:
    """Also when it is kept, or ended, after the archive was read and before its answer is here."""
    full.reader.late = True
    finding = full.store.find([octets(number) for number in range(4)])
    full.store.keep({octets(0): b""})
    full.store._paths.end([octets(1), octets(2)])
    full.clock.pump([0.01] * 5)
    full.store.keep({octets(2): b"new"})
    full.reader.go_on()
    assert result_of(finding).paths == {octets(0): b"", octets(2): b"new", octets(3): b"value-3"}
    full.close()


def test_what_is_ended_is_not_found_before_it_is_deleted(full: Inline) -> None:
    """Also when it has been deleted by the time that the answer is here."""
    full.writer.holds = True
    full.store._paths.end([octets(0)])
    full.reader.late = True
    finding = full.store.find([octets(0), octets(1)])
    full.writer.go_on()
    full.clock.pump([0.01] * 5)
    full.reader.go_on()
    assert result_of(finding).paths == {octets(1): b"value-1"}
    full.close()


def test_what_is_kept_anew_outlives_the_deletion_of_what_it_was(full: Inline) -> None:
    """Even if it is archived before the deletion would have reached it."""
    store = full.store
    store._paths.end([octets(number) for number in range(1, 3000)])
    store._paths.end([octets(0)])
    for start in range(0, 1300, 100):
        # The first of them is the oldest of all that is in memory now.
        store.keep(some(100, 5000 + start) if start else some(100))
    while store.recent(octets(0)):
        full.clock.advance(0.01)
    assert store._upkeep.is_ended(octets(1500))
    full.clock.pump([0.01] * 200)
    assert not store._upkeep.is_ended(octets(1500))
    assert _find(store, 0) == {0}
    full.close()


def test_return_paths_that_are_archived_again_are_counted_once(
    full: Inline, tmp_path: Path
) -> None:
    for _ in range(2):
        _fill(full, 2000)
    assert full.store.statistics().paths_archived == _rows(tmp_path, "archive")
    full.close()
    again = Inline(tmp_path, LIMITS)
    assert again.open().statistics().paths_archived == _rows(tmp_path, "archive")
    again.close()


def test_a_process_that_ends_while_archiving_loses_and_doubles_nothing(tmp_path: Path) -> None:
    inline = Inline(tmp_path / "state", Limits(100_000, 16 * 1000, LIFETIME))
    store = inline.open()
    for start in range(0, 12_500, 500):
        inline.wait(store.keep(some(500, start)))
    archived = store.statistics().paths_archived
    assert 0 < archived < 1000
    left = killed(tmp_path / "state")
    inline.close()
    again = Inline(left, Limits(100_000, 16 * 1000, LIFETIME))
    store = again.open()
    assert store.statistics().paths_archived == archived
    again.clock.pump([0.01] * 40)
    assert _find(store, *range(12_500)) == set(range(12_500))
    assert _rows(left, "archive") == store.statistics().paths_archived
    again.close()


def test_the_archive_is_bounded_and_the_newest_stay(tmp_path: Path) -> None:
    inline = Inline(tmp_path, Limits(2000, 1600, LIFETIME))
    inline.open()
    _fill(inline, 5000)
    inline.clock.pump([0.01] * 50)
    statistics = inline.store.statistics()
    assert statistics.paths_archived == 2000 == _rows(tmp_path, "archive")
    kept = statistics.paths_archived + statistics.paths_recent
    assert statistics.forgotten == 5000 - kept
    assert len(_find(inline.store, *range(5000 - kept, 5000))) == kept
    inline.close()


def test_archived_return_paths_expire_in_small_steps(full: Inline, tmp_path: Path) -> None:
    full.clock.advance(LIFETIME * 17 / 16 + 1)
    assert _find(full.store, *range(3000)) == set()
    full.writer.ran.clear()
    full.clock.pump([0.01] * 100)
    assert full.writer.ran.count("expire_archive") >= 1800 // STEP
    assert _rows(tmp_path, "archive") == _rows(tmp_path, "journal") == 0
    assert full.store.is_all_recent
    assert full.store.statistics().forgotten == 0
    full.close()


def test_memory_is_bounded_when_writing_is_slower_than_arriving(tmp_path: Path) -> None:
    """The oldest are forgotten and counted."""
    inline = Inline(tmp_path, LIMITS)
    store = inline.open()
    inline.wait(store.keep(some(1000)))
    inline.writer.holds = True
    for start in range(1000, 5000, 100):
        store.keep(some(100, start))
        inline.clock.advance(0.01)
        assert store.statistics().paths_recent <= 1600
    assert store.recent(octets(4999)) is not None
    assert store.statistics().forgotten >= 5000 - 1600 - STEP
    inline.writer.go_on()
    inline.clock.pump([0.01] * 50)
    assert _find(store, *range(4000, 5000)) == set(range(4000, 5000))
    inline.close()


def test_the_journal_is_bounded_where_nearly_all_return_paths_end(tmp_path: Path) -> None:
    inline = Inline(tmp_path, Limits(100_000, 160, LIFETIME))
    store = inline.open()
    store.keep({b"stays": b""})
    for number in range(2000):
        store.keep(some(1, number))
        store._paths.end([octets(number)])
        inline.clock.advance(0.01)
    inline.clock.pump([0.01] * 20)
    assert _rows(tmp_path, "journal") < 1000
    assert result_of(store.find([b"stays"])).paths == {b"stays": b""}
    inline.close()


def test_smaller_limits_at_a_restart_forget_nothing(tmp_path: Path) -> None:
    """Return paths for which memory has no room are archived."""
    first = Inline(tmp_path, Limits(100_000, 50_000, LIFETIME))
    first.open()
    _fill(first, 3000)
    first.close()
    again = Inline(tmp_path, Limits(100_000, 320, LIFETIME))
    store = again.open()
    assert store.statistics().paths_recent <= 320
    assert _find(store, *range(3000)) == set(range(3000))
    assert store.statistics().forgotten == 0
    again.close()


def test_what_expired_while_the_gate_was_down_does_not_come_back(tmp_path: Path) -> None:
    first = Inline(tmp_path, LIMITS)
    first.open()
    first.wait(first.store.keep(some(10)))
    first.clock.advance(LIFETIME / 2)
    first.wait(first.store.keep(some(10, 10)))
    first.clock.advance(LIFETIME * 3 / 5)
    first.close()
    again = Inline(tmp_path, LIMITS, clock=first.clock)
    store = again.open()
    assert _find(store, *range(20)) == set(range(10, 20))
    again.clock.pump([1.0, 1.0])
    assert _rows(tmp_path, "journal") == 1
    again.close()


def test_many_small_batches_leave_the_journal_too(tmp_path: Path) -> None:
    inline = Inline(tmp_path, LIMITS)
    inline.open()
    for number in range(300):
        inline.store.keep(some(1, number))
    inline.clock.advance(LIFETIME * 17 / 16 + 1)
    inline.clock.pump([0.01] * 20)
    assert _rows(tmp_path, "journal") == 0
    inline.close()


def test_an_archive_that_cannot_be_written_is_tried_again(full: Inline) -> None:
    full.writer.fault = sqlite_error("SQLITE_FULL")
    full.store.keep(some(200, 3000))
    full.clock.pump([1.0] * 3)
    assert full.store.statistics().failures > 1
    full.writer.fault = None
    full.clock.pump([1.0] * 3)
    _fill(full, 1000, 4000)
    expected = {*range(3200), *range(4000, 5000)}
    assert _find(full.store, *range(5000)) == expected
    assert full.store.statistics().fault == ""
    full.close()
