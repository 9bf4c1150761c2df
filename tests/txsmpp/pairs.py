"""Protocols that remember what they are told, alone or joined to each other in memory."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId, CommandStatus
from smppgate.txsmpp.errors import NoAnswer
from smppgate.txsmpp.frame import MAX_PDU_SIZE, Frame, FrameBuffer, header_only, response
from smppgate.txsmpp.pdu import (
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    DeliverSm,
    DeliverSmResp,
    Pdu,
    SubmitSm,
    SubmitSmResp,
)
from smppgate.txsmpp.protocol import SmppProtocol
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.states import Role, State
from smppgate.txsmpp.timers import Timers
from tests.fakes import MemoryTransport, connect, outcomes

T = TypeVar("T")

UNLIMITED = Timers(session_init=0, enquire_link=0, inactivity=0, response=60, closing=5)

SUBMIT = SubmitSm(destination_addr=b"447700900123", short_message=b"hi")
DELIVER = DeliverSm(source_addr=b"447700900123", short_message=b"hi")

Bind = BindTransmitter | BindReceiver | BindTransceiver

BINDS: dict[State, type[Bind]] = {
    State.BOUND_TX: BindTransmitter,
    State.BOUND_RX: BindReceiver,
    State.BOUND_TRX: BindTransceiver,
}

_ANSWERS: dict[int, Pdu] = {
    CommandId.SUBMIT_SM: SubmitSmResp(message_id=b"id-1"),
    CommandId.DELIVER_SM: DeliverSmResp(),
}


def frames_of(octets: bytes) -> list[Frame]:
    """The whole PDUs that ``octets`` are made of, and nothing may be left."""
    buffer = FrameBuffer()
    frames = buffer.receive(octets)
    assert not buffer
    assert buffer.error is None
    return frames


def resp(request: Frame, status: int = 0) -> bytes:
    """A resp that decodes, for submit_sm, deliver_sm and what has no body."""
    pdu = _ANSWERS.get(request.command_id)
    body = encode(pdu)[16:] if pdu is not None and not status else b""
    return response(request, status, body)


class Recorder(SmppProtocol):
    """Answers binds and requests as told, and remembers everything."""

    def __init__(
        self,
        role: Role,
        clock: Clock,
        timers: Timers = UNLIMITED,
        max_pdu_size: int = MAX_PDU_SIZE,
    ) -> None:
        super().__init__(role, clock, timers, max_pdu_size)
        self.bind_status: int | None = CommandStatus.ESME_ROK
        """What a bind is answered with; None: the test does."""
        self.answers_requests = True
        self.binds: list[Frame] = []
        self.requests: list[Frame] = []
        self.strays: list[Frame] = []
        self.endings: list[str] = []

    def bindReceived(self, frame: Frame) -> None:
        """Remember, and answer unless told not to."""
        self.binds.append(frame)
        if self.bind_status is not None:
            self.answer_bind(frame, self.bind_status, b"" if self.bind_status else b"smsc\0")

    def requestReceived(self, frame: Frame, now: float) -> None:
        """Remember, and answer unless told not to."""
        self.requests.append(frame)
        if self.answers_requests:
            self.send(resp(frame))

    def strayReceived(self, frame: Frame) -> None:
        """Remember."""
        self.strays.append(frame)

    def sessionEnded(self, reason: str) -> None:
        """Remember."""
        self.endings.append(reason)


def bind_of(state: State) -> Bind:
    """The bind that leads to ``state``."""
    return BINDS[state](system_id=b"esme", password=b"secret")


def bound_esme(
    clock: Clock, timers: Timers = UNLIMITED, buffer_size: int = 65536
) -> tuple[Recorder, MemoryTransport]:
    """An ESME end bound as a transceiver to the test; what it wrote is taken already."""
    esme = Recorder(Role.ESME, clock, timers)
    transport = connect(clock, esme, buffer_size)
    answered = outcomes(ensureDeferred(esme.bind(bind_of(State.BOUND_TRX))))
    clock.advance(0)
    [bind] = frames_of(transport.take())
    transport.deliver(response(bind, 0, b"smsc\0"))
    assert len(answered) == 1
    assert esme.session.state is State.BOUND_TRX
    return esme, transport


def bound_smsc(
    clock: Clock,
    timers: Timers = UNLIMITED,
    state: State = State.BOUND_TRX,
    buffer_size: int = 65536,
) -> tuple[Recorder, MemoryTransport]:
    """An SMSC end that the test has bound to; what it wrote is taken already."""
    smsc = Recorder(Role.SMSC, clock, timers)
    transport = connect(clock, smsc, buffer_size)
    transport.deliver(numbered(bind_of(state), 1))
    assert smsc.session.state is state
    transport.take()
    return smsc, transport


def numbered(pdu: Pdu, sequence_number: int) -> bytes:
    """The octets of ``pdu`` under this number."""
    octets = encode(pdu)
    return octets[:12] + sequence_number.to_bytes(4, "big") + octets[16:]


def bare(command_id: int, sequence_number: int = 1, status: int = 0) -> bytes:
    """A PDU without a body."""
    return header_only(command_id, status, sequence_number)


def resp_of(command_id: int, sequence_number: int = 1, status: int = 0) -> bytes:
    """The resp to ``command_id``, without a body."""
    return header_only(command_id | RESPONSE_BIT, status, sequence_number)


def pair(clock: Clock, timers: Timers = UNLIMITED) -> tuple[Recorder, Recorder, MemoryTransport]:
    """An ESME end, an SMSC end, and the former's transport."""
    esme, smsc = Recorder(Role.ESME, clock, timers), Recorder(Role.SMSC, clock, timers)
    return esme, smsc, connect(clock, esme, peer=smsc)


def run(clock: Clock, coroutine: Coroutine[Deferred[Any], Any, T]) -> T:
    """What ``coroutine`` gives in this turn of the clock; raises what it raises."""
    seen = outcomes(ensureDeferred(coroutine))
    clock.advance(0)
    assert len(seen) == 1, "it has not come to its end"
    if isinstance(seen[0], Failure):
        seen[0].raiseException()
    return seen[0]


class PatientClock(Clock):
    """A clock on which a timer that fires without end is an error, not a hang."""

    def __init__(self) -> None:
        super().__init__()
        self.turns = 0

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kw: object
    ) -> IDelayedCall:
        """As ever, but not for ever."""
        self.turns += 1
        assert self.turns < 1000, "a timer spins"
        return super().callLater(delay, callable, *args, **kw)


class Kept(Request):
    """A request that remembers what it was told."""

    def __init__(self, command_id: int, sent_at: float) -> None:
        super().__init__(command_id, sent_at)
        self.told: list[Frame | NoAnswer] = []
        """How it ended; must have one member in the end."""
        self.late: list[Frame] = []

    def answered(self, frame: Frame, now: float) -> None:
        """Remember."""
        self.told.append(frame)

    def failed(self, reason: NoAnswer) -> None:
        """Remember."""
        self.told.append(reason)

    def answered_late(self, frame: Frame, now: float) -> None:
        """Remember."""
        self.late.append(frame)


def failure_of(seen: Sequence[object]) -> BaseException:
    """The one error that a Deferred has failed with."""
    [failure] = seen
    assert isinstance(failure, Failure)
    assert failure.value is not None
    return failure.value


def sent(transport: MemoryTransport, clock: Clock) -> list[Frame]:
    """The PDUs written since this was asked last, those of this turn included."""
    clock.advance(0)
    return frames_of(transport.take())
