"""`Admission`: what one end of a session makes of what its peer sends.

Each PDU is the owner's, is answered here, waits for the answer to a bind, or is dropped.
"""

from __future__ import annotations

from collections.abc import Callable

from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId, CommandStatus, numbers
from smppgate.txsmpp.enquiry import Enquiry
from smppgate.txsmpp.frame import (
    MAX_PDU_SIZE,
    Frame,
    FrameBuffer,
    Look,
    generic_nack,
    response,
)
from smppgate.txsmpp.held import EarlyRequests, Unread
from smppgate.txsmpp.sequence import Outstanding
from smppgate.txsmpp.states import (
    BOUND_BY,
    KNOWN,
    RECEIVING,
    SENDING,
    SESSION_COMMANDS,
    WITHOUT_RESP,
    Role,
    State,
    allowed,
)

UNBOUND_PDU_SIZE = 1024
"""Octets a PDU may have before its sender has bound: far more than any bind needs, and all that
a stranger can make this end keep."""

_SIGNS_OF_LIFE = numbers(CommandId.ENQUIRE_LINK_RESP)

# What need not wait for the answer to a bind in front of it.
_NOT_HELD = numbers(*BOUND_BY, CommandId.ENQUIRE_LINK)

# Requests that an SMSC may send to a bound ESME.
_RECEIVED = numbers(CommandId.DELIVER_SM, CommandId.DATA_SM, CommandId.ALERT_NOTIFICATION)


class Admission:
    """The state of one end of a session, and its judgement of what the peer sends.

    :param role: which end this is.
    :param max_pdu_size: octets a PDU of the peer may have.

    `Session` is what owners use.
    """

    __slots__ = (
        "_allowed",
        "_binding",
        "_buffer",
        "_early",
        "_is_strange",
        "_last_words",
        "_max_pdu_size",
        "_passing",
        "_peers_unbind",
        "close_reason",
        "enquiry",
        "ignored",
        "is_bound",
        "is_unbind_answered",
        "outbox",
        "outstanding",
        "peer_spoke",
        "receives",
        "role",
        "state",
        "submits",
        "unbind_reason",
        "unbinding",
        "unread",
    )

    state: State
    # Plain attributes: these are asked for each message.
    submits: bool
    """Whether the ESME end is bound to send: BOUND_TX or BOUND_TRX."""
    receives: bool
    """Whether the ESME end is bound to receive: BOUND_RX or BOUND_TRX."""
    is_bound: bool
    """Whether messages may flow, one way at least."""

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
        self.ignored = 0
        """PDUs that were dropped without an answer; the owner may count more, and set it back."""
        self._max_pdu_size = max_pdu_size
        self._buffer = FrameBuffer(max_pdu_size)
        self._binding: Frame | None = None
        self._peers_unbind: Frame | None = None
        self._last_words = b""
        self.unread = Unread()
        """Octets behind a bind that is not answered."""
        self._early = EarlyRequests()
        self._enter(State.OPEN)

    def receive_data(self, octets: bytes, look: Look | None = None) -> list[Frame]:
        """Take what the peer sent; give the frames that are the owner's to deal with.

        These are allowed in the present state. A bind is among them (see `answer_bind`), and so
        are resps, to be looked up in ``outstanding``.

        :param look: deals with some PDUs of a peer that is bound before they are frames, see
            `FrameBuffer.receive`.
        """
        if self._is_strange or self.unread.is_used:
            frames = self._receive_from_stranger(octets)
        else:
            frames = self._judged(self._buffer.receive(octets, look if self.is_bound else None))
        if self.enquiry.number:
            frames = self.enquiry.end(frames)
        error = self._buffer.error
        if error is not None and self.close_reason is None:
            self._last_words = generic_nack(error.sequence_number, error.command_status)
            self.close(str(error))
        return frames

    @property
    def max_pdu_size(self) -> int:
        """Octets that a PDU of the peer may have now."""
        return self._buffer.max_pdu_size

    def change_max_pdu_size(self, octets: int) -> None:
        """Let a PDU of the peer have so many octets from now on, once it is bound."""
        self._max_pdu_size = octets
        limit = UNBOUND_PDU_SIZE if self._is_strange else octets
        self._buffer.max_pdu_size = min(limit, octets)

    def show_to(self, tap: Callable[[bytes], None] | None) -> None:
        """Show what the peer sends to ``tap`` before it is dealt with, see `FrameBuffer`."""
        self._buffer.tap = tap

    def unbind_answered(self) -> None:
        """The peer has answered this end's unbind, and expects no answer to new requests."""
        self.is_unbind_answered = True
        if self.is_bound:
            self._enter(State.UNBINDING)

    def close(self, reason: str) -> None:
        """Refuse whatever comes from now on; the connection is to be closed."""
        self._end(State.CLOSED, reason)

    def _judged(self, frames: list[Frame]) -> list[Frame]:
        """Deal with frames of the peer; give those that are the owner's to deal with."""
        if not frames:
            self.peer_spoke = False
            return frames
        commands = {frame.command_id for frame in frames}
        self.peer_spoke = not commands <= _SIGNS_OF_LIFE
        # Nearly always everything passes, and the owner gets the list as it is.
        if commands <= self._passing:
            return frames
        passed: list[Frame] = []
        for frame in frames:
            if frame.command_id in self._passing or self._admit(frame):
                passed.append(frame)
            if self._early and frame.is_response:
                passed += self._late_for_bind()
        return passed

    def _receive_from_stranger(self, octets: bytes) -> list[Frame]:
        """Judge what comes before a bind; what comes behind it waits for the answer."""
        unread = self.unread
        unread.add(octets)
        frames: list[Frame] = []
        while self._is_strange:
            is_behind = self._binding is not None
            limit = self._max_pdu_size if is_behind else self._buffer.max_pdu_size
            pdu = unread.next_pdu(limit)
            if not pdu:
                return frames
            if is_behind and int.from_bytes(pdu[4:8], "big") not in _NOT_HELD:
                unread.hold(pdu)
            else:
                frames += self._judged(self._buffer.receive(pdu))
        return frames + self._judged(self._buffer.receive(unread.take()))

    def _enter(self, state: State) -> None:
        self.state = state
        self.submits, self.receives = state in SENDING, state in RECEIVING
        self.is_bound = self.submits or self.receives
        self._allowed = allowed(self.role.peer, state)
        self._passing = self._allowed - SESSION_COMMANDS
        self._is_strange = self.role is Role.SMSC and state in (State.OPEN, State.OUTBOUND)
        self.change_max_pdu_size(self._max_pdu_size)

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

    def _late_for_bind(self) -> list[Frame]:
        """Judge the requests that overtook the bind_resp, once that has come."""
        if not self.is_bound and self.outstanding.has(BOUND_BY):
            return []
        return self._judged(self._early.take())

    def _refuse(self, frame: Frame) -> bool:
        """Answer what is not allowed now; the owner gets it only if it asked for it."""
        if self.close_reason is not None:
            return False
        if self._is_early(frame) and self._early.add(frame):
            return False
        if frame.is_response:
            # A peer may well answer a request of ours that it finds out of place.
            is_awaited = self.outstanding.awaits(frame)
            self.ignored += not is_awaited
            return is_awaited
        if frame.command_id not in KNOWN:
            status = CommandStatus.ESME_RINVCMDID
            self.outbox.append(generic_nack(frame.sequence_number, status))
        elif frame.command_id not in WITHOUT_RESP:
            self.outbox.append(response(frame, CommandStatus.ESME_RINVBNDSTS))
        else:
            self.ignored += 1
        return False

    def _is_early(self, frame: Frame) -> bool:
        """Whether ``frame`` depends on the answer to a bind of this end, which is awaited."""
        return (
            self.role is Role.ESME
            and frame.command_id in _RECEIVED
            and self.state in (State.OPEN, State.OUTBOUND)
            and self.outstanding.has(BOUND_BY)
        )
