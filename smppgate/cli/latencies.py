"""Latencies without end in a table that does not grow.

The buckets are logarithmic: each reaches from one power of 1.02 microseconds to the next, and a
latency is told as its bucket's geometric middle. That is off by at most the square root of
1.02, which is less than 1 %. Fixed buckets were preferred to a sample of the latencies because
a sample of bounded size says nothing exact about p99 and beyond.
"""

from __future__ import annotations

from math import ceil, log

_GROWTH = 1.02
_FACTOR = 1.0 / log(_GROWTH)
_UNIT = 1e-6

SHORTEST = 1e-6
"""Seconds; a shorter latency counts as this one."""

LONGEST = 3600.0
"""Seconds; in a percentile a longer latency counts as this one."""

_LAST = int(log(LONGEST / _UNIT) * _FACTOR)


class Latencies:
    """How many latencies there were of each length.

    :ivar longest: the longest one exactly, seconds; 0.0 where there is none.
    """

    __slots__ = ("_counts", "_total", "longest")

    def __init__(self) -> None:
        self.longest = 0.0
        self._total = 0.0
        self._counts = [0] * (_LAST + 1)

    def __len__(self) -> int:
        """Latencies counted."""
        return sum(self._counts)

    def add(self, seconds: float) -> None:
        """Count one latency."""
        # Called for every message: no max(), and an exception for what is too long.
        if seconds > self.longest:  # noqa: PLR1730
            self.longest = seconds
        self._total += seconds
        if seconds > SHORTEST:
            try:
                self._counts[int(log(seconds / _UNIT) * _FACTOR)] += 1
            except IndexError:
                self._counts[_LAST] += 1
        else:
            self._counts[0] += 1

    def merge(self, other: Latencies) -> None:
        """Count all of the other's too."""
        self.longest = max(self.longest, other.longest)
        self._total += other._total
        self._counts = [a + b for a, b in zip(self._counts, other._counts, strict=True)]

    @property
    def average(self) -> float:
        """Seconds, exactly; 0.0 where there is none."""
        return self._total / (len(self) or 1)

    def percentile(self, percent: float) -> float:
        """The shortest latency that ``percent`` of all do not exceed; seconds.

        That is the nearest rank, told with an error of at most 1 % between `SHORTEST` and
        `LONGEST`.

        :param percent: above 0 and up to 100.
        :raises ValueError: when none was counted.
        """
        rank = ceil(len(self) * percent / 100)
        for bucket, count in enumerate(self._counts):
            rank -= count
            if rank <= 0 and count:
                return min(_middle(bucket), self.longest)
        raise ValueError("no latency was counted")


def _middle(bucket: int) -> float:
    return float(_UNIT * _GROWTH ** (bucket + 0.5))
