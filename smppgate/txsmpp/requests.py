"""Requests whose answers are Deferreds: for binds, for tools, for everything off the hot path."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, cast

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from smppgate.txsmpp.codec import decode, encode
from smppgate.txsmpp.constants import CommandId, command_name, status_meaning
from smppgate.txsmpp.errors import Nacked, NoAnswer, SmppError
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import AnyResp, RequestPdu
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.states import WITHOUT_RESP

T = TypeVar("T")


def request_octets(pdu: RequestPdu[Any]) -> bytes:
    """The octets of a request, which the session gives its number.

    :raises PduError: when ``pdu`` cannot be encoded.
    :raises ValueError: for an outbind or alert_notification, which are not answered.
    """
    if pdu.command_id in WITHOUT_RESP:
        raise ValueError(f"{command_name(pdu.command_id)} is not answered")
    return encode(pdu)


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


class DeferredRequest(_AwaitedRequest[AnyResp]):
    """A request whose Deferred fires with the decoded answer.

    :param pdu: the request; the session sees to it that what answers it is its resp or a
        generic_nack.
    """

    __slots__ = ()

    def __init__(self, pdu: RequestPdu[AnyResp], sent_at: float) -> None:
        super().__init__(pdu.command_id, sent_at)

    def answered(self, frame: Frame, now: float) -> None:
        """Fire with the decoded resp; fail with `Nacked` or, if it cannot be read, `PduError`."""
        try:
            if frame.command_id == CommandId.GENERIC_NACK:
                raise Nacked(frame.command_status, status_meaning(frame.command_status))
            pdu = decode(frame.octets)
        except SmppError:
            self.answer.errback(Failure())
        else:
            self.answer.callback(cast(AnyResp, pdu))
