"""The ESME side: what listens, and a session of an ESME's."""

from __future__ import annotations

from typing import cast

from attrs import define, field
from twisted.internet.interfaces import IAddress, ITCPTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from smppgate.gate.peer import Peer
from smppgate.gate.router import RouterService
from smppgate.routing.accounts import BIND_KINDS, Account, BindRejected
from smppgate.routing.pools import Pool
from smppgate.txsmpp import peek
from smppgate.txsmpp.codec import decode, encode
from smppgate.txsmpp.constants import CommandStatus, Tag
from smppgate.txsmpp.errors import PduError, ProtocolError
from smppgate.txsmpp.frame import HEADER_SIZE, MAX_PDU_SIZE, Frame
from smppgate.txsmpp.pdu import BindTransceiver, BindTransceiverResp
from smppgate.txsmpp.states import Role
from smppgate.txsmpp.timers import Timers
from smppgate.txsmpp.tlv import Tlv
from smppgate.txsmpp.versions import V3_4, version_of


@define
class EsmeSide:
    """What the sessions of the ESME side have in common.

    :param name: the system_id that ESMEs are told, up to 15 octets.
    :param accepts_without_smsc: whether to accept a bind while no link to an SMSC is up.
    """

    router: RouterService
    name: str = "smppgate"
    timers: Timers = field(factory=Timers)
    max_pdu_size: int = MAX_PDU_SIZE
    accepts_without_smsc: bool = True

    def bind_resp_body(self, interface_version: int) -> bytes:
        """The body of a bind_resp with ESME_ROK, to a peer of that version."""
        tlvs: tuple[Tlv, ...] = ()
        if version_of(interface_version).tlvs:
            tlvs = (Tlv.of(Tag.SC_INTERFACE_VERSION, V3_4.interface_version),)
        resp = BindTransceiverResp(system_id=self.name.encode("latin-1"), tlvs=tlvs)
        return encode(resp)[HEADER_SIZE:]


class EsmeProtocol(Peer):
    """A session of an ESME's; the gate is its SMSC."""

    log = Logger()

    def __init__(self, side: EsmeSide, factory: EsmeFactory) -> None:
        super().__init__(
            Role.SMSC,
            side.router.clock,
            side.timers,
            side.max_pdu_size,
            side.router.batch,
            # The account's, once it is bound: before that nothing of it is relayed.
            window=0,
        )
        self.router = side.router
        self.account: Account[EsmeProtocol] | None = None
        self.pool: Pool | None = None
        self._side = side
        self._factory = factory

    def requestReceived(self, frame: Frame, now: float) -> None:
        """The ESME asks for something that an SMSC is to do."""
        self.router.forward(self, frame, now)

    def strayReceived(self, frame: Frame) -> None:
        """A resp to nothing: it goes nowhere."""
        self.router.stray()

    def bindReceived(self, frame: Frame) -> None:
        """Accept or refuse, with exactly one bind_resp."""
        try:
            who = peek.credentials(frame.octets)
            account = self._admit(frame.command_id, who.system_id, who.password)
        except ProtocolError as error:
            self._refuse_bind(frame, error)
            return
        body = self._side.bind_resp_body(who.interface_version)
        self.answer_bind(frame, CommandStatus.ESME_ROK, body)
        self.account, self.pool, self.window = account, account.pool, account.window
        self.router.esme_bound(self, account)
        self.log.info(
            "ESME {system_id} bound as {kind} from {where}",
            system_id=account.system_id,
            kind=BIND_KINDS[frame.command_id],
            where=self.where,
        )

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Give the listener its place back."""
        super().connectionLost(reason)
        self._factory.lost(self)

    def sessionEnding(self, reason: str) -> None:
        """Take the session out of its account."""
        if self.account is None:
            return
        self.router.esme_lost(self, self.account)
        self.log.info(
            "ESME {system_id} at {where} gone: {reason}",
            system_id=self.account.system_id,
            where=self.where,
            reason=reason,
        )

    def _admit(self, command_id: int, system_id: bytes, password: bytes) -> Account[EsmeProtocol]:
        account = self.router.accounts.admit(command_id, system_id, password)
        if self.router.is_draining:
            raise BindRejected("the gate is stopping", CommandStatus.ESME_RBINDFAIL)
        if not account.pool.is_up and not self._side.accepts_without_smsc:
            raise BindRejected("no link to an SMSC is up", CommandStatus.ESME_RBINDFAIL)
        return account

    def _refuse_bind(self, frame: Frame, error: ProtocolError) -> None:
        self.log.warn(
            "bind of ESME {system_id} from {where} refused: {reason} (0x{status:08X})",
            system_id=_told_name(frame),
            where=self.where,
            reason=error,
            status=error.command_status,
        )
        self.answer_bind(frame, error.command_status)
        self.close(f"bind refused: {error}")


def _told_name(bind: Frame) -> str:
    """The system_id for the log.

    Not that of a bind which is not sound as a whole: where a NUL was lost, the password would be
    part of it.
    """
    try:
        return repr(cast(BindTransceiver, decode(bind.octets)).system_id.decode("latin-1"))
    except PduError:
        return "(not readable)"


class _TurnedAway(Protocol):
    """A connection too many."""

    def connectionMade(self) -> None:
        cast(ITCPTransport, self.transport).abortConnection()


class EsmeFactory(Factory):
    """Makes the sessions of one listener.

    :param max_sessions: connections at one time, bound or not; more are closed at once.
    """

    log = Logger()
    # Each session has a line of its own in the log.
    noisy = False

    def __init__(self, side: EsmeSide, max_sessions: int) -> None:
        self.sessions: set[EsmeProtocol] = set()
        self._side = side
        self._max_sessions = max_sessions

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """A session for a connection from ``addr``, or its end when there are too many."""
        if len(self.sessions) >= self._max_sessions:
            self.log.warn(
                "connection from {addr} closed: all {limit} sessions of the listener are in use",
                addr=addr,
                limit=self._max_sessions,
            )
            # Not None: a listener that wraps its sessions, as TLS does, stumbles over it.
            return _TurnedAway()
        session = EsmeProtocol(self._side, self)
        session.factory = self
        self.sessions.add(session)
        return session

    def lost(self, session: EsmeProtocol) -> None:
        """A connection is gone."""
        self.sessions.discard(session)
