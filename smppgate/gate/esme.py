"""The ESME side: what listens, and a session of an ESME's."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from attrs import define, field, frozen
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from smppgate.gate.listener import TurnedAway
from smppgate.gate.peer import Peer
from smppgate.gate.router import RouterService
from smppgate.routing.accounts import BIND_KINDS, Account, BindRejected
from smppgate.routing.balancers import LeastOutstanding
from smppgate.routing.pools import Member, Pool
from smppgate.txsmpp import peek
from smppgate.txsmpp.address_range import bind_ranges
from smppgate.txsmpp.codec import decode, encode
from smppgate.txsmpp.constants import CommandStatus, Tag
from smppgate.txsmpp.errors import PduError, ProtocolError
from smppgate.txsmpp.frame import HEADER_SIZE, MAX_PDU_SIZE, Frame
from smppgate.txsmpp.pdu import BindTransceiver, BindTransceiverResp
from smppgate.txsmpp.states import Role
from smppgate.txsmpp.timers import Timers
from smppgate.txsmpp.tlv import Tlv
from smppgate.txsmpp.versions import Version, version_of

if TYPE_CHECKING:
    from smppgate.gate.passing import Passages


@define
class EsmeSide:
    """What the sessions of the ESME side have in common.

    :param name: the system_id that ESMEs are told, up to 15 octets.
    :param accepts_without_smsc: whether to accept a bind while no link to an SMSC is up.
    :param passages: asks SMSCs about the binds of accounts that want it.
    """

    router: RouterService
    name: str = "smppgate"
    timers: Timers = field(factory=Timers)
    max_pdu_size: int = MAX_PDU_SIZE
    accepts_without_smsc: bool = True
    passages: Passages | None = None

    def bind_resp_body(self, version: Version) -> bytes:
        """The body of a bind_resp with ESME_ROK, to a peer that speaks ``version``."""
        tlvs: tuple[Tlv, ...] = ()
        if version.tlvs:
            tlvs = (Tlv.of(Tag.SC_INTERFACE_VERSION, version.interface_version),)
        resp = BindTransceiverResp(system_id=self.name.encode("latin-1"), tlvs=tlvs)
        return encode(resp)[HEADER_SIZE:]


@frozen(eq=False)
class Bind:
    """A bind that the gate has nothing against.

    :param password: never shown.
    :param version: what the ESME speaks.
    :param ranges: those it asks to serve, of this type of number and plan.
    """

    # The password is in it too.
    frame: Frame = field(repr=False)
    account: Account[EsmeProtocol]
    password: bytes = field(repr=False)
    version: Version
    ranges: tuple[str, ...]
    ton: int
    npi: int


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
        self.passed_through: Member | None = None
        """The SMSC session that is this session's own, where its bind was passed through."""
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
            bind = self._admit(frame)
        except ProtocolError as error:
            self.refuse_bind(frame, error)
            return
        self.version = bind.version
        passages = self._side.passages
        if not bind.account.asks_smsc:
            self.accept_bind(bind, self._side.bind_resp_body(self.version))
        elif passages is not None:
            passages.begin(self, bind)
        else:
            status = CommandStatus.ESME_RBINDFAIL
            self.refuse_bind(frame, BindRejected("there is no SMSC to ask", status))

    @property
    def bound_by(self) -> float:
        """When the session ends unless it is bound by then; seconds on its clock."""
        return self._watch.next(bound=False)

    def accept_bind(self, bind: Bind, body: bytes, passed_through: Member | None = None) -> None:
        """Answer it with ESME_ROK and ``body``, and be a session of its account from now on.

        With ``passed_through``, its requests go to that SMSC session only.
        """
        self.answer_bind(bind.frame, CommandStatus.ESME_ROK, body)
        account = bind.account
        self.account, self.pool, self.window = account, account.pool, account.window
        if passed_through is not None:
            self.passed_through = passed_through
            self.pool = Pool(account.pool.name, LeastOutstanding([passed_through]))
        self.system_id, self.queries = account.system_id.encode("latin-1"), account.queries
        self.router.esme_bound(self, account)
        if bind.ranges and self.receives:
            self.router.ranges.join(self, account, bind.ranges, bind.ton, bind.npi)
        self.log.info(
            "ESME {system_id} bound as {kind} from {where}",
            system_id=account.system_id,
            kind=BIND_KINDS[bind.frame.command_id],
            where=self.where,
        )

    def refuse_bind(self, frame: Frame, error: ProtocolError, body: bytes = b"") -> None:
        """Answer the bind in ``frame`` with the error's status and ``body``, and close."""
        self.log.warn(
            "bind of ESME {system_id} from {where} refused: {reason} (0x{status:08X})",
            system_id=_told_name(frame),
            where=self.where,
            reason=error,
            status=error.command_status,
        )
        self.answer_bind(frame, error.command_status, body)
        self.close(f"bind refused: {error}")

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

    def sessionEnded(self, reason: str) -> None:
        """What it has with an SMSC ends too, now that all that came from there is answered."""
        if self._side.passages is not None:
            self._side.passages.esme_lost(self)

    def _admit(self, frame: Frame) -> Bind:
        """What is in a bind that may be accepted.

        :raises ProtocolError: with the status to refuse any other with.
        """
        who = peek.credentials(frame.octets)
        account = self.router.accounts.admit(frame.command_id, who.system_id, who.password)
        if self.router.is_draining:
            raise BindRejected("the gate is stopping", CommandStatus.ESME_RBINDFAIL)
        # One that is passed on needs no link: it makes its own.
        is_up = account.asks_smsc or account.pool.is_up
        if not is_up and not self._side.accepts_without_smsc:
            raise BindRejected("no link to an SMSC is up", CommandStatus.ESME_RBINDFAIL)
        asked = peek.bind_address_range(frame.octets)
        ranges = bind_ranges(asked.addr) if account.bind_ranges else ()
        version = version_of(who.interface_version)
        return Bind(frame, account, who.password, version, ranges, asked.ton, asked.npi)


def _told_name(bind: Frame) -> str:
    """The system_id for the log.

    Not that of a bind which is not sound as a whole: where a NUL was lost, the password would be
    part of it.
    """
    try:
        return repr(cast(BindTransceiver, decode(bind.octets)).system_id.decode("latin-1"))
    except PduError:
        return "(not readable)"


class EsmeFactory(Factory):
    """Makes the sessions of one listener.

    :param max_sessions: connections at one time, bound or not; more are closed at once.
    """

    log = Logger()
    # Each session has a line of its own in the log.
    noisy = False

    def __init__(self, side: EsmeSide, max_sessions: int) -> None:
        self.sessions: dict[EsmeProtocol, None] = {}
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
            return TurnedAway()
        session = EsmeProtocol(self._side, self)
        session.factory = self
        self.sessions[session] = None
        return session

    def lost(self, session: EsmeProtocol) -> None:
        """A connection is gone."""
        self.sessions.pop(session, None)
