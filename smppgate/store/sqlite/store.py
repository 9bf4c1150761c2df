"""`SqliteStore`: a store in one file, for one gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from twisted.internet.defer import Deferred, DeferredLock, succeed
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from smppgate.store.interface import IStore
from smppgate.store.recent import SEGMENTS, RecentPaths, parts
from smppgate.store.records import (
    Durability,
    Limits,
    NewMessage,
    QueuedMessage,
    StoreError,
    StoreStatistics,
)
from smppgate.store.sqlite.batches import Batches
from smppgate.store.sqlite.disk import Disk
from smppgate.store.sqlite.journal import PIECE_SIZE, Piece, pack
from smppgate.store.sqlite.message_queue import MessageQueue
from smppgate.store.sqlite.tables import Contents, find, replay
from smppgate.store.sqlite.upkeep import Upkeep
from smppgate.store.sqlite.worker import Worker, Workers

TICK = 1.0
"""Seconds after which what failed is tried again, and what is over is looked for."""
LARGEST_BATCH = 4096
"""Return paths that are packed and taken into memory at once; it takes a millisecond."""


@implementer(IStore)
class SqliteStore:
    """Return paths in memory and in a journal on disk; older ones, and queues, in tables.

    :param clock: a reactor; with ``workers``, any clock.
    :param directory: where the file is, made when it is missing.
    :param limits: how much is kept.
    :param durability: what return paths have survived when `keep` fires; queues always
        survive the end of the process.
    :param workers: what stands for the threads in tests.
    """

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        directory: str | Path,
        limits: Limits,
        durability: Durability = Durability.PROCESS,
        workers: Workers | None = None,
    ) -> None:
        self._clock = clock
        self._lifetime = limits.return_path_ttl
        self._piece_size = max(1, min(PIECE_SIZE, limits.recent // 8))
        self._recent = RecentPaths(limits.recent, limits.return_path_ttl)
        path = Path(directory).absolute()
        workers = workers or threads(IReactorFromThreads(clock))
        self._disk = Disk(clock, workers, path, durability, self._renewed)
        self._batches = Batches(self._disk, durability is not Durability.NONE)
        self._queue = MessageQueue(clock, self._disk)
        self._upkeep = Upkeep(
            clock, self._disk, self._recent, limits.return_paths, (self._queue.expire,)
        )
        self._last = 0
        """The number of the last batch."""
        self._ended: list[bytes] = []
        """Ends of return paths that the next batch takes along."""
        self._searches: dict[int, set[bytes]] = {}
        """For each search of the archive, what ended while it goes on."""
        self._told_forgotten = 0
        self._ticks = LoopingCall(self._tick)
        self._ticks.clock = clock
        self._lock = DeferredLock()
        """Held while it is opened or closed."""
        self._is_open = self._is_closing = False

    # The life of a store

    def open(self) -> Deferred[None]:
        """See `IStore.open`."""
        return Deferred.fromCoroutine(self._open())

    def close(self) -> Deferred[None]:
        """See `IStore.close`."""
        self._is_closing = True
        return Deferred.fromCoroutine(self._close())

    async def _open(self) -> None:
        async with self._lock:
            self._begin(await self._disk.open())
            self._ticks.start(TICK, now=False).addErrback(self._log_end)
            try:
                await self._replay()
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
        self._append_ended()
        await self._batches.settle()
        await self._queue.settle()
        await self._upkeep.stop()
        await self._disk.close()
        if self._batches.unsaved:
            self.log.error(
                "{count} return paths could not be written", count=self._batches.unsaved
            )

    def _begin(self, contents: Contents) -> None:
        self._last = max(self._last, contents.last_batch)
        self._upkeep.begin(contents.archived)
        self._queue.begin(contents.queued)

    def _renewed(self, contents: Contents) -> None:
        self._begin(contents)
        self._batches.tick()

    async def _replay(self) -> None:
        """Take the journal into memory, as much of it at a time as is no pause."""
        last = 0
        span = self._lifetime / SEGMENTS / 4
        while not self._is_closing:
            since = self._clock.seconds() - self._lifetime
            piece = await self._disk.read(replay, last, since, span, self._piece_size)
            if piece is None:
                break
            if not last:
                self._recent.left = piece.first - 1
            await self._room(len(piece.paths))
            self._take_over(piece)
            last = piece.last
        if not last:
            self._recent.left = self._last

    def _take_over(self, piece: Piece) -> None:
        self._recent.end(piece.ended)
        self._upkeep.forget(piece.ended)
        ends = piece.entries - len(piece.paths)
        self._recent.update(piece.paths, piece.written, piece.last, ends)

    async def _room(self, count: int) -> None:
        """Wait until memory has room for so many, or none can be made."""
        self._recent.expected = count
        if self._recent.is_crowded:
            self._upkeep.wake()
            await self._upkeep.settle()
        self._recent.expected = 0

    def _tick(self) -> None:
        self._recent.expire(self._clock.seconds())
        self._append_ended()
        self._disk.tick()
        self._batches.tick()
        self._queue.tick()
        self._upkeep.tick()
        self._tell_forgotten()

    def _tell_forgotten(self) -> None:
        """Say so once, and again when it has doubled."""
        forgotten = self._recent.forgotten + self._upkeep.forgotten
        if forgotten > 2 * self._told_forgotten:
            self._told_forgotten = forgotten
            self.log.warn(
                "{count} return paths were forgotten for want of room, before their time: more "
                "come than `paths` holds, or than can be moved out of memory; their receipts "
                "will find nobody",
                count=forgotten,
            )

    def _log_end(self, failure: Failure) -> None:
        self.log.failure("The store is not looked after any more", failure)

    # Return paths

    @property
    def is_all_recent(self) -> bool:
        """See `IStore.is_all_recent`."""
        return self._is_open and not self._upkeep.archived

    def keep(self, paths: Mapping[bytes, bytes]) -> Deferred[None]:
        """See `IStore.keep`."""
        if len(paths) <= LARGEST_BATCH:
            return self._append(paths, pack(self._ended, paths))
        kept = list(parts(paths, LARGEST_BATCH))
        self._append_ended()
        packed = [pack((), part) for part in kept]
        # They are written in order.
        return [self._append(*batch) for batch in zip(kept, packed, strict=True)][-1]

    def recent(self, key: bytes) -> bytes | None:
        """See `IStore.recent`."""
        return self._recent.get(key)

    def find(self, keys: Sequence[bytes]) -> Deferred[dict[bytes, bytes]]:
        """See `IStore.find`."""
        found: dict[bytes, bytes] = {}
        asked: list[bytes] = []
        for key in keys:
            value = self._recent.get(key)
            if value is not None:
                found[key] = value
            elif not self._upkeep.is_ended(key):
                asked.append(key)
        if not asked or not self._upkeep.archived:
            return succeed(found)
        return Deferred.fromCoroutine(self._find(asked, found))

    def end(self, keys: Sequence[bytes]) -> None:
        """See `IStore.end`."""
        self._recent.end(keys)
        self._upkeep.forget(keys)
        for ended in self._searches.values():
            ended.update(keys)
        self._ended += keys
        if len(self._ended) > LARGEST_BATCH:
            self._append_ended()

    async def _find(self, keys: Sequence[bytes], found: dict[bytes, bytes]) -> dict[bytes, bytes]:
        """``found``, and what the archive has for ``keys``."""
        ended: set[bytes] = set()
        self._searches[id(ended)] = ended
        archived: dict[bytes, bytes] = {}
        with suppress(StoreError):
            archived = await self._disk.read(find, keys, self._clock.seconds())
        del self._searches[id(ended)]
        for key in keys:
            # It may have been kept anew meanwhile.
            value = self._recent.get(key)
            if value is None and key not in ended:
                value = archived.get(key)
            if value is not None:
                found[key] = value
        return found

    def _append(self, paths: Mapping[bytes, bytes], octets: bytes) -> Deferred[None]:
        """Keep ``paths``, which with what has ended are ``octets``."""
        ended, self._ended = self._ended, []
        now = self._clock.seconds()
        self._last += 1
        self._recent.update(paths, now, self._last, len(ended))
        done = self._batches.add(self._last, now, octets, len(paths) + len(ended))
        if self._recent.is_crowded:
            self._upkeep.wake()
        return done

    def _append_ended(self) -> None:
        if self._ended:
            self._append({}, pack(self._ended, {}))

    # Numbers and queues

    def reserve_numbers(self, count: int) -> Deferred[int]:
        """See `IStore.reserve_numbers`."""
        return self._queue.reserve(count)

    def enqueue(self, messages: Sequence[NewMessage]) -> Deferred[None]:
        """See `IStore.enqueue`."""
        return self._queue.enqueue(messages)

    def queued(self, account: bytes, after: int, limit: int) -> Deferred[list[QueuedMessage]]:
        """See `IStore.queued`."""
        return Deferred.fromCoroutine(self._queue.queued(account, after, limit))

    def remove_queued(self, numbers: Sequence[int]) -> Deferred[None]:
        """See `IStore.remove_queued`."""
        return self._queue.remove(numbers)

    def queue_sizes(self) -> Deferred[dict[bytes, int]]:
        """See `IStore.queue_sizes`."""
        return Deferred.fromCoroutine(self._queue.sizes())

    def statistics(self) -> StoreStatistics:
        """See `IStore.statistics`."""
        return StoreStatistics(
            paths_recent=len(self._recent),
            paths_archived=self._upkeep.archived,
            unsaved=self._batches.unsaved + len(self._ended),
            lost=self._batches.lost,
            forgotten=self._recent.forgotten + self._upkeep.forgotten,
            queued=self._queue.count,
            octets=self._disk.octets,
            failures=self._disk.faults.failures,
            fault=str(self._disk.faults),
        )


def threads(reactor: IReactorFromThreads) -> Workers:
    """The threads of one store, not begun yet."""
    return Workers(*(Worker(reactor, f"store-{name}") for name in Workers._fields))
