"""`Queues`: the queues of all accounts that have one, and their way to the store.

Messages that SMSCs send in one turn of the reactor go to the store as one batch, for all accounts
together. While one batch is being written the next one gathers. Messages that ESMEs have answered
are removed in batches too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from operator import add

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from smppgate.gate.queue.account_queue import AccountQueue, QueueStatistics
from smppgate.gate.queue.ports import ChooseSession, Depositor, ToEsme
from smppgate.routing.esmes.account import Account
from smppgate.routing.exchange import Exchange
from smppgate.routing.sessions import EsmeSession
from smppgate.store import IStore, NewMessage, QueuedMessage, StoreError
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

RECOUNT_INTERVAL = 1.0
"""Seconds until the store is counted again at the start, when it could not be: until then SMSCs
are answered their `undelivered_status`."""

POLL_INTERVAL = 60.0
"""Seconds between two counts of what has expired in the store. Expired messages take room in
`queue_size` until then; a count reads the whole table."""

MOST_OCTETS = 32 << 20
"""Octets of messages that may be on their way to the store at one time; what comes beyond is
answered ESME_RX_T_APPN."""

_Arrival = tuple[Depositor, Exchange, NewMessage]


class Queues(Mapping["Account[EsmeSession]", AccountQueue]):
    """Account → its queue.

    :param batch: the sessions' own: the messages of one turn go to the store together.
    :param store: has the messages; the caller opens and closes it.
    :param to_esme: gives a message as a peer of another version can take it.
    :param choose: gives the session for a message.
    """

    log = Logger()

    def __init__(
        self,
        clock: Clock,
        batch: Batch,
        store: IStore,
        to_esme: ToEsme,
        choose: ChooseSession,
    ) -> None:
        self._clock = clock
        self._batch = batch
        self._store = store
        self._to_esme = to_esme
        self._choose = choose
        self._queues: dict[Account[EsmeSession], AccountQueue] = {}
        self._gathered: list[_Arrival] = []
        self._being_kept: list[_Arrival] | None = None
        self._octets = 0
        """Octets of messages on their way to the store."""
        self._ended: list[int] = []
        self._is_scheduled = False
        self._timer: IDelayedCall | None = None
        self._is_stopped = False

    def __getitem__(self, account: Account[EsmeSession]) -> AccountQueue:
        return self._queues[account]

    def __contains__(self, account: object) -> bool:
        # Called for each message: Mapping's own would raise and catch a KeyError.
        return account in self._queues

    def __iter__(self) -> Iterator[Account[EsmeSession]]:
        return iter(self._queues)

    def __len__(self) -> int:
        return len(self._queues)

    def add(self, account: Account[EsmeSession], limit: int, ttl: float) -> AccountQueue:
        """Let ``account`` have a queue of ``limit`` messages that are kept ``ttl`` seconds."""
        queue = AccountQueue(
            account,
            limit,
            ttl,
            self,
            self._clock,
            self._batch,
            self._to_esme,
            self._choose,
        )
        self._queues[account] = queue
        return queue

    def statistics(self) -> QueueStatistics:
        """The counts of all queues together."""
        return reduce(add, (q.statistics() for q in self._queues.values()), QueueStatistics())

    @property
    def under_way(self) -> int:
        """Messages sent to ESMEs that they have not answered."""
        return sum(queue.under_way for queue in self._queues.values())

    # What the gate reports

    def start(self) -> None:
        """The store is open: count what is in it."""
        self._is_stopped = False
        self._count_first()

    def bound(self, account: Account[EsmeSession]) -> None:
        """A session of ``account`` that receives is bound."""
        queue = self._queues.get(account)
        if queue is not None:
            queue.sender.bound()

    def lost(self, account: Account[EsmeSession]) -> None:
        """A session of ``account`` has ended."""
        queue = self._queues.get(account)
        if queue is not None:
            queue.sender.look_soon()

    def rest(self) -> None:
        """Send nothing more; messages that are under way may still be answered."""
        for queue in self._queues.values():
            queue.sender.stop()

    def stop(self) -> None:
        """The store is about to be closed: give it what has gathered, and stop all timers."""
        self.rest()
        self._is_stopped = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._commit()

    # `QueueStore`

    def keep(self, queue: Depositor, exchange: Exchange, message: NewMessage) -> None:
        """Store ``message`` and then call `Depositor.kept` of ``queue``."""
        if self._octets + len(message.pdu) > MOST_OCTETS:
            # The store is slower than the SMSCs, which send it again.
            queue.kept(exchange, stored=False)
            return
        self._octets += len(message.pdu)
        self._gathered.append((queue, exchange, message))
        if self._being_kept is None:
            self._schedule()

    def remove(self, number: int) -> None:
        """Remove the message of that number."""
        self._ended.append(number)
        self._schedule()

    def read(self, account: bytes, after: int, limit: int) -> Deferred[list[QueuedMessage]]:
        """The next ``limit`` messages of an account behind the number ``after``."""
        # First: removed messages are not to be read.
        self._remove()
        return self._store.queued(account, after, limit)

    def _schedule(self) -> None:
        if self._is_stopped:
            self._commit()
        elif not self._is_scheduled:
            self._is_scheduled = True
            self._batch.at_end(self._end_turn)

    def _end_turn(self) -> None:
        self._is_scheduled = False
        self._commit()

    def _commit(self) -> None:
        self._remove()
        if self._being_kept is None and self._gathered:
            batch, self._gathered = self._gathered, []
            self._being_kept = batch
            keeping = self._store.enqueue([message for _, _, message in batch])
            keeping.addCallbacks(self._kept, self._not_kept)

    def _remove(self) -> None:
        if self._ended:
            ended, self._ended = self._ended, []
            self._store.remove_queued(ended)

    def _kept(self, _result: None) -> None:
        self._batch_done(stored=True)

    def _not_kept(self, failure: Failure) -> None:
        if not failure.check(StoreError):
            self.log.failure("messages could not be put into their queues", failure)
        self._batch_done(stored=False)

    def _batch_done(self, stored: bool) -> None:
        batch, self._being_kept = self._being_kept or [], None
        for queue, exchange, message in batch:
            self._octets -= len(message.pdu)
            try:
                queue.kept(exchange, stored)
            except Exception:
                # An error in one answer does not keep the others from their SMSCs.
                self.log.failure("a message that was queued could not be answered")
        if self._gathered:
            self._schedule()

    # Counting the store

    def _count_first(self) -> None:
        self._timer = None
        self._store.queue_sizes().addCallbacks(self._counted_first, self._not_counted)

    def _counted_first(self, sizes: dict[bytes, int]) -> None:
        left = dict(sizes)
        for queue in self._queues.values():
            queue.count(left.pop(queue.name, 0))
        for account, size in left.items():
            self.log.warn(
                "{size} messages are queued for ESME {account}, which has no queue any more",
                size=size,
                account=account.decode("latin-1"),
            )
        if self._queues:
            self._call_later(POLL_INTERVAL, self._poll)

    def _not_counted(self, failure: Failure) -> None:
        if not failure.check(StoreError):
            self.log.failure("queues could not be counted", failure)
        for queue in self._queues.values():
            queue.not_counted()
        self._call_later(RECOUNT_INTERVAL, self._count_first)

    def _poll(self) -> None:
        """Count again: the store removes expired messages and sets a broken file aside."""
        self._timer = None
        now = self._clock.wall()
        filled = [queue for queue in self._queues.values() if queue.stored]
        at_store = {queue: queue.changes for queue in filled if queue.is_at_store}
        for queue in filled:
            if queue.earliest_expiry <= now:
                queue.sender.look_soon()
        if at_store:
            self._remove()
            counting = self._store.queue_sizes()
            counting.addCallbacks(self._recounted, self._not_recounted, (at_store,))
        else:
            self._call_later(POLL_INTERVAL, self._poll)

    def _recounted(self, sizes: dict[bytes, int], at_store: dict[AccountQueue, int]) -> None:
        for queue, changes in at_store.items():
            if queue.is_at_store and queue.changes == changes:
                queue.count(sizes.get(queue.name, 0))
            if queue.name in sizes:
                first = self._store.queued(queue.name, 0, 1)
                first.addCallbacks(queue.first_read, _ignore_store_error)
        self._call_later(POLL_INTERVAL, self._poll)

    def _not_recounted(self, failure: Failure) -> None:
        if not failure.check(StoreError):
            self.log.failure("queues could not be counted", failure)
        self._call_later(POLL_INTERVAL, self._poll)

    def _call_later(self, seconds: float, then: Callable[[], None]) -> None:
        if not self._is_stopped:
            self._timer = self._clock.callLater(seconds, then)


def _ignore_store_error(failure: Failure) -> None:
    """The next poll reads it again."""
    failure.trap(StoreError)
