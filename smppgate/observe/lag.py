"""`ReactorLag`: how late the reactor is."""

from __future__ import annotations

from bisect import bisect_left

from twisted.internet.interfaces import IDelayedCall

from smppgate.txsmpp.clock import Clock

INTERVAL = 0.25
"""Seconds between two measurements."""

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Seconds: from a reactor that rests to one whose sessions time out."""


class ReactorLag:
    """How much later than it should be a timer fires: so long does whatever comes in wait.

    :ivar counts: measurements by the bucket of `BOUNDS` that they are in, the last for all beyond;
        ``sum``: seconds of all of them; ``last``: of the last of them.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._timer: IDelayedCall | None = None
        self._due = 0.0
        self.counts = [0] * (len(BOUNDS) + 1)
        self.sum = self.last = 0.0

    def start(self) -> None:
        """Measure from now on."""
        self._due = self._clock.monotonic() + INTERVAL
        self._timer = self._clock.callLater(INTERVAL, self._measure)

    def stop(self) -> None:
        """Measure no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _measure(self) -> None:
        # The clock lets a timer fire up to a millisecond before its time.
        lag = max(0.0, self._clock.monotonic() - self._due)
        self.counts[bisect_left(BOUNDS, lag)] += 1
        self.sum += lag
        self.last = lag
        self.start()
