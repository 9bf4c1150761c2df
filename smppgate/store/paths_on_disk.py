"""`PathsOnDisk`: the return paths of a store alone, in the folder of one process of several."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import Deferred, DeferredLock, succeed
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure
from zope.interface import implementer

from smppgate.notices.store import STORE_IDLE
from smppgate.store.faults import Faults
from smppgate.store.home_paths import HomePaths
from smppgate.store.interface import IReturnPaths
from smppgate.store.records import Durability, Found, Limits, StoreError, StoreStatistics
from smppgate.store.segments.home import Home
from smppgate.store.segments.setting import Setting
from smppgate.store.sqlite.files import StateDirectory
from smppgate.store.worker import Workers, store_workers
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

TICK = 1.0
"""Seconds between two retries of what failed, and two looks for what has expired."""


@implementer(IReturnPaths)
class PathsOnDisk:
    """Return paths in memory and in segments, without queues and numbers.

    :param reactor: with threads, unless there are ``workers``.
    :param home: which process this is, and of how many.
    :param limits: the part of this process, see `Limits.part`.
    :param durability: what return paths survive once `keep` has fired.
    :param workers: used instead of threads; for tests.
    :param setting: where segments lie, and how large they are; for tests.
    """

    log = Logger()

    def __init__(
        self,
        reactor: IReactorTime,
        home: Home,
        limits: Limits,
        durability: Durability = Durability.PROCESS,
        workers: Workers | None = None,
        setting: Setting | None = None,
    ) -> None:
        clock = Clock.of(reactor)
        self._workers = workers = workers or store_workers(IReactorFromThreads(reactor))
        self._lock = StateDirectory(home.own)
        self._faults = Faults(str(home.own))
        self._paths = HomePaths(
            clock,
            home,
            setting or Setting.of(home.own, limits),
            workers,
            self._faults,
            limits,
            durability,
            lambda: False,
        )
        # The methods of `HomePaths` themselves, see there and in `IReturnPaths`: no call between.
        self.keep = self._paths.keep
        self.recent = self._paths.recent
        self.end = self._paths.end
        self.find_beside = self._paths.find_beside
        self._ticks = LoopingCall(self._paths.tick)
        self._ticks.clock = clock
        self._calls = DeferredLock()
        """Held by `open` and `close`."""
        self._is_open = False

    # The life of it

    def open(self) -> Deferred[None]:
        """See `IStore.open`."""
        return Deferred.fromCoroutine(self._open())

    def close(self) -> Deferred[None]:
        """See `IStore.close`."""
        self._paths.stop_opening()
        return Deferred.fromCoroutine(self._close())

    async def _open(self) -> None:
        async with self._calls:
            try:
                await self._workers.helper.run(self._lock.claim)
                await self._paths.open()
            except StoreError:
                await self._end()
                raise
            self._ticks.start(TICK, now=False).addErrback(self._log_end)
            self._is_open = True

    async def _close(self) -> None:
        async with self._calls:
            if self._is_open:
                self._is_open = False
                self._ticks.stop()
                await self._end()

    async def _end(self) -> None:
        await self._paths.close()
        self._lock.release()
        for worker in self._workers:
            await worker.stop()

    def _log_end(self, failure: Failure) -> None:
        self.log.tell_failure(STORE_IDLE, failure)

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
        """See `IStore.statistics`; there are no queues."""
        paths = self._paths
        return StoreStatistics(
            paths_recent=paths.count_recent,
            paths_on_disk=paths.count_on_disk,
            unsaved=paths.unsaved,
            lost=paths.lost,
            forgotten=paths.forgotten,
            octets=paths.octets,
            failures=self._faults.failures,
            fault=str(self._faults),
        )
