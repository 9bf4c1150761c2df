"""The messages that a load has still to send, and when they fall due."""

from __future__ import annotations

import sys

# Messages: what a clock's rounding may take from one that is due exactly now.
_ROUNDING = 1e-6


class Supply:
    """Hands out messages, as many as are due; before the first `release` none is.

    :param count: messages in all; None: without end, until `stop`.
    :param rate: messages that fall due each second, the first at once; None: all at once.
    """

    __slots__ = ("_due", "_limit", "_rate", "_taken")

    def __init__(self, count: int | None, rate: float | None = None) -> None:
        self._limit = sys.maxsize if count is None else count
        self._rate = rate
        self._taken = 0
        self._due = 0

    @property
    def is_empty(self) -> bool:
        """Whether all were taken and none falls due any more."""
        return self._taken >= self._limit

    def release(self, elapsed: float) -> int:
        """Let fall due what does in the first ``elapsed`` seconds; gives how many are due now.

        What was not taken when it fell due remains so.
        """
        if self._rate is None:
            self._due = self._limit
        else:
            self._due = min(self._limit, int(elapsed * self._rate + _ROUNDING) + 1)
        return self._due - self._taken

    def take(self, wanted: int) -> int:
        """Take up to ``wanted`` of those due; gives how many there were."""
        taken = min(wanted, self._due - self._taken)
        self._taken += taken
        return taken

    def stop(self) -> None:
        """What was not taken is not to be sent."""
        self._limit = self._due = self._taken
