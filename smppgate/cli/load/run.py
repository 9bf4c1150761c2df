"""A load over bound sessions, from the first message to the last answer or receipt."""

from __future__ import annotations

from collections import deque

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall

from smppgate.cli.load.sessions import LoadSession, Traffic

_MIN_BATCH_INTERVAL = 0.005
"""Seconds between two batches of a load with a rate; up to 200 messages/s, a batch is one
message."""


@frozen
class Terms:
    """The pace of a load and its end.

    :param rate: messages per second over all sessions; None: as fast as they are answered.
    :param duration: seconds after which no message is sent; None: no limit.
    :param receipts_wait: seconds without a receipt that end the wait for receipts; None where
        none were requested.
    """

    rate: float | None
    duration: float | None
    receipts_wait: float | None


class LoadRun:
    """Paces the sessions of ``traffic`` and ends when nothing more can happen.

    :ivar sessions: the bound sessions that take part; a lost session is removed.
    """

    def __init__(self, traffic: Traffic, terms: Terms, clock: IReactorTime) -> None:
        self.traffic = traffic
        self.sessions: deque[LoadSession] = deque()
        self._terms = terms
        self._clock = clock
        self._pacing = LoopingCall(self._pace)
        self._pacing.clock = clock
        self._timers: list[IDelayedCall] = []
        self._receipts_timer: IDelayedCall | None = None
        self._done: Deferred[None] | None = None
        self._is_over = False

    @property
    def elapsed(self) -> float:
        """Seconds since `start`."""
        return self._clock.seconds() - self.traffic.tally.began

    def add(self, session: LoadSession) -> None:
        """Let a bound session take part."""
        self.sessions.append(session)

    def start(self) -> Deferred[None]:
        """Begin to send; the Deferred fires when every message has been answered or given up.

        Cancelling it ends the run with messages unanswered.
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
            self._pacing.start(max(1.0 / self._terms.rate, _MIN_BATCH_INTERVAL))
        self.settled()
        return self._done

    # Called by the sessions

    def settled(self) -> None:
        """A session has nothing unanswered: end the run if that holds for all of them."""
        if self._done is None or self._is_over:
            return
        if self.sessions and not self._is_settled():
            return
        if self.sessions and self._awaits_receipts():
            self._wait_for_receipts()
            return
        self._finish()

    def lost(self, session: LoadSession, reason: str) -> None:
        """A session has ended; the others send the rest of the supply."""
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
        """Spread the messages that are due evenly over the sessions."""
        due = self.traffic.supply.release(self.elapsed)
        if due and self.sessions:
            share = -(-due // len(self.sessions))
            for session in list(self.sessions):
                session.refill(share)
            self.sessions.rotate(-1)

    def _end_supply(self) -> None:
        self.traffic.supply.stop()
        self.settled()

    def _wait_for_receipts(self) -> None:
        """Finish once no receipt has arrived for ``receipts_wait`` seconds."""
        wait = self._terms.receipts_wait or 0.0
        if self._receipts_timer is None:
            self._receipts_timer = self._clock.callLater(wait, self._finish)
            self._timers.append(self._receipts_timer)
        else:
            self._receipts_timer.reset(wait)

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
