"""`DiskPaths`: return paths in memory and in segments, in a folder of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime

from smppgate.store.faults import Faults
from smppgate.store.opening import Opening
from smppgate.store.records import Durability, Found, Limits, StoreError, StoreStatistics
from smppgate.store.segments.paths import SegmentPaths
from smppgate.store.segments.setting import Setting
from smppgate.store.sqlite.files import StateDirectory
from smppgate.store.worker import Workers, store_workers
from smppgate.txsmpp.clock import Clock


class DiskPaths(Opening):
    """The return paths of a store, without queues: `IReturnPaths`.

    :param reactor: with threads, unless there are ``workers``.
    :param directory: the folder of all files, created if it is missing; one process's at a time.
    :param limits: how much is kept.
    :param durability: what return paths survive once `keep` has fired.
    :param workers: used instead of threads; for tests.
    :param setting: where segments lie, and how large they are; for tests.
    """

    def __init__(
        self,
        reactor: IReactorTime,
        directory: str | Path,
        limits: Limits,
        durability: Durability = Durability.PROCESS,
        workers: Workers | None = None,
        setting: Setting | None = None,
    ) -> None:
        clock = Clock.of(reactor)
        super().__init__(clock)
        path = Path(directory).absolute()
        self._workers = workers = workers or store_workers(IReactorFromThreads(reactor))
        self._directory = StateDirectory(path)
        self._faults = Faults(str(path))
        self._paths = SegmentPaths(
            clock,
            setting or Setting.of(path, limits),
            workers,
            self._faults,
            limits,
            durability,
            lambda: False,
        )
        # The methods of `SegmentPaths` themselves: no call between.
        self.keep = self._paths.keep
        self.recent = self._paths.recent
        self.end = self._paths.end

    # The life of it

    def _hurry(self) -> None:
        self._paths.stop_opening()

    async def _begin(self) -> None:
        helper = self._workers.helper
        try:
            await helper.run(self._directory.claim)
        except StoreError:
            await helper.stop()
            raise
        self._start_ticks()
        try:
            await self._paths.open()
        except StoreError:
            await self._end()
            raise

    async def _end(self) -> None:
        self._ticks.stop()
        await self._paths.close()
        for worker in (self._workers.log, self._workers.finder, self._workers.helper):
            await worker.stop()
        self._directory.release()

    def _tick(self) -> None:
        self._paths.tick()

    # Return paths

    @property
    def keeps_at_once(self) -> bool:
        """See `IStore.keeps_at_once`."""
        return self._paths.keeps_at_once

    @property
    def is_all_recent(self) -> bool:
        """See `IStore.is_all_recent`."""
        return self._is_open and self._paths.is_all_recent

    def find(self, keys: Sequence[bytes]) -> Deferred[Found]:
        """See `IStore.find`."""
        found, missing = self._paths.ask_memory(keys)
        if not missing or self.is_all_recent:
            return succeed(Found(found))
        return Deferred.fromCoroutine(self._find(keys))

    async def _find(self, keys: Sequence[bytes]) -> Found:
        found, _ = await self._paths.search(keys)
        return found

    def statistics(self) -> StoreStatistics:
        """Of return paths alone; see `IStore.statistics`."""
        paths, faults = self._paths, self._faults
        return StoreStatistics(
            paths_recent=paths.count_recent,
            paths_on_disk=paths.count_on_disk,
            unsaved=paths.unsaved,
            lost=paths.lost,
            forgotten=paths.forgotten,
            octets=paths.octets,
            failures=faults.failures,
            fault=str(faults),
        )
