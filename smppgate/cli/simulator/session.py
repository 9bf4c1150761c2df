"""One session of the simulated SMSC, and the receivers of one system_id taken together."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, cast

from attrs import define, field

from smppgate.cli.simulator import pdus
from smppgate.txsmpp.codec import decode
from smppgate.txsmpp.constants import CommandId, CommandStatus
from smppgate.txsmpp.errors import NoAnswer, PduError
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import BindReceiver, BindTransceiver, BindTransmitter
from smppgate.txsmpp.protocol import SmppProtocol
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.states import Role
from smppgate.txsmpp.timers import Timers

if TYPE_CHECKING:
    from smppgate.cli.simulator.smsc import SimulatedSmsc

_SUBMITS = frozenset({CommandId.SUBMIT_SM, CommandId.DATA_SM, CommandId.SUBMIT_MULTI})

# ESMEs may rest as long as they like: a tool to test against does not end sessions on its own.
_TIMERS = Timers(inactivity=0.0)

WORTH_AGAIN = frozenset(
    {
        CommandStatus.ESME_RSYSERR,
        CommandStatus.ESME_RMSGQFUL,
        CommandStatus.ESME_RTHROTTLED,
        CommandStatus.ESME_RX_T_APPN,
    }
)
"""Answers to a deliver_sm after which it is sent again, a little later."""


class Delivery(Request):
    """A deliver_sm on its way to an ESME. Mutable and slotted: one is made for every receipt."""

    __slots__ = ("attempts", "mailbox", "octets")

    def __init__(self, mailbox: Mailbox, octets: bytes, attempts: int = 0) -> None:
        super().__init__(CommandId.DELIVER_SM, 0.0)
        self.mailbox = mailbox
        self.octets = octets
        self.attempts = attempts
        """Times that it was sent."""

    def answered(self, frame: Frame, now: float) -> None:
        """Taken, refused for good, or to be sent again."""
        if frame.command_status == CommandStatus.ESME_ROK:
            self.mailbox.smsc.counts.delivered += 1
        elif frame.command_status in WORTH_AGAIN:
            self.mailbox.again(self)
        else:
            self.mailbox.smsc.counts.delivery_failures += 1
        self.mailbox.resume()

    def failed(self, reason: NoAnswer) -> None:
        """No answer: the ESME may have it or not, and that is what sending it again is for."""
        self.mailbox.again(self)
        self.mailbox.resume()


@define(eq=False)
class Mailbox:
    """What goes to one system_id, by whichever of its sessions is bound to receive."""

    smsc: SimulatedSmsc = field(repr=False)
    receivers: list[SimulatedSession] = field(factory=list)
    _waiting: deque[Delivery] = field(factory=deque)
    _turn: int = 0

    def __len__(self) -> int:
        """Deliveries that wait for a receiver with room."""
        return len(self._waiting)

    def post(self, octets: bytes) -> None:
        """Send a deliver_sm, or keep it until it can be sent."""
        self.take(Delivery(self, octets))

    def take(self, delivery: Delivery) -> None:
        """Send ``delivery``, or keep it; it is dropped where too many wait already."""
        session = None if self._waiting else self._receiver()
        if session is not None:
            session.deliver(delivery)
        elif len(self._waiting) < self.smsc.behaviour.queue:
            self._waiting.append(delivery)
        else:
            self.smsc.counts.dropped += 1

    def resume(self) -> None:
        """There may be room again: send of what waits."""
        while self._waiting:
            session = self._receiver()
            if session is None:
                return
            session.deliver(self._waiting.popleft())

    def again(self, delivery: Delivery) -> None:
        """Send ``delivery`` once more in a while, unless that was done often enough."""
        if self.smsc.deliver_again(delivery):
            self.smsc.counts.repeated += 1
        else:
            self.smsc.counts.delivery_failures += 1

    def _receiver(self) -> SimulatedSession | None:
        receivers = self.receivers
        for _ in receivers:
            self._turn = (self._turn + 1) % len(receivers)
            if receivers[self._turn].has_room:
                return receivers[self._turn]
        return None


class SimulatedSession(SmppProtocol):
    """A session that an ESME, or a gate, holds with the simulated SMSC."""

    def __init__(self, smsc: SimulatedSmsc) -> None:
        super().__init__(Role.SMSC, smsc.clock, _TIMERS, batch=smsc.batch)
        self.smsc = smsc
        self.mailbox: Mailbox | None = None
        self._takes_tlvs = False
        self._window = smsc.behaviour.window

    @property
    def has_room(self) -> bool:
        """Whether one more deliver_sm can be sent now."""
        session = self.session
        return self.writable and session.receives and len(session.outstanding) < self._window

    def requestReceived(self, frame: Frame, now: float) -> None:
        """A message, or something that is asked about one."""
        if frame.command_id in _SUBMITS:
            self.smsc.submitted(self, frame, now)
        elif not self.smsc.asked(self, frame, now):
            super().requestReceived(frame, now)

    def bindReceived(self, frame: Frame) -> None:
        """Accept or refuse, as the SMSC was told to."""
        try:
            bind = cast(BindReceiver | BindTransceiver | BindTransmitter, decode(frame.octets))
        except PduError as error:
            self._refuse(frame, error.command_status)
            return
        status = self.smsc.judge(bind)
        if status != CommandStatus.ESME_ROK:
            self._refuse(frame, status)
            return
        self._takes_tlvs = bind.interface_version >= 0x34
        self.answer_bind(frame, status, self.smsc.bind_resp_body(self._takes_tlvs))
        self.mailbox = self.smsc.mailbox(bind.system_id)
        if self.session.receives:
            self.mailbox.receivers.append(self)
            self.mailbox.resume()

    def deliver(self, delivery: Delivery) -> None:
        """Send a deliver_sm under a number of this session's."""
        delivery.sent_at = self.clock.seconds()
        delivery.attempts += 1
        octets = delivery.octets
        if not self._takes_tlvs:
            octets = pdus.without_tlvs(octets)
        self.send_request(delivery, octets)

    def resumeProducing(self) -> None:
        """The ESME reads again: what waits may go out."""
        super().resumeProducing()
        if self.mailbox is not None:
            self.mailbox.resume()

    def sessionEnded(self, reason: str) -> None:
        """Nothing can be delivered here any more."""
        self.smsc.sessions.discard(self)
        if self.mailbox is not None and self in self.mailbox.receivers:
            self.mailbox.receivers.remove(self)

    def _refuse(self, frame: Frame, command_status: int) -> None:
        self.answer_bind(frame, command_status)
        self.close("bind refused")
