"""`MemoryStore`: a store whose contents end with the process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure
from zope.interface import implementer

from smppgate.notices.store import STORE_IDLE
from smppgate.store.interface import IStore
from smppgate.store.one_process import OneProcess
from smppgate.store.path_ends import PathEnds
from smppgate.store.recent import RecentPaths
from smppgate.store.records import (
    Enqueued,
    Found,
    Limits,
    NewMessage,
    QueuedMessage,
    StoreStatistics,
)
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

TICK = 1.0
"""Seconds between two looks for return paths and messages that have expired."""

MOST_QUEUED = 100 << 20
"""Octets of queued messages; more are not taken. A store on disk has no such bound."""


@implementer(IStore)
class MemoryStore(OneProcess):
    """For tests, and for gates that may lose receipts and queued messages at a restart.

    :param limits: the lower of ``return_paths`` and ``return_paths_in_memory`` is the bound.
    """

    log = Logger()
    keeps_at_once = True
    is_all_recent = True

    def __init__(self, reactor: IReactorTime, limits: Limits) -> None:
        super().__init__()
        self._clock = clock = Clock.of(reactor)
        self._recent = RecentPaths(limits.recent, limits.return_path_ttl)
        self._ends = PathEnds(clock, self._recent.end)
        self._next_number = 1
        self._last_message = 0
        self._queues: dict[bytes, dict[int, QueuedMessage]] = {}
        """Account → its messages by number, the oldest first. No queue is empty."""
        self._octets = 0
        """Octets of all queued messages."""
        self._told: Callable[[bytes, QueuedMessage], None] | None = None
        self._emptied: Callable[[bytes], None] | None = None
        self._ticks = LoopingCall(self._tick)
        self._ticks.clock = clock

    def open(self) -> Deferred[None]:
        """See `IStore.open`."""
        self._ticks.start(TICK, now=False).addErrback(self._log_end)
        return succeed(None)

    def close(self) -> Deferred[None]:
        """See `IStore.close`."""
        if self._ticks.running:
            self._ticks.stop()
        self._ends.stop()
        return succeed(None)

    def keep(self, paths: Mapping[bytes, bytes], waited: float = 0.0) -> Deferred[None]:
        """See `IStore.keep`."""
        # Raises TypeError for other values than octets, as packing them for the disk does.
        b"".join(paths)
        b"".join(paths.values())
        self._ends.stay(paths)
        self._recent.update(paths, self._clock.wall())
        return succeed(None)

    def recent(self, key: bytes) -> bytes | None:
        """See `IStore.recent`."""
        return self._recent.get(key)

    def find(self, keys: Sequence[bytes]) -> Deferred[Found]:
        """See `IStore.find`."""
        values = ((key, self._recent.get(key)) for key in keys)
        return succeed(Found({key: value for key, value in values if value is not None}))

    def end(self, keys: Sequence[bytes], grace: float) -> None:
        """See `IStore.end`."""
        self._ends.add(keys, grace)

    def reserve_numbers(self, count: int) -> Deferred[int]:
        """See `IStore.reserve_numbers`."""
        first = self._next_number
        self._next_number += count
        return succeed(first)

    def enqueue(self, messages: Sequence[NewMessage]) -> Deferred[list[Enqueued]]:
        """See `IStore.enqueue`."""
        return succeed([self._enqueue(message) for message in messages])

    def queued(self, account: bytes, after: int, limit: int) -> Deferred[list[QueuedMessage]]:
        """See `IStore.queued`."""
        return succeed([it for it in self._live(account) if it.number > after][:limit])

    def remove(self, account: bytes, numbers: Sequence[int]) -> Deferred[None]:
        """See `IStore.remove`."""
        queue = self._queues.get(account, {})
        for number in numbers:
            message = queue.pop(number, None)
            if message is not None:
                self._octets -= len(message.pdu)
        if not queue and self._queues.pop(account, None) is not None and self._emptied is not None:
            self._emptied(account)
        return succeed(None)

    def tell_expired(self, told: Callable[[bytes, QueuedMessage], None]) -> None:
        """See `IStore.tell_expired`."""
        self._told = told

    def stored(self, account: bytes) -> int:
        """See `Shareable.stored`."""
        return len(self._queues.get(account, ()))

    def tell_emptied(self, told: Callable[[bytes], None]) -> None:
        """See `Shareable.tell_emptied`."""
        self._emptied = told

    def queue_sizes(self) -> Deferred[dict[bytes, int]]:
        """See `IStore.queue_sizes`."""
        sizes = {account: len(self._live(account)) for account in self._queues}
        return succeed({account: size for account, size in sizes.items() if size})

    def queue_ends(self) -> Deferred[dict[bytes, float]]:
        """See `IStore.queue_ends`."""
        live = {account: self._live(account) for account in self._queues}
        ends = {account: max(it.expires for it in some) for account, some in live.items() if some}
        return succeed(ends)

    def statistics(self) -> StoreStatistics:
        """See `IStore.statistics`."""
        return StoreStatistics(
            paths_recent=len(self._recent),
            forgotten=self._recent.forgotten,
            queued=sum(map(len, self._queues.values())),
        )

    def _enqueue(self, message: NewMessage) -> Enqueued:
        queue = self._queues.get(message.account, {})
        octets = self._octets + len(message.pdu)
        if len(queue) >= message.limit or octets > MOST_QUEUED:
            return Enqueued.FULL
        self._octets = octets
        self._last_message = number = self._last_message + 1
        queue[number] = QueuedMessage(number, message.pdu, message.expires)
        self._queues[message.account] = queue
        return Enqueued.STORED

    def _live(self, account: bytes) -> list[QueuedMessage]:
        now = self._clock.wall()
        return [it for it in self._queues.get(account, {}).values() if it.expires > now]

    def _tick(self) -> None:
        now = self._clock.wall()
        self._recent.expire(now)
        for account, queue in list(self._queues.items()):
            expired = [it for it in queue.values() if it.expires <= now]
            self.remove(account, [it.number for it in expired])
            for message in expired:
                if self._told is not None:
                    self._told(account, message)

    def _log_end(self, failure: Failure) -> None:
        self.log.tell_failure(STORE_IDLE, failure)
