"""Makes the index of a part of a segment.

Entries are dealt out to buckets and sorted there, a run of them at a time: a segment of two
million keys takes 40 MB. Helper processes import this module: it imports little.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from smppgate.store.segments.files import AnyFolder
from smppgate.store.segments.index import (
    ENTRY,
    BadIndex,
    Summary,
    hash_of,
    read_index,
    write_index,
)
from smppgate.store.segments.records import unpack_keys, walk

RUN = 1 << 18
"""Entries that are sorted at once."""
BUCKETS = 256
"""One for each first octet: short lists are sorted in half the time."""


class Entries:
    """The entries of an index, collected in any order."""

    def __init__(self) -> None:
        self.count = 0
        self._run: list[bytes] = []
        self._buckets = [bytearray() for _ in range(BUCKETS)]
        self._unsorted: set[int] = set()
        """The numbers of buckets that are not in order."""

    def add(self, keys: Iterable[bytes], offset: int) -> None:
        """Add the keys of a record at ``offset``."""
        place = offset.to_bytes(4, "big")
        self._run += [hash_of(key) + place for key in keys]
        if len(self._run) >= RUN:
            self._deal()

    def add_sorted(self, entries: bytes) -> None:
        """Add entries of another index, which are in order."""
        count = len(entries) // ENTRY
        self.count += count
        place = 0
        while place < count:
            number = _bucket(entries, place)
            stop = count
            if _bucket(entries, count - 1) != number:
                rest = range(place, count)
                stop = place + bisect_right(rest, number, key=partial(_bucket, entries))
            self._put(number, entries[ENTRY * place : ENTRY * stop])
            place = stop

    def sorted(self) -> list[bytearray]:
        """All of them in order, as runs. Nothing can be added afterwards."""
        self._deal()
        for number in self._unsorted:
            octets = bytes(self._buckets[number])
            parts = [octets[at : at + ENTRY] for at in range(0, len(octets), ENTRY)]
            self._buckets[number] = bytearray(b"".join(sorted(parts)))
        return self._buckets

    def _deal(self) -> None:
        run, self._run = self._run, []
        self.count += len(run)
        hands: list[list[bytes]] = [[] for _ in range(BUCKETS)]
        for entry in run:
            hands[entry[0]].append(entry)
        for number, hand in enumerate(hands):
            if hand:
                self._put(number, b"".join(sorted(hand)))

    def _put(self, number: int, entries: bytes) -> None:
        """Add ``entries``, which are in order, to a bucket."""
        bucket = self._buckets[number]
        if bucket[-ENTRY:] > entries[:ENTRY]:
            self._unsorted.add(number)
        bucket += entries


def build(
    folder: AnyFolder, log: str, start: int, end: int, name: str, parts: Sequence[str] = ()
) -> None:
    """Make the index ``name`` of the records of ``log`` from ``start`` to ``end``.

    The disk has these records before it has the index. Damaged ones are left out, and so is all
    behind the last good one.

    :param parts: indexes that follow one another from ``start`` on. What they have is taken from
        them, as far as they are good: that takes half the time.
    :raises OSError: when the segment cannot be read or the index cannot be written.
    """
    folder.sync(log)
    entries, paths, at = Entries(), 0, start
    oldest, newest = float("inf"), float("-inf")
    for part, blocks in _good(folder, parts, start):
        for block in blocks:
            entries.add_sorted(block)
        at, paths = part.end, paths + part.paths
        oldest, newest = min(oldest, part.oldest), max(newest, part.newest)
    for offset, _, body in walk(partial(folder.read, log), at, end):
        record = unpack_keys(body)
        if record is None:
            continue
        time, count, keys = record
        entries.add(keys, offset)
        paths += count
        oldest, newest = min(oldest, time), max(newest, time)
    runs = entries.sorted()
    summary = Summary(start, end, entries.count, paths, oldest, newest)
    write_index(folder, name, summary, runs)


def _good(
    folder: AnyFolder, names: Sequence[str], start: int
) -> Iterator[tuple[Summary, list[bytes]]]:
    """What is in the indexes ``names``, as long as each is good and follows the one before."""
    for name in names:
        part = _read(folder, name)
        if part is None or part[0].start != start:
            return
        yield part
        start = part[0].end


def _read(folder: AnyFolder, name: str) -> tuple[Summary, list[bytes]] | None:
    """The summary and the blocks of an index; None if it is of no use."""
    try:
        index = read_index(folder, name, 0)
        return index.summary, [index.block(folder, it) for it in range(len(index.fences))]
    except (BadIndex, OSError):
        return None


def _bucket(entries: bytes, place: int) -> int:
    """The bucket of the entry at ``place``."""
    return entries[ENTRY * place]
