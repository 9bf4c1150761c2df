"""`Events`: what happens to sessions and messages, told in one place.

Each is counted here, and told to listeners where there are any: statistics, metrics and message
logs are made of these and of nothing else. Without a listener an event costs one comparison.

A message is told of in this order: ``entered``, ``routed`` where there are routes, ``waiting`` if
it waits in a queue or for an SMSC, ``sent`` for each try, ``answered`` for each answer of a peer,
and ``ended`` once, when its origin has been answered. One that an SMSC turned down may wait again.
"""

from __future__ import annotations

from typing import Protocol

from attrs import define

from smppgate.routing.exchange import Exchange
from smppgate.routing.sessions import EsmeSession, Origin, SmscSession
from smppgate.routing.smscs.smsc import Smsc

Session = EsmeSession | SmscSession


class Listener(Protocol):
    """Learns what happens. Its methods are called on the hot path, and must not raise."""

    def bound(self, session: Session) -> None:
        """A session with an ESME or an SMSC is bound."""

    def refused(self, name: str, host: str, command_status: int) -> None:
        """The bind of an ESME that calls itself ``name`` was refused."""

    def connection_refused(self, host: str, reason: str) -> None:
        """A connection from ``host`` was cut, because it was over a limit of its listener."""

    def lost(self, session: Session) -> None:
        """A session that was bound has ended."""

    def entered(self, exchange: Exchange) -> None:
        """A request is taken in: from here on it is answered exactly once."""

    def turned_down(self, origin: Origin, command_id: int, command_status: int) -> None:
        """A request was answered by the gate and not taken in: it is over its window, or for no
        account."""

    def routed(self, exchange: Exchange) -> None:
        """A route was chosen for a message, or none holds: `Exchange.target` tells. After a reload
        that comes again for what waits."""

    def over_rate(self, origin: Origin, command_id: int) -> None:
        """A message came over the rate of its account or session: it waits, or is turned down."""

    def paused(self, smsc: Smsc) -> None:
        """An SMSC has been sent as many messages as its rates allow now."""

    def waiting(self, exchange: Exchange) -> None:
        """A message waits in a queue, or a request waits for an SMSC."""

    def sent(self, exchange: Exchange) -> None:
        """A request was sent; `Exchange.attempts` says for which time."""

    def answered(self, exchange: Exchange, command_status: int, now: float) -> None:
        """The peer that the request was sent to answered, in time or late."""

    def ended(self, exchange: Exchange, command_status: int, now: float) -> None:
        """The origin was answered; by the gate where its peer gave no answer.

        An origin that has ended hears of no answer: what it had waiting is dropped.
        """

    def ejected(self, pool: str, smsc: str, reason: str, seconds: float) -> None:
        """A member of a pool takes no new messages for so many seconds; with 0 it does again."""

    def receipt(self, link: SmscSession, is_matched: bool) -> None:
        """A receipt came: its return path is known, or it has none."""


@define(eq=False)
class Events:
    """The counts of what happened, and who is told of it. Mutable.

    :ivar listener: is told of everything, if there is one.
    :ivar answered: requests whose origin got the answer of the peer.
    :ivar retried: answers, and losses of links, after which the request went on elsewhere.
    :ivar ejected: how often members of pools were ejected.
    :ivar failed: requests that were not answered in time, or whose session was lost.
    :ivar late: answers that came after that.
    :ivar throttled: requests of ESMEs over the window of their session.
    :ivar over_rate: messages of ESMEs over the rate of their account or session: they wait, or are
        turned down.
    :ivar paused: how often an SMSC was sent as many messages as its rates allow.
    :ivar turned_down: requests of ESMEs that no SMSC could take.
    :ivar waited: requests that had to wait for an SMSC.
    :ivar dropped: those of them that were not sent because their session ended.
    :ivar rejected: requests of ESMEs that a route rejected, or that no route was for.
    :ivar hold_expired: those of them that no SMSC took in time.
    :ivar split: long messages and dialogues that went on elsewhere because their SMSC was gone.
    :ivar undeliverable: requests of SMSCs that no ESME and no queue could take.
    :ivar unmatched: receipts without a return path.
    :ivar strays: resps that answered no request.
    :ivar connections_refused: connections of ESMEs over a limit of their listener.
    """

    listener: Listener | None = None
    answered: int = 0
    retried: int = 0
    ejected: int = 0
    failed: int = 0
    late: int = 0
    throttled: int = 0
    over_rate: int = 0
    paused: int = 0
    turned_down: int = 0
    waited: int = 0
    dropped: int = 0
    hold_expired: int = 0
    split: int = 0
    rejected: int = 0
    undeliverable: int = 0
    unmatched: int = 0
    strays: int = 0
    connections_refused: int = 0
