"""An exchange: a request on its way through the gate, and the answer awaited.

The table that translates (session, our number) → exchange is each session's own
`smppgate.txsmpp.sequence.Outstanding`: the same object hands the numbers out, so a number can
never be in use twice, whoever sends on that session. An exchange brings back the origin and the
number it used.
"""

from __future__ import annotations

from typing import Protocol

from smppgate.routing.sessions import Origin
from smppgate.routing.smscs.pool import Pool
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.errors import NoAnswer
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.versions import Version


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

    __slots__ = ("adapts", "correlator", "frame", "origin", "pool", "smsc", "tried")

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
        self.smsc: Smsc | None = None
        self.tried: tuple[Smsc, ...] = ()
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
