"""Where SMSCs connect by themselves and ask with outbind to be bound to.

The gate is the ESME on such a connection too: it binds as a receiver, SMPP v3.4 §2.2.1. From then
on the connection is a link to that SMSC, for what that sends.
"""

from __future__ import annotations

from contextlib import suppress
from hmac import compare_digest

from attrs import define, field
from twisted.internet.defer import CancelledError, ensureDeferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from smppgate.gate.listener import TurnedAway
from smppgate.gate.smsc import SmscProtocol, SmscSide
from smppgate.txsmpp import peek
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.errors import PduError, SmppError
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import Pdu
from smppgate.txsmpp.session import UNBOUND_PDU_SIZE

# command_length and command_id.
_HEAD_SIZE = 8


@define(kw_only=True)
class OutbindSide(SmscSide):
    """What the sessions that one SMSC asks for have in common.

    :param bind: what an outbind is answered with, a bind_receiver.
    :param system_id: what the outbind must have; empty takes any.
    :param password: the same.
    """

    bind: Pdu
    system_id: bytes = b""
    password: bytes = field(default=b"", repr=False)

    def trusts(self, outbind: Frame) -> bool:
        """Whether the outbind has what it must have."""
        try:
            who = peek.credentials(outbind.octets)
        except PduError:
            return False
        named = not self.system_id or compare_digest(self.system_id, who.system_id)
        known = not self.password or compare_digest(self.password, who.password)
        return named and known


class OutbindProtocol(SmscProtocol):
    """A session that an SMSC has asked for, or is to ask for by its first PDU."""

    def __init__(self, side: OutbindSide, factory: OutbindFactory) -> None:
        super().__init__(side)
        self._side = side
        self._factory = factory
        self._head = b""

    def dataReceived(self, data: bytes) -> None:
        """Nothing is looked at that does not begin with an outbind."""
        if len(self._head) < _HEAD_SIZE:
            self._head += data[: _HEAD_SIZE - len(self._head)]
            if not _may_be_outbind(self._head):
                self.close("no outbind")
                return
        super().dataReceived(data)

    def requestReceived(self, frame: Frame, now: float) -> None:
        """The outbind, or, once bound, something for an ESME."""
        if frame.command_id != CommandId.OUTBIND:
            super().requestReceived(frame, now)
        elif self._side.trusts(frame):
            ensureDeferred(self._bind())
        else:
            # Not even the name is told: where a NUL was lost, the password would be part of it.
            self.log.warn(
                "outbind of SMSC {name} from {where} refused: not its system_id and password",
                name=self.name,
                where=self.where,
            )
            self.close("outbind refused")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Give the listener its place back."""
        super().connectionLost(reason)
        self._factory.sessions.pop(self, None)

    async def _bind(self) -> None:
        # Without a bind it is closed, and the SMSC may ask again.
        with suppress(SmppError, CancelledError):
            await self.router.ready()
            await self.attach(self._side.bind)


class OutbindFactory(Factory):
    """Makes the sessions that one SMSC asks for.

    :param most: connections at one time, bound or not; more are closed at once.
    """

    log = Logger()
    # Each session has a line of its own in the log.
    noisy = False

    def __init__(self, side: OutbindSide, most: int) -> None:
        self.sessions: dict[OutbindProtocol, None] = {}
        self._side = side
        self._most = most

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """A session for a connection from ``addr``, or its end when there are too many."""
        if len(self.sessions) >= self._most:
            self.log.warn(
                "connection from {addr} closed: SMSC {name} has {limit} for outbind already",
                addr=addr,
                name=self._side.name,
                limit=self._most,
            )
            return TurnedAway()
        session = OutbindProtocol(self._side, self)
        session.factory = self
        self.sessions[session] = None
        return session


def _may_be_outbind(head: bytes) -> bool:
    """Whether a stream that begins so, with 8 octets or fewer, may begin with an outbind.

    What cannot be one of a size that a stranger may send is not waited for.
    """
    outbind = CommandId.OUTBIND.to_bytes(4, "big")
    length = int.from_bytes(head[:4], "big") if len(head) >= 4 else 0
    return length <= UNBOUND_PDU_SIZE and outbind.startswith(head[4:])
