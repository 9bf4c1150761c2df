"""The segments there are, with their indexes, the oldest first."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import define, field

from smppgate.store.segments.filters import NO_FILTER
from smppgate.store.segments.index import Index
from smppgate.store.segments.names import SegmentName

FILTERS = 256 << 20
"""Octets of memory that all filters may take. Indexes without one are asked on disk."""
FEW_FILTERS = 32 << 20
"""The same of all folders together that are seldom read."""


@define(eq=False)
class Segment:
    """A segment.

    :param size: its octets, from which on no good record follows.
    :param parts: indexes of parts that follow one another from its beginning, or of all of it.
    :param mark: the mark up to which all is indexed when all of this segment is.
    :param seen: when the newest record was written that indexes may not have; as long as that is
        not known, it does not expire.
    """

    name: SegmentName
    size: int
    parts: list[Index] = field(factory=list)
    mark: float = 0
    seen: float = float("inf")
    written: int = 0
    is_whole: bool = False
    """Whether one index is of all of it."""
    is_open: bool = False
    """Whether it grows."""
    is_compact: bool = False
    """Whether compacting it is of no use."""
    is_hidden: bool = False
    """Whether something in it is neither indexed nor in memory, because an index was lost."""
    is_passed_on: bool = False
    """Whether all of it is elsewhere: it goes, and is not asked any more."""

    @property
    def indexed(self) -> int:
        """The octet up to which it is indexed; 0 if nothing is."""
        return self.parts[-1].summary.end if self.parts else 0

    @property
    def entries(self) -> int:
        """Keys of return paths and ends that indexes have."""
        return sum(part.summary.entries for part in self.parts)

    @property
    def paths(self) -> int:
        """Keys of return paths that indexes have."""
        return sum(part.summary.paths for part in self.parts)

    @property
    def lost(self) -> int:
        """How many return paths are gone with it; ends count if it is not indexed yet."""
        return self.paths if self.is_whole else max(self.paths, self.written)

    @property
    def newest(self) -> float:
        """When its newest record was written."""
        newest = max((part.summary.newest for part in self.parts), default=float("-inf"))
        return newest if self.is_whole else max(newest, self.seen)

    @property
    def files(self) -> list[str]:
        """The names of all its files."""
        return [self.name.log, *(part.name for part in self.parts)]


class Shelf:
    """The segments of a store, in their order. The youngest is the one that grows."""

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.filters = FILTERS
        """Octets of memory that filters may take."""

    @property
    def paths(self) -> int:
        """Keys of return paths that indexes have."""
        return sum(segment.paths for segment in self.segments)

    @property
    def indexed_until(self) -> float:
        """When the newest record was written that an index has."""
        parts = (part.summary.newest for _, part in self.parts())
        return max(parts, default=float("-inf"))

    @property
    def is_hidden(self) -> bool:
        """Whether something is neither indexed nor in memory, because an index was lost."""
        return any(segment.is_hidden for segment in self.segments)

    def add(self, segment: Segment) -> None:
        """Add the youngest."""
        self.segments.append(segment)

    def named(self, name: SegmentName) -> Segment | None:
        """The segment called ``name``, if it is still there."""
        return next((it for it in self.segments if it.name == name), None)

    def parts(self) -> Iterator[tuple[SegmentName, Index]]:
        """All indexes with their segments, the youngest first."""
        for segment in reversed(self.segments):
            if segment.is_passed_on:
                continue
            for part in reversed(segment.parts):
                yield segment.name, part

    def replace(self, old: list[Segment], new: Segment) -> None:
        """Put ``new`` in the place of ``old``, which follow one another."""
        place = self.segments.index(old[0])
        self.segments[place : place + len(old)] = [new]

    def remove(self, segment: Segment) -> None:
        """Take a segment away."""
        self.segments.remove(segment)

    def make_room_for_filters(self) -> None:
        """Drop the filters of the oldest indexes beyond what they may take."""
        room = self.filters
        for segment in reversed(self.segments):
            for place in range(len(segment.parts) - 1, -1, -1):
                room -= len(segment.parts[place].filter)
                if room < 0:
                    segment.parts[place] = segment.parts[place]._replace(filter=NO_FILTER)
