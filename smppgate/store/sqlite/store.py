"""`SqliteStore`: a store in one file, for one gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure
from zope.interface import implementer

from smppgate.store.interface import IStore
from smppgate.store.one_process import OneProcess
from smppgate.store.path_ends import PathEnds
from smppgate.store.recent import RecentPaths
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
from smppgate.store.sqlite.batches import Batches
from smppgate.store.sqlite.disk import Disk
from smppgate.store.sqlite.message_queue import MessageQueue
from smppgate.store.sqlite.replay import Replay
from smppgate.store.sqlite.return_paths import ReturnPaths
from smppgate.store.sqlite.tables import Contents
from smppgate.store.sqlite.upkeep import Upkeep
from smppgate.store.worker import Workers, store_workers
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

TICK = 1.0
"""Seconds between two retries of what failed, and two looks for what has expired."""


@implementer(IStore)
class SqliteStore(OneProcess):
    """Return paths in memory and in a journal on disk; older ones, and queues, in tables.

    :param reactor: with threads, unless there are ``workers``.
    :param directory: the folder of the file, created if it is missing.
    :param limits: how much is kept.
    :param durability: what return paths survive once `keep` has fired; queued messages always
        survive the end of the process.
    :param workers: used instead of threads; for tests.
    """

    log = Logger()
    keeps_at_once = False

    def __init__(
        self,
        reactor: IReactorTime,
        directory: str | Path,
        limits: Limits,
        durability: Durability = Durability.PROCESS,
        workers: Workers | None = None,
    ) -> None:
        super().__init__()
        self._clock = clock = Clock.of(reactor)
        path = Path(directory).absolute()
        workers = workers or store_workers(IReactorFromThreads(reactor))
        self._disk = disk = Disk(clock, workers, path, durability, self._renewed)
        self._recent = recent = RecentPaths(limits.recent, limits.return_path_ttl)
        self._batches = Batches(disk, durability is not Durability.NONE)
        self._queue = MessageQueue(clock, disk)
        self._upkeep = Upkeep(clock, disk, recent, limits.return_paths, (self._queue.expire,))
        self._paths = ReturnPaths(clock, disk, recent, self._batches, self._upkeep)
        self._ends = PathEnds(clock, self._paths.end)
        self._replay = Replay(clock, disk, recent, self._upkeep, limits)
        self._reported_forgotten = 0
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
        self._replay.stop()
        return Deferred.fromCoroutine(self._close())

    async def _open(self) -> None:
        async with self._lock:
            self._begin(await self._disk.open())
            self._ticks.start(TICK, now=False).addErrback(self._log_end)
            try:
                await self._replay.run(self._paths.last_batch)
            except StoreError:
                await self._disk.renewal()
                if not self._disk.was_renewed:
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
        self._ends.stop()
        self._paths.append_ended()
        await self._batches.settle()
        await self._queue.settle()
        await self._upkeep.stop()
        await self._disk.close()
        if self._batches.unsaved:
            self.log.error(
                "{count} return paths could not be written", count=self._batches.unsaved
            )

    def _begin(self, contents: Contents) -> None:
        self._paths.begin(contents.last_batch)
        self._upkeep.begin(contents.archived)
        self._queue.begin(contents.queued)

    def _renewed(self, contents: Contents) -> None:
        self._begin(contents)
        self._batches.tick()

    def _tick(self) -> None:
        self._recent.expire(self._clock.wall())
        self._paths.append_ended()
        self._disk.tick()
        self._batches.tick()
        self._queue.tick()
        self._upkeep.tick()
        self._warn_of_forgotten()

    @property
    def _forgotten(self) -> int:
        return self._recent.forgotten + self._upkeep.forgotten

    def _warn_of_forgotten(self) -> None:
        """Log a warning at the first forgotten return path, and each time that they doubled."""
        if self._forgotten > 2 * self._reported_forgotten:
            self._reported_forgotten = self._forgotten
            self.log.warn(
                "{count} return paths were forgotten before they expired: more arrive than "
                "`return_paths` allows, or than can be moved out of memory. Receipts for their "
                "messages will have no return path",
                count=self._forgotten,
            )

    def _log_end(self, failure: Failure) -> None:
        self.log.failure("The store has stopped retrying writes and removing old data", failure)

    # Return paths

    @property
    def is_all_recent(self) -> bool:
        """See `IStore.is_all_recent`."""
        return self._is_open and not self._upkeep.archived

    def keep(self, paths: Mapping[bytes, bytes]) -> Deferred[None]:
        """See `IStore.keep`."""
        self._ends.stay(paths)
        return self._paths.keep(paths)

    def recent(self, key: bytes) -> bytes | None:
        """See `IStore.recent`."""
        return self._recent.get(key)

    def find(self, keys: Sequence[bytes]) -> Deferred[Found]:
        """See `IStore.find`."""
        return self._paths.find(keys)

    def end(self, keys: Sequence[bytes], grace: float) -> None:
        """See `IStore.end`."""
        self._ends.add(keys, grace)

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

    def queue_sizes(self) -> Deferred[dict[bytes, int]]:
        """See `IStore.queue_sizes`."""
        return Deferred.fromCoroutine(self._queue.sizes())

    def queue_ends(self) -> Deferred[dict[bytes, float]]:
        """See `IStore.queue_ends`."""
        return Deferred.fromCoroutine(self._queue.ends())

    def statistics(self) -> StoreStatistics:
        """See `IStore.statistics`."""
        return StoreStatistics(
            paths_recent=len(self._recent),
            paths_archived=self._upkeep.archived,
            unsaved=self._paths.unsaved,
            lost=self._batches.lost,
            forgotten=self._forgotten,
            queued=self._queue.count,
            octets=self._disk.octets,
            failures=self._disk.faults.failures,
            fault=str(self._disk.faults),
        )
