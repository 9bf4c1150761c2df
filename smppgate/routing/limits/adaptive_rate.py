"""`AdaptiveRate`: how fast an SMSC can be sent to, found out by what it throttles.

What it takes is not known, and changes. So it is sent a tenth less in a second in which it
throttles, and a hundredth more in each without: that ends a little below what it takes, and now
and then a little above, where it says so. Many messages that it throttles at once are one sign,
not many: they were all sent before the first was heard of.
"""

from __future__ import annotations

import math
from math import inf

SLOWER = 0.9
"""What a limit is multiplied by when the SMSC throttles."""

FASTER = 1.01
"""What it is multiplied by in each second in which it does not."""

PAUSE = 1.0
"""Seconds from one time that it gets slower to the next, at the least."""

LEAST = 1.0
"""Messages a second that it does not get slower than, unless it may not be sent as many."""

RECOVERED = 2.0
"""So many times what it was when the SMSC throttled last, and what is sent: it is no limit."""

# Seconds after which any limit is far above any rate.
_LONG = 1000.0


class Meter:
    """How many messages were sent in the last second. Mutable and slotted for the hot path."""

    __slots__ = ("_before", "_count", "_since")

    def __init__(self) -> None:
        self._since = -inf
        self._count = self._before = 0

    def add(self, count: int, now: float) -> None:
        """So many were sent."""
        if now - self._since >= 1.0:
            self._turn(now)
        self._count += count

    def per_second(self, now: float) -> float:
        """Those of the last second, where those of the second before are taken to be even."""
        if now - self._since >= 1.0:
            self._turn(now)
        return self._before * (1.0 - (now - self._since)) + self._count

    def _turn(self, now: float) -> None:
        """Begin another second."""
        is_next = now - self._since < 2.0
        self._before = self._count if is_next else 0
        self._since = self._since + 1.0 if is_next else now
        self._count = 0


class AdaptiveRate:
    """The limit of one SMSC, where there is one. Mutable.

    Rates are messages a second, times are seconds on the monotonic clock.

    :ivar meter: to be told of each message that is sent.
    """

    __slots__ = ("_since", "_start", "meter")

    def __init__(self) -> None:
        self.meter = Meter()
        # The limit when the SMSC throttled last; None while there is none.
        self._start: float | None = None
        self._since = 0.0

    def throttled(self, most: float, now: float) -> bool:
        """The SMSC throttles; gives whether the limit is another one now.

        :param most: what it may be sent in any case; infinite for any number.
        """
        if self._start is not None and now - self._since < PAUSE:
            return False
        limit = self.limit(most, now)
        if self._start is None:
            limit = min(limit, self.meter.per_second(now))
        self._start = max(min(LEAST, most), limit * SLOWER)
        self._since = now
        return True

    def scale(self, factor: float) -> None:
        """It is the limit of another part of what the SMSC is sent, so many times as large."""
        if self._start is not None:
            self._start *= factor

    def limit(self, most: float, now: float) -> float:
        """What the SMSC may be sent: ``most`` where it takes more than is sent."""
        if self._start is None:
            return most
        limit = self._start * math.pow(FASTER, min(now - self._since, _LONG))
        if limit >= most or self._is_recovered(limit, now):
            self._start = None
            return most
        return limit

    def _is_recovered(self, limit: float, now: float) -> bool:
        before = self._start if self._start is not None else limit
        return limit >= RECOVERED * max(before, self.meter.per_second(now))
