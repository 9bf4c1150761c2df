"""The newest return paths, in memory.

They lie in segments by age. New ones go into the youngest segment; when it is full or old enough
the next one begins. The oldest segment leaves as a whole. Segments are small, so that neither
growing nor dropping one is a pause for the reactor, and few: a lookup probes each segment that is
younger than the return path it finds. Where most return paths have been ended, neighbouring
segments are merged.

Keys and values are octets, which Python's cycle collector passes over: a million return paths add
nothing to its pauses.

Rejected: one ordered dict, whose growth is a pause of 50 ms at a million; a time for each return
path, which doubles the memory it takes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, pairwise, repeat

from attrs import define, field

SEGMENTS = 16
"""Into how many segments a full memory, and the time to live, are divided at least."""
LARGEST_SEGMENT = 65_536
"""Return paths in a segment at most. Merging two segments of a quarter of that takes a
millisecond."""
CROWDED = 0.75
"""Part of the limit from which on the oldest segments are to leave: return paths that arrive while
these are archived need room."""
NEARLY_FULL = 0.875
"""Part of the limit from which on leaving is urgent."""
JOURNAL_FACTOR = 4
"""The journal behind memory may have this many times the limit of entries; beyond that the oldest
segment is to leave even if it is small. All these entries are read at the next start."""


@define(eq=False)
class Segment:
    """Return paths of about one age. Mutable: it is on the hot path."""

    begun: float
    last: float
    """When the newest of them was kept."""
    mark: int = 0
    """Number of the newest batch that has entries in it."""
    entries: int = 0
    """Return paths and ends of return paths that it took in, including those ended since."""
    saved: int = 0
    """How many of its return paths the archive has already."""
    is_leaving: bool = False
    """Whether it is being archived: nothing is added to it or merged into it."""
    paths: dict[bytes, bytes] = field(factory=dict)


class RecentPaths:
    """A bounded table of octets to octets that forgets its oldest entries.

    :param limit: return paths held at most.
    :param lifetime: seconds that a return path is held; up to a sixteenth longer.
    """

    def __init__(self, limit: int, lifetime: float) -> None:
        self.forgotten = 0
        """Return paths that were dropped before they expired, because the limit was reached."""
        self.trimmable = 0
        """Number of the newest batch such that no batch up to it has a return path in memory."""
        self.expected = 0
        """Return paths for which room is to be made now."""
        self._limit = limit
        self._lifetime = lifetime
        self._segment_size = max(1, min(limit // SEGMENTS, LARGEST_SEGMENT))
        self._full_segments = -(-limit // self._segment_size)
        """Segments that ``limit`` return paths take, when none has been ended."""
        self._segments: deque[Segment] = deque()
        """The youngest first."""
        self._unfreed: deque[dict[bytes, bytes]] = deque()
        """Tables of segments that have left. Their memory is freed in small steps."""

    def __len__(self) -> int:
        return sum(len(segment.paths) for segment in self._segments)

    def get(self, key: bytes) -> bytes | None:
        """The newest value of ``key``."""
        for segment in self._segments:
            value = segment.paths.get(key)
            if value is not None:
                return value
        return None

    def update(
        self, paths: Mapping[bytes, bytes], now: float, mark: int = 0, ends: int = 0
    ) -> None:
        """Add ``paths`` of the batch numbered ``mark``, which also has ``ends`` ended keys."""
        segment = self._youngest(len(paths), now)
        if len(segment.paths) + len(paths) <= self._segment_size:
            segment.paths.update(paths)
        else:
            for part in parts(paths, self._segment_size):
                segment = self._youngest(len(part), now)
                segment.paths.update(part)
        segment.last = now
        segment.mark = mark
        segment.entries += len(paths) + ends
        self._free(2 * len(paths))

    def end(self, keys: Sequence[bytes]) -> None:
        """Forget ``keys``, known or not."""
        for segment in self._segments:
            # A loop in C; a deque of no length keeps none of the results.
            deque(map(segment.paths.pop, keys, repeat(None)), maxlen=0)

    def expire(self, now: float) -> None:
        """Drop the segments of which even the newest return path has expired."""
        while self._segments and self._segments[-1].last + self._lifetime <= now:
            self._pop()
        self._free(LARGEST_SEGMENT // SEGMENTS)

    @property
    def is_crowded(self) -> bool:
        """Whether the oldest segment is to leave."""
        count = len(self)
        if count > CROWDED * self._limit:
            return True
        if self.expected and count + self.expected > self._limit - 2 * self._segment_size:
            return count > 0
        entries = sum(segment.entries for segment in self._segments)
        return entries > JOURNAL_FACTOR * self._limit

    @property
    def is_nearly_full(self) -> bool:
        """Whether the oldest segment is about to be dropped unless it leaves soon."""
        return len(self) > NEARLY_FULL * self._limit

    def next_to_leave(self) -> Segment | None:
        """The oldest segment if it is to leave, else None. Archive it, then `let_go` of it.

        Until then its return paths are found and ended as before.
        """
        if not self._segments or not self.is_crowded:
            return None
        self._segments[-1].is_leaving = True
        return self._segments[-1]

    def is_oldest(self, segment: Segment) -> bool:
        """Whether ``segment`` is the oldest, and so not dropped yet if it was the oldest once."""
        return bool(self._segments) and self._segments[-1] is segment

    def let_go(self, segment: Segment) -> None:
        """Drop ``segment``, which has been archived, if it is still the oldest."""
        if self.is_oldest(segment):
            self._pop()

    def expires(self, segment: Segment) -> float:
        """When all return paths of ``segment`` have expired."""
        return segment.last + self._lifetime

    def _youngest(self, count: int, now: float) -> Segment:
        """A segment that has room for ``count`` return paths, or an empty one."""
        if self._segments:
            youngest = self._segments[0]
            is_full = bool(youngest.paths) and len(youngest.paths) + count > self._segment_size
            # Where return paths end soon no segment gets full, but its part of the journal grows.
            is_full = is_full or youngest.entries >= JOURNAL_FACTOR * self._segment_size
            is_old = now >= youngest.begun + self._lifetime / SEGMENTS
            if not is_full and not is_old and not youngest.is_leaving:
                return youngest
        return self._begin(now)

    def _begin(self, now: float) -> Segment:
        older = len(self)
        while older + self._segment_size > self._limit:
            oldest = self._segments[-1]
            older -= len(oldest.paths)
            self.forgotten += max(0, len(oldest.paths) - oldest.saved)
            self._pop()
        if len(self._segments) > self._full_segments:
            self._merge()
        self._segments.appendleft(Segment(now, now, self.trimmable))
        return self._segments[0]

    def _pop(self) -> None:
        segment = self._segments.pop()
        self.trimmable = max(self.trimmable, segment.mark)
        self._unfreed.append(segment.paths)

    def _free(self, count: int) -> None:
        while self._unfreed and count > 0:
            paths = self._unfreed[0]
            part = min(count, len(paths))
            deque(islice(iter(paths.popitem, None), part), maxlen=0)
            count -= part
            if not paths:
                self._unfreed.popleft()

    def _merge(self) -> None:
        """Merge the two neighbours that are smallest together, if half a segment holds both."""
        segments = list(self._segments)
        pairs = [
            (len(younger.paths) + len(older.paths), place)
            for place, (younger, older) in enumerate(pairwise(segments))
            if not older.is_leaving and younger.last - older.begun <= self._lifetime / SEGMENTS
        ]
        size, place = min(pairs, default=(self._segment_size, 0))
        if size > self._segment_size // 2:
            return
        younger, older = segments[place : place + 2]
        older.paths.update(younger.paths)
        older.last, older.mark = younger.last, max(younger.mark, older.mark)
        older.entries += younger.entries
        del self._segments[place]


def parts(paths: Mapping[bytes, bytes], size: int) -> Iterator[dict[bytes, bytes]]:
    """``paths`` in parts of ``size``."""
    items = iter(paths.items())
    while part := dict(islice(items, size)):
        yield part
