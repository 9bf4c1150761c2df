"""`RequestWindow`: the requests of one session, no more than so many unanswered."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail

from smppgate.txsmpp.errors import SessionLost, WindowFull
from smppgate.txsmpp.pdu import AnyResp, RequestPdu
from smppgate.txsmpp.requests import request_octets


class RequestWindow:
    """Sends requests in their order, as room for them comes.

    :param send: sends one, given its octets too; its Deferred fires with the answer.
    :param size: requests that may be unanswered.
    :param queue: requests that may wait for room.
    """

    def __init__(
        self, send: Callable[[RequestPdu[Any], bytes], Deferred[Any]], size: int, queue: int
    ) -> None:
        self._send = send
        self._size = size
        self._queue = queue
        self._unanswered = 0
        self._waiting: deque[tuple[RequestPdu[Any], bytes, Deferred[Any]]] = deque()
        self._closed = ""

    def request(self, pdu: RequestPdu[AnyResp]) -> Deferred[AnyResp]:
        """Send ``pdu``, or let it wait for room; fires with its resp.

        Fails as `SmppProtocol.request` does, and with `WindowFull` when too many wait. One that is
        cancelled is not sent, or if it was takes its room until the peer has answered.

        :raises PduError: when ``pdu`` cannot be encoded.
        :raises ValueError: for an outbind or alert_notification, which are not answered.
        """
        if self._closed:
            return fail(SessionLost(self._closed))
        has_room = self._unanswered < self._size and not self._waiting
        if not has_room and len(self._waiting) >= self._queue:
            return fail(WindowFull(f"{self._size} unanswered, {self._queue} waiting"))
        # Now: when what waits is sent, there is no caller to raise to.
        octets = request_octets(pdu)
        answer: Deferred[AnyResp] = Deferred(self._cancelled)
        if has_room:
            self._send_now(pdu, octets, answer)
        else:
            self._waiting.append((pdu, octets, answer))
        return answer

    def close(self, reason: str) -> None:
        """Send nothing more: what waits fails with `SessionLost`."""
        if self._closed:
            return
        self._closed = reason or "the session has ended"
        while self._waiting:
            *_, answer = self._waiting.popleft()
            answer.errback(SessionLost(self._closed))

    def _send_now(self, pdu: RequestPdu[Any], octets: bytes, answer: Deferred[Any]) -> None:
        sent = self._send(pdu, octets)
        self._unanswered += 1
        sent.addBoth(self._ended, answer)

    def _ended(self, result: Any, answer: Deferred[Any]) -> None:
        self._unanswered -= 1
        # One: what is sent here cannot end before it returns.
        if self._waiting and self._unanswered < self._size:
            self._send_now(*self._waiting.popleft())
        if not answer.called:
            answer.callback(result)

    def _cancelled(self, answer: Deferred[Any]) -> None:
        self._waiting = deque(each for each in self._waiting if each[-1] is not answer)
