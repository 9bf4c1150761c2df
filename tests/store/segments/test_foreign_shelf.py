"""Segments of another process are read where they lie, whatever it does with them meanwhile."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Mapping

from twisted.internet.defer import Deferred

from smppgate.store.records import Limits
from smppgate.store.segments.foreign_shelf import FRESH, ForeignShelf
from smppgate.store.segments.names import SegmentName, segment_of
from smppgate.store.segments.searching import Searched
from tests.store.fakes import octets
from tests.store.segments.boxes import LIFETIME, Box
from tests.store.segments.model_disk import ModelFolder

ROOMY = 1 << 20


class Reader:
    """Another process that looks at the folder of a `Box`."""

    def __init__(self, box: Box, filters: int = ROOMY) -> None:
        self.box = box
        self.shelf = ForeignShelf(box.folder, filters)

    def look(self, keys: Iterable[bytes], later: float = FRESH) -> Searched:
        """Look ``keys`` up, so many seconds after the last time."""
        self.box.clock.advance(later)
        now = self.box.clock.seconds()
        return self.shelf.look(list(keys), now, now, now - LIFETIME)

    def numbers(self, first: int, last: int, later: float = FRESH) -> set[int]:
        paths = self.look(map(octets, range(first, last)), later).paths
        assert all(
            paths[octets(it)] == b"value-%d" % it for it in range(last) if octets(it) in paths
        )
        return {it for it in range(first, last) if octets(it) in paths}


def _compact(box: Box) -> None:
    room = box.paths._room
    sources = room._sources()
    assert sources
    box.wait(Deferred.fromCoroutine(room._compact(sources)))


def test_what_is_indexed_is_found() -> None:
    """Closed segments, and what the open one has an index of; the rest is in memory there."""
    box = Box()
    box.fill(500)
    names = box.folder.sizes()
    assert any(name.count(".") == 2 for name in names)
    indexed = sum(part.summary.paths for _, part in box.paths._shelf.parts())
    assert 400 < indexed < 500
    assert Reader(box).numbers(0, 600) == set(range(indexed))


def test_a_segment_that_was_closed_since_is_noticed_within_a_second() -> None:
    box = Box()
    box.fill(300)
    reader = Reader(box)
    before = reader.numbers(0, 600)
    box.fill(300, 300)
    assert reader.numbers(0, 600, later=FRESH / 2) == before
    assert reader.numbers(0, 600, later=FRESH / 2) > before


def test_segments_that_have_gone_are_no_error() -> None:
    box = Box(Limits(return_paths_in_memory=64, return_path_ttl=LIFETIME))
    box.fill(300)
    reader = Reader(box)
    assert len(reader.numbers(0, 300)) > 200
    box.clock.advance(LIFETIME / 2)
    box.fill(300, 300)
    box.clock.advance(LIFETIME / 2 + 10)
    box.tick(3)
    found = reader.look(map(octets, range(600)), later=0)
    assert found.error is None
    assert set(found.paths) <= set(map(octets, range(300, 600)))
    assert len(found.paths) > 200


def test_a_segment_that_was_compacted_meanwhile_is_read_instead_of_its_sources() -> None:
    box = Box()
    box.fill(500)
    box.paths.end([octets(it) for it in range(500) if it % 4], 0.0)
    box.tick()
    reader = Reader(box)
    alive = {it for it in range(100) if not it % 4}
    assert reader.numbers(0, 100) == alive
    _compact(box)
    assert SegmentName(1, 1).log not in box.folder.sizes()
    assert reader.numbers(0, 100, later=0) == alive


def test_sources_that_a_crash_has_left_are_not_read_beside_it() -> None:
    box = Box()
    box.fill(500)
    box.paths.end([octets(it) for it in range(500) if it % 4], 0.0)
    box.tick()
    sources = dict(box.folder.files)
    _compact(box)
    box.folder.files.update({name: it for name, it in sources.items() if name < "00000002"})
    reader = Reader(box)
    assert reader.numbers(0, 100) == {it for it in range(100) if not it % 4}
    names = [name for name, _ in reader.shelf._parts]
    assert SegmentName(1, 1, True) in names
    assert SegmentName(1, 1) not in names


def test_until_its_index_is_there_the_sources_of_a_compacted_segment_count() -> None:
    """One whose index was lost has nothing to read, and hides nothing."""
    box = Box()
    box.fill(500)
    made = SegmentName(1, 1, True)
    box.folder.files[made.log] = box.folder.files[SegmentName(1, 1).log]
    assert Reader(box).numbers(0, 10) == set(range(10))
    box.folder.files[made.whole_index] = box.folder.files[SegmentName(1, 1).whole_index]
    box.folder.remove(SegmentName(1, 1).whole_index)
    assert Reader(box).numbers(0, 10) == set(range(10))


def test_the_newest_value_counts_and_what_has_ended_is_not_found() -> None:
    box = Box()
    box.fill(200)
    box.keep({octets(3): b"new"})
    box.paths.end([octets(4)], 0.0)
    box.paths.end([octets(5)], 100.0)
    box.fill(300, 200)
    box.fill(300, 500)
    reader = Reader(box)
    searched = reader.look(map(octets, range(3, 7)))
    assert searched.paths == {octets(3): b"new", octets(5): b"value-5", octets(6): b"value-6"}
    assert searched.times[octets(3)] >= searched.times[octets(6)]
    box.clock.advance(100.0)
    assert set(reader.look(map(octets, range(3, 7))).paths) == {octets(3), octets(6)}


def test_another_index_under_the_same_name_is_read_anew() -> None:
    """The other process has begun with an empty folder, and its numbers with 1 again."""
    box = Box()
    box.fill(200, 1000)
    reader = Reader(box)
    assert reader.numbers(1000, 1100) == set(range(1000, 1100))
    other = Box()
    other.fill(200, 2000)
    # All of them are as large.
    assert other.folder.sizes() == box.folder.sizes()
    box.folder.files = other.folder.files
    # Some will pass the old filters, and then the old checksums do not fit.
    assert reader.numbers(1000, 3000) <= set(range(2000, 2200))
    assert reader.numbers(2000, 2100) == set(range(2000, 2100))


def test_a_damaged_index_is_no_use_and_what_is_in_others_is_found() -> None:
    box = Box()
    box.fill(500)
    logs = sorted(filter(None, map(segment_of, box.folder.sizes())))
    reader = Reader(box)
    before = reader.numbers(0, 500)
    content = box.folder.files[logs[0].whole_index].octets
    content[-1] ^= 255
    after = reader.numbers(0, 500)
    assert before - after == set(range(150))
    content[0] ^= 255
    assert Reader(box).numbers(0, 500) < before


class Vanishing(ModelFolder):
    """Calls a function before the next read of a segment."""

    def __init__(self, files: Mapping[str, object], before: Callable[[], object]) -> None:
        super().__init__()
        self.files = files  # type: ignore[assignment]
        self.before: list[Callable[[], object]] = [before]
        self.closed = 0

    def read(self, name: str, size: int, offset: int) -> bytes:
        if name.endswith(".log") and self.before:
            self.before.pop()()
        return super().read(name, size, offset)

    def close(self) -> None:
        self.closed += 1


def test_files_that_go_while_they_are_read_are_looked_for_again() -> None:
    box = Box()
    box.fill(500)
    box.paths.end([octets(it) for it in range(500) if it % 4], 0.0)
    box.tick()
    folder = Vanishing(box.folder.files, lambda: _compact(box))
    now = box.clock.seconds()
    shelf = ForeignShelf(folder, ROOMY)
    searched = shelf.look([octets(8)], now, now, now - LIFETIME)
    assert searched.paths == {octets(8): b"value-8"}
    assert searched.error is None
    assert not folder.before


def test_all_files_are_closed_after_each_look_up() -> None:
    """One that its owner deletes would keep its room."""
    box = Box()
    box.fill(500)
    folder = Vanishing(box.folder.files, lambda: None)
    now = box.clock.seconds()
    shelf = ForeignShelf(folder, ROOMY)
    shelf.look([octets(8)], now, now, now - LIFETIME)
    assert folder.closed == 1
    shelf.look([octets(8)], now, now, now - LIFETIME)
    assert folder.closed == 2


def test_a_folder_that_is_not_there_has_nothing() -> None:
    box = Box()
    box.fill(500)
    reader = Reader(box)
    assert reader.numbers(0, 10)
    box.folder.fault = FileNotFoundError(errno.ENOENT, "no such folder")
    assert reader.numbers(0, 10) == set()
    box.folder.fault = None
    assert reader.numbers(0, 10) == set(range(10))


def test_filters_have_a_bound_and_nothing_is_missed_without_them() -> None:
    box = Box()
    box.fill(900)
    reader = Reader(box, filters=300)
    known = Reader(box).numbers(0, 900)
    assert reader.numbers(0, 900) == known
    filters = [len(index.filter) for _, index in reader.shelf._parts]
    assert 0 < sum(filters) <= 300
    assert filters[0] > 0 == filters[-1]
    box.fill(300, 900)
    assert len(reader.numbers(0, 1200)) > len(known)
    assert sum(len(index.filter) for _, index in reader.shelf._parts) <= 300


def test_what_has_expired_is_not_found() -> None:
    box = Box()
    box.fill(500)
    reader = Reader(box)
    box.clock.advance(LIFETIME + 1)
    assert reader.numbers(0, 500) == set()


def test_it_changes_nothing() -> None:
    box = Box()
    box.fill(500)
    before = {name: bytes(it.octets) for name, it in box.folder.files.items()}
    reader = Reader(box)
    reader.numbers(0, 600)
    assert {name: bytes(it.octets) for name, it in box.folder.files.items()} == before
