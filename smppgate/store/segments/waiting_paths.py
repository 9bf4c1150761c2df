"""`WaitingPaths`: return paths that wait in segments until they have been passed on elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import isfinite

from twisted.internet.defer import Deferred

from smppgate.store.faults import Faults
from smppgate.store.records import Durability, Limits
from smppgate.store.segments.files import AnyFolder
from smppgate.store.segments.paths import SegmentPaths
from smppgate.store.segments.records import (
    BEGIN,
    MOST_KEYS,
    DamagedRecord,
    Record,
    keys_of,
    parts,
    unpack,
    walk,
)
from smppgate.store.segments.setting import Setting
from smppgate.store.segments.shelf import Segment
from smppgate.store.worker import Workers
from smppgate.txsmpp.clock import Clock


class WaitingPaths(SegmentPaths):
    """See `SegmentPaths`. All ends stay: they may be of return paths that are elsewhere."""

    def __init__(
        self,
        clock: Clock,
        setting: Setting,
        workers: Workers,
        faults: Faults,
        limits: Limits,
        durability: Durability,
    ) -> None:
        super().__init__(clock, setting, workers, faults, limits, durability, lambda: True)
        self._are_paths_open = self._are_paths_closed = False
        """Whether return paths may wait in the open segment, and in closed ones."""

    async def open(self) -> bool:
        """See `SegmentPaths.open`."""
        is_open = await super().open()
        self._are_paths_open = self._are_paths_closed = not self.is_empty
        return is_open

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        is_bare = len(self._shelf.segments) <= 1 and self._log.segment.size <= BEGIN
        return is_bare and not self._log.unsaved

    @property
    def newest(self) -> float:
        """When the newest of what waits was put here, as far as that is known."""
        known = [it.newest for it in self._shelf.segments if isfinite(it.newest)]
        return max(known, default=0.0)

    @property
    def is_behind(self) -> bool:
        """Whether return paths may wait: an end of one must come behind it."""
        return self._are_paths_open or self._are_paths_closed

    def put(
        self, time: float, paths: Mapping[bytes, bytes], ends: Mapping[bytes, float]
    ) -> Deferred[None]:
        """Let ``ends``, key to time, wait as those of ``time``, and ``paths`` behind them.

        :return: see `IReturnPaths.keep`.
        """
        for part in parts(ends, MOST_KEYS):
            self.adopt(time, {}, part)
        self._are_paths_open = self._are_paths_open or bool(paths)
        return self.keep(paths)

    def oldest(self) -> Segment | None:
        """The segment to be passed on next; the open one is closed for that.

        None if nothing waits, or if what waits is still to be written.
        """
        for segment in self._shelf.segments:
            if not (segment.is_open or segment.is_passed_on):
                return segment
        self._are_paths_closed = False
        if self._log.unsaved or self._log.segment.size <= BEGIN:
            return None
        self._are_paths_closed, self._are_paths_open = self._are_paths_open, False
        closed = self._log.segment.name
        self._log.roll()
        return self._shelf.named(closed)

    async def read(self, segment: Segment, start: int) -> tuple[list[Record], int]:
        """Some records of a closed segment from an octet on, and the octet behind them.

        None behind the last, and of a segment that has gone meanwhile.

        :raises OSError: when it cannot be read.
        """
        try:
            return await self._finder.run(
                _read, self._folder, segment.name.log, max(start, BEGIN), segment.size
            )
        except OSError:
            if segment in self._shelf.segments:
                raise
            return [], start

    def drop(self, segment: Segment) -> None:
        """All of ``segment``, the oldest, has been passed on."""
        if segment in self._shelf.segments:
            segment.is_passed_on = True
            self._tables.forget(segment.mark)
            self._upkeep.wake()


def _read(folder: AnyFolder, name: str, start: int, size: int) -> tuple[list[Record], int]:
    records: list[Record] = []
    entries = 0
    for place in walk(partial(folder.read, name), start, size):
        start = place.end
        try:
            record = unpack(place.body)
        except DamagedRecord:
            continue
        if record is not None:
            records.append(record)
            entries += sum(1 for _ in keys_of(record))
        if entries >= MOST_KEYS:
            break
    return records, start
