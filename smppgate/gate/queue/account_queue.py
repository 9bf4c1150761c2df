"""`AccountQueue`: the messages that wait for one account.

The SMSC hears ok when the store has its message, and not before: from then on the message is the
gate's to bring (see `QueueSender`).
"""

from __future__ import annotations

from typing import Protocol

from attrs import frozen
from twisted.internet.interfaces import IReactorTime

from smppgate.gate.queue.read_ahead import ReadAhead
from smppgate.gate.queue.sender import Choose, InVersion, QueueSender, QueueStore, any_of
from smppgate.routing.esmes.account import Account
from smppgate.routing.exchange import Exchange
from smppgate.routing.sessions import EsmeSession
from smppgate.store import NewMessage, QueuedMessage
from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.frame import Frame, response


@frozen
class QueueStatistics:
    """What a queue, or all of them, did so far and hold now, in messages.

    :ivar queued: kept and not answered by the ESME.
    :ivar delivered: taken by the ESME.
    :ivar refused: not taken from the SMSC because the queue was full.
    :ivar dropped: refused by the ESME for good, or not to be said in its version of SMPP.
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


class ArrivalStore(QueueStore, Protocol):
    """Brings what queues have for the store there, in batches."""

    def keep(self, queue: AccountQueue, exchange: Exchange, message: NewMessage) -> None:
        """Store ``message``, and tell ``queue`` with `AccountQueue.kept`."""


class AccountQueue:
    """The queue of one account.

    :param limit: messages it holds at the most.
    :param ttl: seconds that each of them is kept.
    :param in_version: puts a message as a peer of another version can take it.
    :param choose: chooses a session for a message; by default any that has room.
    :ivar delivery: brings its messages to the ESME.
    :ivar expires_first: nothing in it expires before that; seconds.
    """

    def __init__(
        self,
        account: Account[EsmeSession],
        limit: int,
        ttl: float,
        keeper: ArrivalStore,
        clock: IReactorTime,
        in_version: InVersion,
        choose: Choose = any_of,
    ) -> None:
        self.account = account
        self.name = account.system_id.encode("latin-1")
        self.expires_first = float("-inf")
        self._limit = limit
        self._ttl = ttl
        self._keeper = keeper
        self._clock = clock
        self._read_ahead = read_ahead = ReadAhead()
        self.delivery = QueueSender(account, read_ahead, keeper, clock, in_version, choose)
        # What came before it was known how much the store has; None afterwards.
        self._early: list[tuple[Exchange, bytes]] | None = []
        self._refused = 0

    def __repr__(self) -> str:
        return f"<AccountQueue of {self.account.system_id} {self._read_ahead!r}>"

    @property
    def holds(self) -> bool:
        """Whether anything waits to be sent, so that what comes now must come behind."""
        read_ahead = self._read_ahead
        return self._early is not None or read_ahead.arriving > 0 or read_ahead.unsent > 0

    @property
    def is_at_store(self) -> bool:
        """Whether all of it is in the store and nothing in memory, or on its way."""
        read_ahead = self._read_ahead
        return self._early is None and not read_ahead.arriving and read_ahead.is_unread

    @property
    def changes(self) -> int:
        """Grows with all that changes how much there is in the store."""
        return self._read_ahead.arrivals + self._read_ahead.ends

    @property
    def stored(self) -> int:
        """Messages kept that the ESME has not answered."""
        return self._read_ahead.stored

    @property
    def under_way(self) -> int:
        """Messages sent that the ESME has not answered."""
        return self._read_ahead.under_way

    def statistics(self) -> QueueStatistics:
        """What it did so far and holds now."""
        return QueueStatistics(
            queued=self._read_ahead.stored,
            delivered=self.delivery.delivered,
            refused=self._refused,
            dropped=self.delivery.dropped,
            expired=self.delivery.expired,
        )

    def put(self, exchange: Exchange, octets: bytes) -> None:
        """Keep the message in ``octets``, a whole PDU, and answer ``exchange`` as the ESME would.

        ESME_ROK once it is stored, ESME_RX_T_APPN when it cannot be, ESME_RMSGQFUL when there is
        no room for it.
        """
        read_ahead = self._read_ahead
        if self._early is not None:
            self._early.append((exchange, octets))
        elif read_ahead.stored + read_ahead.arriving >= self._limit:
            self._refused += 1
            self._answer(exchange, CommandStatus.ESME_RMSGQFUL)
        else:
            expires = self._clock.seconds() + self._ttl
            if not read_ahead.stored + read_ahead.arriving:
                self.expires_first = expires
            read_ahead.arrive()
            self._keeper.keep(self, exchange, NewMessage(self.name, octets, expires))

    def kept(self, exchange: Exchange, stored: bool) -> None:
        """The store has what `put` gave it, or could not take it."""
        self._read_ahead.arrived(stored)
        if stored:
            self.delivery.news()
        status = CommandStatus.ESME_ROK if stored else CommandStatus.ESME_RX_T_APPN
        self._answer(exchange, status)

    def count(self, size: int) -> None:
        """The store has so many messages: told at first, and whenever some may have expired."""
        read_ahead = self._read_ahead
        if self._early is None:
            self.delivery.expired += max(0, read_ahead.unread - size)
            read_ahead.unread = size
            return
        read_ahead.unread = size
        early, self._early = self._early, None
        for exchange, octets in early:
            self.put(exchange, octets)
        self.delivery.news()

    def not_counted(self) -> None:
        """It is not known how much the store has: SMSCs are to try again later."""
        if self._early:
            early, self._early = self._early, []
            for exchange, _ in early:
                self._answer(exchange, CommandStatus.ESME_RX_T_APPN)

    def begins_with(self, messages: list[QueuedMessage]) -> None:
        """The first that the store has, if any: what comes behind expires later."""
        for message in messages:
            self.expires_first = message.expires

    def _answer(self, exchange: Exchange, status: int) -> None:
        answer = Frame.of(response(exchange.frame, status, b"\0"))
        exchange.answered(answer, self._clock.seconds())
