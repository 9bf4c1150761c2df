"""`PeerSession`: a session between two nodes, which is SMPP; `Incoming` and `Outgoing`, its ends.

Each node binds at each other one as an ESME, so there are two sessions between two nodes:

1. A node connects and sends bind_transceiver, with its own name as system_id and the secret as
   password: `Outgoing`. The other one knows name and secret, or refuses the bind: `Incoming`.
2. Both tell their settings. An end that finds that they cannot work together answers with an error
   and closes; where both have answered ESME_ROK the link is up.
3. The node that has bound tells its sessions of ESMEs, all and then what changes. The other sends
   it messages for those, each in an envelope, and tells to which SMSCs it has links: it is sent
   requests to those. Both ask for return paths.
4. The link ends: what was told on it holds no more, and what is unanswered on it has failed.
"""

from __future__ import annotations

from hmac import compare_digest

from attrs import define, field
from twisted.internet.defer import ensureDeferred
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from smppgate.gate.peers import fields as f
from smppgate.gate.peers.counts import LinkCounts
from smppgate.gate.peers.fields import unwrapped
from smppgate.gate.peers.ports import Hub
from smppgate.gate.peers.told import BoundSession, LinkedSmsc, NodeSettings, telling, told_in
from smppgate.gate.reports.reports import Reports
from smppgate.gate.sessions.listener import LimitedFactory
from smppgate.gate.sessions.relay_session import RelaySession
from smppgate.notices.peers import PEER_BIND_REFUSED
from smppgate.txsmpp import peek
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import CommandId, CommandStatus, numbers
from smppgate.txsmpp.errors import BindRefused, NoAnswer, PduError, SmppError
from smppgate.txsmpp.frame import HEADER_SIZE, Frame, response
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.pdu import BindTransceiver, BindTransceiverResp
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.states import Role
from smppgate.txsmpp.timers import Timers
from smppgate.txsmpp.versions import V5_0

WINDOW = 2_000
"""Requests that may be unanswered in each direction of a link."""

REFUSED_WAIT = 1.0
"""Seconds that a peer has to close after it was refused: it is to read the answer first."""

_DATA_SM, _ALERT = int(CommandId.DATA_SM), int(CommandId.ALERT_NOTIFICATION)
_RELAYED = numbers(
    CommandId.DELIVER_SM,
    CommandId.DATA_SM,
    CommandId.SUBMIT_SM,
    CommandId.SUBMIT_MULTI,
    CommandId.QUERY_SM,
    CommandId.CANCEL_SM,
    CommandId.REPLACE_SM,
    CommandId.BROADCAST_SM,
    CommandId.QUERY_BROADCAST_SM,
    CommandId.CANCEL_BROADCAST_SM,
)


@define(eq=False)
class PeerConfig:
    """What the sessions of one node with its peers share.

    :param name: the node's own name.
    :param secret: what peers bind with.
    """

    name: str
    secret: bytes = field(repr=False)
    clock: Clock
    batch: Batch
    reports: Reports
    timers: Timers
    max_pdu_size: int
    hub: Hub = field(init=False)


class _Told(Request):
    """Something that was told to a peer. Mutable and slotted."""

    __slots__ = ("_session",)

    def __init__(self, session: PeerSession, sent_at: float) -> None:
        super().__init__(_DATA_SM, sent_at)
        self._session = session

    def answered(self, frame: Frame, now: float) -> None:
        """The peer has heard it."""
        self._session.heard(frame)

    def failed(self, reason: NoAnswer) -> None:
        """It has not: then it knows this node no longer as it is."""
        self._session.unheard(reason)


class PeerSession(RelaySession):
    """A session with another node.

    :ivar node: the name of that node; empty before it is known.
    :ivar is_up: whether both nodes have taken the settings of each other.
    """

    log = Logger()

    def __init__(self, config: PeerConfig, role: Role) -> None:
        super().__init__(
            role,
            config.clock,
            config.timers,
            config.max_pdu_size,
            config.batch,
            config.reports,
            refusal_rate=0.0,
        )
        self.config = config
        self.hub = config.hub
        self.version = V5_0
        self.node = ""
        self.counts = LinkCounts()
        self.is_up = False
        self.refusal = ""
        """Why this end refuses the peer, or the peer this end; empty where none does."""
        self._is_taken = self._takes = False

    @property
    def window(self) -> int:
        """The most unanswered requests in each direction."""
        return WINDOW

    @property
    def who(self) -> str:
        """The peer's name, for the log."""
        return f"peer {self.node}" if self.node else super().who

    # What is told

    def tell(self, told: bytes) -> None:
        """Tell the peer these fields."""
        self.send_request(_Told(self, self.clock.monotonic()), telling(told))

    def introduce(self) -> None:
        """The session is bound: tell this node's settings."""
        self.bound_at = self.clock.wall()
        self.tell(self.hub.settings().octets())

    def heard(self, frame: Frame) -> None:
        """The peer has answered what it was told; the settings come first."""
        if frame.command_status:
            self._refuse("it refuses what this node has told it", is_own=False)
        elif not self._is_taken:
            self._is_taken = True
            self._look_up()

    def unheard(self, reason: NoAnswer) -> None:
        """What was told has no answer: begin anew, or the peer has stale sessions."""
        if not self.has_ended:
            self.close(f"what was told was not answered: {reason}")

    def _look_up(self) -> None:
        if self._is_taken and self._takes and not self.is_up:
            self.is_up = True
            self.hub.up(self)

    # What is heard

    def requestReceived(self, frame: Frame, now: float) -> None:
        """A message for a session here, or something that the peer tells or asks."""
        command_id = frame.command_id
        if command_id in _RELAYED and self.is_up and unwrapped(frame.octets) is not None:
            self.hub.take(self, frame, now)
        elif command_id == _DATA_SM:
            self._hear(frame)
        elif command_id == _ALERT:
            if self.is_up:
                self.hub.alert(frame)
        else:
            self.send(response(frame, CommandStatus.ESME_RINVCMDID))

    def _hear(self, frame: Frame) -> None:
        try:
            told = told_in(frame.octets)
            settings = NodeSettings.of(told)
            if settings is not None:
                self._judge(settings)
            if not self._takes:
                self.send(response(frame, CommandStatus.ESME_RINVBNDSTS))
            elif any(tag == f.ASKED for tag, _ in told):
                self.hub.asked(self, frame, [value for tag, value in told if tag == f.ASKED])
            else:
                self._learn(told)
                self.send(response(frame, CommandStatus.ESME_ROK, b"\0"))
        except PduError as error:
            self.send(response(frame, error.command_status))
        if self.refusal:
            self.close(self.refusal, REFUSED_WAIT)

    def _judge(self, settings: NodeSettings) -> None:
        reason = self.hub.judge(self, settings)
        self._takes = not reason
        if reason:
            self._refuse(reason, is_own=True)
        else:
            self._look_up()

    def _refuse(self, reason: str, is_own: bool) -> None:
        self.refusal = reason
        self.hub.refused(self, reason)
        if not is_own:
            self.close(reason)

    def _learn(self, told: list[tuple[int, bytes]]) -> None:
        for tag, value in told:
            if tag == f.BOUND:
                self.hub.bound_elsewhere(self, BoundSession.of(value))
            elif tag == f.LOST:
                self.hub.lost_elsewhere(self, value)
            elif tag == f.SMSC:
                self.hub.linked_elsewhere(self, LinkedSmsc.of(value))
        ended = [value for tag, value in told if tag == f.ENDED]
        if ended:
            self.hub.ended_elsewhere(ended)

    # The end

    def sessionLeaving(self) -> None:
        """An unbind was sent or received: it takes nothing more."""
        self._end_being_up(self.session.unbind_reason)

    def sessionEnding(self, reason: str) -> None:
        """What was told on it holds no more."""
        self._end_being_up(reason)

    def _end_being_up(self, reason: str) -> None:
        was_up, self.is_up = self.is_up, False
        self.hub.ended(self, reason, was_up)


class Incoming(PeerSession):
    """A session at which another node binds."""

    def __init__(self, config: PeerConfig, factory: LimitedFactory[Incoming]) -> None:
        super().__init__(config, Role.SMSC)
        self._factory = factory

    def octetsReceived(self, octets: bytes, now: float) -> int:
        """Relay the plain messages for SMSCs at the beginning of a read."""
        return self.hub.relay_submits(self, octets, 0, now) if self.is_up else 0

    def bindReceived(self, frame: Frame) -> None:
        """Accept or refuse the bind of a node."""
        if not self.hub.is_open:
            # No answer: it comes back in a moment, and is not refused.
            self.close("this node is starting or stopping")
            return
        reason = self._fault(frame)
        if reason:
            refusals, kind = self.config.reports.refusals, f"{self.host}: {reason}"
            refusals.add(PEER_BIND_REFUSED, kind, peer=self.where, reason=reason)
            self.answer_bind(frame, CommandStatus.ESME_RBINDFAIL)
            self.close(f"bind refused: {reason}", REFUSED_WAIT)
            return
        self.node = peek.credentials(frame.octets).system_id.decode("latin-1")
        body = encode(BindTransceiverResp(system_id=self.config.name.encode()))[HEADER_SIZE:]
        self.answer_bind(frame, CommandStatus.ESME_ROK, body)
        self.introduce()

    def _fault(self, frame: Frame) -> str:
        """Why a bind is refused; empty where it is not. The name is no secret, but no name that
        is unknown is shown: it may have been a password."""
        if frame.command_id != CommandId.BIND_TRANSCEIVER:
            return "no bind_transceiver"
        try:
            who = peek.credentials(frame.octets)
        except PduError:
            return "a bind that cannot be read"
        is_secret = compare_digest(who.password, self.config.secret)
        if not (self.hub.is_peer(who.system_id.decode("latin-1")) and is_secret):
            return "no [[peer]] has this name and secret"
        return ""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Give its place in the listener's limit back."""
        super().connectionLost(reason)
        self._factory.lost(self)


class Outgoing(PeerSession):
    """A session on which this node binds at another one."""

    def __init__(self, config: PeerConfig, node: str) -> None:
        super().__init__(config, Role.ESME)
        self.node = node

    def connectionMade(self) -> None:
        """Bind."""
        super().connectionMade()
        ensureDeferred(self._begin())

    def octetsReceived(self, octets: bytes, now: float) -> int:
        """Relay the plain answers of SMSCs at the beginning of a read."""
        return self.hub.relay_answers(self, octets, 0, now) if self.is_up else 0

    async def _begin(self) -> None:
        config = self.config
        bind = BindTransceiver(
            system_id=config.name.encode(),
            password=config.secret,
            interface_version=V5_0.interface_version,
        )
        try:
            await self.bind(bind)
        except BindRefused as refusal:
            self._refuse(str(refusal), is_own=False)
        except SmppError as error:
            self.close(f"no usable bind_resp: {error}")
        else:
            self.introduce()
