"""`LeftPaths`: return paths in a folder that is left over, until all of them have gone."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from attrs import evolve

from smppgate.store.faults import Faults
from smppgate.store.records import Durability, Limits
from smppgate.store.segments.paths import SegmentPaths
from smppgate.store.segments.records import BEGIN
from smppgate.store.segments.searching import Searched
from smppgate.store.segments.setting import Setting
from smppgate.store.worker import Workers
from smppgate.txsmpp.clock import Clock


class LeftPaths(SegmentPaths):
    """Nothing is kept here any more. All of it is indexed when it is open, and asked on disk.

    An end is noted by the process that asks, among its own: it asks for what has not ended alone.
    All ends stay that were noted here: they may be of return paths in another such folder.

    :param filters: octets of memory that filters may take; other indexes are asked on disk.
    """

    def __init__(
        self,
        clock: Clock,
        setting: Setting,
        workers: Workers,
        faults: Faults,
        limits: Limits,
        filters: int,
    ) -> None:
        bare = evolve(limits, return_paths_in_memory=1)
        super().__init__(clock, setting, workers, faults, bare, Durability.PROCESS, lambda: True)
        self.bound(inf, inf)
        self._shelf.filters = filters

    async def open(self) -> bool:
        """Take up what is in the folder, and close and index the segment that was open.

        What cannot be indexed now is tried again at each tick.
        """
        is_open = await super().open()
        if is_open:
            if self._log.segment.size > BEGIN:
                self._log.roll()
            self._upkeep.wake()
            await self._upkeep.settle()
        return is_open

    @property
    def oldest(self) -> float:
        """When the newest record of the oldest segment was written; infinite if there is none."""
        return self._shelf.segments[0].newest

    @property
    def is_empty(self) -> bool:
        """Whether all segments have gone."""
        return len(self._shelf.segments) == 1 and self._log.segment.size <= BEGIN

    def bound(self, octets: float, paths: float) -> None:
        """From now on the files may take so many octets, and there may be so many paths."""
        self._room.most, self._room.most_paths = octets, paths

    async def ask(self, keys: Sequence[bytes]) -> tuple[Searched, bool]:
        """Look ``keys`` up on disk; and whether all that there is could be asked."""
        is_indexed = all(it.is_whole or it.is_open for it in self._shelf.segments)
        searched, is_complete = await self._lookups.run(keys, ())
        return searched, is_complete and is_indexed
