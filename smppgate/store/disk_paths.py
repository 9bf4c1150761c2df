"""`DiskPaths`: return paths in memory and in segments, in a folder of their own."""

from __future__ import annotations

from attrs import evolve
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from zope.interface import implementer

from smppgate.store.faults import Faults
from smppgate.store.home_paths import HomePaths
from smppgate.store.interface import IPathStore
from smppgate.store.opening import FolderOpening
from smppgate.store.records import Durability, Limits, StoreStatistics
from smppgate.store.segments.home import Home
from smppgate.store.segments.setting import Setting
from smppgate.store.worker import Workers, store_workers
from smppgate.txsmpp.clock import Clock


@implementer(IPathStore)
class DiskPaths(FolderOpening):
    """The return paths of a store, without queues.

    :param reactor: with threads, unless there are ``workers``.
    :param home: which process this is, and of how many. Its folder is created if it is missing;
        it is one process's at a time.
    :param limits: how much this process keeps.
    :param durability: what return paths survive once `keep` has fired.
    :param workers: used instead of threads; for tests.
    :param setting: where segments lie, and how large they are; for tests.
    """

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
        workers = workers or store_workers(IReactorFromThreads(reactor))
        super().__init__(clock, home.own, workers)
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
        # The methods of `HomePaths` themselves: no call between.
        self.keep = self._paths.keep
        self.recent = self._paths.recent
        self.end = self._paths.end
        self.find = self._paths.find
        self.find_beside = self._paths.find_beside

    # The life of it

    def _hurry(self) -> None:
        self._paths.stop_opening()

    async def _open_parts(self) -> None:
        await self._paths.open()

    async def _close_parts(self) -> None:
        await self._paths.close()

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

    def statistics(self) -> StoreStatistics:
        """Of return paths alone; see `IStore.statistics`."""
        faults = self._faults
        return evolve(self._paths.statistics(), failures=faults.failures, fault=str(faults))
