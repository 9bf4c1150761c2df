"""The sessions of a load: each keeps a window of submit_sm unanswered.

A session counts all answers of one read, then submits as many messages in one write. The
messages of one batch share one `Submissions`, which the session's table of outstanding requests
holds under each of their sequence numbers: a message costs no object, Deferred or timer.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from typing import Protocol

from attrs import define, field
from twisted.internet.interfaces import IReactorTime

from smppgate.cli.esme import EsmeSession, is_receipt
from smppgate.cli.load.supply import Supply
from smppgate.cli.load.tally import Tally
from smppgate.cli.load.template import Template
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.errors import NoAnswer, RequestTimeout
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.timers import Timers

# The place of the sequence number, which the session fills in.
_NO_NUMBER = bytes(4)


class Observer(Protocol):
    """Receives the events of the sessions."""

    def settled(self) -> None:
        """A session has read something and has nothing unanswered."""

    def lost(self, session: LoadSession, reason: str) -> None:
        """``session`` has ended; its unanswered messages are counted as lost."""


@define
class Traffic:
    """The state that the sessions of one load share.

    :param window: submit_sm that each session may have unanswered.
    :ivar tails: the template's tails in turn, without end.
    """

    template: Template
    window: int
    supply: Supply
    tally: Tally = field(factory=Tally)
    tails: Iterator[bytes] = field(init=False)

    @tails.default
    def _tails(self) -> Iterator[bytes]:
        return self.template.endless()


class Submissions(Request):
    """The submit_sm of one batch, which differ in their sequence numbers only."""

    __slots__ = ("_session",)

    def __init__(self, session: LoadSession, sent_at: float) -> None:
        super().__init__(CommandId.SUBMIT_SM, sent_at)
        self._session = session

    def answered(self, frame: Frame, now: float) -> None:
        """Count one answer, a submit_sm_resp or a generic_nack."""
        session = self._session
        session.unanswered -= 1
        session.tally.answer(frame.command_status, self.sent_at, now)

    def failed(self, reason: NoAnswer) -> None:
        """Count one message as timed out, or as lost with its session."""
        session = self._session
        session.unanswered -= 1
        if isinstance(reason, RequestTimeout):
            session.tally.timeouts += 1
            session.go_on()
        else:
            session.tally.lost += 1

    def answered_late(self, frame: Frame, now: float) -> None:
        """Count one answer that came after its timeout."""
        self._session.tally.late += 1


class LoadSession(EsmeSession):
    """An ESME's session that submits as much as its window and the supply allow.

    :param observer: is called when nothing is unanswered, and when the session has ended.
    :ivar tally: the counts of the whole load.
    :ivar unanswered: submit_sm without an answer.
    """

    def __init__(
        self, clock: IReactorTime, timers: Timers, traffic: Traffic, observer: Observer
    ) -> None:
        super().__init__(clock, timers)
        self.tally = traffic.tally
        self.unanswered = 0
        self._traffic = traffic
        self._observer = observer

    def refill(self, most: int = sys.maxsize) -> None:
        """Submit up to ``most`` messages, as many as fit into the window and are due."""
        room = min(most, self._traffic.window - self.unanswered)
        if room > 0 and self.session.submits:
            count = self._traffic.supply.take(room)
            if count:
                self._submit(count)

    def go_on(self) -> None:
        """Refill the window after an answer or a timeout; notify the observer if it is empty."""
        self.refill()
        if not self.unanswered:
            self._observer.settled()

    def framesReceived(self, frames: list[Frame], now: float) -> None:
        """Count the answers of one read, then refill the window."""
        others = []
        take = self.session.outstanding.answered
        for frame in frames:
            request = take(frame) if frame.command_id == CommandId.SUBMIT_SM_RESP else None
            if request is None:
                others.append(frame)
            else:
                request.answered(frame, now)
        if others:
            super().framesReceived(others, now)
        self.go_on()

    def delivered(self, octets: bytes, now: float) -> None:
        """Count a receipt, or another message."""
        if is_receipt(octets):
            self.tally.receipts += 1
        else:
            self.tally.other_messages += 1

    def strayReceived(self, frame: Frame) -> None:
        """Count a resp that answers no request."""
        self.tally.strays += 1

    def sessionEnded(self, reason: str) -> None:
        """Notify the observer."""
        self._observer.lost(self, reason)

    def _submit(self, count: int) -> None:
        request = Submissions(self, self.clock.seconds())
        self.unanswered += count
        self.tally.sent += count
        head, tails = self._traffic.template.head, self._traffic.tails
        # `send_request` registers the session for the next write; the others need only a number.
        self.send_request(request, head + _NO_NUMBER + next(tails))
        claim, append = self.session.outstanding.claim, self.session.outbox.append
        for tail in islice(tails, count - 1):
            append(head + claim(request).to_bytes(4, "big") + tail)
