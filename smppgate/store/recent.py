"""Return paths of a store that has nothing but memory.

They lie in segments by age. New ones go into the youngest segment; when it is full or old enough
the next one begins. The oldest segment is dropped as a whole. Segments are small, so that neither
growing nor dropping one is a pause for the reactor, and few: a look-up asks each segment that is
younger than the return path it finds. Where most return paths have ended, neighbouring segments
are merged.

Keys and values are octets, which Python's cycle collector passes over: a million return paths add
nothing to its pauses. A store on disk has `smppgate.store.segments.tables` instead: what is in
memory there depends on what is indexed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, pairwise, repeat

from attrs import define, field

from smppgate.store.freeing import Freeing

SEGMENTS = 16
"""Into how many segments a full memory, and the time to live, are divided at least."""
LARGEST_SEGMENT = 65_536
"""Return paths in a segment at most. Merging two segments of a quarter of that takes a
millisecond."""


@define(eq=False)
class Segment:
    """Return paths of about one age. Mutable: it is on the hot path."""

    begun: float
    last: float
    """When the newest of them was kept."""
    paths: dict[bytes, bytes] = field(factory=dict)


class RecentPaths:
    """A bounded table of octets to octets that forgets its oldest entries.

    :param limit: return paths held at most.
    :param lifetime: seconds that a return path is held; up to a sixteenth longer.
    """

    def __init__(self, limit: int, lifetime: float) -> None:
        self.forgotten = 0
        """Return paths that were dropped before they expired, because the limit was reached."""
        self._limit = limit
        self._lifetime = lifetime
        self._segment_size = max(1, min(limit // SEGMENTS, LARGEST_SEGMENT))
        self._full_segments = -(-limit // self._segment_size)
        """Segments that ``limit`` return paths take, when none has been ended."""
        self._segments: deque[Segment] = deque()
        """The youngest first."""
        self._freeing = Freeing()

    def __len__(self) -> int:
        return sum(len(segment.paths) for segment in self._segments)

    def get(self, key: bytes) -> bytes | None:
        """The newest value of ``key``."""
        for segment in self._segments:
            value = segment.paths.get(key)
            if value is not None:
                return value
        return None

    def update(self, paths: Mapping[bytes, bytes], now: float) -> None:
        """Add ``paths``, kept at ``now``."""
        segment = self._youngest(len(paths), now)
        if len(segment.paths) + len(paths) <= self._segment_size:
            segment.paths.update(paths)
        else:
            for part in parts(paths, self._segment_size):
                segment = self._youngest(len(part), now)
                segment.paths.update(part)
        segment.last = now
        self._freeing.step(2 * len(paths))

    def end(self, keys: Sequence[bytes]) -> None:
        """Forget ``keys``, known or not."""
        for segment in self._segments:
            # A loop in C; a deque of no length keeps none of the results.
            deque(map(segment.paths.pop, keys, repeat(None)), maxlen=0)

    def expire(self, now: float) -> None:
        """Drop the segments of which even the newest return path has expired."""
        while self._segments and self._segments[-1].last + self._lifetime <= now:
            self._pop()
        self._freeing.step(LARGEST_SEGMENT // SEGMENTS)

    def _youngest(self, count: int, now: float) -> Segment:
        """A segment that has room for ``count`` return paths, or an empty one."""
        if self._segments:
            youngest = self._segments[0]
            is_full = bool(youngest.paths) and len(youngest.paths) + count > self._segment_size
            is_old = now >= youngest.begun + self._lifetime / SEGMENTS
            if not is_full and not is_old:
                return youngest
        return self._begin(now)

    def _begin(self, now: float) -> Segment:
        older = len(self)
        while older + self._segment_size > self._limit:
            oldest = self._segments[-1]
            older -= len(oldest.paths)
            self.forgotten += len(oldest.paths)
            self._pop()
        if len(self._segments) > self._full_segments:
            self._merge()
        self._segments.appendleft(Segment(now, now))
        return self._segments[0]

    def _pop(self) -> None:
        self._freeing.add(self._segments.pop().paths)

    def _merge(self) -> None:
        """Merge the two neighbours that are smallest together, if half a segment holds both."""
        segments = list(self._segments)
        pairs = [
            (len(younger.paths) + len(older.paths), place)
            for place, (younger, older) in enumerate(pairwise(segments))
            if younger.last - older.begun <= self._lifetime / SEGMENTS
        ]
        size, place = min(pairs, default=(self._segment_size, 0))
        if size > self._segment_size // 2:
            return
        younger, older = segments[place : place + 2]
        older.paths.update(younger.paths)
        older.last = younger.last
        del self._segments[place]


def parts(paths: Mapping[bytes, bytes], size: int) -> Iterator[dict[bytes, bytes]]:
    """``paths`` in parts of ``size``."""
    items = iter(paths.items())
    while part := dict(islice(items, size)):
        yield part
