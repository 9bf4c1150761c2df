"""Makes one segment out of old ones, of what is still alive in them.

A return path is copied unless a later record has its key: one that ended it, or kept it anew. That
is seen by the hashes of indexes alone. An end mark is copied only while an older segment has its
key, or while all marks are to stay. Times to live go on: records keep their times, but for those
that are joined to one, within a small part of the time to live.

The new segment and its index get their names when they are whole. Its name tells which it takes
the place of: those are leftovers from then on, see `names`. Helper processes import this module:
it imports little.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from smppgate.store.segments.building import build
from smppgate.store.segments.files import AnyFolder
from smppgate.store.segments.index import Index, hash_of, numbers_of, read_index
from smppgate.store.segments.names import PART, SegmentName
from smppgate.store.segments.records import (
    BEGIN,
    VERSION,
    Record,
    keys_of,
    pack,
    unpack,
    walk,
)

MOST_JOINED = 1024
"""Return paths of records that are joined."""
SPANS = 256
"""Into how many spans the time to live is divided: records of one span may be joined."""
TOGETHER = 1 << 16
"""Hashes that are looked at together."""
WORTH = 0.75
"""Part of the octets of segments: if more are left, it is not worth while."""

Write = Callable[[bytes], object]


class Compaction(NamedTuple):
    """What is to be done.

    :param sources: the segments that are replaced, the oldest first. Each has an index of all.
    :param later: indexes of all later records that have one.
    :param older: indexes of older segments, which stay.
    :param since: return paths that were kept before this have expired.
    :param span: seconds within which records may be joined.
    :param keeps_marks: whether all marks are copied.
    """

    sources: tuple[tuple[SegmentName, int], ...]
    """Names, and the octets of each."""
    later: tuple[str, ...]
    older: tuple[str, ...]
    since: float
    span: float
    keeps_marks: bool = False

    @property
    def target(self) -> SegmentName:
        """The segment that is made."""
        return SegmentName(self.sources[0][0].first, self.sources[-1][0].last, True)

    @property
    def part(self) -> str:
        """The file of its records until its index is made."""
        return self.target.stem + PART


class _Alive(NamedTuple):
    """The newest entries of a source that no later record has, in order of their hashes.

    ``older`` are those hashes that older segments have too.
    """

    hashes: array[int]
    offsets: array[int]
    older: set[int]

    def has(self, key: int, offset: int) -> bool:
        """Whether the newest record with this hash is the one at ``offset``."""
        place = bisect_left(self.hashes, key)
        return (
            place < len(self.hashes)
            and self.hashes[place] == key
            and self.offsets[place] == offset
        )


class _Ahead:
    """Goes through the hashes of an index, in their order."""

    def __init__(self, folder: AnyFolder, index: Index) -> None:
        self._folder = folder
        self._index = index
        self._next = 0
        self._rest = array("Q")

    def up_to(self, last: int, wanted: set[int]) -> set[int]:
        """Those of ``wanted`` that come next and are not over ``last``."""
        found = wanted.intersection(self._rest)
        fences = self._index.fences
        while self._next < len(fences) and fences[self._next] <= last:
            self._rest = numbers_of(self._index.block(self._folder, self._next))[0]
            self._next += 1
            found |= wanted.intersection(self._rest)
        return found


def compact(folder: AnyFolder, work: Compaction) -> bool:
    """Make the segment and its index; False, and nothing made, if it is not worth while.

    :raises OSError: when something cannot be read or written.
    :raises BadIndex: when an index is damaged.
    """
    later = [read_index(folder, name, 0) for name in work.later]
    older = [read_index(folder, name, 0) for name in work.older]
    alive: list[_Alive] = []
    before = 0
    # The newest source first: it is later than the others.
    for name, _ in reversed(work.sources):
        index = read_index(folder, name.whole_index, 0)
        before += index.summary.entries
        alive.insert(0, _alive(folder, index, later, older))
        later.append(index)
    if sum(len(it.hashes) for it in alive) > WORTH * before:
        return False
    size = _write(folder, work, alive)
    build(folder, work.part, BEGIN, size, work.target.whole_index)
    folder.rename(work.part, work.target.log)
    return True


def _write(folder: AnyFolder, work: Compaction, alive: list[_Alive]) -> int:
    """Write the records of the new segment; the octets of it."""
    size = BEGIN

    def write_all(write: Write) -> None:
        nonlocal size
        write(VERSION)
        for record in _joined(_records(folder, work, alive), work.span):
            octets = pack(record.time, record.paths, record.marks)
            write(octets)
            size += len(octets)

    folder.save(work.part, write_all)
    return size


def _records(folder: AnyFolder, work: Compaction, alive: Sequence[_Alive]) -> Iterator[Record]:
    """What is alive of each record, in their order."""
    for (name, size), live in zip(work.sources, alive, strict=True):
        for offset, _, body in walk(partial(folder.read, name.log), BEGIN, size):
            record = unpack(body)
            if record is None or record.time < work.since:
                continue
            left = _left(record, offset, live, work.keeps_marks)
            if left.paths or left.marks:
                yield left


def _left(record: Record, offset: int, live: _Alive, keeps_marks: bool) -> Record:
    hashes = {key: int.from_bytes(hash_of(key), "big") for key in keys_of(record)}
    paths = {key: value for key, value in record.paths.items() if live.has(hashes[key], offset)}
    marks = {
        key: at
        for key, at in record.marks.items()
        if keeps_marks
        or (key not in paths and live.has(hashes[key], offset) and hashes[key] in live.older)
    }
    return Record(record.time, marks, paths)


def _joined(records: Iterator[Record], span: float) -> Iterator[Record]:
    """Records with those joined that lie within ``span`` seconds; they have the latest time."""
    first: Record | None = None
    latest = 0.0
    for record in records:
        if first is not None and _may_join(first, record, span):
            first.paths.update(record.paths)
            first.marks.update(record.marks)
            latest = max(latest, record.time)
            continue
        if first is not None:
            yield first._replace(time=latest)
        first, latest = record, record.time
    if first is not None:
        yield first._replace(time=latest)


def _may_join(first: Record, second: Record, span: float) -> bool:
    return (
        abs(second.time - first.time) <= span
        and _entries(first) + _entries(second) <= MOST_JOINED
        # The marks of a record are older than all of its paths.
        and not second.marks.keys() & first.paths.keys()
    )


def _entries(record: Record) -> int:
    return len(record.marks) + len(record.paths)


def _alive(folder: AnyFolder, index: Index, later: list[Index], older: list[Index]) -> _Alive:
    """The newest entries of ``index`` with keys that no later record has.

    They are looked at in parts, so that memory does not grow with all indexes.
    """
    hashes, offsets, in_older = array("Q"), array("I"), set[int]()
    ahead = [_Ahead(folder, it) for it in later]
    behind = [_Ahead(folder, it) for it in older]
    for newest in _newest(folder, index):
        last = max(newest)
        alive = set(newest)
        for walk_ in ahead:
            alive -= walk_.up_to(last, alive)
        for key in sorted(alive):
            hashes.append(key)
            offsets.append(newest[key])
        for walk_ in behind:
            in_older |= walk_.up_to(last, alive)
    return _Alive(hashes, offsets, in_older)


def _newest(folder: AnyFolder, index: Index) -> Iterator[dict[int, int]]:
    """The last offset of each hash of ``index``, in parts by their order."""
    part: dict[int, int] = {}
    for block in range(len(index.fences)):
        hashes, offsets = numbers_of(index.block(folder, block))
        part.update(zip(hashes, offsets, strict=True))
        if len(part) >= TOGETHER:
            # The last one may go on in the next block.
            last, offset = part.popitem()
            if part:
                yield part
            part = {last: offset}
    if part:
        yield part
