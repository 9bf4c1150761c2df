"""`SmppProtocol`: a `Session` on a Twisted transport, for either end of it.

Subclasses say what to do with requests in `requestReceived` (one at a time) or
`framesReceived` (a whole read at once); `SmppProtocol.request` gives a Deferred for everything
that is not on a hot path.
"""

from __future__ import annotations

from contextlib import suppress

from twisted.internet.defer import CancelledError, Deferred, ensureDeferred

from smppgate.txsmpp.codec import decode, encode
from smppgate.txsmpp.connection import SmppConnection
from smppgate.txsmpp.constants import (
    RESPONSE_BIT,
    CommandId,
    CommandStatus,
    status_meaning,
)
from smppgate.txsmpp.errors import BindRefused, PduError, SessionLost
from smppgate.txsmpp.frame import Frame, renumbered, response
from smppgate.txsmpp.notices import BIND_RESP_UNREADABLE
from smppgate.txsmpp.pdu import AnyResp, Pdu, RequestPdu
from smppgate.txsmpp.requests import DeferredRequest, FrameRequest, request_octets
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.states import BOUND_BY, WITHOUT_RESP
from smppgate.txsmpp.timers import Due


class SmppProtocol(SmppConnection):
    """One SMPP session on a transport; its parameters are those of `SmppConnection`."""

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

    def enquireLinkRefused(self, command_status: int) -> None:
        """The peer answered this end's enquire_link with an error."""

    def _unexpected(self, frame: Frame, now: float) -> None:
        request = self.session.outstanding.answered_late(frame)
        if request is not None:
            request.answered_late(frame, now)
        elif frame.command_id == CommandId.ENQUIRE_LINK_RESP:
            if frame.command_status != CommandStatus.ESME_ROK:
                self.enquireLinkRefused(frame.command_status)
        else:
            self.strayReceived(frame)

    # What subclasses and owners may do

    def send(self, octets: bytes) -> None:
        """Send whole PDUs as they are; once the session has ended this does nothing."""
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
        outbox = session.outbox
        if not outbox:
            if self._ended:
                request.failed(SessionLost(session.close_reason or "the session has ended"))
                return
            self.batch.add(self)
        # `Session.send_request`, written out for the hot path.
        outbox.append(renumbered(octets, session.outstanding.claim(request)))

    def send_unanswered(self, octets: bytes) -> None:
        """Send an outbind or alert_notification under a number of this session's."""
        self.send(renumbered(octets, self.session.outstanding.number()))

    def request(self, pdu: RequestPdu[AnyResp]) -> Deferred[AnyResp]:
        """Send ``pdu`` under a number of this session's; fires with its resp, whatever status.

        Fails with `RequestTimeout` or `SessionLost` when no answer came, with `Nacked` when it is
        a generic_nack, and with a `PduError` when it cannot be decoded.

        :raises PduError: when ``pdu`` cannot be encoded.
        :raises ValueError: for an outbind or alert_notification, which are not answered:
            `send_unanswered` sends them.
        """
        return self._request_encoded(pdu, request_octets(pdu))

    def _request_encoded(self, pdu: RequestPdu[AnyResp], octets: bytes) -> Deferred[AnyResp]:
        """The same for ``pdu`` and what `request_octets` made of it; raises nothing."""
        request = DeferredRequest(pdu, self.clock.monotonic())
        self.send_request(request, octets)
        return request.answer

    async def bind(self, pdu: Pdu) -> None:
        """Bind with one of the three bind PDUs.

        What counts is the bind_resp's command_status: a body that cannot be decoded is no reason
        to do without the session. A peer that unbinds in the same read has bound it all the same:
        ``unbinding`` is true then, and what the peer sent before its unbind is still dealt with.

        :raises BindRefused: when the peer answers with an error.
        :raises NoAnswer: when it does not answer, or ends the session at once.
        """
        answer = await self.bind_with(encode(pdu))
        if not (self.session.is_bound or self.unbinding):
            status = answer.command_status
            raise BindRefused(status, status_meaning(status))
        try:
            decode(answer.octets)
        except PduError as error:
            self.log.tell(BIND_RESP_UNREADABLE, error=error)

    async def bind_with(self, octets: bytes) -> Frame:
        """Bind with the bind PDU in ``octets``, of which nothing but the number changes.

        Gives the answer, whatever its status: the session's ``is_bound`` tells what came of it,
        or ``unbinding`` where the peer unbinds already.

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
        session = self.session
        session.answer_bind(frame, command_status, body)
        if session.is_bound:
            self._bound()
        if session.unread:
            # Not now: the caller has yet to make of the session what a bound one is.
            self.batch.at_end(self._read_on)

    def _read_on(self) -> None:
        """Deal with what came behind a bind, which is answered now."""
        if not self._ended:
            if self._is_held:
                self.hold_reading(False)
            self.dataReceived(b"")

    async def unbind(self, reason: str = "unbound") -> None:
        """End the session in order; fires when it has ended. Never raises.

        The peer has ``timers.unbind`` seconds for its unbind_resp, and ``timers.unbinding``
        seconds to answer open requests.
        """
        session = self.session
        if session.is_bound and not session.unbinding:
            session.unbind_reason = reason
            if not session.outbox:
                self.batch.add(self)
            session.unbind()
            self._leave()
        if session.unbinding and not self._ended:
            ended: Deferred[None] = Deferred()
            self._awaiting_end.append(ended)
            with suppress(CancelledError):
                await ended
        self.close(reason)

    # Time

    def probe(self, patience: float) -> None:
        """Ask the peer for a sign of life, and cut it off if there is none in ``patience`` s."""
        now = self.clock.monotonic()
        if self.session.is_bound and not self.unbinding and self._watch.probe(now, patience):
            self.fellDue(Due.ENQUIRE, now)
        self._timer.wake(self._watch.next(self.session.is_bound))

    def fellDue(self, due: Due, now: float) -> None:
        """A session timer says that ``due`` is to be done."""
        if due is Due.ENQUIRE:
            if not self.session.outbox:
                self.batch.add(self)
            self.session.enquire()
        elif due is Due.UNANSWERED:
            self.abort(due.value)
        elif due is Due.INACTIVE:
            ensureDeferred(self.unbind(due.value))
        elif due is Due.NOT_BOUND:
            self.close(due.value)

    def _bound(self) -> None:
        # The timer was set for the session_init timer, which may be the longest.
        self._timer.wake(self._watch.next(bound=True))
