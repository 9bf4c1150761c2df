"""`SharedQueues`: the queues of one store, used by several processes.

Each process has a `QueueShare`. What one of them puts into a queue the others are told of, and
each queue is drained by the one that has the claim (`Claims`).

A claim is granted when all that was removed before is gone from the store, so that the count
which goes with it is true: what comes later is told on top of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from twisted.internet.defer import Deferred

from smppgate.store.claims import Change, Claims
from smppgate.store.interface import QueueWatcher
from smppgate.store.records import Enqueued, NewMessage, QueuedMessage

Told = Callable[[bytes, QueuedMessage], None]
"""Is told of a message that has expired."""


class Shareable(Protocol):
    """A store whose queues can be shared: see `IQueues`, and two methods more."""

    def enqueue(self, messages: Sequence[NewMessage]) -> Deferred[list[Enqueued]]:
        """See `IQueues.enqueue`."""

    def queued(self, account: bytes, after: int, limit: int) -> Deferred[list[QueuedMessage]]:
        """See `IQueues.queued`."""

    def remove(self, account: bytes, numbers: Sequence[int]) -> Deferred[None]:
        """See `IQueues.remove`."""

    def tell_expired(self, told: Told) -> None:
        """See `IQueues.tell_expired`."""

    def queue_sizes(self) -> Deferred[dict[bytes, int]]:
        """See `IQueues.queue_sizes`."""

    def queue_ends(self) -> Deferred[dict[bytes, float]]:
        """See `IQueues.queue_ends`."""

    def stored(self, account: bytes) -> int:
        """The messages of ``account`` of which `enqueue` has fired, and that are not removed.

        Those are counted too that have expired and are not deleted yet.
        """

    def tell_emptied(self, told: Callable[[bytes], None]) -> None:
        """Call ``told`` with each account that has no message any more, also none on its way."""


class QueueShare:
    """The queues as one process has them: see `IQueues`."""

    is_shared = True

    def __init__(self, queues: SharedQueues, store: Shareable) -> None:
        self._queues = queues
        self.told: Told | None = None
        """See `IQueues.tell_expired`."""
        self.queued = store.queued
        self.remove = store.remove
        self.queue_sizes = store.queue_sizes
        self.queue_ends = store.queue_ends

    def enqueue(self, messages: Sequence[NewMessage]) -> Deferred[list[Enqueued]]:
        """See `IQueues.enqueue`."""
        return self._queues.enqueue(self, messages)

    def tell_expired(self, told: Told) -> None:
        """See `IQueues.tell_expired`."""
        self.told = told

    def claim(self, account: bytes, rank: int) -> None:
        """See `IQueues.claim`."""
        self._queues.claim(self, account, rank)

    def release(self, account: bytes) -> None:
        """See `IQueues.release`."""
        self._queues.release(self, account)

    def watch(self, account: bytes, watcher: QueueWatcher | None) -> None:
        """See `IQueues.watch`."""
        self._queues.watch(self, account, watcher)

    def leave(self) -> None:
        """The process has ended: others get its claims, and it is told nothing more."""
        self._queues.leave(self)


class SharedQueues:
    """The queues of ``store``, and the processes that use them."""

    def __init__(self, store: Shareable) -> None:
        self._store = store
        self._shares: dict[QueueShare, None] = {}
        self._watchers: dict[bytes, dict[QueueShare, QueueWatcher]] = {}
        self._claims: Claims[QueueShare] = Claims()
        self._grants: dict[bytes, object] = {}
        """Account → the latest grant, while what was removed before is still in the store."""
        store.tell_expired(self._expired)
        store.tell_emptied(self._emptied)

    def join(self) -> QueueShare:
        """One process more."""
        share = QueueShare(self, self._store)
        self._shares[share] = None
        return share

    # What shares ask for

    def enqueue(
        self, share: QueueShare, messages: Sequence[NewMessage]
    ) -> Deferred[list[Enqueued]]:
        """Put ``messages`` into their queues, and tell the other processes."""
        return self._store.enqueue(messages).addCallback(self._enqueued, share, messages)

    def claim(self, share: QueueShare, account: bytes, rank: int) -> None:
        """See `IQueues.claim`."""
        self._follow(account, self._claims.claim(account, share, rank))

    def release(self, share: QueueShare, account: bytes) -> None:
        """See `IQueues.release`."""
        self._follow(account, self._claims.release(account, share))

    def watch(self, share: QueueShare, account: bytes, watcher: QueueWatcher | None) -> None:
        """See `IQueues.watch`."""
        if watcher is None:
            self._forget(share, account)
            return
        self._watchers.setdefault(account, {})[share] = watcher
        stored = self._store.stored(account)
        if stored > 0:
            watcher.came(stored)
        else:
            watcher.emptied()

    def leave(self, share: QueueShare) -> None:
        """The process of ``share`` has ended."""
        self._shares.pop(share, None)
        for account in list(self._watchers):
            self._forget(share, account)
        for account, change in self._claims.leave(share).items():
            self._follow(account, change)

    # What follows

    def _forget(self, share: QueueShare, account: bytes) -> None:
        watchers = self._watchers.get(account, {})
        watchers.pop(share, None)
        if not watchers:
            self._watchers.pop(account, None)

    def _enqueued(
        self, outcomes: list[Enqueued], share: QueueShare, messages: Sequence[NewMessage]
    ) -> list[Enqueued]:
        came = Counter(
            message.account
            for message, outcome in zip(messages, outcomes, strict=True)
            if outcome is Enqueued.STORED
        )
        for account, count in came.items():
            for other, watcher in list(self._watchers.get(account, {}).items()):
                if other is not share:
                    watcher.came(count)
        return outcomes

    def _follow(self, account: bytes, change: Change[QueueShare]) -> None:
        if change.wanted is not None:
            watcher = self._watcher(account, change.wanted)
            if watcher is not None:
                watcher.wanted()
        if change.granted is not None:
            self._grants[account] = grant = object()
            removed = self._store.remove(account, ())
            removed.addCallback(self._grant, account, change.granted, grant)

    def _grant(self, _: None, account: bytes, share: QueueShare, grant: object) -> None:
        if self._grants.get(account) is not grant:
            return
        del self._grants[account]
        watcher = self._watcher(account, share)
        if watcher is not None and self._claims.holder(account) is share:
            watcher.granted(self._store.stored(account))
            # What was wanted before it heard that it has the claim, it has taken for nothing.
            if self._claims.is_wanted(account, share):
                watcher.wanted()

    def _watcher(self, account: bytes, share: QueueShare) -> QueueWatcher | None:
        return self._watchers.get(account, {}).get(share)

    def _emptied(self, account: bytes) -> None:
        for watcher in list(self._watchers.get(account, {}).values()):
            watcher.emptied()

    def _expired(self, account: bytes, message: QueuedMessage) -> None:
        holder = self._claims.holder(account)
        for share in (holder,) if holder is not None else tuple(self._shares):
            if share.told is not None:
                share.told(account, message)
                return
