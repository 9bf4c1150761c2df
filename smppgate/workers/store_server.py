"""`StoreServer`: the master's store, and what it does for each worker.

Queues and numbers are in the master's store, which may be a `DiskQueues` or, where nothing is to
outlive the process, a `MemoryStore`. Who has which queue, which places, slots and parts of limits
is kept in memory: it ends with the connection of the worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from twisted.internet.defer import Deferred

from smppgate.store.records import Enqueued, NewMessage, QueuedMessage, StoreStatistics
from smppgate.store.sharing import Shareable, SharedQueues
from smppgate.workers import store_commands as c
from smppgate.workers.control import Responders
from smppgate.workers.places import Places
from smppgate.workers.shares import Shares


class ServedStore(Shareable, Protocol):
    """A store whose queues and numbers workers share."""

    def reserve_numbers(self, count: int) -> Deferred[int]:
        """See `INumbers.reserve_numbers`."""

    def open(self) -> Deferred[None]:
        """See `IStore.open`."""

    def close(self) -> Deferred[None]:
        """See `IStore.close`."""

    def statistics(self) -> StoreStatistics:
        """See `IStore.statistics`."""


class StoreServer:
    """What all workers have in common.

    :param store: has the queues and numbers. The caller opens it before the first worker is there,
        closes it after the last, and adds its `statistics` to those of the workers' stores.
    """

    def __init__(self, store: ServedStore) -> None:
        self.store = store
        self.queues = SharedQueues(store)
        self.places = Places()
        self.slots = Places()
        """Those of links, by the names of their SMSCs."""
        self.shares = Shares()

    def responders(self) -> StoreResponders:
        """What answers one worker more."""
        return StoreResponders(self)


class _Watcher:
    """Tells one worker of one queue."""

    def __init__(self, responders: StoreResponders, account: bytes) -> None:
        self._tell = responders.tell
        self._account = account
        self.turn = 0
        """Of the claim of the worker, see `Claim`."""

    def came(self, count: int) -> None:
        """See `QueueWatcher.came`."""
        self._tell(c.Came, account=self._account, count=count)

    def emptied(self) -> None:
        """See `QueueWatcher.emptied`."""
        self._tell(c.Emptied, account=self._account)

    def granted(self, count: int) -> None:
        """See `QueueWatcher.granted`."""
        self._tell(c.Granted, account=self._account, count=count, turn=self.turn)

    def wanted(self) -> None:
        """See `QueueWatcher.wanted`."""
        self._tell(c.Wanted, account=self._account)


class StoreResponders(Responders):
    """Answers the `SharedStore` of one worker, whose claims and places end with its connection."""

    def __init__(self, server: StoreServer) -> None:
        super().__init__()
        self._server = server
        self._queues = server.queues.join()
        self._queues.tell_expired(self._expired)
        self._watchers: dict[bytes, _Watcher] = {}
        server.places.join(self, self._full)
        server.slots.join(self, _nothing)
        server.shares.join(self, self._leased)

    def lost(self) -> None:
        """The worker has ended."""
        self._queues.leave()
        self._server.places.gone(self)
        self._server.slots.gone(self)
        self._server.shares.gone(self)

    def tell(self, command: Any, **arguments: Any) -> None:
        """Send the worker a command that it does not answer."""
        self.control.callRemote(command, **arguments)

    # Queues

    @c.Enqueue.responder
    def enqueue(self, messages: list[tuple[Any, ...]]) -> Deferred[dict[str, Any]]:
        """See `IQueues.enqueue`."""
        enqueuing = self._queues.enqueue([NewMessage(*fields) for fields in messages])
        return enqueuing.addCallback(_outcomes)

    @c.Queued.responder
    def queued(self, account: bytes, after: int, limit: int) -> Deferred[dict[str, Any]]:
        """See `IQueues.queued`."""
        return self._queues.queued(account, after, limit).addCallback(_messages)

    @c.Remove.responder
    def remove(self, account: bytes, numbers: list[int]) -> Deferred[dict[str, Any]]:
        """See `IQueues.remove`."""
        return self._queues.remove(account, numbers).addCallback(lambda _: {})

    @c.QueueSizes.responder
    def queue_sizes(self) -> Deferred[dict[str, Any]]:
        """See `IQueues.queue_sizes`."""
        return self._queues.queue_sizes().addCallback(lambda sizes: {"sizes": sizes})

    @c.QueueEnds.responder
    def queue_ends(self) -> Deferred[dict[str, Any]]:
        """See `IQueues.queue_ends`."""
        return self._queues.queue_ends().addCallback(lambda ends: {"ends": ends})

    @c.Watch.responder
    def watch(self, account: bytes, begins: bool) -> dict[str, Any]:
        """See `IQueues.watch`."""
        if begins:
            watcher = self._watchers[account] = _Watcher(self, account)
            self._queues.watch(account, watcher)
        else:
            self._watchers.pop(account, None)
            self._queues.watch(account, None)
        return {}

    @c.Claim.responder
    def claim(self, account: bytes, rank: int, turn: int) -> dict[str, Any]:
        """See `IQueues.claim`."""
        self._watchers[account].turn = turn
        self._queues.claim(account, rank)
        return {}

    @c.Release.responder
    def release(self, account: bytes) -> dict[str, Any]:
        """See `IQueues.release`."""
        self._queues.release(account)
        return {}

    def _expired(self, account: bytes, message: QueuedMessage) -> None:
        self.tell(c.Expired, account=account, message=_fields(message))

    # Numbers, places and limits

    @c.ReserveNumbers.responder
    def reserve_numbers(self, count: int) -> Deferred[dict[str, Any]]:
        """See `INumbers.reserve_numbers`."""
        reserving = self._server.store.reserve_numbers(count)
        return reserving.addCallback(lambda first: {"first": first})

    @c.Admit.responder
    def admit(self, account: bytes, limit: int) -> dict[str, Any]:
        """See `IAdmission.admit`."""
        return {"is_admitted": self._server.places.admit(self, account, limit)}

    @c.Leave.responder
    def leave(self, account: bytes) -> dict[str, Any]:
        """See `IAdmission.leave`."""
        self._server.places.leave(self, account)
        return {}

    @c.TakeSlot.responder
    def take_slot(self, smsc: str, limit: int) -> dict[str, Any]:
        """See `IAdmission.take_slot`."""
        return {"has_slot": self._server.slots.admit(self, smsc.encode(), limit)}

    @c.GiveSlot.responder
    def give_slot(self, smsc: str) -> dict[str, Any]:
        """See `IAdmission.give_slot`."""
        self._server.slots.leave(self, smsc.encode())
        return {}

    @c.Lease.responder
    def lease(self, wanted: dict[str, int]) -> dict[str, Any]:
        """See `IQuota.lease`."""
        self._server.shares.lease(self, wanted)
        return {}

    def _full(self, account: bytes) -> None:
        self.tell(c.Full, account=account)

    def _leased(self, parts: Mapping[str, int]) -> None:
        self.tell(c.Leased, parts=dict(parts))


def _nothing(_: bytes) -> None:
    """A link asks again by itself."""


def _fields(message: QueuedMessage) -> tuple[int, bytes, float]:
    return message.number, message.pdu, message.expires


def _messages(messages: list[QueuedMessage]) -> dict[str, Any]:
    return {"messages": [_fields(message) for message in messages]}


def _outcomes(outcomes: list[Enqueued]) -> dict[str, Any]:
    return {"outcomes": [outcome.value for outcome in outcomes]}
