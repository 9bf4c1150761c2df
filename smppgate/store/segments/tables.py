"""The newest return paths, and ends of return paths, in memory.

They lie in a row of tables by age. New ones go into the youngest; when it is full or old enough
the next one begins. The oldest leaves as a whole, but not before all of it is indexed on disk: so
a key that is neither in memory nor in an index is nowhere. Tables are small, so that neither
growing nor dropping one is a pause for the reactor, and few: a look-up asks each that is younger
than the return path it finds.

A record has a *mark*: how many return paths and ends there were up to and with it, since the
start. A table knows the mark of its newest record, and all up to the mark `indexed` is indexed.

Keys and values are octets, which Python's cycle collector passes over: a million return paths add
nothing to its pauses.

Rejected: one ordered dict, whose growth is a pause of 50 ms at a million; a time for each return
path, which doubles the memory it takes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from itertools import repeat

from attrs import define, field

from smppgate.store.freeing import Freeing
from smppgate.store.segments.records import parts

SPANS = 16
"""Into how many spans the time to live is divided, of one table each at least."""


@define(eq=False)
class Table:
    """Return paths of about one age, and ends. Mutable: it is on the hot path."""

    begun: float
    newest: float
    """When the newest of them was kept."""
    mark: float = 0
    """Of its newest record; infinite while it is to be written once more."""
    paths: dict[bytes, bytes] = field(factory=dict)
    ends: dict[bytes, float] = field(factory=dict)
    """Key → when its return path ends. In a table an end is newer than a return path."""

    def __len__(self) -> int:
        return len(self.paths) + len(self.ends)


class Tables:
    """All of memory.

    :param limit: return paths and ends that memory is to have at most, but for those that are not
        indexed.
    :param lifetime: seconds that a return path is kept; up to a sixteenth longer.
    :param size: return paths and ends of a table.
    """

    def __init__(self, limit: int, lifetime: float, size: int) -> None:
        self.absent_until = float("-inf")
        """When the newest return path was kept that may be on disk and is not in memory."""
        self.indexed: float = 0
        """The mark up to which all is indexed."""
        self.limit = limit
        self._lifetime = lifetime
        self._size = size
        self._tables: deque[Table] = deque()
        """The youngest first."""
        self._count = 0
        """In all tables but the youngest."""
        self._freeing = Freeing()
        self._hidden: float = 0
        """The mark up to which memory had to drop what was not indexed."""

    def __len__(self) -> int:
        return self._count + (len(self._tables[0]) if self._tables else 0)

    @property
    def paths(self) -> int:
        """Return paths in memory, ended ones included."""
        return sum(len(table.paths) for table in self._tables)

    @property
    def is_hidden(self) -> bool:
        """Whether something is neither indexed nor here, because there was too much of it."""
        return self._hidden > self.indexed

    def get(self, key: bytes, now: float) -> bytes | None:
        """The newest value of ``key``, unless it has ended by ``now``."""
        is_marked = False
        for table in self._tables:
            if table.ends and not is_marked and key in table.ends:
                if table.ends[key] <= now:
                    return None
                is_marked = True
            value = table.paths.get(key)
            if value is not None:
                return value
        return None

    def end_of(self, key: bytes) -> float | None:
        """When ``key`` ends, if memory has an end that is newer than its return path."""
        for table in self._tables:
            if key in table.ends:
                return table.ends[key]
            if key in table.paths:
                return None
        return None

    def update(self, paths: Mapping[bytes, bytes], now: float, mark: float) -> None:
        """Add ``paths``, kept at ``now`` with the record ``mark``."""
        if not paths:
            return
        table = self._youngest(len(paths), now, mark)
        if len(table) + len(paths) <= self._size:
            _put(table, paths)
        else:
            for part in parts(paths, self._size):
                table = self._youngest(len(part), now, mark)
                _put(table, part)
        self._freeing.step(2 * len(paths))

    def end(self, ends: Mapping[bytes, float], now: float, mark: float) -> dict[bytes, float]:
        """Let keys end when ``ends`` say; those are returned that have not ended by ``now``."""
        noted: dict[bytes, float] = {}
        for key, at in ends.items():
            known = self.end_of(key)
            if known is None or known > now:
                noted[key] = at
        self.add_ends(noted, now, mark)
        return noted

    def add_ends(self, ends: Mapping[bytes, float], now: float, mark: float) -> None:
        """Add ``ends``, which are newer than all return paths here."""
        if ends:
            self._youngest(len(ends), now, mark).ends.update(ends)

    def expire(self, now: float) -> None:
        """Drop the tables of which even the newest return path has expired, indexed or not."""
        while self._tables and self._tables[-1].newest + self._lifetime <= now:
            self._pop()
        self._freeing.step(self._size // SPANS)

    def shrink(self, most: int) -> None:
        """Drop the oldest tables beyond the limit that are indexed; beyond ``most``, any."""
        while len(self._tables) > 1:
            oldest = self._tables[-1]
            if len(self) <= self.limit or oldest.mark > self.indexed:
                break
            self._drop(oldest)
        while len(self) > most and len(self._tables) > 1:
            self._hidden = max(self._hidden, self._tables[-1].mark)
            self._drop(self._tables[-1])

    def forget(self, mark: float) -> None:
        """Drop the tables of which all is elsewhere: what has marks up to ``mark``."""
        while self._tables and self._tables[-1].mark <= mark:
            self._pop()

    def hold_unindexed(self) -> list[Table]:
        """The tables with anything that is not indexed, the oldest first, to be written again.

        None of them grows any more, and all stay until their marks are set.
        """
        found = [table for table in self._tables if table.mark > self.indexed]
        if found:
            self._begin(found[0].newest, self.indexed)
        for table in found:
            table.mark = float("inf")
        return found[::-1]

    def state(self, keys: Iterable[bytes]) -> tuple[dict[bytes, bytes], dict[bytes, float]]:
        """The newest value of each of ``keys``, and the ends that are newer than it."""
        paths: dict[bytes, bytes] = {}
        ends: dict[bytes, float] = {}
        for key in keys:
            at = self.end_of(key)
            if at is not None:
                ends[key] = at
            value = self.get(key, float("-inf"))
            if value is not None:
                paths[key] = value
        return paths, ends

    def _drop(self, table: Table) -> None:
        self.absent_until = max(self.absent_until, table.newest)
        self._pop()

    def _youngest(self, count: int, now: float, mark: float) -> Table:
        """A table that has room for ``count`` entries, or an empty one."""
        if self._tables:
            youngest = self._tables[0]
            is_full = len(youngest) and len(youngest) + count > self._size
            if not is_full and now < youngest.begun + self._lifetime / SPANS:
                youngest.newest = max(youngest.newest, now)
                youngest.mark = max(youngest.mark, mark)
                return youngest
        return self._begin(now, mark)

    def _begin(self, now: float, mark: float) -> Table:
        if self._tables:
            self._count += len(self._tables[0])
        self._tables.appendleft(Table(now, now, mark))
        return self._tables[0]

    def _pop(self) -> None:
        table = self._tables.pop()
        if self._tables:
            self._count -= len(table)
        self._freeing.add(table.paths)
        self._freeing.add(table.ends)


def _put(table: Table, paths: Mapping[bytes, bytes]) -> None:
    if table.ends:
        # A loop in C; a deque of no length keeps none of the results.
        deque(map(table.ends.pop, paths, repeat(None)), maxlen=0)
    table.paths.update(paths)
