"""An exchange: a request on its way through the gate, and the answer awaited.

The table that translates (session, our number) → exchange is each session's own
`smppgate.txsmpp.sequence.Outstanding`: the same object hands the numbers out, so a number can
never be in use twice, whoever sends on that session. An exchange brings back the origin and the
number it used.
"""

from __future__ import annotations

from typing import Any, Protocol

from smppgate.routing.pools import Member, Pool
from smppgate.routing.routes_back import Sender
from smppgate.txsmpp.errors import NoAnswer
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.versions import Version


class Origin(Sender, Protocol):
    """Whoever sent a request into the gate: a session, or a caller in this process."""

    unanswered: int
    """Requests of its that the gate has not answered: what its window counts."""
    ways: dict[Member, Any]
    """How answers of each SMSC reach it: kept here by whoever brings them."""

    @property
    def has_ended(self) -> bool:
        """Whether it has ended, so that nothing can be answered any more."""

    def send(self, octets: bytes) -> None:
        """Take a PDU; once the origin is gone this does nothing."""


class Owner(Protocol):
    """Who is told how an exchange ended: the correlator."""

    def answered(self, exchange: Exchange, frame: Frame, now: float) -> None:
        """The answer came in time."""

    def failed(self, exchange: Exchange, reason: NoAnswer) -> None:
        """No answer came in time, or none can come any more."""

    def answered_late(self, exchange: Exchange, frame: Frame, now: float) -> None:
        """The answer came after the exchange had failed for want of it."""


class Exchange(Request):
    """One relayed request. Mutable and slotted: the hot path makes one per message.

    :param frame: the request as the origin sent it, its number included.
    :param pool: where it goes; None for what goes to an ESME.
    :param sent_at: seconds.
    :ivar adapts: what its answer must be adapted to; None where both ends speak one version.
    """

    __slots__ = ("adapts", "correlator", "frame", "member", "origin", "pool", "tried")

    def __init__(
        self,
        correlator: Owner,
        origin: Origin,
        frame: Frame,
        pool: Pool | None,
        sent_at: float,
    ) -> None:
        self.command_id = frame.command_id
        self.sent_at = sent_at
        self.correlator = correlator
        self.origin = origin
        self.frame = frame
        self.pool = pool
        self.member: Member | None = None
        self.tried: tuple[Member, ...] = ()
        self.adapts: Version | None = None

    def answered(self, frame: Frame, now: float) -> None:
        """The peer answered."""
        self.correlator.answered(self, frame, now)

    def failed(self, reason: NoAnswer) -> None:
        """It did not."""
        self.correlator.failed(self, reason)

    def answered_late(self, frame: Frame, now: float) -> None:
        """It did after all."""
        self.correlator.answered_late(self, frame, now)
