"""Records that wait to be written, within bounds."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

BACKLOG = 100_000
"""Return paths and ends of return paths that may wait while writing fails."""
BACKLOG_OCTETS = 64 << 20
"""Octets of them."""
SLOW_DISK_FACTOR = 10
"""How many times that many entries may wait while writing works, but slowly."""
MOST_AT_ONCE = 256 << 10
"""Octets after which no further record is added to a write of those that have waited."""


class Chunk(NamedTuple):
    """A record that waits: its mark, when it was made, its octets and how many entries it has."""

    mark: float
    time: float
    octets: bytes
    entries: int


class Backlog:
    """Records in the order in which they are to be written."""

    def __init__(self) -> None:
        self.unsaved = 0
        """Return paths and ends in them."""
        self.lost = 0
        """Return paths and ends that were dropped because there were too many."""
        self._chunks: deque[Chunk] = deque()
        self._octets = 0

    def __bool__(self) -> bool:
        return bool(self._chunks)

    @property
    def last_mark(self) -> float:
        """The mark of the youngest."""
        return self._chunks[-1].mark

    def add(self, chunk: Chunk) -> None:
        """Let ``chunk`` wait, behind all others."""
        self._chunks.append(chunk)
        self._octets += len(chunk.octets)
        self.unsaved += chunk.entries

    def first(self) -> list[Chunk]:
        """Those that are to be written together next."""
        chunks: list[Chunk] = []
        size = 0
        for chunk in self._chunks:
            size += len(chunk.octets)
            if chunks and size > MOST_AT_ONCE:
                break
            chunks.append(chunk)
        return chunks

    def take(self, chunks: Iterable[Chunk]) -> None:
        """Take out those of ``chunks``, the oldest, that have not been dropped meanwhile."""
        for chunk in chunks:
            if self._chunks and self._chunks[0] is chunk:
                self._take_first()

    def drop_surplus(self, fails: bool) -> None:
        """Drop the oldest beyond what may wait; less may when writing ``fails``."""
        most = BACKLOG if fails else SLOW_DISK_FACTOR * BACKLOG
        while len(self._chunks) > 1 and (self.unsaved > most or self._octets > BACKLOG_OCTETS):
            self.lost += self._take_first().entries

    def _take_first(self) -> Chunk:
        chunk = self._chunks.popleft()
        self._octets -= len(chunk.octets)
        self.unsaved -= chunk.entries
        return chunk
