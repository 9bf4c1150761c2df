"""The return paths of late, in memory.

They are kept in segments by age, only the youngest of which is written. When it is full or old
enough a new one begins; the oldest leave, whole. Segments are small, so that neither their growth
nor their end is a pause for the reactor, and few: a return path that is looked for costs a probe
for each segment younger than its own. Where most return paths have been ended, neighbours are made
one.

Keys and values are octets, which Python's cycle collector passes over: a million return paths add
nothing to its pauses.

Not taken: one ordered dict, whose growth is a pause of 50 ms at a million; a time for each return
path, which doubles what it costs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, pairwise, repeat

from attrs import define, field

SEGMENTS = 16
"""How many parts a full memory, and the time to live, have at the least."""
LARGEST_SEGMENT = 65_536
"""Making two segments of a quarter of that one takes a millisecond."""
CROWDED = 0.75
"""The part of the limit from which on the oldest are to leave: what comes while they are
written elsewhere needs room."""
NEARLY_FULL = 0.875
"""The part of the limit from which on they are to hurry."""
JOURNAL_FACTOR = 4
"""How many times the limit may have come and gone again before the oldest are to leave, few
though they are: as much is read again at the next start."""


@define(eq=False)
class Segment:
    """Return paths of about one age."""

    begun: float
    last: float
    """When the last of them came."""
    mark: int = 0
    """The number of the last batch that has to do with it."""
    entries: int = 0
    """How many return paths and ends of return paths came, those included that are gone again."""
    saved: int = 0
    """How many of its return paths lie elsewhere already."""
    is_leaving: bool = False
    """Whether somebody is at work on it: it is left as it is."""
    paths: dict[bytes, bytes] = field(factory=dict)


class RecentPaths:
    """A bounded table of octets to octets that forgets what is old.

    :param limit: return paths held; there are never more.
    :param lifetime: seconds that a return path is held; up to a sixteenth longer.
    """

    def __init__(self, limit: int, lifetime: float) -> None:
        self.forgotten = 0
        """Return paths that had to go for want of room."""
        self.left = 0
        """The number of the last batch that nothing is here of any more."""
        self.expected = 0
        """Return paths that are to come at once, as soon as they find room."""
        self._limit = limit
        self._lifetime = lifetime
        self._room = max(1, min(limit // SEGMENTS, LARGEST_SEGMENT))
        self._usual = -(-limit // self._room)
        self._segments: deque[Segment] = deque()
        """The youngest first."""
        self._gone: deque[dict[bytes, bytes]] = deque()
        """Return paths that are forgotten, but for the memory they take: that is freed bit by
        bit."""

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
        """Take ``paths`` in, of batch ``mark``, which also had ``ends`` ends of return paths."""
        segment = self._youngest(len(paths), now)
        if len(segment.paths) + len(paths) <= self._room:
            segment.paths.update(paths)
        else:
            for part in parts(paths, self._room):
                segment = self._youngest(len(part), now)
                segment.paths.update(part)
        segment.last = now
        segment.mark = mark
        segment.entries += len(paths) + ends
        self._free(2 * len(paths))

    def end(self, keys: Sequence[bytes]) -> None:
        """Forget ``keys``, known or not."""
        for segment in self._segments:
            # A loop in C, which ends without keeping anything.
            deque(map(segment.paths.pop, keys, repeat(None)), maxlen=0)

    def expire(self, now: float) -> None:
        """Forget the segments of which the last return path has lived long enough."""
        while self._segments and self._segments[-1].last + self._lifetime <= now:
            self._pop()
        self._free(LARGEST_SEGMENT // SEGMENTS)

    @property
    def is_crowded(self) -> bool:
        """Whether the oldest are to leave."""
        count = len(self)
        if count > CROWDED * self._limit:
            return True
        if self.expected and count + self.expected > self._limit - 2 * self._room:
            return count > 0
        entries = sum(segment.entries for segment in self._segments)
        return entries > JOURNAL_FACTOR * self._limit

    @property
    def is_nearly_full(self) -> bool:
        """Whether the oldest will soon have to be forgotten."""
        return len(self) > NEARLY_FULL * self._limit

    def next_to_leave(self) -> Segment | None:
        """The oldest segment, if it is to leave: to be saved, then `let_go`; else None.

        Its return paths are found and ended as before until then.
        """
        if not self._segments or not self.is_crowded:
            return None
        self._segments[-1].is_leaving = True
        return self._segments[-1]

    def is_here(self, segment: Segment) -> bool:
        """Whether a segment that was the oldest still is."""
        return bool(self._segments) and self._segments[-1] is segment

    def let_go(self, segment: Segment) -> None:
        """Forget the oldest segment, whose return paths lie elsewhere."""
        if self.is_here(segment):
            self._pop()

    def expires(self, segment: Segment) -> float:
        """When the return paths of ``segment`` have lived long enough, all of them."""
        return segment.last + self._lifetime

    def _youngest(self, count: int, now: float) -> Segment:
        """A segment that ``count`` return paths may be put into, or an empty one."""
        if self._segments:
            youngest = self._segments[0]
            is_full = bool(youngest.paths) and len(youngest.paths) + count > self._room
            # Where return paths end soon, none is ever full; what it costs at a start is.
            is_full = is_full or youngest.entries >= JOURNAL_FACTOR * self._room
            is_old = now >= youngest.begun + self._lifetime / SEGMENTS
            if not is_full and not is_old and not youngest.is_leaving:
                return youngest
        return self._begin(now)

    def _begin(self, now: float) -> Segment:
        older = len(self)
        while older + self._room > self._limit:
            oldest = self._segments[-1]
            older -= len(oldest.paths)
            self.forgotten += max(0, len(oldest.paths) - oldest.saved)
            self._pop()
        if len(self._segments) > self._usual:
            self._merge()
        self._segments.appendleft(Segment(now, now, self.left))
        return self._segments[0]

    def _pop(self) -> None:
        segment = self._segments.pop()
        self.left = max(self.left, segment.mark)
        self._gone.append(segment.paths)

    def _free(self, count: int) -> None:
        while self._gone and count > 0:
            paths = self._gone[0]
            part = min(count, len(paths))
            deque(islice(iter(paths.popitem, None), part), maxlen=0)
            count -= part
            if not paths:
                self._gone.popleft()

    def _merge(self) -> None:
        """Make the two neighbours one that are the smallest together, if that is no pause."""
        segments = list(self._segments)
        pairs = [
            (len(younger.paths) + len(older.paths), place)
            for place, (younger, older) in enumerate(pairwise(segments))
            if not older.is_leaving and younger.last - older.begun <= self._lifetime / SEGMENTS
        ]
        size, place = min(pairs, default=(self._room, 0))
        if size > self._room // 2:
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
