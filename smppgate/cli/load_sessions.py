"""The sessions of a load: each keeps a window of submit_sm unanswered.

All that is done for every message is done for a whole read at once, and written in one piece.
The messages of one batch share the record that the session's table of outstanding requests has
under each of their numbers: no object, no Deferred and no timer is made for a message.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from typing import Protocol

from attrs import define, field
from twisted.internet.interfaces import IReactorTime

from smppgate.cli.load_supply import Supply
from smppgate.cli.load_tally import Tally
from smppgate.cli.load_template import Template
from smppgate.txsmpp import peek, receipts
from smppgate.txsmpp.constants import CommandId, CommandStatus
from smppgate.txsmpp.errors import NoAnswer, PduError, RequestTimeout
from smppgate.txsmpp.frame import Frame, response
from smppgate.txsmpp.protocol import SmppProtocol
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.states import Role
from smppgate.txsmpp.timers import Timers

_MESSAGES = frozenset({CommandId.DELIVER_SM, CommandId.DATA_SM})

# Four octets where the session puts the number.
_NO_NUMBER = bytes(4)


class Observer(Protocol):
    """Who wants to know how the sessions fare."""

    def settled(self) -> None:
        """A session got something and now has nothing unanswered."""

    def lost(self, session: LoadSession, reason: str) -> None:
        """``session`` has ended; whatever it had unanswered is counted."""


@define
class Traffic:
    """What the sessions of one load share.

    :param window: submit_sm that each may have unanswered.
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
    """The submit_sm of one batch: all they have of their own is a number."""

    __slots__ = ("_session",)

    def __init__(self, session: LoadSession, sent_at: float) -> None:
        super().__init__(CommandId.SUBMIT_SM, sent_at)
        self._session = session

    def answered(self, frame: Frame, now: float) -> None:
        """One of them was answered, with a submit_sm_resp or a generic_nack."""
        session = self._session
        session.unanswered -= 1
        session.tally.answer(frame.command_status, self.sent_at, now)

    def failed(self, reason: NoAnswer) -> None:
        """One of them was not answered in time, or not before the session ended."""
        session = self._session
        session.unanswered -= 1
        if isinstance(reason, RequestTimeout):
            session.tally.timeouts += 1
            session.go_on()
        else:
            session.tally.lost += 1

    def answered_late(self, frame: Frame, now: float) -> None:
        """One was answered after all."""
        self._session.tally.late += 1


class LoadSession(SmppProtocol):
    """An ESME's session that submits as much as its window and the supply allow.

    :param observer: told when nothing is unanswered, and when the session has ended.
    :ivar unanswered: submit_sm on their way.
    """

    def __init__(
        self, clock: IReactorTime, timers: Timers, traffic: Traffic, observer: Observer
    ) -> None:
        super().__init__(Role.ESME, clock, timers)
        self.tally = traffic.tally
        self.unanswered = 0
        self._traffic = traffic
        self._observer = observer

    def refill(self, most: int = sys.maxsize) -> None:
        """Submit what the window has room for and the supply has due, ``most`` of it at most."""
        room = min(most, self._traffic.window - self.unanswered)
        if room > 0 and self.session.submits:
            count = self._traffic.supply.take(room)
            if count:
                self._submit(count)

    def go_on(self) -> None:
        """Something was settled: submit what may be now."""
        self.refill()
        if not self.unanswered:
            self._observer.settled()

    def framesReceived(self, frames: list[Frame], now: float) -> None:
        """Count the answers of one read, then fill the window again."""
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

    def requestReceived(self, frame: Frame, now: float) -> None:
        """Take a message or a receipt; nothing else is an ESME's to do."""
        if frame.command_id not in _MESSAGES:
            super().requestReceived(frame, now)
            return
        # message_id is unused there, and empty: SMPP v3.4 §4.6.2.
        self.send(response(frame, CommandStatus.ESME_ROK, b"\0"))
        if _is_receipt(frame.octets):
            self.tally.receipts += 1
        else:
            self.tally.other_messages += 1

    def strayReceived(self, frame: Frame) -> None:
        """A resp to nothing."""
        self.tally.strays += 1

    def sessionEnded(self, reason: str) -> None:
        """Tell the observer."""
        self._observer.lost(self, reason)

    def _submit(self, count: int) -> None:
        request = Submissions(self, self.clock.seconds())
        self.unanswered += count
        self.tally.sent += count
        head, tails = self._traffic.template.head, self._traffic.tails
        # The first wakes the timers and the batch; the others only join it.
        self.send_request(request, head + _NO_NUMBER + next(tails))
        claim, append = self.session.outstanding.claim, self.session.outbox.append
        for tail in islice(tails, count - 1):
            append(head + claim(request).to_bytes(4, "big") + tail)


def _is_receipt(octets: bytes) -> bool:
    try:
        return receipts.is_receipt(peek.esm_class(octets))
    except PduError:
        return False
