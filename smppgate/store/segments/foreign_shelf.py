"""`ForeignShelf`: the segments of another process, read where they lie and never changed.

The other process may close, index, compact and delete segments meanwhile. Nothing is agreed with
it: what is there is listed again, at most once a second and when a file is gone. Files are open
while a look-up goes on: one that is deleted later would keep its room on the disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from smppgate.store.segments.files import AnyFolder
from smppgate.store.segments.filters import NO_FILTER
from smppgate.store.segments.index import BadIndex, Index, read_index
from smppgate.store.segments.names import SegmentName, index_of, segment_of
from smppgate.store.segments.searching import Part, Search, Searched

FRESH = 1.0
"""Seconds that a listing of the folder holds."""
ATTEMPTS = 3
"""How often a look-up is begun anew when files were gone."""


class ForeignShelf:
    """The indexes in a folder. To be used in one thread at a time.

    What has no index is not found; that is in the other process's memory.

    :param filters: octets of memory that filters may take.
    """

    def __init__(self, folder: AnyFolder, filters: int) -> None:
        self._folder = folder
        self._filters = filters
        self._parts: list[Part] = []
        """The youngest first."""
        self._indexes: dict[tuple[str, int], Index] = {}
        """Name and size → the index."""
        self._listed_at = float("-inf")

    def look(self, keys: Sequence[bytes], clock: float, now: float, since: float) -> Searched:
        """Look ``keys`` up.

        :param clock: seconds of a clock that is never set.
        :param now: seconds of the wall clock.
        :param since: what was kept before has expired.
        """
        try:
            if clock - self._listed_at >= FRESH:
                self._list()
                self._listed_at = clock
            return self._search(keys, now, since)
        finally:
            self._folder.close()

    def _search(self, keys: Sequence[bytes], now: float, since: float) -> Searched:
        for _ in range(ATTEMPTS):
            searched = Search(self._folder, self._parts, now, since).run(keys, ())
            if searched.error is None:
                break
            # It has gone, or another one has its name.
            self._forget(searched.indexes)
            self._folder.close()
            self._list()
        return searched

    def _list(self) -> None:
        """Find out which segments there are, and read the indexes that are new."""
        try:
            sizes = self._folder.sizes()
        except OSError:
            sizes = {}
        known, self._indexes, self._parts = self._indexes, {}, []
        room = self._filters
        for segment, name in _indexes(sizes):
            index = self._read(known, name, sizes[name], room)
            if index is not None:
                room -= len(index.filter)
                self._indexes[name, sizes[name]] = index
                self._parts.append((segment, index))

    def _read(
        self, known: Mapping[tuple[str, int], Index], name: str, size: int, room: int
    ) -> Index | None:
        """The index ``name``; None if it is gone by now, or damaged."""
        index = known.get((name, size))
        if index is not None:
            return index if len(index.filter) <= room else index._replace(filter=NO_FILTER)
        try:
            return read_index(self._folder, name, room)
        except (OSError, BadIndex):
            return None

    def _forget(self, names: Iterable[str]) -> None:
        """Read these indexes anew when they are listed next."""
        gone = set(names)
        self._indexes = {key: it for key, it in self._indexes.items() if key[0] not in gone}


def _indexes(sizes: Mapping[str, int]) -> Iterator[tuple[SegmentName, str]]:
    """The segments that indexes are of and the names of these, the youngest first."""
    segments = sorted(filter(None, map(segment_of, sizes)), reverse=True)
    compacted = [it for it in segments if it.is_compacted and it.whole_index in sizes]
    pieces = sorted((it for it in map(index_of, sizes) if it is not None and it.end), reverse=True)
    for segment in segments:
        if any(other.replaces(segment) for other in compacted):
            continue
        if segment.whole_index in sizes:
            yield segment, segment.whole_index
            continue
        for piece in pieces:
            if piece.stem == segment.stem:
                yield segment, segment.piece(piece.start, piece.end)
