"""What is to be sent later: one queue in order of time, and one timer for all of it."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

from twisted.internet.interfaces import IDelayedCall, IReactorTime

GRAIN = 0.001
"""Seconds from now to the next look at the least: what falls due in between goes together."""


class Entry(NamedTuple):
    """One thing to be sent. The serial keeps what is due at one time in the order it came."""

    at: float
    serial: int
    send: Callable[[bytes], None]
    octets: bytes


class Agenda:
    """PDUs to be sent at a time of their own.

    :param clock: time, and the one timer.
    :param limit: entries it holds at the most.
    """

    def __init__(self, clock: IReactorTime, limit: int) -> None:
        self._clock = clock
        self._limit = limit
        self._entries: list[Entry] = []
        self._serials = count()
        self._timer: IDelayedCall | None = None

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def is_full(self) -> bool:
        """Whether nothing more can be added."""
        return len(self._entries) >= self._limit

    def add(self, at: float, send: Callable[[bytes], None], octets: bytes) -> bool:
        """Have ``send`` called with ``octets`` at ``at``, seconds on the clock.

        Returns False, and does nothing, when the agenda is full.
        """
        if self.is_full:
            return False
        entry = Entry(at, next(self._serials), send, octets)
        heappush(self._entries, entry)
        if self._entries[0] is entry:
            self._wake(at)
        return True

    def close(self) -> None:
        """Forget everything and take nothing more."""
        self._entries.clear()
        self._limit = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wake(self, at: float) -> None:
        delay = max(GRAIN, at - self._clock.seconds())
        if self._timer is None:
            self._timer = self._clock.callLater(delay, self._fall_due)
        elif self._timer.getTime() > self._clock.seconds() + delay:
            self._timer.reset(delay)

    def _fall_due(self) -> None:
        self._timer = None
        entries, now = self._entries, self._clock.seconds()
        try:
            while entries and entries[0].at <= now:
                entry = heappop(entries)
                entry.send(entry.octets)
        finally:
            # What was sent may have put something new on the agenda, and a timer with it.
            if entries:
                self._wake(entries[0].at)
