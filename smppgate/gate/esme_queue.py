"""`EsmeQueue`: the messages that wait for one account.

The SMSC hears ok when the store has its message, and not before: from then on the message is the
gate's to bring (see `QueueDelivery`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from attrs import frozen
from twisted.internet.interfaces import IReactorTime

from smppgate.gate.backlog import Backlog
from smppgate.gate.queue_delivery import (
    Choose,
    InVersion,
    QueueDelivery,
    Shelf,
    any_of,
)
from smppgate.routing.accounts import Account
from smppgate.routing.translation import Exchange
from smppgate.store import NewMessage, QueuedMessage
from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.frame import Frame, response

if TYPE_CHECKING:
    from smppgate.gate.esme import EsmeProtocol


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


class Keeper(Shelf, Protocol):
    """Brings what queues have for the store there, in batches."""

    def keep(self, queue: EsmeQueue, exchange: Exchange, message: NewMessage) -> None:
        """Store ``message``, and tell ``queue`` with `EsmeQueue.kept`."""


class EsmeQueue:
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
        account: Account[EsmeProtocol],
        limit: int,
        ttl: float,
        keeper: Keeper,
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
        self._backlog = backlog = Backlog()
        self.delivery = QueueDelivery(account, backlog, keeper, clock, in_version, choose)
        # What came before it was known how much the store has; None afterwards.
        self._early: list[tuple[Exchange, bytes]] | None = []
        self._refused = 0

    def __repr__(self) -> str:
        return f"<EsmeQueue of {self.account.system_id} {self._backlog!r}>"

    @property
    def holds(self) -> bool:
        """Whether anything waits to be sent, so that what comes now must come behind."""
        backlog = self._backlog
        return self._early is not None or backlog.arriving > 0 or backlog.unsent > 0

    @property
    def is_at_store(self) -> bool:
        """Whether all of it is in the store and nothing in memory, or on its way."""
        backlog = self._backlog
        return self._early is None and not backlog.arriving and backlog.is_unread

    @property
    def changes(self) -> int:
        """Grows with all that changes how much there is in the store."""
        return self._backlog.arrivals + self._backlog.ends

    @property
    def stored(self) -> int:
        """Messages kept that the ESME has not answered."""
        return self._backlog.stored

    @property
    def under_way(self) -> int:
        """Messages sent that the ESME has not answered."""
        return self._backlog.under_way

    def statistics(self) -> QueueStatistics:
        """What it did so far and holds now."""
        return QueueStatistics(
            queued=self._backlog.stored,
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
        backlog = self._backlog
        if self._early is not None:
            self._early.append((exchange, octets))
        elif backlog.stored + backlog.arriving >= self._limit:
            self._refused += 1
            self._answer(exchange, CommandStatus.ESME_RMSGQFUL)
        else:
            expires = self._clock.seconds() + self._ttl
            if not backlog.stored + backlog.arriving:
                self.expires_first = expires
            backlog.arrive()
            self._keeper.keep(self, exchange, NewMessage(self.name, octets, expires))

    def kept(self, exchange: Exchange, stored: bool) -> None:
        """The store has what `put` gave it, or could not take it."""
        self._backlog.arrived(stored)
        if stored:
            self.delivery.news()
        status = CommandStatus.ESME_ROK if stored else CommandStatus.ESME_RX_T_APPN
        self._answer(exchange, status)

    def count(self, size: int) -> None:
        """The store has so many messages: told at first, and whenever some may have expired."""
        backlog = self._backlog
        if self._early is None:
            self.delivery.expired += max(0, backlog.unread - size)
            backlog.unread = size
            return
        backlog.unread = size
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
