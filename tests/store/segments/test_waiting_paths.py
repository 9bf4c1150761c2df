"""Segments are read from the oldest on, and go when they have been passed on."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from smppgate.store.records import Limits
from smppgate.store.segments.records import BEGIN, Record
from smppgate.store.segments.setting import Setting
from smppgate.store.segments.shelf import Segment
from smppgate.store.segments.sizes import Sizes
from smppgate.store.segments.waiting_paths import WaitingPaths
from smppgate.txsmpp.clock import Clock
from tests.store.fakes import octets
from tests.store.segments.boxes import LIFETIME, Box


class WaitingBox(Box):
    """A box of return paths that wait."""

    paths: WaitingPaths

    def open(self) -> None:
        super().open()
        # The first has made nothing.
        self.paths = WaitingPaths(
            Clock.of(self.clock),
            Setting(self.folder, self.jobs, self.sizes),
            self.workers,
            self.faults,
            self.limits,
            self.durability,
        )
        self.wait(Deferred.fromCoroutine(self.paths.open()))

    def read(self, segment: Segment, start: int = BEGIN) -> tuple[list[Record], int]:
        return self.wait(Deferred.fromCoroutine(self.paths.read(segment, start)))

    def passed_on(self) -> list[bytes]:
        """The keys of all that waits, in their order, as they are passed on."""
        keys: list[bytes] = []
        while (segment := self.paths.oldest()) is not None:
            start = BEGIN
            while True:
                records, start = self.read(segment, start)
                if not records:
                    break
                keys += [key for record in records for key in (*record.marks, *record.paths)]
            self.paths.drop(segment)
            self.clock.advance(0)
        return keys


def _keys(count: int) -> list[bytes]:
    return [octets(number) for number in range(count)]


def test_all_is_passed_on_in_order_and_goes() -> None:
    box = WaitingBox()
    box.fill(500)
    assert len(box.folder.sizes()) > 3
    assert (box.paths.is_empty, box.paths.count_on_disk) == (False, 500)
    assert box.passed_on() == _keys(500)
    assert (box.paths.is_empty, box.paths.count_on_disk) == (True, 0)
    assert not box.folder.sizes()
    assert not box.find(_keys(500)).paths
    assert box.paths.count_recent == 0
    box.fill(20, 500)
    assert box.passed_on() == _keys(520)[500:]


def test_also_after_a_restart_and_a_kill() -> None:
    for end in (WaitingBox.restart, WaitingBox.kill):
        box = WaitingBox()
        box.fill(500)
        end(box)
        assert box.paths.is_behind
        assert box.passed_on() == _keys(500)
        end(box)
        assert (box.paths.is_behind, box.paths.is_empty) == (False, True)


def test_what_is_not_passed_on_is_still_found() -> None:
    box = WaitingBox()
    box.fill(500)
    box.tick()
    first = box.paths.oldest()
    assert first is not None
    box.paths.drop(first)
    left = box.numbers(0, 500)
    assert 0 < min(left) < 500
    assert left == set(range(min(left), 500))
    assert first.name.log in box.folder.sizes()
    box.clock.advance(0)
    assert first.name.log not in box.folder.sizes()
    assert box.passed_on() == _keys(500)[min(left) :]


def test_ends_come_before_the_return_paths_of_their_record_or_as_the_time_says() -> None:
    box = WaitingBox()
    box.wait(box.paths.put(1_700_000_000.5, {b"a": b"1"}, {b"b": 5.0, b"a": 6.0}))
    segment = box.paths.oldest()
    assert segment is not None
    records, _ = box.read(segment)
    assert [(it.marks, it.paths) for it in records] == [
        ({b"b": 5.0, b"a": 6.0}, {}),
        ({}, {b"a": b"1"}),
    ]
    assert records[0].time == 1_700_000_000.5


def test_ends_alone_do_not_let_later_ends_wait() -> None:
    box = WaitingBox()
    box.wait(box.paths.put(box.clock.seconds(), {}, {b"b": 5.0}))
    assert (box.paths.is_behind, box.paths.is_empty) == (False, False)
    box.wait(box.paths.put(box.clock.seconds(), {b"a": b""}, {}))
    assert box.paths.is_behind
    closed = box.paths.oldest()
    assert closed is not None
    # What is put here now is in the next segment.
    box.wait(box.paths.put(box.clock.seconds(), {}, {b"a": 5.0}))
    assert box.paths.is_behind
    box.paths.drop(closed)
    box.clock.advance(0)
    assert box.paths.oldest() is not None
    assert not box.paths.is_behind


def test_what_cannot_be_written_yet_is_not_passed_over() -> None:
    box = WaitingBox()
    box.keep({b"a": b"1"})
    box.folder.room = sum(box.folder.sizes().values())
    box.keep({b"b": b"2"})
    assert box.paths.oldest() is None
    assert not box.paths.is_empty
    box.folder.room = 1 << 20
    box.tick()
    assert box.passed_on() == [b"a", b"b"]


def test_a_segment_that_goes_while_it_is_read_is_at_its_end() -> None:
    """It has expired, or there was no room for it."""
    box = WaitingBox()
    box.fill(500)
    segment = box.paths.oldest()
    assert segment is not None
    box.tick(3)
    box.clock.advance(2 * LIFETIME)
    box.tick(3)
    assert box.read(segment) == ([], BEGIN)
    box.paths.drop(segment)
    box.clock.advance(0)
    assert box.passed_on() == []


def test_a_segment_that_cannot_be_read_is_not_at_its_end() -> None:
    box = WaitingBox()
    box.fill(100)
    segment = box.paths.oldest()
    assert segment is not None
    box.folder.fault = OSError("a test says no")
    with pytest.raises(OSError, match="a test says no"):
        box.read(segment)


def test_the_newest_of_what_waits_is_known() -> None:
    box = WaitingBox()
    assert box.paths.newest == 0.0
    box.fill(500)
    began = box.clock.seconds()
    box.clock.advance(5)
    box.restart()
    assert box.paths.newest == began


def test_what_is_passed_on_while_it_is_indexed_goes_all_the_same() -> None:
    box = WaitingBox(
        Limits(return_paths_in_memory=64, return_path_ttl=LIFETIME),
        Sizes(segment=4000, table=16, piece=50, replay=1 << 20),
    )
    box.workers.helper.holds = True  # type: ignore[attr-defined]
    box.fill(300)
    segment = box.paths.oldest()
    assert segment is not None
    box.paths.drop(segment)
    box.clock.advance(0)
    box.workers.helper.go_on()  # type: ignore[attr-defined]
    box.tick(2)
    assert not any(name.startswith(segment.name.stem) for name in box.folder.sizes())
