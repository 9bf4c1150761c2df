"""`PassThroughTarget`: an SMSC that binds are passed through to."""

from __future__ import annotations

from attrs import define, field
from twisted.internet.interfaces import IStreamClientEndpoint

from smppgate.gate.sessions.session_slots import SessionSlots
from smppgate.gate.sessions.smsc import SmscProtocol
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.timers import Timers


@define(eq=False)
class PassThroughTarget:
    """An SMSC that binds are passed through to.

    :param smsc: the SMSC; each session has an `Smsc` of its own, see `Smsc.for_one_session`.
    :param endpoint: the endpoint that each session connects to.
    :param slots: of all sessions of the SMSC that no link keeps up.
    :param place: the same as text, for the log.
    :param rebinds: whether both sessions end when the one with the SMSC is of no use.
    :param max_timeouts: see `LinkHealth`.
    :param max_pending: binds that it may have to judge at one time.
    """

    smsc: Smsc
    endpoint: IStreamClientEndpoint
    timers: Timers
    max_pdu_size: int
    slots: SessionSlots
    place: str = "an unknown place"
    refusal_rate: float = 0.0
    rebinds: bool = True
    max_timeouts: int = 5
    max_pending: int = 100
    sessions: dict[SmscProtocol, None] = field(factory=dict, init=False, repr=False)
    """Sessions that are to be bound, are bound, or whose connection is not closed yet; in order
    of arrival."""
    pending: int = field(default=0, init=False)
    """Binds that it is judging now."""
    avoided_until: float = field(default=0.0, init=False)

    def change(self, other: PassThroughTarget) -> None:
        """Be configured like ``other``; sessions, and binds that are judged, stay counted here."""
        self.endpoint, self.place = other.endpoint, other.place
        self.timers, self.max_pdu_size = other.timers, other.max_pdu_size
        self.refusal_rate, self.rebinds = other.refusal_rate, other.rebinds
        self.max_timeouts, self.max_pending = other.max_timeouts, other.max_pending
