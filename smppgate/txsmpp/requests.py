"""Requests whose answers are Deferreds: for binds, for tools, for everything off the hot path."""

from __future__ import annotations

from typing import Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from smppgate.txsmpp.codec import decode
from smppgate.txsmpp.errors import NoAnswer, SmppError
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import Pdu
from smppgate.txsmpp.sequence import Request

T = TypeVar("T")


class _AwaitedRequest(Request, Generic[T]):
    __slots__ = ("answer",)

    def __init__(self, command_id: int, sent_at: float) -> None:
        super().__init__(command_id, sent_at)
        self.answer: Deferred[T] = Deferred()

    def failed(self, reason: NoAnswer) -> None:
        """Fail with `RequestTimeout` or `SessionLost`."""
        self.answer.errback(Failure(reason))


class FrameRequest(_AwaitedRequest[Frame]):
    """A request whose Deferred fires with the answer as it came, octet for octet."""

    __slots__ = ()

    def answered(self, frame: Frame, now: float) -> None:
        """Fire with the resp."""
        self.answer.callback(frame)


class DeferredRequest(_AwaitedRequest[Pdu]):
    """A request whose Deferred fires with the decoded answer."""

    __slots__ = ()

    def answered(self, frame: Frame, now: float) -> None:
        """Fire with the decoded resp."""
        try:
            pdu = decode(frame.octets)
        except SmppError:
            self.answer.errback(Failure())
        else:
            self.answer.callback(pdu)
