"""`DiskQueues`: queues and numbers in a SQLite file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime

from smppgate.store.faults import Faults
from smppgate.store.opening import Opening
from smppgate.store.records import (
    Durability,
    Enqueued,
    NewMessage,
    QueuedMessage,
    StoreStatistics,
)
from smppgate.store.sqlite.disk import Disk
from smppgate.store.sqlite.former import FormerPaths
from smppgate.store.sqlite.message_queue import MessageQueue
from smppgate.store.sqlite.tables import Contents
from smppgate.store.sqlite.upkeep import Upkeep
from smppgate.store.worker import Workers, store_workers
from smppgate.txsmpp.clock import Clock


class DiskQueues(Opening):
    """The queues and numbers of a store, without return paths: `IQueues` and `INumbers`.

    They can be shared by several processes, see `Shareable`. By itself it is one process's.

    :param reactor: with threads, unless there are ``workers``.
    :param directory: the folder of all files, created if it is missing.
    :param lifetime: seconds that return paths are kept, of which the file may have some of version
        0.1.
    :param durability: of return paths; queued messages always survive the end of the process.
    :param workers: used instead of threads.
    """

    def __init__(
        self,
        reactor: IReactorTime,
        directory: str | Path,
        lifetime: float,
        durability: Durability = Durability.PROCESS,
        workers: Workers | None = None,
    ) -> None:
        clock = Clock.of(reactor)
        super().__init__(clock)
        workers = workers or store_workers(IReactorFromThreads(reactor))
        path = Path(directory).absolute()
        self._disk = disk = Disk(clock, workers, path, durability, self._opened)
        self._queue = MessageQueue(clock, disk)
        self.former = FormerPaths(clock, disk, lifetime)
        self._upkeep = Upkeep(clock, disk, (self._queue.expire, self.former.expire))

    @property
    def faults(self) -> Faults:
        """What fails at present."""
        return self._disk.faults

    # The life of it, also as a part of a store that ticks for it

    async def begin(self) -> None:
        """Open the file, without ticks.

        :raises StoreError: when an operator has to act; the file is closed again.
        """
        self._opened(await self._disk.open())

    async def end(self) -> None:
        """Write what is not written, and close the file; the threads for it have ended then."""
        await self._queue.settle()
        await self._upkeep.stop()
        await self._disk.close()

    def tick(self) -> None:
        """Retry what failed, and delete what has expired; called once a second."""
        self._disk.tick()
        self._queue.tick()
        self._upkeep.tick()

    def _hurry(self) -> None:
        """Opening it takes no time."""

    async def _begin(self) -> None:
        await self.begin()
        self._start_ticks()

    async def _end(self) -> None:
        self._ticks.stop()
        await self.end()

    def _tick(self) -> None:
        self.tick()

    def _opened(self, contents: Contents) -> None:
        """A file is open, at the start or in place of a broken one."""
        self.former.begin(contents)
        self._queue.begin(contents)
        self._upkeep.wake()

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

    def stored(self, account: bytes) -> int:
        """See `Shareable.stored`."""
        return self._queue.stored(account)

    def tell_emptied(self, told: Callable[[bytes], None]) -> None:
        """See `Shareable.tell_emptied`."""
        self._queue.emptied = told

    def queue_sizes(self) -> Deferred[dict[bytes, int]]:
        """See `IStore.queue_sizes`."""
        return Deferred.fromCoroutine(self._queue.sizes())

    def queue_ends(self) -> Deferred[dict[bytes, float]]:
        """See `IStore.queue_ends`."""
        return Deferred.fromCoroutine(self._queue.ends())

    def statistics(self) -> StoreStatistics:
        """Of queues alone; see `IStore.statistics`."""
        faults = self.faults
        return StoreStatistics(
            queued=self._queue.count,
            octets=self._disk.octets,
            failures=faults.failures,
            fault=str(faults),
        )
