"""What is found at a start: segments with their indexes, and records that no index has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import NamedTuple

from smppgate.store.records import StoreError
from smppgate.store.segments.files import TEMPORARY, AnyFolder
from smppgate.store.segments.index import BadIndex, Index, read_index
from smppgate.store.segments.names import (
    INDEX,
    LOG,
    PART,
    IndexName,
    SegmentName,
    index_of,
    segment_of,
)
from smppgate.store.segments.records import (
    BEGIN,
    VERSION,
    DamagedRecord,
    Place,
    Record,
    unpack,
    walk,
)
from smppgate.store.segments.shelf import Segment

OURS = (LOG, INDEX, PART, TEMPORARY)
"""How the names of files end that the store makes; others stay."""
WEIGHT = 4096
"""Return paths, and ends, of a piece: putting it into memory is no pause for the reactor."""


class Piece(NamedTuple):
    """Records one after the other, as one. Ends are newer than the paths.

    :param time: when the last of them was written.
    :param entries: return paths and ends in them.
    """

    time: float
    paths: dict[bytes, bytes]
    ends: dict[bytes, float]
    entries: int


class Stock:
    """The files of a folder at a start. To be used in a thread.

    :param since: what was kept before has expired.
    :param span: seconds within which records may come as one.
    """

    def __init__(self, folder: AnyFolder, since: float, span: float) -> None:
        self._folder = folder
        self._since = since
        self._span = span
        self._places: Iterator[Place] = iter(())
        self._pending: Record | None = None
        self.end = 0
        """Where the last good record ends of those that `next_piece` has read."""

    def take(self) -> list[Segment]:
        """The segments, the oldest first; files that nobody needs are removed.

        :raises OSError: when a file cannot be read.
        :raises StoreError: when a segment is of a version that is not known.
        """
        self._folder.make()
        sizes = self._folder.sizes()
        names = sorted(filter(None, map(segment_of, sizes)))
        names = [it for it in names if not any(other.replaces(it) for other in names)]
        segments = [self._segment(name, sizes) for name in names if sizes[name.log]]
        kept = {file for segment in segments for file in segment.files}
        for file in sizes:
            if file not in kept and file.endswith(OURS):
                self._folder.remove(file)
        return segments

    def begin(self, segment: Segment) -> None:
        """Let `next_piece` read what no index has of ``segment``."""
        start = segment.indexed or BEGIN
        self.end = start
        self._pending = None
        self._places = walk(partial(self._folder.read, segment.name.log), start, segment.size)

    def next_piece(self) -> Piece | None:
        """The next records; None behind the last.

        :raises OSError: when the segment cannot be read.
        """
        first = self._pending or self._next_record()
        if first is None:
            return None
        piece = Piece(first.time, dict(first.paths), dict(first.marks), 0)
        # A record's ends are older than its paths, a piece's are newer.
        for key in first.paths:
            piece.ends.pop(key, None)
        entries = len(first.paths) + len(first.marks)
        latest = first.time
        self._pending = None
        while entries < WEIGHT:
            record = self._next_record()
            if record is None:
                break
            if abs(record.time - first.time) > self._span:
                self._pending = record
                break
            _add(piece, record)
            entries += len(record.paths) + len(record.marks)
            latest = max(latest, record.time)
        return piece._replace(time=latest, entries=entries)

    def last_end(self, segment: Segment) -> int:
        """Where the last good record of ``segment`` ends.

        :raises OSError: when it cannot be read.
        """
        end = segment.indexed or BEGIN
        for place in walk(partial(self._folder.read, segment.name.log), end, segment.size):
            end = place.end
        return end

    def _next_record(self) -> Record | None:
        for place in self._places:
            self.end = place.end
            try:
                record = unpack(place.body)
            except DamagedRecord:
                continue
            if record is not None and record.time >= self._since:
                return record
        return None

    def _segment(self, name: SegmentName, sizes: Mapping[str, int]) -> Segment:
        version = self._folder.read(name.log, len(VERSION), 0)
        if version != VERSION:
            raise StoreError(
                f"{name.log} of the return paths is of version {version.hex()}, which this gate "
                "does not know: start the newer gate that made it, or give this one another "
                "state_dir"
            )
        size = sizes[name.log]
        whole = self._index(name.whole_index, size) if name.whole_index in sizes else None
        if whole is not None:
            return Segment(name, size, [whole], is_whole=True, is_compact=name.is_compacted)
        return Segment(name, size, self._pieces(name, sizes), is_compact=name.is_compacted)

    def _pieces(self, name: SegmentName, sizes: Mapping[str, int]) -> list[Index]:
        """The indexes of parts that follow one another from the beginning on."""
        found: dict[int, IndexName] = {}
        for it in sorted(filter(None, map(index_of, sizes))):
            if it.stem == name.stem and it.end:
                found[it.start] = it
        pieces: list[Index] = []
        start = BEGIN
        while start in found:
            piece = self._index(name.piece(start, found[start].end), sizes[name.log])
            if piece is None:
                break
            pieces.append(piece)
            start = piece.summary.end
        return pieces

    def _index(self, name: str, size: int) -> Index | None:
        """The index called ``name`` of a segment of ``size`` octets; None if it is of no use."""
        try:
            index = read_index(self._folder, name)
        except (BadIndex, OSError):
            return None
        return index if index.summary.end <= size else None


def _add(piece: Piece, record: Record) -> None:
    piece.ends.update(record.marks)
    if piece.ends:
        for key in record.paths:
            piece.ends.pop(key, None)
    piece.paths.update(record.paths)
