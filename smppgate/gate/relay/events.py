"""`Events`: what happens to sessions and messages, told in one place.

Each is counted here, and told to listeners: metrics, event logs and message logs are made of these
and of nothing else. For each kind of event there is one function to call, ``tell_ended`` for
`Listener.ended`, and None where no listener wants it: that costs one comparison. Several listeners
are put together when they are attached, not when something happens.

A message is told of in this order: ``entered``, ``routed`` where there are routes, ``waiting`` if
it waits in a queue or for an SMSC, ``sent`` for each try, ``answered`` for each answer of a peer,
and ``ended`` once, when its origin has been answered. Where an SMSC takes it, ``taken`` stands for
the last two. One that an SMSC turned down may wait again.
A message of a queue has ended when the queue has it: ``dequeued`` tells of each answer to it, and
``unqueued`` of its loss. ``taken_late`` may come behind the end of one that was not answered in
time, or that a hook let end with an error. A receipt is told of by ``receipt`` before it has
entered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

from attrs import define, field

from smppgate.gate.relay.reason import SUCCESS, Cause
from smppgate.routing.esmes.account import Account
from smppgate.routing.exchange import Exchange
from smppgate.routing.sessions import EsmeSession, Origin, SmscSession
from smppgate.routing.smscs.pool import Pool
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.located_receipt import LocatedReceipt

Session = EsmeSession | SmscSession


class TakenRun(Protocol):
    """Submit_sm that came in one read.

    :ivar pool: takes them.
    :ivar sent_at: seconds.
    """

    origin: EsmeSession
    pool: Pool
    sent_at: float

    def messages(self, places: Sequence[int]) -> list[bytes]:
        """The octets of those at these places."""

    def exchange(self, at: int, link: SmscSession) -> Exchange:
        """The same as an exchange that was sent on ``link``."""


class Dequeued(Protocol):
    """A request that was made of a message in the queue of an account.

    :ivar command_id: that of the request.
    :ivar session: where it was sent.
    :ivar octets: the message as the queue has it.
    :ivar sent_at: seconds.
    """

    command_id: int
    session: EsmeSession
    octets: bytes
    sent_at: float


MOST_LINES = 20
"""Lines of one reload that are worth telling; its log has all of them."""


class Listener:
    """Learns what happens: of the methods below, what a subclass has of its own is called.

    Many are called on the hot path, and none may raise.
    """

    def connected(self, session: Session) -> None:
        """A session with an ESME or an SMSC has a connection; it is not bound yet."""

    def bound(self, session: Session) -> None:
        """A session with an ESME or an SMSC is bound."""

    def refused(
        self, session: EsmeSession, number: int, name: str, command_status: int, why: str
    ) -> None:
        """The bind of an ESME that calls itself ``name`` was refused.

        :param number: the sequence number of the bind.
        :param why: a few words.
        """

    def connection_refused(self, host: str, reason: str) -> None:
        """A connection from ``host`` was cut, because it was over a limit of its listener."""

    def lost(self, session: Session, reason: str) -> None:
        """A session that was bound has ended, or is unbinding."""

    def link_failed(self, link: str, smsc: Smsc, reason: str) -> None:
        """A link was not reached, or not bound; it is tried again."""

    def entered(self, exchange: Exchange) -> None:
        """A request is taken in: from here on it is answered exactly once."""

    def turned_down(self, origin: Origin, frame: Frame, command_status: int, cause: Cause) -> None:
        """A request was answered by the gate and not relayed: it is over its window, for no
        account, or about a message of which nothing is known. The answer is written
        behind that."""

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

    def taken(self, exchange: Exchange, frame: Frame, answer: bytes, now: float) -> None:
        """The SMSC answered a message ESME_ROK, and so was its origin: both at once, because most
        messages end so. One that wants to know of either need not have this of its own.

        :param frame: what the SMSC answered, with its id.
        :param answer: the same with the id that the origin was given.
        """
        self.answered(exchange, 0, now)
        self.ended(exchange, 0, now, SUCCESS)

    def run_taken(
        self,
        run: TakenRun,
        link: SmscSession,
        places: Sequence[int],
        answers: Sequence[bytes],
        now: float,
    ) -> None:
        """The same of several submit_sm of one run at once, which were sent on ``link``.

        Where a listener wants to know of messages, and has none of this, there are no runs: it is
        told of each.

        :param places: of each in its run.
        :param answers: what the origin is answered, likewise.
        """

    def run_delivered(self, link: SmscSession, session: EsmeSession, count: int) -> None:
        """An ESME answered ``count`` deliver_sm of one run ESME_ROK, and so was their SMSC.

        Where a listener wants to know of messages, and has none of this, there are no such runs.
        """

    def ended(self, exchange: Exchange, command_status: int, now: float, cause: Cause) -> None:
        """The origin was answered; by the gate where its peer gave no answer. The answer is
        written behind that.

        An origin that has ended hears of no answer: what it had waiting is dropped.
        """

    def dequeued(
        self, account: Account[EsmeSession], request: Dequeued, command_status: int, now: float
    ) -> None:
        """An ESME answered a request that was made of a message in its account's queue."""

    def unqueued(self, account: bytes, octets: bytes, cause: Cause) -> None:
        """A message left the queue of ``account``, a system_id, and is not delivered.

        :param octets: the message as the queue had it.
        """

    def taken_late(self, exchange: Exchange, frame: Frame, given: bytes, now: float) -> None:
        """The SMSC answered a message ESME_ROK whose origin was told an error: for want of that
        answer, or because a hook decided so.

        Of the exchange's octets only the first may be left.

        :param frame: what the SMSC answered, with its id.
        :param given: the id that receipts of it have; empty where none of them will be matched.
        """

    def ejected(self, pool: str, smsc: str, reason: str, seconds: float) -> None:
        """A member of a pool takes no new messages for so many seconds; with 0 it does again."""

    def pool_changed(self, pool: str, smsc: str, is_up: bool) -> None:
        """With this SMSC a pool has one again, or is without any."""

    def peer_changed(self, name: str, change: str, text: str) -> None:
        """Another node was ``bound``, ``lost`` or ``refused``, or its settings ``differ``."""

    def receipt(self, link: SmscSession, receipt: LocatedReceipt, is_matched: bool) -> None:
        """A receipt came: its return path is known, or it has none."""

    def decided(self, what: str, name: str, decision: str) -> None:
        """An operator has decided something about an ``smsc``, a ``link`` or an ``account``."""

    def reloaded(self, lines: Sequence[str]) -> None:
        """The gate goes by other settings: what has changed, a line more than `MOST_LINES` at the
        most."""

    def reload_refused(self, lines: Sequence[str]) -> None:
        """The gate goes on by its settings: what is wrong with the new ones."""


Tell: TypeAlias = Callable[..., None] | None
"""Calls what wants to know of a kind of event; None where nothing does."""

_KINDS = tuple(name for name in vars(Listener) if not name.startswith("_"))


@define(eq=False)
class Events:
    """The counts of what happened, and who is told of it. Mutable.

    :ivar tell_bound: tells of `Listener.bound`, and so on.
    :ivar tells_each: whether a listener is to be told of each message of an ESME, and not of runs.
    :ivar tells_each_delivery: the same of messages to ESMEs.
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
    :ivar rejected: requests of ESMEs that a route or a hook rejected, or that no route was for.
    :ivar hold_expired: those of them that no SMSC took in time.
    :ivar split: long messages and dialogues that went on elsewhere because their SMSC was gone.
    :ivar undeliverable: requests of SMSCs that no ESME and no queue could take.
    :ivar unmatched: receipts without a return path.
    :ivar strays: resps that answered no request.
    :ivar connections_refused: connections of ESMEs over a limit of their listener.
    """

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
    tell_connected: Tell = field(default=None, init=False)
    tell_bound: Tell = field(default=None, init=False)
    tell_refused: Tell = field(default=None, init=False)
    tell_connection_refused: Tell = field(default=None, init=False)
    tell_lost: Tell = field(default=None, init=False)
    tell_link_failed: Tell = field(default=None, init=False)
    tell_entered: Tell = field(default=None, init=False)
    tell_turned_down: Tell = field(default=None, init=False)
    tell_routed: Tell = field(default=None, init=False)
    tell_over_rate: Tell = field(default=None, init=False)
    tell_paused: Tell = field(default=None, init=False)
    tell_waiting: Tell = field(default=None, init=False)
    tell_sent: Tell = field(default=None, init=False)
    tell_answered: Tell = field(default=None, init=False)
    tell_taken: Tell = field(default=None, init=False)
    tell_run_taken: Tell = field(default=None, init=False)
    tell_run_delivered: Tell = field(default=None, init=False)
    tell_ended: Tell = field(default=None, init=False)
    tell_dequeued: Tell = field(default=None, init=False)
    tell_unqueued: Tell = field(default=None, init=False)
    tell_taken_late: Tell = field(default=None, init=False)
    tell_ejected: Tell = field(default=None, init=False)
    tell_pool_changed: Tell = field(default=None, init=False)
    tell_peer_changed: Tell = field(default=None, init=False)
    tell_receipt: Tell = field(default=None, init=False)
    tell_decided: Tell = field(default=None, init=False)
    tell_reloaded: Tell = field(default=None, init=False)
    tell_reload_refused: Tell = field(default=None, init=False)
    tells_each: bool = field(default=False, init=False)
    tells_each_delivery: bool = field(default=False, init=False)
    _listeners: list[Listener] = field(factory=list, init=False, repr=False)

    def attach(self, listener: Listener) -> None:
        """Tell ``listener``, behind those that are attached already."""
        self._listeners.append(listener)
        self._arrange()

    def detach(self, listener: Listener) -> None:
        """Tell ``listener`` no more."""
        self._listeners.remove(listener)
        self._arrange()

    def _arrange(self) -> None:
        for kind in _KINDS:
            wanted = [getattr(each, kind) for each in self._listeners if _wants(each, kind)]
            setattr(self, f"tell_{kind}", _all_of(wanted))
        self.tells_each = any(_wants_each(each, "run_taken") for each in self._listeners)
        self.tells_each_delivery = any(
            _wants_each(each, "run_delivered") for each in self._listeners
        )


def _wants(listener: Listener, kind: str) -> bool:
    kinds = ("taken", "answered", "ended") if kind == "taken" else (kind,)
    return any(getattr(type(listener), each) is not getattr(Listener, each) for each in kinds)


def _wants_each(listener: Listener, kind: str) -> bool:
    """Whether it is to be told of each message, since it has no use for this kind of runs."""
    wants_end = _wants(listener, "taken") and not _wants(listener, kind)
    return wants_end or _wants(listener, "entered") or _wants(listener, "sent")


def _all_of(functions: Sequence[Callable[..., None]]) -> Tell:
    """One function that calls all of them in order."""
    if len(functions) < 2:
        return functions[0] if functions else None

    def tell(*arguments: Any) -> None:
        for function in functions:
            function(*arguments)

    return tell
