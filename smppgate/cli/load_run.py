"""One run of a load over sessions that are bound: from the first message to the last answer."""

from __future__ import annotations

from collections import deque

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall

from smppgate.cli.load_sessions import LoadSession, Traffic

_SHORTEST_STEP = 0.005
"""Seconds between two batches of a load with a rate; below 200 messages/s they go one by one."""


@frozen
class Terms:
    """When a load is over.

    :param rate: messages per second over all sessions; None: as fast as they are answered.
    :param duration: seconds after which no more is sent; None: when all are.
    :param receipts_wait: seconds without a receipt after which no more are waited for; None
        where there are none to wait for.
    """

    rate: float | None = None
    duration: float | None = None
    receipts_wait: float | None = None


class LoadRun:
    """Drives the sessions of ``traffic``, and knows when nothing more can happen.

    :ivar sessions: those alive, bound.
    """

    def __init__(self, traffic: Traffic, terms: Terms, clock: IReactorTime) -> None:
        self.traffic = traffic
        self.sessions: deque[LoadSession] = deque()
        self._terms = terms
        self._clock = clock
        self._pacing = LoopingCall(self._pace)
        self._pacing.clock = clock
        self._timers: list[IDelayedCall] = []
        self._waiting: IDelayedCall | None = None
        self._done: Deferred[None] | None = None
        self._is_over = False

    @property
    def elapsed(self) -> float:
        """Seconds since the first message."""
        return self._clock.seconds() - self.traffic.tally.began

    def add(self, session: LoadSession) -> None:
        """Have a session that is bound take part."""
        self.sessions.append(session)

    def start(self) -> Deferred[None]:
        """Begin to send; fires when all is answered, or will not be.

        Cancel it to end the run with messages unanswered.
        """
        self._done = Deferred(lambda _: self._clean_up())
        self.traffic.tally.began = self.traffic.tally.ended = self._clock.seconds()
        if self._terms.duration is not None:
            self._timers.append(self._clock.callLater(self._terms.duration, self._end_supply))
        if self._terms.rate is None:
            self.traffic.supply.release(0.0)
            for session in list(self.sessions):
                session.refill()
        else:
            self._pacing.start(max(1.0 / self._terms.rate, _SHORTEST_STEP))
        self.settled()
        return self._done

    # What the sessions tell

    def settled(self) -> None:
        """A session has nothing unanswered: perhaps none has, and there is nothing to send."""
        if self._done is None or self._is_over:
            return
        if self.sessions and not self._is_settled():
            return
        if self.sessions and self._awaits_receipts():
            self._wait()
            return
        self._finish()

    def lost(self, session: LoadSession, reason: str) -> None:
        """A session has ended. Its share is the others' to send."""
        if session not in self.sessions:
            return
        self.sessions.remove(session)
        if not self._is_over:
            self.traffic.tally.lost_sessions[reason] += 1
            self.settled()

    def _is_settled(self) -> bool:
        return self.traffic.supply.is_empty and not any(s.unanswered for s in self.sessions)

    def _awaits_receipts(self) -> bool:
        tally = self.traffic.tally
        return self._terms.receipts_wait is not None and tally.receipts < tally.ok

    # Time

    def _pace(self) -> None:
        """Send what has fallen due since the last time, evenly over the sessions."""
        due = self.traffic.supply.release(self.elapsed)
        if due and self.sessions:
            share = -(-due // len(self.sessions))
            for session in list(self.sessions):
                session.refill(share)
            self.sessions.rotate(-1)

    def _end_supply(self) -> None:
        self.traffic.supply.stop()
        self.settled()

    def _wait(self) -> None:
        """Wait for receipts, from the latest on."""
        wait = self._terms.receipts_wait or 0.0
        if self._waiting is None:
            self._waiting = self._clock.callLater(wait, self._finish)
            self._timers.append(self._waiting)
        else:
            self._waiting.reset(wait)

    def _finish(self) -> None:
        self._clean_up()
        if self._done is not None:
            self._done.callback(None)

    def _clean_up(self) -> None:
        self._is_over = True
        if self._pacing.running:
            self._pacing.stop()
        for timer in self._timers:
            if timer.active():
                timer.cancel()
