"""`Queues`: the queues of all accounts that have one, and their way to the store.

Messages that SMSCs send in one turn of the reactor go to the store as one batch, for all accounts
together. While one batch is being written the next one gathers. Messages that ESMEs have answered
are removed in batches too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import reduce
from operator import add

from attrs import evolve, frozen
from twisted.internet.defer import Deferred, ensureDeferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from smppgate.gate.queue.account_queue import AccountQueue, QueueStatistics
from smppgate.gate.queue.claims import QueueClaims
from smppgate.gate.queue.ports import ChooseSession, Depositor, ToEsme
from smppgate.gate.relay.events import Events
from smppgate.gate.relay.reason import EXPIRED
from smppgate.notices.messages import ORPHANS
from smppgate.notices.program import QUEUE_ANSWER_FAILED, QUEUES_UNCOUNTED
from smppgate.notices.store import NOT_QUEUED
from smppgate.routing.esmes.account import Account
from smppgate.routing.exchange import Exchange
from smppgate.routing.sessions import EsmeSession
from smppgate.store import Enqueued, IStore, NewMessage, QueuedMessage, StoreError
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
answered the `undelivered_status` of its SMSC."""

_Arrival = tuple[Depositor, Exchange, NewMessage]


@frozen
class Orphans:
    """Messages in the store of an account that has no queue.

    :ivar count: how many they are.
    :ivar until: when the last of them expires; seconds of the wall clock.
    """

    count: int
    until: float


class Queues(Mapping["Account[EsmeSession]", AccountQueue]):
    """Account → its queue.

    Queues come and go while the gate runs. One that is removed is kept aside until nothing of it
    is on its way; the account that returns meanwhile, under the same system_id, gets it back.

    :param batch: the sessions' own: the messages of one turn go to the store together.
    :param store: has the messages; the caller opens and closes it.
    :param to_esme: gives a message as a peer of another version can take it.
    :param choose: gives the session for a message.
    :param events: tells of answers of ESMEs.
    """

    log = Logger()

    def __init__(
        self,
        clock: Clock,
        batch: Batch,
        store: IStore,
        to_esme: ToEsme,
        choose: ChooseSession,
        events: Events,
    ) -> None:
        self._clock = clock
        self._batch = batch
        self._store = store
        self._to_esme = to_esme
        self._choose = choose
        self._events = events
        self._queues: dict[Account[EsmeSession], AccountQueue] = {}
        self.by_account: Mapping[Account[EsmeSession], AccountQueue] = self._queues
        """The same as this mapping itself. A plain one: each message looks into it."""
        # System_id → the queue: all of `_queues`, and those removed that are not idle yet.
        self._by_name: dict[bytes, AccountQueue] = {}
        # Of the queues that close: what is told when they are gone.
        self._closing: dict[AccountQueue, list[Deferred[bool]]] = {}
        self._ending: dict[AccountQueue, None] = {}
        """Those that close, and those removed that are not idle yet."""
        self._past = QueueStatistics()
        """What is counted of queues that are gone."""
        self._gathered: list[_Arrival] = []
        self._being_kept: list[_Arrival] | None = None
        self._octets = 0
        """Octets of messages on their way to the store."""
        self._ended: dict[bytes, list[int]] = {}
        self._claims = QueueClaims(store, self._remove)
        self._recount: IDelayedCall | None = None
        """Counts queues that could not be counted."""
        self._timer: IDelayedCall | None = None
        """Polls the store."""
        self._is_counting = self._is_polling = False
        self.tells_orphans = True
        """Whether it is this process that tells of `orphans`, of several that share the store."""
        self._is_started = self._is_resting = self._is_stopped = False
        self._is_scheduled = self._looks_at_ends = self._has_orphans_to_tell = False

    def __getitem__(self, account: Account[EsmeSession]) -> AccountQueue:
        return self._queues[account]

    def __iter__(self) -> Iterator[Account[EsmeSession]]:
        return iter(self._queues)

    def __len__(self) -> int:
        return len(self._queues)

    def add(self, account: Account[EsmeSession], limit: int, ttl: float) -> AccountQueue:
        """Let ``account`` have a queue of ``limit`` messages that are kept ``ttl`` seconds.

        It has the messages that are in the store for this system_id, and those on their way there.
        A queue that was closing is an ordinary one again.
        """
        queue = self._by_name.get(account.system_id.encode("latin-1"))
        if queue is None:
            queue = self._made(account, limit, ttl)
        else:
            self._keep_on(queue, account)
        queue.change(limit, ttl)
        self._queues[account] = self._by_name[queue.name] = queue
        if self._is_resting:
            queue.sender.stop()
        if self._is_started:
            self._begin([queue])
        return queue

    def change(self, account: Account[EsmeSession], limit: int, ttl: float) -> None:
        """Let the queue of ``account`` hold ``limit`` messages, and keep new ones ``ttl`` seconds.

        :raises KeyError: where it has none.
        """
        self._queues[account].change(limit, ttl)

    def close(self, account: Account[EsmeSession]) -> Deferred[bool]:
        """Let ``account`` have no queue any more when all that is in it has been delivered.

        Until then new messages go behind those that wait, if a session could take them.

        :return: fires with True when the queue is gone, and with False when it was removed or is
            to stay after all.
        :raises KeyError: where it has none.
        """
        queue = self._queues[account]
        done = Deferred[bool]()
        queue.is_closing = True
        self._ending[queue] = None
        self._closing.setdefault(queue, []).append(done)
        self._look_at_ends()
        return done

    def remove(self, account: Account[EsmeSession]) -> None:
        """Let ``account``, which is removed, have no queue any more; one without is ignored.

        Its messages stay in the store until they expire, also those on their way there.
        """
        queue = self._queues.pop(account, None)
        if queue is not None:
            self._close_no_longer(queue, is_gone=False)
            queue.sender.stop()
            queue.sender.receiver_needed = None
            self._claims.rest(queue)
            self._ending[queue] = None
            self._look_at_ends()

    async def orphans(self) -> dict[bytes, Orphans]:
        """The messages in the store of accounts that have no queue, by system_id.

        :raises StoreError: when the store cannot be read at present.
        """
        self._remove()
        sizes = await self._store.queue_sizes()
        left = sizes.keys() - {queue.name for queue in self._queues.values()}
        if not left:
            return {}
        ends = await self._store.queue_ends()
        return {name: Orphans(sizes[name], ends[name]) for name in sorted(left & ends.keys())}

    def tell_orphans(self) -> Deferred[None]:
        """Write `orphans` into the log, if there are any and the store can be read now.

        Nothing where another process ``tells_orphans``.
        """
        if not self.tells_orphans:
            return succeed(None)
        telling = ensureDeferred(self._tell_orphans())
        return telling.addErrback(_ignore_store_error)

    async def _tell_orphans(self) -> None:
        for name, orphans in (await self.orphans()).items():
            self.log.tell(
                ORPHANS,
                count=orphans.count,
                account=name.decode("latin-1"),
                until=datetime.fromtimestamp(orphans.until, UTC).isoformat(" ", "seconds"),
            )

    def _made(self, account: Account[EsmeSession], limit: int, ttl: float) -> AccountQueue:
        return AccountQueue(
            account,
            limit,
            ttl,
            self,
            self._clock,
            self._batch,
            self._to_esme,
            self._choose,
            self._events,
        )

    def _keep_on(self, queue: AccountQueue, account: Account[EsmeSession]) -> None:
        """Let ``account`` have a queue that is there under its name, closing or removed."""
        if self._queues.get(account) is not queue:
            self._queues.pop(queue.account, None)
            queue.resume(account)
            self._claims.go_on(queue)
        self._close_no_longer(queue, is_gone=False)
        self._ending.pop(queue, None)

    def statistics(self) -> QueueStatistics:
        """The counts of all queues together, with those of queues that are gone."""
        return reduce(add, (q.statistics() for q in self._by_name.values()), self._past)

    # Queues go

    def _close_no_longer(self, queue: AccountQueue, is_gone: bool) -> None:
        queue.is_closing = False
        for waiting in self._closing.pop(queue, ()):
            waiting.callback(is_gone)

    def _look_at_ends_soon(self) -> None:
        if self._ending and not self._looks_at_ends and not self._is_stopped:
            self._looks_at_ends = True
            self._batch.at_end(self._look_at_ends)

    def _look_at_ends(self) -> None:
        """Forget the queues that close and are empty, and those that are removed and idle."""
        self._looks_at_ends = False
        for queue in [queue for queue in self._ending if queue.is_idle]:
            if queue.is_closing and queue.is_empty:
                del self._queues[queue.account]
                self._forget(queue)
                self._close_no_longer(queue, is_gone=True)
            elif not queue.is_closing:
                self._forget(queue)

    def _forget(self, queue: AccountQueue) -> None:
        del self._by_name[queue.name], self._ending[queue]
        queue.sender.stop()
        self._claims.end(queue)
        self._past += evolve(queue.statistics(), queued=0)

    @property
    def under_way(self) -> int:
        """Messages sent to ESMEs that they have not answered."""
        return sum(queue.under_way for queue in self._by_name.values())

    # What the gate reports

    def start(self) -> None:
        """The store is open: count what is in it."""
        self._is_stopped = False
        self._is_started = True
        self._store.tell_expired(self._expired_at_store)
        if self._claims.are_needed:
            self._begin(list(self._by_name.values()))
            self.tell_orphans()
        else:
            self._has_orphans_to_tell = True
            self._count()

    def bound(self, account: Account[EsmeSession]) -> None:
        """A session of ``account`` that receives is bound."""
        queue = self._queues.get(account)
        if queue is not None:
            queue.sender.bound()
            self._claims.look(queue)

    def lost(self, account: Account[EsmeSession]) -> None:
        """A session of ``account`` has ended."""
        queue = self._queues.get(account)
        if queue is not None:
            queue.sender.look_soon()
            self._claims.look(queue)

    def rest(self) -> None:
        """Send nothing more; messages that are under way may still be answered."""
        self._is_resting = True
        for queue in self._queues.values():
            queue.sender.stop()
        self._claims.rest_all()

    def stop(self) -> None:
        """The store is about to be closed: give it what has gathered, and stop all timers."""
        self.rest()
        self._is_stopped = True
        for timer in (self._timer, self._recount):
            if timer is not None:
                timer.cancel()
        self._timer = self._recount = None
        self._commit()

    # `QueueStore`

    def keep(self, queue: Depositor, exchange: Exchange, message: NewMessage) -> None:
        """Store ``message`` and then call `Depositor.kept` of ``queue``."""
        if self._octets + len(message.pdu) > MOST_OCTETS:
            # The store is slower than the SMSCs, which send it again.
            queue.kept(exchange, Enqueued.FAILED)
            return
        self._octets += len(message.pdu)
        self._gathered.append((queue, exchange, message))
        if self._being_kept is None:
            self._schedule()

    def remove_message(self, account: bytes, number: int) -> None:
        """Remove the message of that number from the queue of ``account``."""
        self._ended.setdefault(account, []).append(number)
        self._look_at_ends_soon()
        self._schedule()

    def remove_messages(self, account: bytes, numbers: Sequence[int]) -> None:
        """Remove messages at once: no read that is under way gives them any more."""
        self._ended.setdefault(account, []).extend(numbers)
        self._remove()
        self._look_at_ends_soon()

    def ended(self, account: bytes) -> None:
        """A message of ``account`` is not under way any more, or what is stored has been told."""
        self._claims.came_back(account)
        self._look_at_ends_soon()

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
            keeping.addErrback(self._not_kept, len(batch)).addCallback(self._kept)

    def _remove(self) -> None:
        ended, self._ended = self._ended, {}
        for account, numbers in ended.items():
            self._store.remove(account, numbers)

    def _not_kept(self, failure: Failure, count: int) -> list[Enqueued]:
        self.log.tell_failure(NOT_QUEUED, failure)
        return [Enqueued.FAILED] * count

    def _kept(self, outcomes: list[Enqueued]) -> None:
        batch, self._being_kept = self._being_kept or [], None
        for (queue, exchange, message), outcome in zip(batch, outcomes, strict=True):
            self._octets -= len(message.pdu)
            try:
                queue.kept(exchange, outcome)
            except Exception:
                # An error in one answer does not keep the others from their SMSCs.
                self.log.tell_failure(QUEUE_ANSWER_FAILED, Failure())
        if self._gathered:
            self._schedule()
        self._look_at_ends_soon()

    def _expired_at_store(self, account: bytes, message: QueuedMessage) -> None:
        queue = self._by_name.get(account)
        if queue is not None:
            queue.expired_at_store(message)
        elif self._events.tell_unqueued is not None:
            # Its account has no queue any more.
            self._events.tell_unqueued(account, message.pdu, EXPIRED)

    # Counting the store

    def _begin(self, queues: Sequence[AccountQueue]) -> None:
        """Find out what the store has of ``queues``."""
        if not self._claims.are_needed:
            self._count_soon()
            return
        for queue in queues:
            self._claims.begin(queue)
        self._poll_later()

    def _count_soon(self) -> None:
        """Count for queues that are new, all of this turn together."""
        if not self._is_counting and not self._is_stopped:
            self._is_counting = True
            self._batch.at_end(self._count)

    def _count(self) -> None:
        self._recount = None
        self._is_counting = True
        self._remove()
        queues = [queue for queue in self._by_name.values() if not queue.is_counted]
        self._store.queue_sizes().addCallbacks(self._counted, self._not_counted, (queues,))

    def _counted(self, sizes: dict[bytes, int], queues: list[AccountQueue]) -> None:
        self._is_counting = False
        for queue in queues:
            queue.count(sizes.get(queue.name, 0))
        self._poll_later()
        self._look_at_ends_soon()
        if self._has_orphans_to_tell and not self._is_stopped:
            self._has_orphans_to_tell = False
            self.tell_orphans()
        if any(not queue.is_counted for queue in self._by_name.values()):
            self._count_soon()

    def _not_counted(self, failure: Failure) -> None:
        if not failure.check(StoreError):
            self.log.tell_failure(QUEUES_UNCOUNTED, failure)
        for queue in self._by_name.values():
            queue.not_counted()
        if not self._is_stopped:
            self._recount = self._clock.callLater(RECOUNT_INTERVAL, self._count)

    def _poll_later(self) -> None:
        """Poll the store after a while, as long as there are queues."""
        if not self._is_polling and self._queues and not self._is_stopped:
            self._is_polling = True
            self._timer = self._clock.callLater(POLL_INTERVAL, self._poll)

    def _polled(self) -> None:
        self._is_polling = False
        self._poll_later()
        self._look_at_ends_soon()

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
            self._polled()

    def _recounted(self, sizes: dict[bytes, int], at_store: dict[AccountQueue, int]) -> None:
        for queue, changes in at_store.items():
            if queue.is_at_store and queue.changes == changes:
                queue.count(sizes.get(queue.name, 0))
            if queue.name in sizes:
                first = self._store.queued(queue.name, 0, 1)
                first.addCallbacks(queue.first_read, _ignore_store_error)
        self._polled()

    def _not_recounted(self, failure: Failure) -> None:
        if not failure.check(StoreError):
            self.log.tell_failure(QUEUES_UNCOUNTED, failure)
        self._polled()


def _ignore_store_error(failure: Failure) -> None:
    """The next poll reads it again."""
    failure.trap(StoreError)
