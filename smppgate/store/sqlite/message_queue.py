"""The queues of accounts, on disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from smppgate.store.records import NewMessage, QueuedMessage, StoreError
from smppgate.store.sqlite.disk import QUEUES, Disk
from smppgate.store.sqlite.tables import (
    STEP,
    enqueue,
    expire_queue,
    queue_ends,
    queue_sizes,
    queued,
    remove,
    reserve,
)
from smppgate.txsmpp.clock import Clock

EXPIRY_TICKS = 10
"""Ticks between two looks for messages that have expired."""


class MessageQueue:
    """The queues of all accounts. One job of each kind at a time; calls gather meanwhile."""

    def __init__(self, clock: Clock, disk: Disk) -> None:
        self.count = 0
        """Messages on disk."""
        self._clock = clock
        self._disk = disk
        self._new: list[tuple[Sequence[NewMessage], Deferred[None]]] = []
        self._is_enqueuing = False
        self._removals: deque[int] = deque()
        """Numbers that are to be deleted, in the order of the calls."""
        self._hidden: set[int] = set()
        """The same numbers, as a set."""
        self._reads: list[set[int]] = []
        """For each read of a queue under way, the numbers that it must not return."""
        self._is_removing = False
        self._asked = 0
        """Numbers that were ever put into `_removals`."""
        self._waiting: deque[tuple[int, Deferred[None]]] = deque()
        """How many of them must have been deleted for each Deferred to fire."""
        self._fails = False
        self._ticks = 0

    def begin(self, count: int) -> None:
        """Begin with a newly opened file that has ``count`` messages."""
        self.count = count

    def tick(self) -> None:
        """Retry what failed; called once a second."""
        self._ticks += 1
        if self._removals:
            self._remove()
        else:
            self._disk.probe(QUEUES)

    async def settle(self) -> None:
        """Wait until everything is written, or cannot be."""
        with suppress(StoreError):
            # An empty call: it ends after all before it.
            await self.enqueue(())
        self._remove()
        await self._removal()

    # Messages come

    def enqueue(self, messages: Sequence[NewMessage]) -> Deferred[None]:
        """See `IStore.enqueue`."""
        done: Deferred[None] = Deferred()
        self._new.append((messages, done))
        self._enqueue()
        return done

    def _enqueue(self) -> None:
        if self._is_enqueuing or not self._new:
            return
        self._is_enqueuing = True
        calls, self._new = self._new, []
        messages = [message for call, _ in calls for message in call]
        dones = [done for _, done in calls]
        job = self._disk.write(QUEUES, 0, enqueue, messages)
        job.addCallbacks(
            self._enqueued, self._not_enqueued, callbackArgs=(dones,), errbackArgs=(dones,)
        )

    def _enqueued(self, count: int, dones: list[Deferred[None]]) -> None:
        self.count += count
        self._is_enqueuing = False
        self._enqueue()
        for done in dones:
            done.callback(None)

    def _not_enqueued(self, failure: Failure, dones: list[Deferred[None]]) -> None:
        self._is_enqueuing = False
        self._enqueue()
        for done in dones:
            done.errback(StoreError(failure.getErrorMessage()))

    # Messages go

    def remove(self, numbers: Sequence[int]) -> Deferred[None]:
        """See `IStore.remove_queued`."""
        self._removals += numbers
        self._hidden.update(numbers)
        for hidden in self._reads:
            hidden.update(numbers)
        self._asked += len(numbers)
        done = self._removal()
        if not self._fails:
            self._remove()
        return done

    def _removal(self) -> Deferred[None]:
        if not self._removals or self._fails:
            return succeed(None)
        done: Deferred[None] = Deferred()
        self._waiting.append((self._asked, done))
        return done

    def _remove(self) -> None:
        if self._is_removing or not self._removals:
            return
        self._is_removing = True
        numbers = [self._removals[place] for place in range(min(STEP, len(self._removals)))]
        job = self._disk.write(QUEUES, 0, remove, numbers)
        job.addCallbacks(self._removed, self._not_removed, (numbers,))

    def _removed(self, deleted: int, numbers: list[int]) -> None:
        self.count -= deleted
        self._is_removing = self._fails = False
        for number in numbers:
            self._removals.popleft()
            self._hidden.discard(number)
        self._release(self._asked - len(self._removals))
        self._remove()

    def _not_removed(self, _: Failure) -> None:
        self._is_removing = False
        self._fails = True
        self._release(self._asked)

    def _release(self, count: int) -> None:
        while self._waiting and self._waiting[0][0] <= count:
            self._waiting.popleft()[1].callback(None)

    def expire(self) -> Deferred[None] | None:
        """Begin to delete up to `STEP` expired messages; None when it is not time to."""
        if not self.count or self._ticks < EXPIRY_TICKS:
            return None
        job = self._disk.write(QUEUES, 0, expire_queue, self._clock.wall(), STEP)
        return job.addCallback(self._expired)

    def _expired(self, deleted: int) -> None:
        self.count -= deleted
        if deleted < STEP:
            self._ticks = 0

    # Messages are read

    async def queued(self, account: bytes, after: int, limit: int) -> list[QueuedMessage]:
        """See `IStore.queued`."""
        hidden = set(self._hidden)
        self._reads.append(hidden)
        try:
            messages = await self._disk.read(
                queued, account, after, limit + len(hidden), self._clock.wall()
            )
        finally:
            self._reads = [read for read in self._reads if read is not hidden]
        return [message for message in messages if message.number not in hidden][:limit]

    async def sizes(self) -> dict[bytes, int]:
        """See `IStore.queue_sizes`."""
        await self._removal()
        return await self._disk.read(queue_sizes, self._clock.wall())

    async def ends(self) -> dict[bytes, float]:
        """See `IStore.queue_ends`."""
        await self._removal()
        return await self._disk.read(queue_ends, self._clock.wall())

    def reserve(self, count: int) -> Deferred[int]:
        """See `IStore.reserve_numbers`."""
        return self._disk.write(QUEUES, 0, reserve, count)
