"""`OutbindProtocol`: a session on which an SMSC sends outbind; and its factory.

The SMSC connects to the gate and sends outbind, and the gate binds as a receiver on that
connection: SMPP v3.4 §2.2.1. From then on the SMSC sends messages and receipts on it as on any
link.
"""

from __future__ import annotations

from contextlib import suppress
from hmac import compare_digest

from attrs import define, field
from twisted.internet.defer import CancelledError, ensureDeferred
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from smppgate.gate.sessions.listener import LimitedFactory
from smppgate.gate.sessions.session_slots import NoSlot, SessionSlots
from smppgate.gate.sessions.smsc import SmscProtocol, SmscSessionConfig
from smppgate.notices.smscs import OUTBIND_NOT_BOUND, OUTBIND_REFUSED, OUTBIND_UNBOUND
from smppgate.txsmpp import peek
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.errors import PduError, SmppError
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.notice import Notice
from smppgate.txsmpp.pdu import Pdu
from smppgate.txsmpp.session import UNBOUND_PDU_SIZE

HEAD_SIZE = 8
"""Octets of command_length and command_id, by which an outbind is told from anything else."""


@define(kw_only=True)
class OutbindSessionConfig(SmscSessionConfig):
    """The configuration that sessions with outbinds of one SMSC share.

    :param bind: the bind_receiver that follows an outbind.
    :param system_id: the outbind's system_id must be equal to it; empty accepts any.
    :param password: the same for the outbind's password.
    :param slots: of all sessions of the SMSC that no link keeps up.
    """

    bind: Pdu
    system_id: bytes
    password: bytes = field(repr=False)
    slots: SessionSlots

    def trusts(self, outbind: Frame) -> bool:
        """Whether the outbind has the configured system_id and password."""
        try:
            who = peek.credentials(outbind.octets)
        except PduError:
            return False
        named = not self.system_id or compare_digest(self.system_id, who.system_id)
        known = not self.password or compare_digest(self.password, who.password)
        return named and known


class OutbindProtocol(SmscProtocol):
    """A session that an SMSC begins with outbind, its first PDU."""

    def __init__(self, config: OutbindSessionConfig, factory: OutbindFactory) -> None:
        super().__init__(config)
        self._outbind_config = config
        self._factory = factory
        self._head = b""

    def dataReceived(self, data: bytes) -> None:
        """Close the session if the stream does not begin with an outbind; nothing else is read."""
        if len(self._head) < HEAD_SIZE:
            self._head += data[: HEAD_SIZE - len(self._head)]
            if not _may_be_outbind(self._head):
                self.close("no outbind")
                return
        super().dataReceived(data)

    def requestReceived(self, frame: Frame, now: float) -> None:
        """Bind after a trusted outbind; relay the requests of a bound SMSC."""
        if frame.command_id != CommandId.OUTBIND:
            super().requestReceived(frame, now)
        elif self._outbind_config.trusts(frame):
            ensureDeferred(self._bind())
        else:
            # The name that it gave is not logged: without its NUL it has the password in it.
            what = f"outbind of SMSC {self.name} from {self.host}"
            self._tell_refused(OUTBIND_REFUSED, what, "not its system_id and password")
            self.close("outbind refused")

    def tell_unbound(self, reason: str) -> None:
        """Any peer may connect here: tell in summary that it was no SMSC."""
        self.router.reports.unbound.add(
            OUTBIND_UNBOUND,
            f"{self.host} for SMSC {self.name}: {reason}",
            peer=self.where,
            smsc=self.name,
            reason=reason,
        )

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Give its slot, and its place in the listener's limit, back."""
        super().connectionLost(reason)
        self._outbind_config.slots.give(self)
        self._factory.lost(self)

    async def _bind(self) -> None:
        # A session without a bind is closed, and the SMSC may connect again.
        with suppress(SmppError, CancelledError):
            await self.router.ready()
            if not self.has_ended and await self._has_slot():
                await self.attach(self._outbind_config.bind)

    async def _has_slot(self) -> bool:
        try:
            await self._outbind_config.slots.take(self)
        except NoSlot as why:
            self._tell_no_slot(str(why))
            self.close(f"outbind is not bound: {why}")
            return False
        return True

    def _tell_no_slot(self, reason: str) -> None:
        self.router.connection_refused(self.host, f"SMSC {self.smsc.name}: {reason}")
        what = f"outbind of SMSC {self.name} is not bound: {reason}"
        self._tell_refused(OUTBIND_NOT_BOUND, what, reason)

    def _tell_refused(self, notice: Notice, what: str, reason: str) -> None:
        self._is_told = True
        self.router.reports.refusals.add(
            notice, what, smsc=self.name, peer=self.where, reason=reason
        )


class OutbindFactory(LimitedFactory[OutbindProtocol]):
    """Makes the sessions on which one SMSC sends outbind."""

    def __init__(self, config: OutbindSessionConfig, limit: int) -> None:
        super().__init__(limit, config.router.reports.refusals)
        self._config = config

    def make_session(self) -> OutbindProtocol:
        """A session that waits for outbind."""
        return OutbindProtocol(self._config, self)

    def limit_reached(self) -> str:
        """The SMSC has as many connections with outbind as it may have."""
        return f"SMSC {self._config.name} has {self.limit} for outbind already"


def _may_be_outbind(head: bytes) -> bool:
    """Whether a stream with the first octets ``head``, 8 at the most, may begin with an outbind.

    A command_length over `UNBOUND_PDU_SIZE` is answered by no: such a PDU would be refused anyway.
    """
    outbind = CommandId.OUTBIND.to_bytes(4, "big")
    length = int.from_bytes(head[:4], "big") if len(head) >= 4 else 0
    return length <= UNBOUND_PDU_SIZE and outbind.startswith(head[4:])
