"""`Times`: how long an SMSC took for the messages whose answers came in one read."""

from __future__ import annotations

from smppgate.routing.smscs.load import TAKEN
from smppgate.routing.smscs.smsc import Smsc


class Times:
    """Counts the messages that were taken, run by run. Mutable and slotted.

    :param now: seconds, when the read came.
    """

    __slots__ = ("_count", "_longest", "_now", "_seconds")

    def __init__(self, now: float) -> None:
        self._now = now
        self._count = 0
        self._seconds = self._longest = 0.0

    def add(self, count: int, sent_at: float) -> None:
        """``count`` messages of a run were sent at that time."""
        seconds = self._now - sent_at
        self._count += count
        self._seconds += count * seconds
        self._longest = max(self._longest, seconds)

    def tell(self, smsc: Smsc) -> int:
        """Count all of them at ``smsc``; gives how many they are."""
        count = self._count
        if count:
            smsc.ended(count, TAKEN, self._seconds / count, self._longest)
        return count
