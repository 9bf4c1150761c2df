"""`RedisQueues`: the queues of accounts, as streams: see `IQueues`.

Each is one node's at a time, under a lease. What other nodes put in a look tells, so a node hears
of it within half a second; of messages to send in its own queue it hears in time all the same, as
it counts what it has put in itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from smppgate.notices.store import STORE_MISTAKE
from smppgate.store.interface import QueueWatcher
from smppgate.store.reads import Reads
from smppgate.store.records import Enqueued, NewMessage, QueuedMessage, StoreError
from smppgate.store.redis.deposits import Deposits
from smppgate.store.redis.leases import Leases
from smppgate.store.redis.names import Names
from smppgate.store.redis.ports import Server
from smppgate.store.redis.presence import Look, Presence, QueueSeen, Whose
from smppgate.store.redis.removals import Removals
from smppgate.store.redis.script import Script
from smppgate.store.redis.slots import Slots
from smppgate.store.redis.watches import Watches
from smppgate.store.waiters import all_of
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

STEP = 100
"""Expired messages that are taken out of a queue in one call."""

_READ, _EXPIRE, _SIZES = Script("read"), Script("expire"), Script("sizes")

_Told = Callable[[bytes, QueuedMessage], None]


class RedisQueues:
    """The queues as one node has them.

    :param presence: looks at the servers; the caller starts and stops it.
    """

    is_shared = True

    log = Logger()

    def __init__(self, clock: Clock, slots: Slots, names: Names, presence: Presence) -> None:
        self._slots = slots
        self._names = names
        self._reads = Reads()
        self._told: _Told | None = None
        self._doubted: set[Server] = set()
        """Servers that did not answer: another one may have taken their place."""
        self._expiring: set[bytes] = set()
        self._watches = Watches(slots, self._holds)
        self._removals = Removals(slots, names, presence.node, self._token)
        self._leases = Leases(
            clock, slots, names, presence.node, self._watches, self._removals.settled
        )
        self._deposits = Deposits(
            slots, names, self._watches, self._leases.used, lambda: presence.serial
        )
        self.enqueue: Callable[[Sequence[NewMessage]], Deferred[list[Enqueued]]]
        self.enqueue = self._deposits.enqueue
        """See `IQueues.enqueue`."""
        self.claim: Callable[[bytes, int], None] = self._leases.ask
        """See `IQueues.claim`."""
        self.release: Callable[[bytes], None] = self._leases.release
        """See `IQueues.release`."""
        self.watch: Callable[[bytes, QueueWatcher | None], None] = self._watches.watch
        """See `IQueues.watch`."""
        presence.renewals = self._leases.renewals
        presence.follow_looks(self._looked)
        presence.follow_missed(lambda server, _: self._watches.missed(server))
        for server in slots:
            server.follow(partial(self._turned, server))

    # What there is to tell

    @property
    def count(self) -> int:
        """Messages in all queues, as far as is known."""
        return len(self._watches)

    @property
    def lost(self) -> int:
        """How often a queue was this node's no more, though it had not let it go."""
        return self._leases.lost

    @property
    def doubtful(self) -> int:
        """Messages that were answered to have failed, and may be in their queues all the same."""
        return self._deposits.doubtful

    @property
    def unremoved(self) -> int:
        """Messages that were another node's before they could be removed: it sends them again."""
        return self._removals.dropped

    def stop(self) -> None:
        """Ask for no lease any more; what is had ends with `Presence.stop`, or by itself."""
        self._leases.stop()

    async def settle(self) -> None:
        """Wait until everything is written, or cannot be."""
        await all_of([self._removals.written(server) for server in self._slots])

    # Messages

    def queued(self, account: bytes, after: int, limit: int) -> Deferred[list[QueuedMessage]]:
        """See `IQueues.queued`."""
        last = self._watches.last(account)
        if last is None:
            return fail(StoreError("Redis may have lost some: it is looked anew"))
        hidden = self._reads.begin(account, self._removals.hidden(account))
        words = (after, limit + len(hidden), last)
        asking = self._slots.of(account).run(_READ, [self._names.messages(account)], words)
        return asking.addBoth(self._read, hidden).addCallback(_without, hidden, limit)

    def _read(self, result: Any, hidden: set[int]) -> Any:
        self._reads.end(hidden)
        return result

    def remove(self, account: bytes, numbers: Sequence[int]) -> Deferred[None]:
        """See `IQueues.remove`."""
        self._reads.hide(account, numbers)
        return self._removals.remove(account, numbers)

    # Sizes

    async def _sizes(self) -> list[tuple[bytes, int, int]]:
        await self.settle()
        words = (self._names.messages(b""), self._names.expiries(b""))
        asking = [server.run(_SIZES, [self._names.queues], words) for server in self._slots]
        return [fields for each in await all_of(asking) for fields in _threes(each)]

    def queue_sizes(self) -> Deferred[dict[bytes, int]]:
        """See `IQueues.queue_sizes`."""
        sizes = Deferred.fromCoroutine(self._sizes())
        return sizes.addCallback(lambda found: {account: count for account, count, _ in found})

    def queue_ends(self) -> Deferred[dict[bytes, float]]:
        """See `IQueues.queue_ends`."""
        sizes = Deferred.fromCoroutine(self._sizes())
        return sizes.addCallback(
            lambda found: {account: int(end) / 1000 for account, _, end in found}
        )

    # Looks

    def _holds(self, account: bytes) -> bool:
        return self._leases.holds(account)

    def _token(self, account: bytes) -> int:
        return self._leases.token(account)

    def _turned(self, server: Server) -> None:
        if not server.is_up:
            self._doubted.add(server)
            self._watches.lost(server)

    def _looked(self, server: Server, look: Look) -> None:
        self._removals.retry(server)
        self._leases.heard(server, look)
        if server in self._doubted:
            self._doubted.discard(server)
            self._leases.shake(server)
        self._watches.heard(server, look)
        for account, seen in look.queues.items():
            if seen.has_expired and self._may_expire(account, seen):
                self._expire(server, account)

    # Messages expire

    def tell_expired(self, told: _Told) -> None:
        """See `IQueues.tell_expired`."""
        self._told = told

    def _may_expire(self, account: bytes, seen: QueueSeen) -> bool:
        """Whether it is for this node: it holds the queue, or none does."""
        return seen.whose is Whose.NOBODYS or self._leases.holds(account)

    def _expire(self, server: Server, account: bytes) -> None:
        if account in self._expiring:
            return
        self._expiring.add(account)
        names = self._names
        keys = (names.queues, names.messages(account), names.expiries(account))
        asking = server.run(_EXPIRE, keys, (account, STEP))
        asking.addCallback(self._expired, server, account)
        asking.addErrback(self._not_expired, account)

    def _expired(self, answer: list[Any], server: Server, account: bytes) -> None:
        self._expiring.discard(account)
        messages = _messages(answer)
        hidden = self._removals.hidden(account)
        for message in messages:
            if self._told is not None and message.number not in hidden:
                self._told(account, message)
        if len(messages) == STEP:
            self._expire(server, account)

    def _not_expired(self, failure: Failure, account: bytes) -> None:
        """The next look leads to it again."""
        self._expiring.discard(account)
        if not failure.check(StoreError):
            self.log.tell_failure(STORE_MISTAKE, failure)


def _without(answer: list[Any], hidden: set[int], limit: int) -> list[QueuedMessage]:
    return [it for it in _messages(answer) if it.number not in hidden][:limit]


def _messages(answer: list[Any]) -> list[QueuedMessage]:
    return [QueuedMessage(int(n), pdu, int(x) / 1000) for n, pdu, x in _threes(answer)]


def _threes(words: list[Any]) -> Iterator[tuple[Any, Any, Any]]:
    return zip(words[::3], words[1::3], words[2::3], strict=True)
