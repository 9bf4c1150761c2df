"""`SegmentPaths`: return paths in memory and in segments.

The life of a return path:

1. `keep` packs the return paths of one turn, with the ends that came since, into a record, puts
   them into memory (`tables`) and has the record written (`log`).
2. When enough has been written an index of it is made (`indexer`), in a process of its own. Memory
   lets go of the oldest that is indexed, beyond what it is to have.
3. `find` asks memory, then the indexes from the youngest to the oldest (`searching`).
4. `end` notes when it ends, in memory and in the next record. Nothing is deleted for that.
5. Its segment goes as a whole when its newest return path has expired; or, when room is short, it
   is compacted or forgotten (`room`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from twisted.internet.defer import Deferred, succeed

from smppgate.notices.store import PATHS_UNWRITTEN
from smppgate.store.faults import Faults
from smppgate.store.records import Durability, Found, Limits, StoreError
from smppgate.store.segments.appending import OpenSegment
from smppgate.store.segments.parts import put_together
from smppgate.store.segments.records import MOST_KEYS, pack, parts
from smppgate.store.segments.setting import Setting
from smppgate.store.segments.shelf import Segment
from smppgate.store.worker import Workers
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

MOST_ENDS = 1024
"""Ends that wait for a record to take them along."""


class SegmentPaths:
    """All return paths of a store.

    :param keeps_marks: whether return paths lie beside the segments that ends may be of.
    """

    log = Logger()

    def __init__(
        self,
        clock: Clock,
        setting: Setting,
        workers: Workers,
        faults: Faults,
        limits: Limits,
        durability: Durability,
        keeps_marks: Callable[[], bool],
    ) -> None:
        self._clock = clock
        self._folder = setting.folder
        self._jobs = setting.jobs
        self._finder = workers.finder
        self._lifetime = limits.return_path_ttl
        self._mark = 0
        self._asked: dict[bytes, float] = {}
        """Ends that were asked for since memory was asked or written: they are noted together."""
        self._ends: dict[bytes, float] = {}
        """Ends that the next record will have."""
        self._is_open = False
        parts = put_together(
            clock,
            setting,
            workers,
            faults,
            limits,
            durability,
            closed=self._closed,
            append=self.append,
            keeps_marks=keeps_marks,
        )
        self._shelf, self._tables, self._log = parts.shelf, parts.tables, parts.log
        self._indexer, self._room, self._watch = parts.indexer, parts.room, parts.watch
        self._upkeep, self._opening, self._most = parts.upkeep, parts.opening, parts.most
        self._lookups = parts.lookups

    # The life of it

    async def open(self) -> bool:
        """Take up what is in the folder; False if `stop_opening` came in between.

        :raises StoreError: when an operator has to act, or the folder cannot be used.
        """
        try:
            self._mark = await self._opening.run()
        except OSError as error:
            raise StoreError(f"the return paths on disk cannot be used: {error}") from error
        if not self._opening.is_stopped:
            self._is_open = True
            self._upkeep.wake()
        return self._is_open

    def stop_opening(self) -> None:
        """Let `open` end soon."""
        self._opening.stop()

    async def settle(self) -> bool:
        """Wait until the disk has all; whether it does."""
        await self._log.settle()
        return not self._log.unsaved

    async def close(self) -> None:
        """Write what is not written, and close all files."""
        self._jobs.stop()
        if self._is_open:
            self._watch.stop()
            self.append_ends()
            await self._log.settle()
            if self._log.unsaved:
                self.log.tell(PATHS_UNWRITTEN, count=self._log.unsaved)
        self._is_open = False
        await self._upkeep.stop()
        self._log.close()
        await self._finder.run(self._folder.close)

    def tick(self) -> None:
        """Retry what failed, and let go what has expired; called once a second."""
        if not self._is_open:
            return
        self._tables.expire(self._clock.wall())
        self.append_ends()
        self._log.tick()
        self._watch.tick()
        self._lookups.tick()
        self._tables.shrink(self._most)
        self._indexer.tick()
        self._upkeep.tick()

    # Return paths

    @property
    def keeps_at_once(self) -> bool:
        """See `IStore.keeps_at_once`."""
        return self._log.keeps_at_once

    @property
    def is_all_recent(self) -> bool:
        """Whether memory has every live return path of segments."""
        return self._is_open and self._tables.absent_until < self._clock.wall() - self._lifetime

    def keep(self, paths: Mapping[bytes, bytes], waited: float = 0.0) -> Deferred[None]:
        """See `IStore.keep`."""
        now = self._clock.wall()
        self._note_ends()
        if len(paths) <= MOST_KEYS:
            return self._append(now, paths, pack(now, paths, self._ends))
        self.append_ends()
        # All are packed before any is kept: one that is no octets is refused with all others.
        packed = [(part, pack(now, part)) for part in parts(paths, MOST_KEYS)]
        # Records are written in order: the last of them is written last.
        return [self._append(now, *record) for record in packed][-1]

    def recent(self, key: bytes) -> bytes | None:
        """See `IStore.recent`."""
        if self._asked:
            self._note_ends()
        return self._tables.get(key, self._clock.wall())

    def end(self, keys: Sequence[bytes], grace: float) -> None:
        """See `IStore.end`."""
        at = self._clock.wall() + grace
        for key in keys:
            self._asked[key] = at
        if len(self._asked) + len(self._ends) >= MOST_ENDS:
            self.append_ends()

    def ask_memory(self, keys: Sequence[bytes]) -> tuple[dict[bytes, bytes], list[bytes]]:
        """What memory has of ``keys``, and those that it does not know."""
        self._note_ends()
        now = self._clock.wall()
        found: dict[bytes, bytes] = {}
        missing: list[bytes] = []
        for key in keys:
            value = self._tables.get(key, now)
            if value is not None:
                found[key] = value
                continue
            at = self._tables.end_of(key)
            if at is None or at > now:
                missing.append(key)
        return found, missing

    async def search(self, keys: Sequence[bytes]) -> tuple[Found, list[bytes]]:
        """What there is of ``keys``, and those of which there is nothing."""
        in_memory, missing = self.ask_memory(keys)
        if not missing or self.is_all_recent or not self._is_open:
            return Found(in_memory), missing
        ends = [key for key in missing if self._tables.end_of(key) is not None]
        searched, is_complete = await self._lookups.run(missing, ends)
        # What memory had may be in an index by now, which was not asked.
        found, missing = self.ask_again(keys, in_memory | searched.paths)
        unknown = [key for key in missing if key in searched.unknown]
        return Found(found, is_complete), unknown

    def ask_again(
        self, keys: Sequence[bytes], older: Mapping[bytes, bytes]
    ) -> tuple[dict[bytes, bytes], list[bytes]]:
        """What memory has of ``keys``, and ``older`` of the others; and those that neither has.

        A key may have been kept anew, or have ended, while ``older`` was looked for.
        """
        found, missing = self.ask_memory(keys)
        found.update((key, older[key]) for key in missing if key in older)
        return found, [key for key in missing if key not in older]

    def append_ends(self) -> None:
        """Write the ends that no record has yet."""
        self._note_ends()
        ends, self._ends = self._ends, {}
        for part in parts(ends, MOST_KEYS):
            self.append(self._clock.wall(), {}, part)

    def append(
        self, time: float, paths: Mapping[bytes, bytes], marks: Mapping[bytes, float]
    ) -> float:
        """Write a record of that time which memory has already; returns its mark."""
        count = len(paths) + len(marks)
        self._mark += count
        self._log.append(self._mark, time, pack(time, paths, marks), count)
        return self._mark

    def adopt(
        self, time: float, paths: Mapping[bytes, bytes], marks: Mapping[bytes, float]
    ) -> None:
        """Take in a record of an earlier time."""
        mark = self._mark + len(paths) + len(marks)
        self._tables.add_ends(marks, time, mark)
        self._tables.update(paths, time, mark)
        self.append(time, paths, marks)
        if self._indexer.is_due:
            self._upkeep.wake()

    # Statistics

    @property
    def count_recent(self) -> int:
        """Return paths in memory, ended ones included."""
        return self._tables.paths

    @property
    def count_on_disk(self) -> int:
        """Return paths in segments, and those ends that no index has."""
        return self._shelf.paths + int(self._log.written - self._tables.indexed)

    @property
    def unsaved(self) -> int:
        """Return paths and ends that are still to be written."""
        return self._log.unsaved + len(self._asked) + len(self._ends)

    @property
    def lost(self) -> int:
        """Return paths and ends that were dropped unwritten."""
        return self._log.lost

    @property
    def forgotten(self) -> int:
        """Return paths that went before they had expired."""
        return self._room.forgotten

    @property
    def octets(self) -> int:
        """Of all files, at the latest tick."""
        return self._room.octets

    # Parts of that

    def _note_ends(self) -> None:
        """Put the ends that were asked for into memory and into the next record."""
        asked, self._asked = self._asked, {}
        if asked:
            noted = self._tables.end(asked, self._clock.wall(), self._mark + 1)
            self._ends.update(noted)

    def _append(self, now: float, paths: Mapping[bytes, bytes], octets: bytes) -> Deferred[None]:
        count = len(paths) + len(self._ends)
        if not count:
            return succeed(None)
        if self._ends:
            self._ends = {}
        mark = self._mark = self._mark + count
        self._tables.update(paths, now, mark)
        if not self._is_open:
            return succeed(None)
        done = self._log.append(mark, now, octets, count)
        if self._indexer.is_due:
            self._upkeep.wake()
        return done

    def _closed(self, old: OpenSegment) -> None:
        """The segment ``old`` gets no more records."""
        segment = self._shelf.named(old.name)
        if segment is not None:
            segment.is_open = False
            segment.size, segment.written = old.size, old.entries
            segment.mark, segment.seen = old.mark, old.newest
        self._shelf.add(Segment(self._log.segment.name, 0, is_open=True))
        if self._is_open:
            self._upkeep.wake()
