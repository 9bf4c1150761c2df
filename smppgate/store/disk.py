"""`DiskStore`: a store in one folder, for one gate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from zope.interface import implementer

from smppgate.store.disk_queues import DiskQueues
from smppgate.store.home_paths import HomePaths
from smppgate.store.interface import IStore
from smppgate.store.one_process import OneProcess
from smppgate.store.opening import Opening
from smppgate.store.records import Durability, Found, Limits, StoreError, StoreStatistics
from smppgate.store.segments.home import Home
from smppgate.store.segments.setting import Setting
from smppgate.store.worker import Workers, store_workers
from smppgate.txsmpp.clock import Clock


@implementer(IStore)
class DiskStore(OneProcess, Opening):
    """Return paths in memory and in segments; queues and numbers in a SQLite file.

    :param reactor: with threads, unless there are ``workers``.
    :param directory: the folder of all files, created if it is missing.
    :param limits: how much is kept.
    :param durability: what return paths survive once `keep` has fired; queued messages always
        survive the end of the process.
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
        OneProcess.__init__(self)
        Opening.__init__(self, clock)
        path = Path(directory).absolute()
        self._workers = workers = workers or store_workers(IReactorFromThreads(reactor))
        self._queues = queues = DiskQueues(
            clock, path, limits.return_path_ttl, durability, workers
        )
        self._former = former = queues.former
        self._paths = HomePaths(
            clock,
            Home(path),
            setting or Setting.of(path, limits),
            workers,
            queues.faults,
            limits,
            durability,
            lambda: former.count > 0,
        )
        # The methods of the parts themselves, see there and in `IStore`: no call between.
        self.keep = self._paths.keep
        self.recent = self._paths.recent
        self.end = self._paths.end
        self.reserve_numbers = queues.reserve_numbers
        self.enqueue = queues.enqueue
        self.queued = queues.queued
        self.remove = queues.remove
        self.tell_expired = queues.tell_expired
        self.queue_sizes = queues.queue_sizes
        self.queue_ends = queues.queue_ends

    # The life of a store

    def _hurry(self) -> None:
        self._paths.stop_opening()

    async def _begin(self) -> None:
        try:
            await self._queues.begin()
        except StoreError:
            await self._stop_threads()
            raise
        self._start_ticks()
        try:
            if await self._paths.open():
                await self._former.adopt(self._paths)
        except StoreError:
            await self._end()
            raise

    async def _end(self) -> None:
        self._ticks.stop()
        await self._paths.close()
        await self._queues.end()
        await self._stop_threads()

    async def _stop_threads(self) -> None:
        for worker in (self._workers.log, self._workers.finder, self._workers.helper):
            await worker.stop()

    def _tick(self) -> None:
        self._paths.tick()
        self._queues.tick()

    # Return paths

    @property
    def keeps_at_once(self) -> bool:
        """See `IStore.keeps_at_once`."""
        return self._paths.keeps_at_once

    @property
    def is_all_recent(self) -> bool:
        """See `IStore.is_all_recent`."""
        return self._is_open and self._paths.is_all_recent and not self._former.count

    def find(self, keys: Sequence[bytes]) -> Deferred[Found]:
        """See `IStore.find`."""
        if self._former.count:
            return Deferred.fromCoroutine(self._find(keys))
        return self._paths.find(keys)

    async def _find(self, keys: Sequence[bytes]) -> Found:
        found, unknown = await self._paths.search(keys)
        if not unknown or not self._former.count:
            return found
        older, is_complete = await self._former.find(unknown)
        anew, _ = self._paths.ask_again(keys, {**older, **found.paths})
        return Found(anew, found.is_complete and is_complete)

    def statistics(self) -> StoreStatistics:
        """See `IStore.statistics`."""
        queues, paths = self._queues.statistics(), self._paths.statistics()
        return evolve(
            paths,
            paths_on_disk=paths.paths_on_disk + self._former.count,
            queued=queues.queued,
            octets=queues.octets + paths.octets,
            failures=queues.failures,
            fault=queues.fault,
        )
