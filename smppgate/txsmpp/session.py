"""An SMPP session without I/O: octets in, frames for the owner and octets for the peer out.

The session frames the stream, holds the state, judges every PDU by the table in
`smppgate.txsmpp.states`, and answers what needs no owner: enquire_link, unbind, commands that
are unknown or not allowed now. It knows neither sockets nor time.
"""

from __future__ import annotations

from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId, CommandStatus
from smppgate.txsmpp.enquiry import Enquiry
from smppgate.txsmpp.errors import StateError
from smppgate.txsmpp.frame import (
    MAX_PDU_SIZE,
    Frame,
    FrameBuffer,
    generic_nack,
    header_only,
    renumbered,
    response,
)
from smppgate.txsmpp.sequence import AsideRequest, Outstanding, Request
from smppgate.txsmpp.states import (
    BOUND,
    BOUND_BY,
    KNOWN,
    SESSION_COMMANDS,
    WITHOUT_RESP,
    Role,
    State,
    allowed,
)

UNBOUND_PDU_SIZE = 1024
"""Octets a PDU may have before its sender has bound: far more than any bind needs, and all that
a stranger can make this end keep."""

_SIGNS_OF_LIFE = frozenset({CommandId.ENQUIRE_LINK_RESP})


class Session:
    """One end of an SMPP session.

    :param role: which end this is.
    :param max_pdu_size: octets a PDU of the peer may have.

    The owner hands on what `data_to_send` gives after each call of another method.
    """

    __slots__ = (
        "_allowed",
        "_binding",
        "_buffer",
        "_last_words",
        "_max_pdu_size",
        "_passing",
        "_peers_unbind",
        "close_reason",
        "enquiry",
        "is_unbind_answered",
        "outbox",
        "outstanding",
        "peer_spoke",
        "role",
        "state",
        "unbind_reason",
        "unbinding",
    )

    def __init__(self, role: Role, max_pdu_size: int = MAX_PDU_SIZE) -> None:
        self.role = role
        self.outbox: list[bytes] = []
        """PDUs to send, see `data_to_send`."""
        self.outstanding = Outstanding()
        """Requests of this end that the peer has not answered."""
        self.enquiry = Enquiry(self.outstanding)
        """This end's enquire_link."""
        self.close_reason: str | None = None
        """Why the connection is to be closed once all is sent; None while it goes on."""
        self.unbinding = False
        """Whether an unbind was sent or received: the session is to end, see `unbound`."""
        self.is_unbind_answered = True
        """Whether no unbind_resp of the peer is waited for."""
        self.unbind_reason = "unbound"
        """The ``close_reason`` that an unbind of this end's leads to."""
        self.peer_spoke = False
        """Whether the last read had anything but answers to our own enquire_link."""
        self._max_pdu_size = max_pdu_size
        self._buffer = FrameBuffer(max_pdu_size)
        self._binding: Frame | None = None
        self._peers_unbind: Frame | None = None
        self._last_words = b""
        self._enter(State.OPEN)

    def __repr__(self) -> str:
        return (
            f"<Session {self.role.value} {self.state.value} outstanding={len(self.outstanding)}>"
        )

    @property
    def is_bound(self) -> bool:
        """Whether messages may flow, one way at least."""
        return self.state in BOUND

    @property
    def submits(self) -> bool:
        """Whether the ESME end is bound to send: BOUND_TX or BOUND_TRX."""
        return self.state is State.BOUND_TX or self.state is State.BOUND_TRX

    @property
    def receives(self) -> bool:
        """Whether the ESME end is bound to receive: BOUND_RX or BOUND_TRX."""
        return self.state is State.BOUND_RX or self.state is State.BOUND_TRX

    def receive_data(self, octets: bytes) -> list[Frame]:
        """Take what the peer sent; give the frames that are the owner's to deal with.

        These are allowed in the present state. A bind is among them (see `answer_bind`), and so
        are resps, to be looked up in ``outstanding``.
        """
        frames = self._buffer.receive(octets)
        commands = {frame.command_id for frame in frames}
        self.peer_spoke = not commands <= _SIGNS_OF_LIFE
        # Nearly always everything passes, and the owner gets the list as it is.
        if not commands <= self._passing:
            frames = [f for f in frames if f.command_id in self._passing or self._admit(f)]
        if self.enquiry:
            frames = self.enquiry.end(frames)
        error = self._buffer.error
        if error is not None and self.close_reason is None:
            self._last_words = generic_nack(error.sequence_number, error.command_status)
            self.close(str(error))
        return frames

    def data_to_send(self) -> bytes:
        """Take what is to be sent now, in one piece.

        What answers the end of the session comes last, behind what its owner answered to the
        requests in front.
        """
        octets = b"".join(self.outbox) + self._last_words
        self.outbox.clear()
        self._last_words = b""
        return octets

    def answer_bind(self, request: Frame, command_status: int, body: bytes = b"") -> None:
        """Answer the peer's bind; with ESME_ROK the session is bound.

        :raises StateError: when that bind is not awaiting its answer.
        """
        if self._binding is not request:
            raise StateError("no such bind awaits an answer")
        self._binding = None
        self.outbox.append(response(request, command_status, body))
        if command_status == CommandStatus.ESME_ROK:
            self._enter(BOUND_BY[request.command_id])

    def send_request(self, request: Request, octets: bytes) -> None:
        """Send the PDU in ``octets`` under a number of this end's, awaited by ``request``."""
        number = self.outstanding.claim(request)
        self.outbox.append(renumbered(octets, number))

    def outbind(self, octets: bytes) -> None:
        """Ask the peer, an ESME, to bind: until it does the session is OUTBOUND.

        SMPP v3.4 §2.2.1; ``octets`` are an outbind, sent under a number of this end's.

        :raises StateError: when this end may send none now.
        """
        if CommandId.OUTBIND not in allowed(self.role, self.state):
            raise StateError("no outbind is allowed now")
        self.outbox.append(renumbered(octets, self.outstanding.number()))
        self._enter(State.OUTBOUND)

    def enquire(self) -> None:
        """Send an enquire_link, unless one is not answered; see `Enquiry`."""
        self.outbox.append(self.enquiry.begin())

    def unbind(self) -> None:
        """Send an unbind. Requests of the peer pass until its unbind_resp, and answers after it.

        The owner ends the session with `unbound`.
        """
        self.unbinding, self.is_unbind_answered = True, False
        number = self.outstanding.claim_aside(AsideRequest(CommandId.UNBIND, self.unbind_answered))
        self.outbox.append(header_only(CommandId.UNBIND, 0, number))

    def unbind_answered(self) -> None:
        """The peer has answered this end's unbind, and expects no answer to new requests."""
        self.is_unbind_answered = True
        if self.is_bound:
            self._enter(State.UNBINDING)

    def unbound(self) -> None:
        """End a session that is ``unbinding``; the peer's unbind is answered last."""
        self._end(State.UNBOUND, self.unbind_reason)

    def close(self, reason: str) -> None:
        """Refuse whatever comes from now on; the connection is to be closed."""
        self._end(State.CLOSED, reason)

    def _enter(self, state: State) -> None:
        self.state = state
        self._allowed = allowed(self.role.peer, state)
        self._passing = self._allowed - SESSION_COMMANDS
        is_stranger = self.role is Role.SMSC and not self.is_bound
        limit = UNBOUND_PDU_SIZE if is_stranger else self._max_pdu_size
        self._buffer.max_pdu_size = min(limit, self._max_pdu_size)

    def _end(self, state: State, reason: str) -> None:
        self._enter(state)
        self._binding = None
        if self._peers_unbind is not None:
            self._last_words += response(self._peers_unbind, CommandStatus.ESME_ROK)
            self._peers_unbind = None
        if self.close_reason is None:
            self.close_reason = reason

    def _admit(self, frame: Frame) -> bool:
        """Deal with a frame that does not simply pass; tell whether the owner gets it still."""
        command = frame.command_id
        if command not in self._allowed:
            return self._refuse(frame)
        if command in BOUND_BY:
            return self._admit_bind(frame)
        if command == CommandId.ENQUIRE_LINK:
            self.outbox.append(response(frame, CommandStatus.ESME_ROK))
            return False
        if command == CommandId.UNBIND:
            return self._admit_unbind(frame)
        if command == CommandId.UNBIND_RESP:
            return self._admit_unbind_resp(frame)
        self._follow(frame)
        return True

    def _admit_unbind(self, frame: Frame) -> bool:
        if self._peers_unbind is not None:
            return self._refuse(frame)
        self._peers_unbind = frame
        if not self.unbinding:
            self.unbinding, self.unbind_reason = True, "unbound by the peer"
        # The peer may not answer an unbind that has crossed its own.
        self.is_unbind_answered = True
        self._enter(State.UNBINDING)
        return False

    def _admit_unbind_resp(self, frame: Frame) -> bool:
        """Take the answer to this end's unbind; the owner gets one that was never asked for."""
        if self.outstanding.answered_late(frame) is None:
            return True
        self.unbind_answered()
        return False

    def _admit_bind(self, frame: Frame) -> bool:
        # Exactly one resp for each bind, and one bind at a time: ESME_RALYBND would be the
        # specification's word for the second, but Kannel takes that for success.
        if self._binding is not None:
            self.outbox.append(response(frame, CommandStatus.ESME_RINVBNDSTS))
            return False
        self._binding = frame
        return True

    def _follow(self, frame: Frame) -> None:
        """Follow the peer into the state that an outbind, or a resp to us, leads to."""
        if frame.command_id == CommandId.OUTBIND:
            self._enter(State.OUTBOUND)
        elif not self.outstanding.awaits(frame):
            return
        elif frame.command_status == CommandStatus.ESME_ROK:
            state = BOUND_BY.get(frame.command_id & ~RESPONSE_BIT)
            if state is not None:
                self._enter(state)

    def _refuse(self, frame: Frame) -> bool:
        """Answer what is not allowed now; the owner gets it only if it asked for it."""
        if self.close_reason is not None:
            return False
        if frame.is_response:
            # A peer may well answer a request of ours that it finds out of place.
            return self.outstanding.awaits(frame)
        if frame.command_id not in KNOWN:
            status = CommandStatus.ESME_RINVCMDID
            self.outbox.append(generic_nack(frame.sequence_number, status))
        elif frame.command_id not in WITHOUT_RESP:
            self.outbox.append(response(frame, CommandStatus.ESME_RINVBNDSTS))
        return False
