"""An exchange: a request that the gate relays, until its answer is relayed too.

The table (session, the gate's sequence number) → exchange is each session's own
`smppgate.txsmpp.sequence.Outstanding`. The same object gives the numbers out, so all senders on
that session together never use a number twice. The exchange that an answer leads to names the
origin and, in the request's frame, the number that the origin used.
"""

from __future__ import annotations

from typing import Protocol

from smppgate.routing.return_path.submissions import Submission, wants_receipt
from smppgate.routing.rewrite.rewritten import Rewritten
from smppgate.routing.rewrite.rules import Statuses
from smppgate.routing.routes.rules import Target
from smppgate.routing.sessions import Origin, Requester
from smppgate.routing.smscs.anchor import Anchor
from smppgate.routing.smscs.links import Link
from smppgate.routing.smscs.pool import Pool
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.errors import NoAnswer
from smppgate.txsmpp.frame import Frame, resp
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.versions import Version

LEAST_TIME = 1.0
"""Seconds of its response_timeout that another SMSC must have left for a request."""


class ExchangeListener(Protocol):
    """Learns how exchanges end; the gate's correlator is one."""

    def answered(self, exchange: Exchange, frame: Frame, now: float) -> None:
        """The answer came in time: ``frame``, in a read at ``now``."""

    def failed(self, exchange: Exchange, reason: NoAnswer) -> None:
        """No answer came in time, or the session was lost; called instead of `answered`."""

    def answered_late(self, exchange: Exchange, frame: Frame, now: float) -> None:
        """The answer came after `failed` was called for want of it."""

    def released(self, exchange: Exchange) -> None:
        """An exchange that timed out takes no place in its session's window any more."""


class TurnedBack(NoAnswer):
    """The process with the link had no room for the request: the peer was not asked."""


class Exchange(Request):
    """One relayed request. Mutable and slotted: the hot path makes one for every message.

    ``command_id``, of `Request`, is that of the request as it leaves the gate; a data_sm may leave
    as a deliver_sm. ``sent_at`` is when it was sent last. What is tried again has the time that it
    may wait, and one response_timeout, for all tries together: there it may be some time before.

    :param correlator: learns how the exchange ends.
    :param origin: the session, or this process, that sent the request and awaits the answer.
    :param frame: the request as the origin sent it.
    :param pool: the pool whose SMSCs may take the request; None for a request to an ESME, and for
        a request about a message that one SMSC has.
    :param entered_at: seconds.
    :ivar asked: the command_id as the origin sent it.
    :ivar number: the sequence number that the origin used; the answer goes back under it.
    :ivar octets: the request as the origin sent it, but see ``rewritten``; its beginning only,
        once it has failed.
    :ivar attempts: how often it was sent.
    :ivar throttled: how often of that an SMSC has throttled it that is slowed by that, or no SMSC
        was asked (`TurnedBack`).
    :ivar refusal: what its origin hears if no other SMSC takes it: the command_status of the last
        that turned it down, or for the loss of its link; 0 while there was none.
    :ivar smsc: the SMSC that it was sent to last; None before that, and for a request to an ESME.
    :ivar sent_on: the link that it was sent on last, where ``smsc`` is.
    :ivar tried: the SMSCs that must not be chosen for it any more: those that turned it down, have
        too little time left, or do not know its command.
    :ivar was_lost: whether ``refusal`` is for the loss of its link.
    :ivar key: what it has in common with others that go to one SMSC; None where it may go to any.
    :ivar anchor: where a part of a long message goes, or a step of a dialogue; None for others.
    :ivar account: the system_id of the account that a request to an ESME is for; empty for others.
    :ivar target: where a route says that it goes, of which ``pool`` is the pool in use; None where
        none was asked.
    :ivar adapts: the version that its answer must be adapted to, which is the origin's; None while
        both ends speak the same version.
    :ivar rewritten: what a hook or rules have made of it; ``octets`` are then what the hook has
        made, and of an ESME's message what those rules have that do not ask where it goes. None
        where no hook has changed it and no rule holds for it.
    """

    __slots__ = (
        "account",
        "adapts",
        "anchor",
        "asked",
        "attempts",
        "correlator",
        "entered_at",
        "key",
        "number",
        "octets",
        "origin",
        "pool",
        "refusal",
        "rewritten",
        "sent_on",
        "smsc",
        "target",
        "throttled",
        "tried",
        "was_lost",
    )

    def __init__(
        self,
        correlator: ExchangeListener,
        origin: Origin,
        frame: Frame,
        pool: Pool | None,
        entered_at: float,
    ) -> None:
        self.command_id, _, self.number, self.octets = frame
        self.asked = self.command_id
        self.sent_at = self.entered_at = entered_at
        self.attempts = self.throttled = self.refusal = 0
        self.correlator = correlator
        self.origin = origin
        self.pool = pool
        self.smsc: Smsc | None = None
        self.sent_on: Link | None = None
        self.was_lost = False
        self.tried: tuple[Smsc, ...] = ()
        self.key: bytes | None = None
        self.target: Target | None = None
        self.adapts: Version | None = None
        self.rewritten: Rewritten | None = None
        self.account = b""
        self.anchor: Anchor | None = None

    @property
    def original(self) -> bytes:
        """The request as its origin sent it; its beginning only, once it has failed."""
        return self.octets if self.rewritten is None else self.rewritten.original

    @property
    def sent(self) -> Submission:
        """The request as its peer was sent it."""
        return self if self.rewritten is None else self.rewritten

    @property
    def wants_receipt(self) -> bool:
        """Whether a message asks for a receipt."""
        return wants_receipt(self.sent)

    @property
    def candidates(self) -> tuple[Smsc, ...]:
        """The SMSCs that may be chosen for it, whether they have room or not."""
        pool, tried, anchor = self.pool, self.tried, self.anchor
        if anchor is not None and anchor.smsc is not None:
            return (anchor.smsc,)
        if pool is None:
            return ()
        if self.key is not None:
            home = pool.home(self.command_id, self.key, tried)
            if home is not None:
                return (home,)
        return tuple(s for s in pool.smscs if s not in tried) if tried else pool.smscs

    @property
    def tries(self) -> int:
        """How often it was sent, but for those that count as no attempts."""
        return self.attempts - self.throttled

    def last_try(self, smsc: Smsc) -> float:
        """Until when it may be sent to ``smsc``, having been to another before.

        The time to answer counts from `entered_at`, and there must be some left.
        """
        return self.entered_at + smsc.response_timeout - LEAST_TIME

    def resp(self, command_status: int, body: bytes = b"") -> bytes:
        """An answer of the gate's own to the origin."""
        return resp(self.asked, command_status, self.number, body)

    def told(self, status: int) -> int:
        """The command_status that the origin hears where its peer has answered ``status``."""
        return status if self.rewritten is None else self.rewritten.told(status)

    def rewrite(self, octets: bytes, statuses: tuple[Statuses, ...] = ()) -> None:
        """Let the request be ``octets`` from now on, and its answer what ``statuses`` say.

        What its origin sent is kept beside.
        """
        if self.rewritten is None:
            self.rewritten = Rewritten(self.command_id, self.octets)
        self.rewritten.entered(octets, statuses)
        self.octets = octets

    def shorten(self, size: int) -> None:
        """Keep so many octets of the request: it has failed."""
        self.octets = self.octets[:size]
        if self.rewritten is not None:
            self.rewritten.shorten(size)

    @property
    def failure_status(self) -> int:
        """The command_status that the origin is told when no answer comes."""
        return CommandStatus.ESME_RSYSERR

    def answered(self, frame: Frame, now: float) -> None:
        """See `ExchangeListener.answered`."""
        self.correlator.answered(self, frame, now)

    def failed(self, reason: NoAnswer) -> None:
        """See `ExchangeListener.failed`."""
        self.correlator.failed(self, reason)

    def answered_late(self, frame: Frame, now: float) -> None:
        """See `ExchangeListener.answered_late`."""
        self.correlator.answered_late(self, frame, now)

    def released(self) -> None:
        """See `ExchangeListener.released`."""
        self.correlator.released(self)


def hold_of(exchange: Exchange, requester: Requester) -> float:
    """Seconds that a request may wait for an SMSC: as the pool has it that a route leads to."""
    pool = exchange.pool
    return pool.hold if exchange.target is not None and pool is not None else requester.hold
