"""`Peaks`: a latency that jumps up with a slow answer, and falls bit by bit with quick ones."""

from __future__ import annotations

from math import exp, inf

DECAY = 10.0
"""Seconds in which what was measured before counts for a third, e⁻¹; Finagle's default."""


class Peaks:
    """The latency of one SMSC, weighted by time. Mutable and slotted: it is on the hot path.

    An answer costs a comparison and an addition. What goes by the time is done when it is looked
    at: answers that came between two looks count as one of their average.
    """

    __slots__ = ("_count", "_heard_at", "_looked_at", "_seconds", "_value")

    def __init__(self) -> None:
        self._value = 0.0
        # Answers since the last look: how many, and what they took together.
        self._count = 0
        self._seconds = 0.0
        self._looked_at = -inf
        self._heard_at = 0.0

    def answered(self, seconds: float) -> None:
        """An answer took so long."""
        self._value = max(self._value, seconds)
        self._count += 1
        self._seconds += seconds

    def at(self, now: float, outstanding: int) -> float:
        """The latency, in seconds.

        It is at least the time since the last look that found an answer, or nothing to answer: an
        SMSC that answers nothing gets slower and slower. One that nothing is asked of is forgiven.

        :param outstanding: the requests that are unanswered now.
        """
        if now > self._looked_at:
            self._decay(now, outstanding)
        silence = now - self._heard_at
        return silence if silence > self._value else self._value

    def _decay(self, now: float, outstanding: int) -> None:
        count = self._count
        if count or not outstanding or self._looked_at == -inf:
            average = self._seconds / count if count else 0.0
            kept = exp((self._looked_at - now) / DECAY)
            if average < self._value:
                self._value = average + (self._value - average) * kept
            self._count, self._seconds = 0, 0.0
            self._heard_at = now
        self._looked_at = now
