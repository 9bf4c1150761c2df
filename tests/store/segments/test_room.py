"""Segments go by age; when room is short those that have ended go first, then the oldest."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from attrs import evolve
from twisted.logger import formatEvent

from smppgate.store.records import Limits
from smppgate.store.segments.compaction import Compaction
from tests.store.fakes import logged, octets
from tests.store.segments.boxes import LIFETIME, SMALL, Box

LIMITS = Limits(return_paths_in_memory=64, return_path_ttl=LIFETIME)


def _logs(box: Box) -> list[str]:
    return sorted(name for name in box.folder.sizes() if name.endswith(".log"))


def _octets(box: Box) -> int:
    return sum(box.folder.sizes().values())


def test_segments_go_when_their_newest_return_path_has_expired() -> None:
    """The open one too. It is not told: nothing was forgotten."""
    box = Box(LIMITS)
    box.fill(500)
    box.clock.advance(LIFETIME / 2)
    box.fill(500, 500)
    box.tick()
    before = _logs(box)
    box.clock.advance(LIFETIME / 2)
    box.tick(3)
    assert _logs(box)[0] > before[0]
    assert box.numbers(500, 1000) == set(range(500, 1000))
    box.clock.advance(LIFETIME)
    box.tick(3)
    assert box.folder.sizes() == {}
    assert (box.paths.count_on_disk, box.paths.count_recent, box.paths.forgotten) == (0, 0, 0)
    assert box.paths.is_all_recent


def test_the_oldest_are_forgotten_when_nothing_has_ended() -> None:
    limits = evolve(LIMITS, return_paths_disk=40_000)
    box = Box(limits)
    with logged() as events:
        for start in range(0, 3000, 100):
            box.fill(100, start)
            box.tick()
            assert _octets(box) <= 40_000
        warnings = [formatEvent(event) for event in events if "forgotten" in formatEvent(event)]
    assert 1 <= len(warnings) <= 6
    assert box.paths.forgotten > 1000
    left = box.numbers(0, 3000)
    assert left == set(range(box.paths.forgotten, 3000))
    box.restart()
    assert box.numbers(0, 3000) == left


def test_what_has_ended_goes_first() -> None:
    """Three of four: nothing else is forgotten, and compacted segments are joined."""
    limits = evolve(LIMITS, return_paths_disk=60_000)
    box = Box(limits)
    for start in range(0, 2000, 100):
        box.fill(100, start)
        box.paths.end([octets(it) for it in range(start, start + 100) if it % 4], 1.0)
        box.tick()
    assert _octets(box) <= 60_000
    assert any("-" in name for name in _logs(box))
    box.tick(2)
    assert box.paths.forgotten == 0
    assert box.numbers(0, 2000) == set(range(0, 2000, 4))
    box.restart()
    assert box.numbers(0, 2000) == set(range(0, 2000, 4))


def test_the_number_of_return_paths_may_be_bounded_too() -> None:
    box = Box(evolve(LIMITS, return_paths=1000), evolve(SMALL, entries=60))
    for start in range(0, 3000, 100):
        box.fill(100, start)
        box.tick()
        assert box.paths.count_on_disk <= 1000
    assert box.numbers(2100, 3000) == set(range(2100, 3000))


def test_all_ends_are_kept_while_something_older_lies_elsewhere() -> None:
    box = Box(evolve(LIMITS, return_paths_disk=40_000))
    box.keeps_marks = True
    works: list[Compaction] = []
    compact = box.jobs.compact
    box.jobs.compact = lambda work: works.append(work) or compact(work)  # type: ignore[method-assign,func-returns-value]
    for start in range(0, 1500, 100):
        box.fill(100, start)
        box.tick()
    assert works
    assert all(work.keeps_marks for work in works)


@pytest.mark.parametrize("what", ["compact", "build"])
def test_a_helper_that_fails_is_asked_less_and_less_often(what: str) -> None:
    """Return paths are kept and found, and what cannot be compacted is forgotten."""
    box = Box(evolve(LIMITS, return_paths_disk=40_000))
    calls = 0

    def fail(*_: object) -> bool:
        nonlocal calls
        calls += 1
        raise OSError(errno.ENOSPC, "a test says no")

    box.fill(200)
    setattr(box.jobs, what, fail)
    for start in range(200, 1500, 20):
        box.fill(20, start)
        box.tick()
    assert 1 < calls < 20
    assert box.numbers(1300, 1500) == set(range(1300, 1500))
    assert box.paths.unsaved == 0


def test_memory_is_bounded_though_no_index_can_be_made() -> None:
    """What is neither here nor there is not taken for none; it comes back with the indexes."""
    box = Box(LIMITS)
    build = box.jobs.build

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "a test says no")

    box.jobs.build = fail  # type: ignore[method-assign]
    for start in range(0, 2000, 20):
        box.fill(20, start)
        box.tick()
    assert box.paths.count_recent < 500
    assert not box.find([octets(0)]).is_complete
    assert "indexes: " in str(box.faults)
    box.jobs.build = build  # type: ignore[method-assign]
    box.tick(70)
    assert box.numbers(0, 2000) == set(range(2000))
    assert box.find([octets(0)]).is_complete
    assert str(box.faults) == ""


def test_indexes_are_late_once_memory_is_full_of_what_has_none() -> None:
    """What waits in memory till then takes no more of it than what has one."""
    box = Box(LIMITS)
    build, told, works = box.jobs.build, list[bool](), False

    def note(*arguments: Any) -> None:
        told.append(arguments[-1])
        if not works:
            raise OSError(errno.ENOSPC, "a test says no")
        build(*arguments)

    box.jobs.build = note  # type: ignore[method-assign]
    for start in range(0, 2 * LIMITS.recent, 10):
        box.fill(10, start)
        box.tick(60)
    assert (told[0], told[-1]) == (False, True)
    works = True
    box.tick(120)
    told.clear()
    box.fill(60, 1000)
    box.tick(60)
    assert set(told) == {False}


def test_a_restart_amid_a_compaction_finds_one_or_the_other() -> None:
    """Whatever of its files was there."""
    box = Box(LIMITS)
    box.fill(600)
    box.paths.end([octets(it) for it in range(600) if it % 3], 0.0)
    box.tick()
    folders = []
    rename, remove = box.folder.rename, box.folder.remove

    def renamed(old: str, new: str) -> None:
        folders.append(box.folder.crashed())
        rename(old, new)

    def removed(name: str) -> None:
        folders.append(box.folder.crashed())
        remove(name)

    box.folder.rename, box.folder.remove = renamed, removed  # type: ignore[method-assign]
    room = box.paths._room
    room._limits = evolve(LIMITS, return_paths_disk=int(1.5 * SMALL.segment) + 1)
    task = room._compact(room._sources())
    with pytest.raises(StopIteration):
        task.send(None)
    assert len(folders) > 3
    expected = set(range(0, 600, 3))
    for folder in folders:
        again = Box(LIMITS)
        again.folder = folder
        again.open()
        assert again.numbers(0, 600) == expected
        names = _logs(again)
        assert len(names) == len({name[:8] for name in names})
