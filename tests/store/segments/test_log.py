"""Records are written in order, at once if the disk is quick; whatever it does, nobody waits."""

from __future__ import annotations

import errno
from collections.abc import Callable
from itertools import pairwise

import pytest
from twisted.logger import formatEvent

from smppgate.store.interface import KEEP_DEADLINE
from smppgate.store.records import Durability, Limits
from smppgate.store.segments.backlog import BACKLOG
from smppgate.store.segments.pace import QUIET, SPAN
from smppgate.store.segments.sizes import Sizes
from tests.store.fakes import InlineWorker, errors, logged, octets, result_of, some
from tests.store.segments.boxes import LIFETIME, Box

LARGE = Sizes(table=1000, piece=10_000)


def _box(durability: Durability = Durability.PROCESS) -> Box:
    limits = Limits(return_paths_in_memory=5000, return_path_ttl=LIFETIME)
    return Box(limits, LARGE, durability)


def _worker(box: Box) -> InlineWorker:
    worker = box.workers.log
    assert isinstance(worker, InlineWorker)
    return worker


def _writes_take(box: Box, *seconds: float) -> None:
    """Let the next writes take so long."""
    times = [0.0]
    for it in seconds:
        times += [times[-1], times[-1] + it]
    rest = iter(times[1:])
    box.paths._log._timer = lambda: next(rest, 0.0)


def _fail(box: Box, number: int = errno.EIO) -> None:
    box.folder.fault = OSError(number, "a test says no")


def _survivors(box: Box) -> set[int]:
    box.kill()
    return box.numbers(0, 1000)


@pytest.mark.parametrize("durability", [Durability.NONE, Durability.PROCESS])
def test_a_record_is_written_before_keep_returns(durability: Durability) -> None:
    box = _box(durability)
    assert box.paths.keeps_at_once
    assert result_of(box.paths.keep(some(5))) is None
    assert not _worker(box).ran
    assert _survivors(box) == set(range(5))


def test_a_large_batch_is_several_records() -> None:
    box = _box()
    box.keep(some(9000))
    box.kill()
    assert box.paths.count_recent == 9000


# Failures


def test_what_cannot_be_written_is_in_memory_and_written_when_it_can_be() -> None:
    box = _box()
    _fail(box)
    for number in range(5):
        assert result_of(box.paths.keep(some(1, number, b"value-%d"))) is None
        assert box.paths.recent(octets(number)) is not None
    assert box.paths.unsaved == 5
    assert box.paths.keeps_at_once
    box.folder.fault = None
    box.tick()
    assert box.paths.unsaved == 0
    assert _survivors(box) == set(range(5))


def test_it_is_logged_once_when_it_begins_and_once_when_it_is_over() -> None:
    box = _box()
    with logged() as events:
        _fail(box, errno.ENOSPC)
        for number in range(5):
            box.keep(some(1, number))
            box.paths._log.tick()
        assert len(events) == len(errors(events)) == 1
        assert "return paths: [Errno 28] a test says no" in formatEvent(events[0])
        assert box.faults.failures >= 5
        box.folder.fault = None
        box.tick()
        assert len(events) == 2
        assert "works again" in formatEvent(events[1])


def test_order_is_kept_over_a_failure() -> None:
    """The newest value of a key is found after a restart, and what has ended is not."""
    box = _box()
    box.keep({b"key": b"1", b"ended": b"1"})
    _fail(box)
    box.keep({b"key": b"2", b"ended": b"2"})
    box.paths.end([b"ended"], 0.0)
    box.tick()
    box.folder.fault = None
    box.keep({b"key": b"3"})
    box.tick()
    box.kill()
    assert box.paths.recent(b"key") == b"3"
    assert box.paths.recent(b"ended") is None


def test_the_backlog_is_bounded_and_what_is_lost_is_counted() -> None:
    box = _box()
    _fail(box)
    for start in range(0, BACKLOG + 5000, 1000):
        box.paths.keep(some(1000, start, b"v"))
    assert (box.paths.unsaved, box.paths.lost) == (BACKLOG, 5000)
    assert box.paths.recent(octets(0)) == b"v"
    box.folder.fault = None
    box.tick(20)
    assert box.paths.unsaved == 0
    box.kill()
    assert not box.find([octets(4999)]).paths
    assert box.find([octets(5000)]).paths


def test_the_octets_of_the_backlog_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smppgate.store.segments.backlog.BACKLOG_OCTETS", 10_000)
    box = _box()
    _fail(box)
    for number in range(20):
        box.paths.keep({octets(number): b"x" * 1000})
    assert (box.paths.unsaved, box.paths.lost) == (9, 11)
    box.paths.keep({b"large": b"x" * 20_000})
    assert box.paths.unsaved == 1


def test_a_backlog_is_written_in_small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them in a turn of the reactor of its own."""
    box = _box()
    _fail(box)
    for number in range(20):
        box.paths.keep({octets(number): b"x" * 100_000})
    box.folder.fault = None
    turns = []
    monkeypatch.setattr(box.clock, "callLater", lambda _, call: turns.append(call))
    box.paths._log.tick()
    left = [20, box.paths.unsaved]
    while turns:
        turns.pop()()
        left.append(box.paths.unsaved)
    assert left[-1] == 0
    assert max(before - after for before, after in pairwise(left)) <= 3


def test_a_short_write_is_finished() -> None:
    box = _box()
    box.folder.longest_write = 7
    box.keep(some(20))
    box.folder.longest_write = 1 << 40
    box.keep(some(20, 100))
    assert str(box.faults) == ""
    assert _survivors(box) == {*range(20), *range(100, 120)}


@pytest.mark.parametrize("keeps_tails", [False, True])
def test_a_record_that_was_not_finished_is_followed_by_none(keeps_tails: bool) -> None:
    """It is cut off, or else the file is left as it is and another one begun."""
    box = _box()
    box.keep(some(20))
    box.folder.room = sum(box.folder.sizes().values()) + 30
    box.folder.keeps_tails = keeps_tails
    box.keep(some(20, 100))
    size = box.folder.sizes()["00000001.log"]
    box.folder.room = 1 << 40
    box.tick()
    assert len([name for name in box.folder.sizes() if ".log" in name]) == 1 + keeps_tails
    assert box.folder.sizes()["00000001.log"] == size if keeps_tails else size > 0
    assert _survivors(box) == {*range(20), *range(100, 120)}


def test_closing_ends_though_the_disk_fails_and_says_what_was_lost() -> None:
    box = _box()
    _fail(box)
    box.keep(some(7))
    with logged() as events:
        box.close()
    assert "SG-4101 7 return paths could not be written" in map(formatEvent, errors(events))


# Slow disks


def test_a_write_that_takes_long_moves_writing_to_a_thread() -> None:
    box = _box()
    _writes_take(box, 0.06)
    with logged() as events:
        box.keep(some(1))
        assert "60.0 ms" in formatEvent(events[0])
    assert not box.paths.keeps_at_once
    worker = _worker(box)
    worker.holds = True
    first, second = (box.paths.keep(some(1, number)) for number in (1, 2))
    assert not first.called
    worker.held.popleft()()
    assert (first.called, second.called) == (True, False)
    worker.go_on()
    assert second.called
    assert _survivors(box) == {0, 1, 2}


def test_a_thread_that_does_not_come_back_is_not_waited_for() -> None:
    box = _box()
    _writes_take(box, 0.06)
    box.keep(some(1))
    _worker(box).holds = True
    kept = [box.paths.keep(some(1, number)) for number in range(1, 4)]
    box.clock.advance(KEEP_DEADLINE / 2)
    kept.append(box.paths.keep(some(1, 9)))
    box.clock.advance(KEEP_DEADLINE / 2)
    assert [it.called for it in kept] == [True, True, True, False]
    box.clock.advance(KEEP_DEADLINE / 2)
    assert kept[-1].called
    _worker(box).go_on()


def test_records_that_gather_are_written_at_once() -> None:
    box = _box()
    _writes_take(box, 0.06)
    box.keep(some(1))
    worker = _worker(box)
    worker.holds = True
    kept = [box.paths.keep(some(10, start)) for start in range(0, 1000, 10)]
    worker.ran.clear()
    worker.go_on()
    assert worker.ran.count("_timed") == 1
    assert all(deferred.called for deferred in kept)


def test_a_failure_in_the_thread_lets_all_go_on() -> None:
    box = _box()
    _writes_take(box, 0.06)
    box.keep(some(1))
    worker = _worker(box)
    worker.holds = True
    kept = [box.paths.keep(some(1, number)) for number in range(1, 4)]
    _fail(box)
    worker.go_on()
    assert all(deferred.called for deferred in kept)
    assert box.paths.unsaved == 3
    box.folder.fault = None
    box.tick()
    assert box.paths.unsaved == 0
    assert _survivors(box) == {0, 1, 2, 3}


def test_writing_moves_back_after_a_quiet_minute() -> None:
    box = _box()
    _writes_take(box, 0.06)
    box.keep(some(1))
    with logged() as events:
        box.tick(int(QUIET) - 1)
        assert not box.paths.keeps_at_once
        box.tick()
        assert box.paths.keeps_at_once
        assert "quickly again" in formatEvent(events[-1])
    box.tick()
    assert box.paths.keeps_at_once


@pytest.mark.parametrize(("slow", "moves"), [(1, False), (2, True)])
def test_many_slow_writes_move_it_too(slow: int, moves: bool) -> None:
    """More than one in a hundred within ten seconds."""
    box = _box()
    _writes_take(box, *[0.006] * slow, *[0.0] * 200)
    for number in range(100 + slow):
        box.keep(some(1, number))
    assert box.paths.keeps_at_once
    box.clock.advance(SPAN)
    box.keep(some(1))
    assert box.paths.keeps_at_once is not moves


# Reaching the disk


def test_a_record_fires_when_the_disk_has_it_and_not_before() -> None:
    """Those that come meanwhile share the next call."""
    box = _box(Durability.DISK)
    worker = _worker(box)
    worker.holds = True
    kept = [box.paths.keep(some(1, number)) for number in range(4)]
    assert not box.paths.keeps_at_once
    worker.held.popleft()()
    assert [it.called for it in kept] == [True, False, False, False]
    worker.held.popleft()()
    assert all(it.called for it in kept)
    assert not worker.held
    assert box.folder.syncs == 2


def test_a_segment_is_on_the_disk_before_it_is_left() -> None:
    box = Box(durability=Durability.DISK)
    box.fill(500)
    assert len([name for name in box.folder.sizes() if name.endswith(".log")]) > 2
    assert all(len(it.octets) == it.synced for it in box.folder.files.values())


def test_a_disk_that_cannot_be_reached_is_not_waited_for() -> None:
    box = _box(Durability.DISK)
    worker = _worker(box)
    worker.fault = OSError(errno.EIO, "a test says no")
    assert result_of(box.paths.keep(some(1))) is None
    assert "sync" in str(box.faults)
    worker.fault = None
    assert result_of(box.paths.keep(some(1))) is None
    assert str(box.faults) == ""


@pytest.mark.parametrize("after", [lambda _: None, lambda box: box.paths.append_ends()])
def test_nothing_is_waited_for_after_the_end(after: Callable[[Box], None]) -> None:
    box = _box()
    box.close()
    after(box)
    assert result_of(box.paths.keep(some(3))) is None
    assert box.paths.recent(octets(0)) is not None
