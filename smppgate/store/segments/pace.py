"""Whether the disk is fast enough for the reactor to wait for it."""

from __future__ import annotations

TOO_LONG = 0.05
"""Seconds of one write after which writing moves to a thread."""
SLOW = 0.005
"""Seconds of a write that is slow."""
SHARE = 0.01
"""The part of writes that may be slow."""
SPAN = 10.0
"""Seconds in which that is judged."""
QUIET = 60.0
"""Seconds without a slow write after which writing moves back."""


class Pace:
    """Judges by how long writes take."""

    def __init__(self) -> None:
        self.is_slow = False
        """Whether the reactor is not to wait for writes."""
        self._begun = 0.0
        self._writes = 0
        self._slow = 0
        self._latest = 0.0
        """When a write was slow, while writing is in a thread."""

    def note(self, took: float, now: float) -> None:
        """A write took that many seconds, until ``now``."""
        if not self._writes:
            self._begun = now
        if took > SLOW:
            self._slow += 1
            self._latest = now
        self._writes += 1
        if took > TOO_LONG:
            self._turn(True, now)
        elif now - self._begun >= SPAN:
            is_slow = self._slow > SHARE * self._writes
            if is_slow and not self.is_slow:
                self._turn(True, now)
            else:
                self._begin(now)

    def is_quiet(self, now: float) -> bool:
        """Whether writing may move back to the reactor."""
        return now - self._latest >= QUIET

    def turn_back(self, now: float) -> None:
        """The reactor waits for writes again."""
        self._turn(False, now)

    def _turn(self, is_slow: bool, now: float) -> None:
        self.is_slow = is_slow
        self._latest = now
        self._begin(now)

    def _begin(self, now: float) -> None:
        self._begun, self._writes, self._slow = now, 0, 0
