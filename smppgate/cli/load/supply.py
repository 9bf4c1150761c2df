"""The supply of messages of a load: how many are left, and how many are due."""

from __future__ import annotations

import sys

_ROUNDING = 1e-6
"""Messages; a message that is due exactly now is due in spite of the clock's rounding error."""


class Supply:
    """Hands out messages once they are due; before the first `release`, none is.

    :param count: messages in all; None: no limit until `stop`.
    :param rate: messages that become due each second, the first at once; None: all at once.
    """

    __slots__ = ("_due", "_limit", "_rate", "_taken")

    def __init__(self, count: int | None, rate: float | None) -> None:
        self._limit = sys.maxsize if count is None else count
        self._rate = rate
        self._taken = 0
        self._due = 0

    @property
    def is_empty(self) -> bool:
        """Whether all messages were taken."""
        return self._taken >= self._limit

    def release(self, elapsed: float) -> int:
        """Make the messages of the first ``elapsed`` seconds due; returns how many are due.

        A message remains due until it is taken.
        """
        if self._rate is None:
            self._due = self._limit
        else:
            self._due = min(self._limit, int(elapsed * self._rate + _ROUNDING) + 1)
        return self._due - self._taken

    def take(self, wanted: int) -> int:
        """Take up to ``wanted`` of the messages that are due; returns how many were taken."""
        taken = min(wanted, self._due - self._taken)
        self._taken += taken
        return taken

    def stop(self) -> None:
        """Discard all messages that were not taken."""
        self._limit = self._due = self._taken
