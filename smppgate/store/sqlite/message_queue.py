"""The queues of accounts, on disk."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from itertools import islice

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from smppgate.store.reads import Reads
from smppgate.store.records import Enqueued, NewMessage, QueuedMessage
from smppgate.store.sqlite.disk import QUEUES, Disk
from smppgate.store.sqlite.queue_sizes import QueueSizes
from smppgate.store.sqlite.tables import (
    STEP,
    Contents,
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


_Call = tuple[Sequence[NewMessage], list[Enqueued], Deferred[list[Enqueued]]]
"""The messages of a call of `MessageQueue.enqueue`, which of them have room, and its answer."""


class MessageQueue:
    """The queues of all accounts. One job of each kind at a time; calls gather meanwhile."""

    def __init__(self, clock: Clock, disk: Disk) -> None:
        self.count = 0
        """Messages on disk."""
        self.told: Callable[[bytes, QueuedMessage], None] | None = None
        """See `IStore.tell_expired`."""
        self.emptied: Callable[[bytes], None] | None = None
        """Called with an account that has no message any more, also none on its way."""
        self._clock = clock
        self._disk = disk
        self._sizes = QueueSizes()
        self._new: list[_Call] = []
        self._is_enqueuing = False
        self._last = 0
        """The number of the last message of which `enqueue` has fired."""
        self._removals: deque[tuple[bytes, int]] = deque()
        """Accounts and numbers that are to be deleted, in the order of the calls."""
        self._hidden: dict[bytes, set[int]] = {}
        """The same numbers, by account. No set is empty."""
        self._reads = Reads()
        self._is_removing = False
        self._asked = 0
        """Numbers that were ever put into `_removals`."""
        self._waiting: deque[tuple[int, Deferred[None]]] = deque()
        """How many of them must have been deleted for each Deferred to fire."""
        self._fails = False
        self._ticks = 0

    def begin(self, contents: Contents) -> None:
        """Begin with a newly opened file."""
        self.count = sum(contents.queued.values())
        self._last = contents.last_message
        self._tell_emptied(self._sizes.begin(contents.queued))

    def stored(self, account: bytes) -> int:
        """The messages of an account that `queued` gives, and those that have expired lately."""
        return self._sizes.stored(account) - len(self._hidden.get(account, ()))

    def tick(self) -> None:
        """Retry what failed; called once a second."""
        self._ticks += 1
        if self._removals:
            self._remove()
        else:
            self._disk.probe(QUEUES)

    async def settle(self) -> None:
        """Wait until everything is written, or cannot be."""
        # An empty call: it ends after all before it.
        await self.enqueue(())
        self._remove()
        await self._removal()

    # Messages come

    def enqueue(self, messages: Sequence[NewMessage]) -> Deferred[list[Enqueued]]:
        """See `IStore.enqueue`."""
        done: Deferred[list[Enqueued]] = Deferred()
        self._new.append((messages, self._sizes.admit(messages, self._hidden), done))
        self._enqueue()
        return done

    def _enqueue(self) -> None:
        if self._is_enqueuing or not self._new:
            return
        self._is_enqueuing = True
        calls, self._new = self._new, []
        messages = [
            message
            for some, outcomes, _ in calls
            for message, outcome in zip(some, outcomes, strict=True)
            if outcome is Enqueued.STORED
        ]
        job = self._disk.write(QUEUES, 0, enqueue, messages)
        job.addCallbacks(
            self._enqueued,
            self._not_enqueued,
            callbackArgs=(messages, calls),
            errbackArgs=(messages, calls),
        )

    def _enqueued(self, last: int, messages: list[NewMessage], calls: list[_Call]) -> None:
        self.count += len(messages)
        self._last = last or self._last
        self._sizes.arrived(_by_account(messages))
        self._is_enqueuing = False
        self._enqueue()
        for _messages, outcomes, done in calls:
            done.callback(outcomes)

    def _not_enqueued(self, _: Failure, messages: list[NewMessage], calls: list[_Call]) -> None:
        counts = _by_account(messages)
        self._sizes.arrived(counts)
        self._tell_emptied(self._sizes.take_off(counts))
        self._is_enqueuing = False
        self._enqueue()
        for _messages, outcomes, done in calls:
            done.callback([_failed(outcome) for outcome in outcomes])

    # Messages go

    def remove(self, account: bytes, numbers: Sequence[int]) -> Deferred[None]:
        """See `IStore.remove`."""
        self._removals += [(account, number) for number in numbers]
        self._hide(account, numbers)
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
        messages = list(islice(self._removals, STEP))
        job = self._disk.write(QUEUES, 0, remove, messages)
        job.addCallbacks(self._removed, self._not_removed, (messages,))

    def _removed(self, deleted: dict[bytes, int], messages: list[tuple[bytes, int]]) -> None:
        self._take_off(deleted)
        self._is_removing = self._fails = False
        for account, number in messages:
            self._removals.popleft()
            self._show(account, number)
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

    def _expired(self, deleted: list[tuple[bytes, QueuedMessage]]) -> None:
        self._take_off(Counter(account for account, _ in deleted))
        if len(deleted) < STEP:
            self._ticks = 0
        for account, message in deleted:
            if self.told is not None and message.number not in self._hidden.get(account, ()):
                self.told(account, message)

    def _take_off(self, deleted: dict[bytes, int]) -> None:
        self.count -= sum(deleted.values())
        self._tell_emptied(self._sizes.take_off(deleted))

    def _tell_emptied(self, accounts: Sequence[bytes]) -> None:
        if self.emptied is not None:
            for account in accounts:
                self.emptied(account)

    def _hide(self, account: bytes, numbers: Sequence[int]) -> None:
        """Let no read of the queue return these, also of those that are under way."""
        if numbers:
            self._hidden.setdefault(account, set()).update(numbers)
        self._reads.hide(account, numbers)

    def _show(self, account: bytes, number: int) -> None:
        hidden = self._hidden.get(account, set())
        hidden.discard(number)
        if not hidden:
            self._hidden.pop(account, None)

    # Messages are read

    async def queued(self, account: bytes, after: int, limit: int) -> list[QueuedMessage]:
        """See `IStore.queued`."""
        hidden = self._reads.begin(account, self._hidden.get(account, ()))
        try:
            messages = await self._disk.read(
                queued, account, after, self._last, limit + len(hidden), self._clock.wall()
            )
        finally:
            self._reads.end(hidden)
        return [message for message in messages if message.number not in hidden][:limit]

    async def sizes(self) -> dict[bytes, int]:
        """See `IStore.queue_sizes`."""
        await self._removal()
        return await self._disk.read(queue_sizes, self._last, self._clock.wall())

    async def ends(self) -> dict[bytes, float]:
        """See `IStore.queue_ends`."""
        await self._removal()
        return await self._disk.read(queue_ends, self._clock.wall())

    def reserve(self, count: int) -> Deferred[int]:
        """See `IStore.reserve_numbers`."""
        return self._disk.write(QUEUES, 0, reserve, count)


def _by_account(messages: Sequence[NewMessage]) -> Counter[bytes]:
    return Counter(message.account for message in messages)


def _failed(outcome: Enqueued) -> Enqueued:
    """What becomes of a message that would have had this outcome, when writing fails."""
    return Enqueued.FAILED if outcome is Enqueued.STORED else outcome
