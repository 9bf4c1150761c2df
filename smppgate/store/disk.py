"""`DiskStore`: a store in one folder, for one gate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from twisted.internet.defer import Deferred, DeferredLock, succeed
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure
from zope.interface import implementer

from smppgate.notices.store import STORE_IDLE
from smppgate.store.home_paths import HomePaths
from smppgate.store.interface import IStore
from smppgate.store.one_process import OneProcess
from smppgate.store.records import (
    Durability,
    Enqueued,
    Found,
    Limits,
    NewMessage,
    QueuedMessage,
    StoreError,
    StoreStatistics,
)
from smppgate.store.segments.home import Home
from smppgate.store.segments.setting import Setting
from smppgate.store.sqlite.disk import Disk
from smppgate.store.sqlite.former import FormerPaths
from smppgate.store.sqlite.message_queue import MessageQueue
from smppgate.store.sqlite.tables import Contents
from smppgate.store.sqlite.upkeep import Upkeep
from smppgate.store.worker import Workers, store_workers
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

TICK = 1.0
"""Seconds between two retries of what failed, and two looks for what has expired."""


@implementer(IStore)
class DiskStore(OneProcess):
    """Return paths in memory and in segments; queues and numbers in a SQLite file.

    :param reactor: with threads, unless there are ``workers``.
    :param directory: the folder of all files, created if it is missing.
    :param limits: how much is kept.
    :param durability: what return paths survive once `keep` has fired; queued messages always
        survive the end of the process.
    :param workers: used instead of threads; for tests.
    :param setting: where segments lie, and how large they are; for tests.
    """

    log = Logger()

    def __init__(
        self,
        reactor: IReactorTime,
        directory: str | Path,
        limits: Limits,
        durability: Durability = Durability.PROCESS,
        workers: Workers | None = None,
        setting: Setting | None = None,
    ) -> None:
        super().__init__()
        self._clock = clock = Clock.of(reactor)
        path = Path(directory).absolute()
        self._workers = workers = workers or store_workers(IReactorFromThreads(reactor))
        self._disk = disk = Disk(clock, workers, path, durability, self._renewed)
        self._queue = MessageQueue(clock, disk)
        self._former = former = FormerPaths(clock, disk, limits.return_path_ttl)
        self._upkeep = Upkeep(clock, disk, (self._queue.expire, former.expire))
        self._paths = HomePaths(
            clock,
            Home(path),
            setting or Setting.of(path, limits),
            workers,
            disk.faults,
            limits,
            durability,
            lambda: former.count > 0,
        )
        # The methods of `HomePaths` themselves, see there and in `IStore`: no call between.
        self.keep = self._paths.keep
        self.recent = self._paths.recent
        self.end = self._paths.end
        self._ticks = LoopingCall(self._tick)
        self._ticks.clock = clock
        self._lock = DeferredLock()
        """Held by `open` and `close`."""
        self._is_open = False

    # The life of a store

    def open(self) -> Deferred[None]:
        """See `IStore.open`."""
        return Deferred.fromCoroutine(self._open())

    def close(self) -> Deferred[None]:
        """See `IStore.close`."""
        self._paths.stop_opening()
        return Deferred.fromCoroutine(self._close())

    async def _open(self) -> None:
        async with self._lock:
            try:
                self._begin(await self._disk.open())
            except StoreError:
                await self._stop_threads()
                raise
            self._ticks.start(TICK, now=False).addErrback(self._log_end)
            try:
                if await self._paths.open():
                    await self._former.adopt(self._paths)
            except StoreError:
                await self._end()
                raise
            self._is_open = True

    async def _close(self) -> None:
        async with self._lock:
            if self._is_open:
                self._is_open = False
                await self._end()

    async def _end(self) -> None:
        self._ticks.stop()
        await self._paths.close()
        await self._queue.settle()
        await self._upkeep.stop()
        await self._disk.close()
        await self._stop_threads()

    async def _stop_threads(self) -> None:
        for worker in (self._workers.log, self._workers.finder, self._workers.helper):
            await worker.stop()

    def _begin(self, contents: Contents) -> None:
        self._former.begin(contents)
        self._queue.begin(contents.queued)
        self._upkeep.wake()

    def _renewed(self, contents: Contents) -> None:
        self._begin(contents)

    def _tick(self) -> None:
        self._paths.tick()
        self._disk.tick()
        self._queue.tick()
        self._upkeep.tick()

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
        return self._is_open and self._paths.is_all_recent and not self._former.count

    def find(self, keys: Sequence[bytes]) -> Deferred[Found]:
        """See `IStore.find`."""
        found, missing = self._paths.ask_memory(keys)
        if not missing or self.is_all_recent:
            return succeed(Found(found))
        return Deferred.fromCoroutine(self._find(keys))

    async def _find(self, keys: Sequence[bytes]) -> Found:
        found, unknown = await self._paths.search(keys)
        if not unknown or not self._former.count:
            return found
        older, is_complete = await self._former.find(unknown)
        # A key may have been kept anew, or have ended, while they were looked for.
        anew, missing = self._paths.ask_memory(keys)
        older.update(found.paths)
        anew.update((key, older[key]) for key in missing if key in older)
        return Found(anew, found.is_complete and is_complete)

    # Numbers and queues

    def reserve_numbers(self, count: int) -> Deferred[int]:
        """See `IStore.reserve_numbers`."""
        return self._queue.reserve(count)

    def enqueue(self, messages: Sequence[NewMessage]) -> Deferred[list[Enqueued]]:
        """See `IStore.enqueue`."""
        return self._queue.enqueue(messages)

    def queued(self, account: bytes, after: int, limit: int) -> Deferred[list[QueuedMessage]]:
        """See `IStore.queued`."""
        return Deferred.fromCoroutine(self._queue.queued(account, after, limit))

    def remove(self, account: bytes, numbers: Sequence[int]) -> Deferred[None]:
        """See `IStore.remove`."""
        return self._queue.remove(account, numbers)

    def tell_expired(self, told: Callable[[bytes, QueuedMessage], None]) -> None:
        """See `IStore.tell_expired`."""
        self._queue.told = told

    def queue_sizes(self) -> Deferred[dict[bytes, int]]:
        """See `IStore.queue_sizes`."""
        return Deferred.fromCoroutine(self._queue.sizes())

    def queue_ends(self) -> Deferred[dict[bytes, float]]:
        """See `IStore.queue_ends`."""
        return Deferred.fromCoroutine(self._queue.ends())

    def statistics(self) -> StoreStatistics:
        """See `IStore.statistics`."""
        paths = self._paths
        return StoreStatistics(
            paths_recent=paths.count_recent,
            paths_on_disk=paths.count_on_disk + self._former.count,
            unsaved=paths.unsaved,
            lost=paths.lost,
            forgotten=paths.forgotten,
            queued=self._queue.count,
            octets=self._disk.octets + paths.octets,
            failures=self._disk.faults.failures,
            fault=str(self._disk.faults),
        )
