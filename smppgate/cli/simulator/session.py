"""A session between the simulated SMSC and an ESME."""

from __future__ import annotations

from typing import Protocol, cast

from twisted.internet.interfaces import IReactorTime

from smppgate.cli.simulator import pdus
from smppgate.cli.simulator.behaviour import Behaviour
from smppgate.cli.simulator.mailbox import Delivery, Mailbox
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.codec import decode
from smppgate.txsmpp.constants import CommandId, CommandStatus
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import Bind
from smppgate.txsmpp.protocol import SmppProtocol
from smppgate.txsmpp.states import Role
from smppgate.txsmpp.timers import Timers
from smppgate.txsmpp.versions import version_of

_SUBMITS = frozenset({CommandId.SUBMIT_SM, CommandId.DATA_SM, CommandId.SUBMIT_MULTI})

# ESMEs may be idle without limit: a simulator does not end sessions of its own accord.
_TIMERS = Timers(inactivity=0.0)


class Smsc(Protocol):
    """What a session needs of its SMSC."""

    behaviour: Behaviour
    clock: IReactorTime
    batch: Batch

    def judge(self, bind: Bind) -> CommandStatus:
        """The status to answer ``bind`` with."""

    def bind_resp_body(self, takes_tlvs: bool) -> bytes:
        """The body of a bind_resp with ESME_ROK."""

    def mailbox(self, system_id: bytes) -> Mailbox:
        """The mailbox of ``system_id``."""

    def submitted(self, session: SimulatedSession, frame: Frame, now: float) -> None:
        """Answer the submit_sm, data_sm or submit_multi in ``frame``."""

    def asked(self, session: SimulatedSession, frame: Frame, now: float) -> bool:
        """Answer another request; False where the SMSC does not support it."""

    def ended(self, session: SimulatedSession) -> None:
        """Forget ``session``."""


class SimulatedSession(SmppProtocol):
    """A session that an ESME, or a gate, holds with the simulated SMSC.

    :ivar mailbox: the mailbox of the bound system_id; None before the bind.
    :ivar owed: answers that the SMSC gives later.
    """

    def __init__(self, smsc: Smsc) -> None:
        super().__init__(Role.SMSC, smsc.clock, _TIMERS, batch=smsc.batch)
        self.mailbox: Mailbox | None = None
        self.owed = 0
        self._smsc = smsc
        self._takes_tlvs = False
        self._window = smsc.behaviour.window

    @property
    def has_room(self) -> bool:
        """Whether one more deliver_sm can be sent now."""
        session = self.session
        return self.writable and session.receives and len(session.outstanding) < self._window

    @property
    def open_requests(self) -> int:
        """Answers that an unbind waits for."""
        return self.owed

    def answer_owed(self, octets: bytes) -> None:
        """Give an answer that was owed."""
        self.owed -= 1
        self.send(octets)

    def requestReceived(self, frame: Frame, now: float) -> None:
        """Let the SMSC answer a message or a request about one."""
        if frame.command_id in _SUBMITS:
            self._smsc.submitted(self, frame, now)
        elif not self._smsc.asked(self, frame, now):
            super().requestReceived(frame, now)

    def bindReceived(self, frame: Frame) -> None:
        """Accept or refuse the bind, as the SMSC judges it."""
        try:
            bind = cast(Bind, decode(frame.octets))
        except PduError as error:
            self._refuse(frame, error.command_status)
            return
        status = self._smsc.judge(bind)
        if status != CommandStatus.ESME_ROK:
            self._refuse(frame, status)
            return
        self._takes_tlvs = version_of(bind.interface_version).tlvs
        self.answer_bind(frame, status, self._smsc.bind_resp_body(self._takes_tlvs))
        self.mailbox = self._smsc.mailbox(bind.system_id)
        if self.session.receives:
            self.mailbox.receivers.append(self)
            self.mailbox.resume()

    def deliver(self, delivery: Delivery) -> None:
        """Send a deliver_sm under a sequence number of this session."""
        delivery.sent_at = self.clock.seconds()
        delivery.attempts += 1
        octets = delivery.octets
        if not self._takes_tlvs:
            octets = pdus.without_tlvs(octets)
        self.send_request(delivery, octets)

    def resumeProducing(self) -> None:
        """The ESME reads again: send waiting deliveries."""
        super().resumeProducing()
        if self.mailbox is not None:
            self.mailbox.resume()

    def sessionLeaving(self) -> None:
        """Leave the mailbox: an ESME that has unbound takes no more messages."""
        self._leave_mailbox()

    def sessionEnded(self, reason: str) -> None:
        """Leave the SMSC and the mailbox."""
        self._smsc.ended(self)
        self._leave_mailbox()

    def _leave_mailbox(self) -> None:
        if self.mailbox is not None and self in self.mailbox.receivers:
            self.mailbox.receivers.remove(self)

    def _refuse(self, frame: Frame, command_status: int) -> None:
        self.answer_bind(frame, command_status)
        self.close("bind refused")
