"""PDUs that are to be sent later: one queue in the order of time, with one timer."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

from twisted.internet.interfaces import IDelayedCall, IReactorTime

MIN_DELAY = 0.001
"""Seconds that the timer is set ahead at least; entries due within them are sent together."""


class Entry(NamedTuple):
    """One PDU to be sent. ``serial`` keeps entries of the same time in the order of `add`."""

    at: float
    serial: int
    send: Callable[[bytes], None]
    octets: bytes


class Agenda:
    """Sends each PDU at its own time.

    :param limit: entries that it holds at the most.
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
        """Whether `add` would refuse an entry."""
        return len(self._entries) >= self._limit

    def add(self, at: float, send: Callable[[bytes], None], octets: bytes) -> bool:
        """Call ``send`` with ``octets`` at ``at``, seconds on the clock.

        Returns False, and does nothing, when the agenda is full or closed.
        """
        if self.is_full:
            return False
        entry = Entry(at, next(self._serials), send, octets)
        heappush(self._entries, entry)
        if self._entries[0] is entry:
            self._set_timer(at)
        return True

    def close(self) -> None:
        """Discard all entries and refuse further ones."""
        self._entries.clear()
        self._limit = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self, at: float) -> None:
        delay = max(MIN_DELAY, at - self._clock.seconds())
        if self._timer is None:
            self._timer = self._clock.callLater(delay, self._send_due)
        elif self._timer.getTime() > self._clock.seconds() + delay:
            self._timer.reset(delay)

    def _send_due(self) -> None:
        self._timer = None
        entries, now = self._entries, self._clock.seconds()
        try:
            while entries and entries[0].at <= now:
                entry = heappop(entries)
                entry.send(entry.octets)
        finally:
            # Also after an exception. A `send` may have added entries, and set the timer for them.
            if entries:
                self._set_timer(entries[0].at)
