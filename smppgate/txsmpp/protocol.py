"""`SmppProtocol`: a `Session` on a Twisted transport, for either end of it.

Subclasses say what to do with requests in `requestReceived` (one at a time) or
`framesReceived` (a whole read at once); `SmppProtocol.request` gives a Deferred for everything
that is not on a hot path.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from twisted.internet.abstract import FileDescriptor
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred
from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime, ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import LATE, Clock
from smppgate.txsmpp.codec import decode, encode
from smppgate.txsmpp.constants import (
    RESPONSE_BIT,
    CommandId,
    CommandStatus,
    command_name,
    status_meaning,
)
from smppgate.txsmpp.errors import (
    BindRefused,
    NoAnswer,
    PduError,
    RequestTimeout,
    SessionLost,
    SmppError,
)
from smppgate.txsmpp.frame import MAX_PDU_SIZE, Frame, header_only, renumbered, response
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.pdu import Pdu
from smppgate.txsmpp.requests import DeferredRequest, FrameRequest
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.session import Session
from smppgate.txsmpp.states import BOUND_BY, WITHOUT_RESP, Role
from smppgate.txsmpp.timers import NEVER, Due, Timers, Watch

# Seconds. The shortest is there because times are floats: what is due in theory may be due in the
# next instant only.
_SHORTEST_SLEEP, _LONGEST_SLEEP = 0.00001, 3600.0

_MOST_READS = 64
"""Reads that are waited for after the process was stopped, 64 KB each: a peer that sends without
end does not put off its own timeouts for ever."""


@implementer(IPushProducer)
class SmppProtocol(Protocol):
    """One SMPP session on a transport.

    :param role: which end this is.
    :param clock: time and timers: a reactor as a rule, or its `Clock`.
    :param timers: the session's timers.
    :param max_pdu_size: octets a PDU of the peer may have.
    :param batch: shared by sessions that relay to each other; one of its own by default.
    """

    log = Logger()

    def __init__(
        self,
        role: Role,
        clock: IReactorTime,
        timers: Timers | None = None,
        max_pdu_size: int = MAX_PDU_SIZE,
        batch: Batch | None = None,
    ) -> None:
        self.session = Session(role, max_pdu_size)
        self.clock = Clock.of(clock)
        self.timers = timers if timers is not None else Timers()
        self.batch = batch if batch is not None else Batch(self.clock)
        self.writable = True
        """Whether the peer reads what it is sent; if not, more had better go elsewhere."""
        self.unbinding = False
        """Whether this end has sent an unbind: the peer expects no more requests."""
        self._is_producer = False
        self._ended = False
        self._is_lost = False
        self._cut_at = NEVER
        self._reads = 0
        self._timer: IDelayedCall | None = None
        self._write_now: Callable[[], object] | None = None

    # What subclasses may want to know

    def framesReceived(self, frames: list[Frame], now: float) -> None:
        """The requests and resps of one read, all allowed in the session's state."""
        answered = self.session.outstanding.answered
        for frame in frames:
            command = frame.command_id
            if command >= RESPONSE_BIT:
                request = answered(frame)
                if request is not None:
                    request.answered(frame, now)
                else:
                    self._unexpected(frame, now)
            elif command in BOUND_BY:
                # Not if the same read has ended the session: nobody is there to be bound.
                if self.session.close_reason is None:
                    self.bindReceived(frame)
            else:
                self.requestReceived(frame, now)

    def requestReceived(self, frame: Frame, now: float) -> None:
        """A request came. Unless told otherwise: this end does not do that."""
        if frame.command_id not in WITHOUT_RESP:
            self.send(response(frame, CommandStatus.ESME_RINVCMDID))

    def bindReceived(self, frame: Frame) -> None:
        """A bind came, to be answered with `answer_bind`."""
        self.answer_bind(frame, CommandStatus.ESME_RBINDFAIL)

    def strayReceived(self, frame: Frame) -> None:
        """A resp came that answers nothing: given twice, or never asked for."""

    def sessionEnding(self, reason: str) -> None:
        """The session is over; called once, before what is outstanding is failed.

        Here is the place to see that nothing more is sent on it: whoever is told of a failure
        may try again at once. Its connection may live a little longer, to write what was sent
        before.
        """

    def sessionEnded(self, reason: str) -> None:
        """The session is over; called once, after every outstanding request was failed."""

    def _unexpected(self, frame: Frame, now: float) -> None:
        request = self.session.outstanding.answered_late(frame)
        if request is not None:
            request.answered_late(frame, now)
        else:
            self.strayReceived(frame)

    # What subclasses and owners may do

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is going on but the one PDU in the outbox, and its answer if any."""
        return len(self.session.outbox) == 1 and len(self.session.outstanding) <= 1

    @property
    def has_ended(self) -> bool:
        """Whether the session is over."""
        return self._ended

    def send(self, octets: bytes) -> None:
        """Send a whole PDU as it is; once the session has ended this does nothing."""
        outbox = self.session.outbox
        if not outbox:
            if self._ended:
                return
            self.batch.add(self)
        outbox.append(octets)

    def send_request(self, request: Request, octets: bytes) -> None:
        """Send the PDU in ``octets`` under a number of this session's.

        Its answer, or the lack of one, is told to ``request``.
        """
        session = self.session
        if not session.outbox:
            if self._ended:
                request.failed(SessionLost(session.close_reason or "the session has ended"))
                return
            self.batch.add(self)
        session.send_request(request, octets)

    def send_unanswered(self, octets: bytes) -> None:
        """Send an outbind or alert_notification under a number of this session's."""
        self.send(renumbered(octets, self.session.outstanding.number()))

    def request(self, pdu: Pdu) -> Deferred[Pdu]:
        """Send ``pdu`` under a number of this session's; fires with its resp, whatever status.

        Fails with `RequestTimeout` or `SessionLost` when no answer came, and with a `PduError`
        when it cannot be decoded.

        :raises PduError: when ``pdu`` cannot be encoded.
        :raises ValueError: for an outbind or alert_notification, which are not answered: `send`
            them.
        """
        if pdu.command_id in WITHOUT_RESP:
            raise ValueError(f"{command_name(pdu.command_id)} is not answered")
        octets = encode(pdu)
        request = DeferredRequest(pdu.command_id, self.clock.monotonic())
        self.send_request(request, octets)
        return request.answer

    async def bind(self, pdu: Pdu) -> None:
        """Bind with one of the three bind PDUs.

        What counts is the bind_resp's command_status: a body that cannot be decoded is no reason
        to do without the session.

        :raises BindRefused: when the peer answers with an error.
        :raises NoAnswer: when it does not answer, or ends the session at once.
        """
        answer = await self.bind_with(encode(pdu))
        if not self.session.is_bound:
            status = answer.command_status
            raise BindRefused(status, status_meaning(status))
        try:
            decode(answer.octets)
        except PduError as error:
            self.log.warn("bind_resp not understood: {error}", error=error)

    async def bind_with(self, octets: bytes) -> Frame:
        """Bind with the bind PDU in ``octets``, of which nothing but the number changes.

        Gives the answer, whatever its status: the session's ``is_bound`` tells what came of it.

        :raises NoAnswer: when the peer does not answer, or ends the session at once.
        """
        request = FrameRequest(Frame.of(octets).command_id, self.clock.monotonic())
        self.send_request(request, octets)
        answer = await request.answer
        if self.session.close_reason is not None:
            raise SessionLost(self.session.close_reason)
        if self.session.is_bound:
            self._bound()
        return answer

    def outbind(self, pdu: Pdu) -> None:
        """Ask the peer, an ESME, with an outbind to bind; its bind comes to `bindReceived`.

        :raises PduError: when ``pdu`` cannot be encoded.
        :raises StateError: when this end may send no outbind now.
        """
        octets = encode(pdu)
        if not self.session.outbox:
            self.batch.add(self)
        self.session.outbind(octets)

    def answer_bind(self, frame: Frame, command_status: int, body: bytes = b"") -> None:
        """Answer the bind in ``frame``, once."""
        if not self.session.outbox:
            self.batch.add(self)
        self.session.answer_bind(frame, command_status, body)
        if self.session.is_bound:
            self._bound()

    async def unbind(self, reason: str = "unbound") -> None:
        """End the session in order: unbind, wait for its resp, close. Never raises."""
        if self.session.is_bound and not self.unbinding:
            self.unbinding = True
            self.session.unbind_reason = reason
            request = DeferredRequest(CommandId.UNBIND, self.clock.monotonic())
            self.send_request(request, header_only(CommandId.UNBIND, 0, 0))
            with suppress(SmppError, CancelledError):
                await request.answer
        self.close(reason)

    def close(self, reason: str) -> None:
        """Write what is in the outbox, then close; cut if the peer does not read it."""
        self.session.close(reason)
        self.flush()

    def abort(self, reason: str) -> None:
        """Cut the connection at once."""
        self.session.close(reason)
        self._end()
        if self.transport is not None:
            self._tcp.abortConnection()

    def flush(self) -> None:
        """Write what is to be sent, in one piece; then close, if it has come to that."""
        if self._ended:
            return
        octets = self.session.data_to_send()
        if octets and self.transport is not None:
            self.transport.write(octets)
        if self.session.close_reason is not None:
            self._close()
            return
        if self._write_now is not None:
            self._write_now()
        oldest = self.session.outstanding.oldest()
        if oldest is not None:
            self._wake(oldest + self.timers.response)

    # Twisted's side

    def connectionMade(self) -> None:
        """Set the socket up and start the timers."""
        transport = self._tcp
        # A UNIX socket has neither.
        if ITCPTransport.providedBy(transport):
            transport.setTcpNoDelay(True)
            transport.setTcpKeepAlive(True)
        # A socket is nearly always ready to be written. Asking the reactor first costs two more
        # turns of it for each message that nothing else is going on beside. What goes wrong, the
        # reactor finds at its next look. Only for plain sockets: what wraps one, as TLS does,
        # has ideas of its own about when it is written and closed.
        if isinstance(transport, FileDescriptor):
            self._write_now = transport.doWrite
        self._watch = Watch(self.timers, self.clock.monotonic())
        self._arm()

    def dataReceived(self, data: bytes) -> None:
        """One read: all whole PDUs in it, then one write per peer that got something."""
        now = self.clock.monotonic()
        self._reads += 1
        session = self.session
        was_quiet = not session.outbox
        if not self._is_producer:
            self._become_producer()
        self.batch.open()
        try:
            frames = session.receive_data(data)
            # What the session answered by itself.
            if session.outbox and was_quiet:
                self.batch.add(self)
            self._watch.hear(now)
            if session.peer_spoke:
                self._watch.active = now
            if frames:
                self.framesReceived(frames, now)
        finally:
            self.batch.close()
        if session.close_reason is not None:
            self.flush()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Fail what is outstanding, each once, and stop the timer."""
        self.session.close(reason.getErrorMessage())
        self._end()
        self._is_lost = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    @property
    def _tcp(self) -> Any:
        # A stream transport is consumer, producer and more: no one interface says it all.
        return self.transport

    # A peer that does not read what it is sent is not read either, so that answers to it cannot
    # pile up.

    def _become_producer(self) -> None:
        # Not before something was read: a TLS transport pauses its producer while it shakes
        # hands, and to stop reading then is to wait for ever.
        self._is_producer = True
        self._tcp.registerProducer(self, True)

    def pauseProducing(self) -> None:
        """The transport's buffer is full."""
        self.writable = False
        self._tcp.pauseProducing()

    def resumeProducing(self) -> None:
        """The transport's buffer has been written."""
        self.writable = True
        self._tcp.resumeProducing()

    def stopProducing(self) -> None:
        """The transport is gone; `connectionLost` follows."""
        self.writable = False

    def _close(self) -> None:
        self._end()
        if self.transport is not None:
            transport = self._tcp
            if self._is_producer:
                # A transport with a producer waits for more of it before it closes.
                transport.unregisterProducer()
            transport.loseConnection()
        self._cut_at = self.clock.monotonic() + self.timers.closing
        self._wake(self._cut_at)

    def _end(self) -> None:
        """The session is over, whatever becomes of the connection; once."""
        if self._ended:
            return
        self._ended = True
        reason = self.session.close_reason or ""
        self.session.outbox.clear()
        self.sessionEnding(reason)
        for request in self.session.outstanding.drain():
            self._fail(request, SessionLost(reason))
        self.sessionEnded(reason)

    def _fail(self, request: Request, reason: NoAnswer) -> None:
        try:
            request.failed(reason)
        except Exception:
            # Its owner's fault is no reason to leave the others untold.
            self.log.failure("a request could not be told that it failed")

    # Time

    def _bound(self) -> None:
        # The timer was set for the session_init timer, which may be the longest.
        self._wake(self._watch.next(bound=True))

    def _wake(self, at: float) -> None:
        """Make sure that `_tick` looks at the session no later than ``at``."""
        if self._timer is not None and self._timer.getTime() > at:
            self._timer.reset(max(0.0, at - self.clock.monotonic()))

    def _arm(self) -> None:
        if self._is_lost:
            return
        # With every timer switched off there is still one to be moved by `_wake`.
        delay = self._next_look() - self.clock.monotonic()
        delay = min(max(_SHORTEST_SLEEP, delay), _LONGEST_SLEEP)
        self._timer = self.clock.callLater(delay, self._tick)

    def _next_look(self) -> float:
        if self._ended:
            return self._cut_at
        at = NEVER if self.unbinding else self._watch.next(self.session.is_bound)
        oldest = self.session.outstanding.oldest()
        return at if oldest is None else min(at, oldest + self.timers.response)

    def _tick(self) -> None:
        now = self.clock.monotonic()
        due = self._timer.getTime() if self._timer is not None else now
        if now - due > LATE and self._watch.heard > due:
            # The process was stopped: what lies in the socket has come in time.
            self._judge_when_read(-1, _MOST_READS)
        else:
            self._judge(now)

    def _judge_when_read(self, reads: int, left: int) -> None:
        """Judge in the first turn of the reactor that brings no more, or ``left`` turns later."""
        if self._reads == reads or not left:
            self._judge(self.clock.monotonic())
        else:
            again = self._judge_when_read
            self._timer = self.clock.callLater(0.0, again, self._reads, left - 1)

    def _judge(self, now: float) -> None:
        # What happens in here may want to `_wake` us: `_arm` below sees to it.
        self._timer = None
        if not self._ended:
            self._look(now)
        elif now >= self._cut_at:
            self._tcp.abortConnection()
            return
        self._arm()

    def _look(self, now: float) -> None:
        for request in self.session.outstanding.expire(now - self.timers.response):
            self._fail(request, RequestTimeout(f"no answer in {self.timers.response:g} s"))
        if not self.unbinding:
            self._do(self._watch.due(now, self.session.is_bound), now)

    def _do(self, due: Due, now: float) -> None:
        if due is Due.ENQUIRE:
            command = CommandId.ENQUIRE_LINK
            self.send_request(Request(command, now), header_only(command, 0, 0))
        elif due is Due.UNANSWERED:
            self.abort(due.value)
        elif due is Due.INACTIVE:
            # The unbind has the response timer to be answered in.
            ensureDeferred(self.unbind(due.value))
        elif due is Due.NOT_BOUND:
            self.close(due.value)
