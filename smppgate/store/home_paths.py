"""`HomePaths`: the return paths of one process, with those that it takes over and those beside it.

What has been kept here is found here, and nowhere else is looked. Then come the folders that are
left over, if this process is their heir. Where there are none that costs one test.

So a return path of this process's own counts also where a key was kept anew, or has ended, in a
folder that is left over: there were fewer workers then, or more, and now there are as many as
before. SMSCs give no id twice in that time, and a receipt behind the final one is rare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from smppgate.notices.store import PATHS_NOT_FOUND
from smppgate.store.faults import Faults
from smppgate.store.leftovers import Leftovers
from smppgate.store.records import Durability, Found, Limits, StoreStatistics
from smppgate.store.segments.home import Home
from smppgate.store.segments.neighbours import Neighbours
from smppgate.store.segments.paths import SegmentPaths
from smppgate.store.segments.setting import Setting
from smppgate.store.worker import Workers
from smppgate.txsmpp.clock import Clock


class HomePaths(SegmentPaths):
    """See `SegmentPaths`.

    :param home: which process this is, and of how many.
    :param setting: that of ``home.own``.
    :param limits: those of this process.
    """

    def __init__(
        self,
        clock: Clock,
        home: Home,
        setting: Setting,
        workers: Workers,
        faults: Faults,
        limits: Limits,
        durability: Durability,
        keeps_marks: Callable[[], bool],
    ) -> None:
        super().__init__(
            clock,
            setting,
            workers,
            faults,
            limits,
            durability,
            # Ends of return paths that are left over are noted here.
            lambda: keeps_marks() or bool(self._leftovers),
        )
        room = self._room
        self._leftovers = Leftovers(
            clock, home, setting, workers, faults, limits, lambda: room.octets
        )
        self._neighbours = Neighbours(clock, home, workers.finder, limits.return_path_ttl)

    # The life of it

    async def open(self) -> bool:
        """See `SegmentPaths.open`."""
        is_open = await super().open()
        if is_open:
            await self._leftovers.open()
        return is_open

    def stop_opening(self) -> None:
        """See `SegmentPaths.stop_opening`."""
        super().stop_opening()
        self._leftovers.stop_opening()

    async def close(self) -> None:
        """See `SegmentPaths.close`."""
        # It ends the process that makes the indexes of what is left over, too.
        await super().close()
        await self._leftovers.close()

    def tick(self) -> None:
        """See `SegmentPaths.tick`."""
        super().tick()
        self._leftovers.tick()
        self._neighbours.tick()

    # Return paths

    @property
    def is_all_recent(self) -> bool:
        """See `SegmentPaths.is_all_recent`."""
        return not self._leftovers and super().is_all_recent

    def find(self, keys: Sequence[bytes]) -> Deferred[Found]:
        """See `IReturnPaths.find`."""
        found, missing = self.ask_memory(keys)
        if not missing or self.is_all_recent:
            return succeed(Found(found))
        return Deferred.fromCoroutine(self._find(keys))

    async def _find(self, keys: Sequence[bytes]) -> Found:
        found, _ = await self.search(keys)
        return found

    async def search(self, keys: Sequence[bytes]) -> tuple[Found, list[bytes]]:
        """See `SegmentPaths.search`."""
        found, unknown = await super().search(keys)
        if not unknown or not self._leftovers:
            return found, unknown
        older, is_complete = await self._leftovers.find(unknown)
        anew, missing = self.ask_again(keys, {**older, **found.paths})
        unknown = [key for key in missing if key in unknown]
        return Found(anew, found.is_complete and is_complete), unknown

    def find_beside(self, keys: Sequence[bytes]) -> Deferred[Mapping[bytes, bytes]]:
        """See `IReturnPaths.find_beside`."""
        if not self._is_open:
            return succeed({})
        finding: Deferred[Mapping[bytes, bytes]]
        finding = Deferred.fromCoroutine(self._neighbours.find(keys))
        return finding.addErrback(self._not_found)

    def _not_found(self, failure: Failure) -> dict[bytes, bytes]:
        self.log.tell_failure(PATHS_NOT_FOUND, failure)
        return {}

    # Statistics

    def statistics(self) -> StoreStatistics:
        """Of return paths alone, without what fails."""
        return StoreStatistics(
            paths_recent=self.count_recent,
            paths_on_disk=self.count_on_disk,
            unsaved=self.unsaved,
            lost=self.lost,
            forgotten=self.forgotten,
            octets=self.octets,
        )

    @property
    def count_on_disk(self) -> int:
        """See `SegmentPaths.count_on_disk`."""
        return super().count_on_disk + self._leftovers.count

    @property
    def octets(self) -> int:
        """See `SegmentPaths.octets`."""
        return super().octets + self._leftovers.octets

    @property
    def forgotten(self) -> int:
        """See `SegmentPaths.forgotten`."""
        return super().forgotten + self._leftovers.forgotten
