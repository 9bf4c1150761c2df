"""`ProgramSession`: a session of `SmppClient` or `SmppServer`.

Above `SmppProtocol`: what the peer asks is decoded and answered by a function of the program's,
now or later, and what the program asks keeps to a window.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, ClassVar, TypeAlias

from attrs import frozen
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from smppgate.txsmpp.answers import Answer, answer_octets
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.codec import decode
from smppgate.txsmpp.constants import CommandStatus, command_name
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import Frame, response
from smppgate.txsmpp.notices import HANDLER_FAILED
from smppgate.txsmpp.pdu import AnyResp, Pdu, RequestPdu
from smppgate.txsmpp.protocol import SmppProtocol
from smppgate.txsmpp.request_window import RequestWindow
from smppgate.txsmpp.states import WITHOUT_RESP, Role
from smppgate.txsmpp.timers import Timers

Reply: TypeAlias = Answer | Deferred[Any] | Coroutine[Any, Any, Answer]
"""What a program's function gives: an `Answer`, or a Deferred or coroutine of one."""


@frozen
class Limits:
    """What a session may have open."""

    window: int = 10
    """Requests to the peer that are unanswered; further ones wait."""
    queue: int = 10_000
    """Requests that wait for room in the window; further ones fail."""
    open_requests: int = 100
    """Requests of the peer that are not answered yet; more are answered ESME_RTHROTTLED."""


class ProgramSession(SmppProtocol):
    """A session whose requests a program answers.

    :param limits: see `Limits`.
    """

    fault_status: ClassVar[CommandStatus]
    """What a request is answered that the program failed to answer."""

    def __init__(
        self, role: Role, clock: IReactorTime, timers: Timers, batch: Batch, limits: Limits
    ) -> None:
        super().__init__(role, clock, timers, batch=batch)
        self._limits = limits
        self._window = RequestWindow(self._request_encoded, limits.window, limits.queue)
        self._open = 0

    def answer_to(self, pdu: Pdu) -> Reply:
        """What the program answers to a request."""
        raise NotImplementedError

    @property
    def open_requests(self) -> int:
        """Requests of the peer that are not answered yet."""
        return self._open

    def request(self, pdu: RequestPdu[AnyResp]) -> Deferred[AnyResp]:
        """Send ``pdu`` as soon as the window has room; fires with its resp, whatever status.

        Fails with `RequestTimeout`, `SessionLost`, `WindowFull`, `Nacked` or `PduError`.

        :raises PduError: when ``pdu`` cannot be encoded.
        :raises ValueError: for an outbind or alert_notification, which are not answered:
            `send_unanswered` sends them.
        """
        return self._window.request(pdu)

    def requestReceived(self, frame: Frame, now: float) -> None:  # noqa: N802
        """Let the program answer."""
        if frame.command_id in WITHOUT_RESP:
            super().requestReceived(frame, now)
        elif self._open >= self._limits.open_requests:
            self.send(response(frame, CommandStatus.ESME_RTHROTTLED))
        else:
            self._let_answer(frame)

    def sessionLeaving(self) -> None:  # noqa: N802
        """Send no new requests."""
        self._window.close(self.session.unbind_reason)

    def sessionEnding(self, reason: str) -> None:  # noqa: N802
        """Send no new requests."""
        self._window.close(reason)

    def _let_answer(self, frame: Frame) -> None:
        try:
            pdu = decode(frame.octets)
        except PduError as error:
            self.send(response(frame, error.command_status))
            return
        self._open += 1
        ask: Callable[[Pdu], Any] = self.answer_to
        answering: Deferred[Any] = maybeDeferred(ask, pdu)
        answering.addCallback(partial(answer_octets, frame))
        answering.addErrback(self._fault, frame)
        answering.addCallback(self._answer)

    def _fault(self, failure: Failure, frame: Frame) -> bytes:
        command = command_name(frame.command_id)
        self.log.tell_failure(HANDLER_FAILED, failure, command=command)
        return response(frame, self.fault_status)

    def _answer(self, octets: bytes) -> None:
        self._open -= 1
        self.send(octets)
