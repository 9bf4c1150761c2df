"""`Recent`: how often something happened in the last seconds.

Time goes on by steps of one second, which its owner makes: adding is all that is done when
something happens, and the total costs nothing to read.
"""

from __future__ import annotations


class Recent:
    """How often something happened in the last seconds. Mutable and slotted.

    :param seconds: so many of them, the one that is under way included.
    :ivar total: the count.
    """

    __slots__ = ("_at", "_buckets", "total")

    def __init__(self, seconds: int) -> None:
        self.total = 0
        self._buckets = [0] * seconds
        self._at = 0

    def add(self, count: int = 1) -> None:
        """It happened ``count`` times."""
        self._buckets[self._at] += count
        self.total += count

    def step(self) -> None:
        """A second is over."""
        self._at = (self._at + 1) % len(self._buckets)
        self.total -= self._buckets[self._at]
        self._buckets[self._at] = 0
