"""`SharedStore`: the store of a worker: return paths of its own, and all else from the master.

What the master is asked goes over the connection between the two, in order. When that ends the
worker does too; until then what was asked fails as `IStore` says, and nothing of a queue is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from zope.interface import implementer

from smppgate.store.interface import IPathStore, IStore, QueueWatcher
from smppgate.store.reads import Reads
from smppgate.store.records import (
    Enqueued,
    NewMessage,
    QueuedMessage,
    StoreError,
    StoreStatistics,
)
from smppgate.workers import store_commands as c
from smppgate.workers.control import Responders

T = TypeVar("T")


@implementer(IStore)
class SharedStore(Responders):
    """A store of which the master has the queues, numbers, places and limits.

    :param paths: the return paths; opened and closed with this.
    """

    is_shared = True
    is_quota_shared = True

    def __init__(self, paths: IPathStore) -> None:
        super().__init__()
        self._paths = paths
        # The methods themselves, see `IStore`: no call between.
        self.keep = paths.keep
        self.recent = paths.recent
        self.end = paths.end
        self.find = paths.find
        self.find_beside = paths.find_beside
        self.open = paths.open
        self.close = paths.close
        self._watchers: dict[bytes, QueueWatcher] = {}
        self._turn = 0
        """Grows with each claim that is new."""
        self._turns: dict[bytes, int] = {}
        """Account → the turn of its claim, until it is released: a grant of another is none."""
        self._reads = Reads()
        self._told_expired: Callable[[bytes, QueuedMessage], None] | None = None
        self._told_full: Callable[[bytes], None] | None = None
        self._told_leased: Callable[[Mapping[str, int]], None] | None = None

    @property
    def keeps_at_once(self) -> bool:
        """See `IStore.keeps_at_once`."""
        return self._paths.keeps_at_once

    @property
    def is_all_recent(self) -> bool:
        """See `IStore.is_all_recent`."""
        return self._paths.is_all_recent

    def statistics(self) -> StoreStatistics:
        """Of the return paths of this worker; the master has what is queued.

        Over all workers, together with those of the master's store, each count is added up.
        """
        return self._paths.statistics()

    def lost(self) -> None:
        """The connection to the master is lost: nothing more is sent from any queue."""
        for watcher in list(self._watchers.values()):
            watcher.wanted()

    # Queues

    def enqueue(self, messages: Sequence[NewMessage]) -> Deferred[list[Enqueued]]:
        """See `IStore.enqueue`."""
        fields = [(it.account, it.pdu, it.expires, it.limit) for it in messages]
        asking = self._ask(c.Enqueue, messages=fields)
        return asking.addCallbacks(_outcomes, _all_failed, errbackArgs=(len(messages),))

    def queued(self, account: bytes, after: int, limit: int) -> Deferred[list[QueuedMessage]]:
        """See `IStore.queued`."""
        hidden = self._reads.begin(account)
        asking = self._asked(c.Queued, "messages", account=account, after=after, limit=limit)
        return asking.addBoth(self._read, hidden).addCallback(_messages, hidden)

    def remove(self, account: bytes, numbers: Sequence[int]) -> Deferred[None]:
        """See `IStore.remove`."""
        self._reads.hide(account, numbers)
        return self._ask(c.Remove, account=account, numbers=list(numbers)).addBoth(_nothing)

    def tell_expired(self, told: Callable[[bytes, QueuedMessage], None]) -> None:
        """See `IStore.tell_expired`."""
        self._told_expired = told

    def queue_sizes(self) -> Deferred[dict[bytes, int]]:
        """See `IStore.queue_sizes`."""
        return self._asked(c.QueueSizes, "sizes")

    def queue_ends(self) -> Deferred[dict[bytes, float]]:
        """See `IStore.queue_ends`."""
        return self._asked(c.QueueEnds, "ends")

    def claim(self, account: bytes, rank: int) -> None:
        """See `IStore.claim`."""
        if account not in self._turns:
            self._turn += 1
            self._turns[account] = self._turn
        self._tell(c.Claim, account=account, rank=rank, turn=self._turns[account])

    def release(self, account: bytes) -> None:
        """See `IStore.release`."""
        self._turns.pop(account, None)
        self._tell(c.Release, account=account)

    def watch(self, account: bytes, watcher: QueueWatcher | None) -> None:
        """See `IStore.watch`."""
        if watcher is not None:
            self._watchers[account] = watcher
        else:
            self._watchers.pop(account, None)
        self._tell(c.Watch, account=account, begins=watcher is not None)

    @c.Came.responder
    def _came(self, account: bytes, count: int) -> dict[str, Any]:
        return self._hear(account, lambda watcher: watcher.came(count))

    @c.Emptied.responder
    def _emptied(self, account: bytes) -> dict[str, Any]:
        return self._hear(account, lambda watcher: watcher.emptied())

    @c.Granted.responder
    def _granted(self, account: bytes, count: int, turn: int) -> dict[str, Any]:
        if turn != self._turns.get(account):
            return {}
        return self._hear(account, lambda watcher: watcher.granted(count))

    @c.Wanted.responder
    def _wanted(self, account: bytes) -> dict[str, Any]:
        return self._hear(account, lambda watcher: watcher.wanted())

    @c.Expired.responder
    def _expired(self, account: bytes, message: tuple[int, bytes, float]) -> dict[str, Any]:
        if self._told_expired is not None:
            self._told_expired(account, QueuedMessage(*message))
        return {}

    # Numbers, places and limits

    def reserve_numbers(self, count: int) -> Deferred[int]:
        """See `IStore.reserve_numbers`."""
        return self._asked(c.ReserveNumbers, "first", count=count)

    def admit(self, account: bytes, limit: int) -> Deferred[bool]:
        """See `IStore.admit`."""
        return self._asked(c.Admit, "is_admitted", account=account, limit=limit)

    def leave(self, account: bytes) -> None:
        """See `IStore.leave`."""
        self._tell(c.Leave, account=account)

    def tell_full(self, told: Callable[[bytes], None]) -> None:
        """See `IStore.tell_full`."""
        self._told_full = told

    def take_slot(self, smsc: str, limit: int) -> Deferred[bool]:
        """See `IStore.take_slot`."""
        return self._asked(c.TakeSlot, "has_slot", smsc=smsc, limit=limit)

    def give_slot(self, smsc: str) -> None:
        """See `IStore.give_slot`."""
        self._tell(c.GiveSlot, smsc=smsc)

    def lease(self, wanted: Mapping[str, int]) -> None:
        """See `IStore.lease`."""
        self._tell(c.Lease, wanted=dict(wanted))

    def tell_leased(self, told: Callable[[Mapping[str, int]], None]) -> None:
        """See `IStore.tell_leased`."""
        self._told_leased = told

    def share_among(self, processes: int) -> None:
        """See `IStore.share_among`: the master is always reached."""

    @c.Full.responder
    def _full(self, account: bytes) -> dict[str, Any]:
        if self._told_full is not None:
            self._told_full(account)
        return {}

    @c.Leased.responder
    def _leased(self, parts: dict[str, int]) -> dict[str, Any]:
        if self._told_leased is not None:
            self._told_leased(parts)
        return {}

    # Parts of that

    def _ask(self, command: Any, **arguments: Any) -> Deferred[Any]:
        asking: Deferred[Any] = self.control.callRemote(command, **arguments)
        return asking

    def _asked(self, command: Any, result: str, **arguments: Any) -> Deferred[Any]:
        """Ask for one value; fails with `StoreError`."""
        asking = self.control.ask(command, **arguments)
        return asking.addCallbacks(lambda found: found[result], _store_error)

    def _tell(self, command: Any, **arguments: Any) -> None:
        self.control.callRemote(command, **arguments)

    def _hear(self, account: bytes, tell: Callable[[QueueWatcher], None]) -> dict[str, Any]:
        watcher = self._watchers.get(account)
        if watcher is not None:
            tell(watcher)
        return {}

    def _read(self, result: T, hidden: set[int]) -> T:
        self._reads.end(hidden)
        return result


def _outcomes(answer: dict[str, Any]) -> list[Enqueued]:
    return [Enqueued(value) for value in answer["outcomes"]]


def _all_failed(_: Failure, count: int) -> list[Enqueued]:
    return [Enqueued.FAILED] * count


def _messages(answer: list[tuple[int, bytes, float]], hidden: set[int]) -> list[QueuedMessage]:
    messages = (QueuedMessage(*fields) for fields in answer)
    return [message for message in messages if message.number not in hidden]


def _store_error(failure: Failure) -> Failure:
    if failure.check(StoreError):
        return failure
    return Failure(StoreError(f"the master does not answer: {failure.getErrorMessage()}"))


def _nothing(_: object) -> None:
    """A removal that cannot be written is retried by the master, or the worker ends."""
