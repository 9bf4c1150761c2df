"""An SMPP session without I/O: octets in, frames for the owner and octets for the peer out.

The session frames the stream, holds the state, judges every PDU by the table in
`smppgate.txsmpp.states`, and answers what needs no owner: enquire_link, unbind, commands that
are unknown or not allowed now. It knows neither sockets nor time.
"""

from __future__ import annotations

from smppgate.txsmpp.admission import UNBOUND_PDU_SIZE, Admission
from smppgate.txsmpp.constants import CommandId, CommandStatus
from smppgate.txsmpp.errors import StateError
from smppgate.txsmpp.frame import Frame, header_only, renumbered, response
from smppgate.txsmpp.sequence import AsideRequest, Request
from smppgate.txsmpp.states import BOUND_BY, State, allowed

__all__ = ["UNBOUND_PDU_SIZE", "Session"]


class Session(Admission):
    """One end of an SMPP session; its parameters are those of `Admission`.

    The owner hands on what `data_to_send` gives after each call of another method.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return (
            f"<Session {self.role.value} {self.state.value} outstanding={len(self.outstanding)}>"
        )

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
            return
        for frame in self._buffer.receive(self.unread.take()):
            self._refuse(frame)

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

    def unbound(self) -> None:
        """End a session that is ``unbinding``; the peer's unbind is answered last."""
        self._end(State.UNBOUND, self.unbind_reason)
