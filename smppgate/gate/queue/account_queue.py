"""`AccountQueue`: the messages that wait for one account.

The SMSC is answered ESME_ROK when the store has its message, and not before. From then on the gate
is responsible for the message: `QueueSender` sends it until the ESME has taken it or it expires.
"""

from __future__ import annotations

from attrs import frozen

from smppgate.gate.queue.ports import ChooseSession, QueueStore, ToEsme
from smppgate.gate.queue.read_ahead import READ_SIZE, ReadAhead
from smppgate.gate.queue.sender import QueueSender
from smppgate.gate.relay.events import Events
from smppgate.gate.relay.reason import EXPIRED, Reason
from smppgate.routing.esmes.account import Account
from smppgate.routing.exchange import Exchange
from smppgate.routing.sessions import EsmeSession
from smppgate.store import Enqueued, NewMessage, QueuedMessage
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.frame import Frame

_BY_OPERATOR = Reason.DROPPED.because("dropped by the operator")

MOST_UNCOUNTED = 1 << 20
"""Octets of messages of one queue that may wait until the store was counted, at the start."""


@frozen
class QueueStatistics:
    """Counts of messages, of one queue or of all together.

    :ivar queued: stored now and not answered by the ESME.
    :ivar delivered: answered ESME_ROK by the ESME.
    :ivar refused: answered ESME_RMSGQFUL to the SMSC because the queue was full.
    :ivar dropped: refused by the ESME for good, not expressible in its version of SMPP, or dropped
        by the operator.
    :ivar expired: not delivered in time.
    """

    queued: int = 0
    delivered: int = 0
    refused: int = 0
    dropped: int = 0
    expired: int = 0

    def __add__(self, other: QueueStatistics) -> QueueStatistics:
        return QueueStatistics(
            self.queued + other.queued,
            self.delivered + other.delivered,
            self.refused + other.refused,
            self.dropped + other.dropped,
            self.expired + other.expired,
        )


class AccountQueue:
    """The queue of one account.

    Where several processes share the store it is one process's at a time: see `QueueClaims`. That
    one alone counts what is stored, so over all processes each count of `statistics` is added up.

    :param limit: messages it holds at the most.
    :param ttl: seconds that each of them is kept.
    :param to_esme: gives a message as a peer of another version can take it.
    :param choose: gives the session for a message.
    :ivar sender: sends its messages to the ESME.
    :ivar is_closing: whether its account is to have no queue any more: what is in it is delivered
        first.
    :ivar is_mine: whether its messages are this process's to count and to send.
    :ivar earliest_expiry: the first message in it does not expire before that; seconds.
    """

    def __init__(
        self,
        account: Account[EsmeSession],
        limit: int,
        ttl: float,
        store: QueueStore,
        clock: Clock,
        batch: Batch,
        to_esme: ToEsme,
        choose: ChooseSession,
        events: Events,
    ) -> None:
        self.account = account
        self.name = account.system_id.encode("latin-1")
        self.is_closing = False
        self.is_mine = True
        self.earliest_expiry = float("-inf")
        self._limit = limit
        self._ttl = ttl
        self._store = store
        self._clock = clock
        self._read_ahead = read_ahead = ReadAhead()
        self.sender = QueueSender(
            account, read_ahead, store, clock, batch, to_esme, choose, events
        )
        # Messages that came before the store was counted; None afterwards.
        self._uncounted: list[tuple[Exchange, bytes]] | None = []
        self._uncounted_octets = 0
        self._refused = 0
        self._begun = 0
        """How often it became this process's."""
        self._is_filled = False
        """Whether it has messages, as far as is known, that another process is to send."""

    def __repr__(self) -> str:
        return f"<AccountQueue of {self.account.system_id} {self._read_ahead!r}>"

    @property
    def holds(self) -> bool:
        """Whether messages wait to be sent, so that a new message must go behind them."""
        read_ahead = self._read_ahead
        return (
            self._uncounted is not None
            or read_ahead.arriving > 0
            or read_ahead.unsent > 0
            or self._is_filled
        )

    @property
    def is_at_store(self) -> bool:
        """Whether the store has every message: none is in memory or on its way to the store."""
        read_ahead = self._read_ahead
        return self._uncounted is None and not read_ahead.arriving and read_ahead.is_unread

    @property
    def is_counted(self) -> bool:
        """Whether it is known how many messages the store has."""
        return self._uncounted is None

    @property
    def is_idle(self) -> bool:
        """Whether nothing of it is on its way, into the store or to the ESME."""
        read_ahead = self._read_ahead
        return self.is_counted and not read_ahead.arriving and not read_ahead.under_way

    @property
    def is_empty(self) -> bool:
        """Whether no message is stored, as far as is known."""
        return not self._read_ahead.stored and not self._is_filled

    @property
    def rank(self) -> int:
        """How well its messages can be sent from here, see `IQueues.claim`.

        2 where a session that receives is bound here, 1 where only peers have such, else 0.
        """
        receivers = self.account.receivers
        return 2 if receivers.has_any_here else int(len(receivers) > 0)

    @property
    def changes(self) -> int:
        """Grows with every change of the number of messages in the store."""
        return self._read_ahead.arrivals + self._read_ahead.ends

    @property
    def stored(self) -> int:
        """Messages stored that the ESME has not answered; 0 where they are another process's."""
        return self._read_ahead.stored

    @property
    def under_way(self) -> int:
        """Messages sent that the ESME has not answered."""
        return self._read_ahead.under_way

    def statistics(self) -> QueueStatistics:
        """The counts so far."""
        return QueueStatistics(
            queued=self._read_ahead.stored,
            delivered=self.sender.delivered,
            refused=self._refused,
            dropped=self.sender.dropped,
            expired=self.sender.expired,
        )

    async def drop(self) -> int:
        """Remove the messages that are stored now and not under way; gives how many they were.

        Those that come meanwhile stay. Where the queue is another process's, it is for that one
        to do, and 0 here; where it becomes that meanwhile, the rest stay.

        :raises StoreError: when the store cannot be read.
        """
        count, after, left, begun = 0, 0, self._read_ahead.stored, self._begun
        while left > 0:
            messages = await self._store.read(self.name, after, min(left, READ_SIZE))
            # Of what was read before another process had the queue, that one may have sent some.
            if not messages or not self.is_mine or self._begun != begun:
                break
            left, after = left - len(messages), messages[-1].number
            dropped = [each for each in messages if self._read_ahead.discard(each.number)]
            gone = [each.number for each in dropped]
            self._store.remove_messages(self.name, gone)
            for each in dropped:
                self.sender.lost(each, _BY_OPERATOR)
            self.sender.dropped += len(gone)
            count += len(gone)
        return count

    def expired_at_store(self, message: QueuedMessage) -> None:
        """The store has deleted a message; of one that is in memory the sender tells."""
        if not self._read_ahead.has_read(message.number):
            self.sender.lost(message, EXPIRED)

    def change(self, limit: int, ttl: float) -> None:
        """Hold so many messages at the most, and keep those that come from now on so long."""
        self._limit = limit
        self._ttl = ttl

    def resume(self, account: Account[EsmeSession]) -> None:
        """Send to the sessions of ``account``, which takes the place of one that was removed."""
        self.account = account
        self.sender.serve(account)
        if self.is_mine:
            self.sender.start()

    # Shared with other processes: `Claimed`

    def share(self) -> None:
        """It is not this process's, until `begin`."""
        self.is_mine = False
        self.sender.stop()

    def begin(self, count: int) -> None:
        """It is this process's, and has ``count`` messages, of which some may have expired."""
        self.is_mine, self._is_filled = True, False
        self._begun += 1
        self.earliest_expiry = float("-inf")
        self._read_ahead.begin(count)
        self.sender.start()
        self._put_counted()

    def came(self, count: int) -> None:
        """Other processes have put ``count`` messages into it."""
        if self.is_mine:
            self._read_ahead.add(count)
            self.sender.look_soon()
        else:
            self._is_filled = True
            self._put_counted()
            self._store.ended(self.name)

    def emptied(self) -> None:
        """It has no message; which of its own are left is known to the process that sends them."""
        if not self.is_mine:
            self._is_filled = False
            self._put_counted()
            self._store.ended(self.name)

    def pause(self) -> None:
        """Send nothing more; messages that are under way may still be answered."""
        self.sender.stop()

    def let_go(self) -> None:
        """It is not this process's any more; nothing is under way."""
        self.is_mine, self._is_filled = False, self._read_ahead.unsent > 0
        self.sender.let_go()

    # Messages come

    def put(self, exchange: Exchange, octets: bytes) -> None:
        """Store the message in ``octets``, a whole PDU, and answer ``exchange``.

        ESME_ROK once it is stored, `Exchange.failure_status` when it cannot be stored,
        ESME_RMSGQFUL when the queue is full.
        """
        read_ahead, exchange.account = self._read_ahead, self.name
        if self._uncounted is not None:
            self._put_uncounted(self._uncounted, exchange, octets)
        elif read_ahead.stored + read_ahead.arriving >= self._limit:
            self._refused += 1
            self._answer(exchange, CommandStatus.ESME_RMSGQFUL)
        else:
            expires = self._clock.wall() + self._ttl
            if not read_ahead.stored + read_ahead.arriving:
                self.earliest_expiry = expires
            read_ahead.arrive()
            self._store.keep(self, exchange, NewMessage(self.name, octets, expires, self._limit))

    def _put_uncounted(
        self, uncounted: list[tuple[Exchange, bytes]], exchange: Exchange, octets: bytes
    ) -> None:
        """Let a message wait for the count of the store, up to `MOST_UNCOUNTED` octets of them."""
        if len(uncounted) >= self._limit:
            # The queue is full of these alone, whatever the store has.
            self._refused += 1
            self._answer(exchange, CommandStatus.ESME_RMSGQFUL)
        elif self._uncounted_octets + len(octets) > MOST_UNCOUNTED:
            self._answer(exchange, exchange.failure_status)
        else:
            self._uncounted_octets += len(octets)
            uncounted.append((exchange, octets))

    def kept(self, exchange: Exchange, outcome: Enqueued) -> None:
        """What became of the message of ``exchange`` in the store: answer its SMSC."""
        is_stored = outcome is Enqueued.STORED
        self._read_ahead.arrived(is_stored and self.is_mine)
        if is_stored:
            self._is_filled = not self.is_mine
            self.sender.look_soon()
            self._answer(exchange, CommandStatus.ESME_ROK)
        elif outcome is Enqueued.FULL:
            self._refused += 1
            self._answer(exchange, CommandStatus.ESME_RMSGQFUL)
        else:
            self._answer(exchange, exchange.failure_status)

    def count(self, size: int) -> None:
        """The store has ``size`` messages: at the start, and whenever some may have expired."""
        read_ahead = self._read_ahead
        if self._uncounted is None:
            self.sender.have_expired(read_ahead.unread - size)
            read_ahead.unread = size
            return
        read_ahead.unread = size
        self._put_counted()
        self.sender.look_soon()

    def _put_counted(self) -> None:
        """It is known what the store has: put in what has waited for that."""
        uncounted, self._uncounted, self._uncounted_octets = self._uncounted, None, 0
        for exchange, octets in uncounted or ():
            self.put(exchange, octets)

    def not_counted(self) -> None:
        """The store could not be counted: waiting messages cannot be stored."""
        if self._uncounted:
            uncounted, self._uncounted, self._uncounted_octets = self._uncounted, [], 0
            for exchange, _ in uncounted:
                self._answer(exchange, exchange.failure_status)

    def first_read(self, messages: list[QueuedMessage]) -> None:
        """``messages`` is the first message in the store, or empty: the rest expire later."""
        for message in messages:
            self.earliest_expiry = message.expires

    def _answer(self, exchange: Exchange, status: int) -> None:
        answer = Frame.of(exchange.resp(status, b"\0"))
        exchange.answered(answer, self._clock.monotonic())
