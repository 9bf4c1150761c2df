"""`RequestWindow`: no more than its size are unanswered, and each request ends once."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from twisted.internet.defer import CancelledError, Deferred

from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.errors import RequestTimeout, SessionLost, WindowFull
from smppgate.txsmpp.pdu import QuerySm, QuerySmResp
from smppgate.txsmpp.request_window import RequestWindow
from tests.fakes import outcomes

SIZE, QUEUE = 3, 4


class Window(RuleBasedStateMachine):
    """Requests, answers, timeouts and cancellations in any order, and then the end."""

    def __init__(self) -> None:
        super().__init__()
        self.window = RequestWindow(self._send, SIZE, QUEUE)
        self.sent: list[bytes] = []
        self.unanswered: list[Deferred[Any]] = []
        self.requests: list[Deferred[QuerySmResp]] = []
        self.ended: list[list[Any]] = []
        self.refused: set[bytes] = set()
        self.is_open = True

    def _send(self, pdu: Any, octets: bytes) -> Deferred[Any]:
        assert self.is_open
        assert octets == encode(pdu)
        self.sent.append(pdu.message_id)
        self.unanswered.append(Deferred())
        return self.unanswered[-1]

    @rule()
    def ask(self) -> None:
        name = b"%06d" % len(self.requests)
        self.requests.append(self.window.request(QuerySm(message_id=name)))
        self.ended.append(outcomes(self.requests[-1]))
        if self.ended[-1]:
            error = self.ended[-1][0].value
            assert isinstance(error, WindowFull if self.is_open else SessionLost)
            self.refused.add(name)

    @precondition(lambda self: self.unanswered)
    @rule(which=st.integers(0, SIZE - 1), is_answered=st.booleans())
    def end(self, which: int, is_answered: bool) -> None:
        answer = self.unanswered.pop(which % len(self.unanswered))
        if is_answered:
            answer.callback(QuerySmResp())
        else:
            answer.errback(RequestTimeout("no answer"))

    @precondition(lambda self: self.requests)
    @rule(which=st.integers(0, 1000))
    def cancel(self, which: int) -> None:
        which %= len(self.requests)
        was_over = bool(self.ended[which])
        self.requests[which].cancel()
        assert len(self.ended[which]) == 1
        if not was_over:
            assert self.ended[which][0].check(CancelledError)
        if not was_over and b"%06d" % which not in self.sent:
            self.refused.add(b"%06d" % which)

    @rule()
    def close(self) -> None:
        self.is_open = False
        self.window.close("the session is lost")

    @invariant()
    def no_more_than_the_window_are_unanswered(self) -> None:
        assert len(self.unanswered) <= SIZE

    @invariant()
    def they_are_sent_in_order_and_once(self) -> None:
        assert self.sent == sorted(set(self.sent))

    @invariant()
    def what_was_refused_is_not_sent(self) -> None:
        assert not self.refused & set(self.sent)

    @invariant()
    def what_waits_fits_into_the_queue_and_only_waits_for_room(self) -> None:
        names = {b"%06d" % which for which, ended in enumerate(self.ended) if not ended}
        waiting = names - set(self.sent)
        assert len(waiting) <= QUEUE
        if waiting:
            assert len(self.unanswered) == SIZE

    def teardown(self) -> None:
        self.close()
        for answer in self.unanswered:
            answer.errback(SessionLost("the session is lost"))
        assert all(len(ended) == 1 for ended in self.ended)


TestWindow = Window.TestCase
