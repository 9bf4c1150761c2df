"""A histogram of latencies whose size does not depend on their number.

The buckets are logarithmic: each reaches from one power of 1.02 to the next, in microseconds,
and its latencies are reported as its geometric middle. The error is at most the square root of
1.02, less than 1 %. A sample of the latencies was rejected: of bounded size, it is not exact for
p99 and beyond.
"""

from __future__ import annotations

from math import ceil, log

SHORTEST = 1e-6
"""Seconds, where the first bucket begins; a shorter latency counts in it too."""

LONGEST = 3600.0
"""Seconds, in the last bucket; a longer latency counts in it too."""

_GROWTH = 1.02
_BUCKETS_PER_E = 1.0 / log(_GROWTH)
_LAST_BUCKET = int(log(LONGEST / SHORTEST) * _BUCKETS_PER_E)


class Latencies:
    """Counts latencies by their length.

    :ivar longest: the longest latency, exact, in seconds; 0.0 before the first.
    """

    __slots__ = ("_counts", "_total", "longest")

    def __init__(self) -> None:
        self.longest = 0.0
        self._total = 0.0
        self._counts = [0] * (_LAST_BUCKET + 1)

    def __len__(self) -> int:
        """How many latencies were counted."""
        return sum(self._counts)

    def add(self, seconds: float) -> None:
        """Count one latency."""
        # Called for every message: max() and a test for the last bucket would cost more.
        if seconds > self.longest:  # noqa: PLR1730
            self.longest = seconds
        self._total += seconds
        if seconds > SHORTEST:
            try:
                self._counts[int(log(seconds / SHORTEST) * _BUCKETS_PER_E)] += 1
            except IndexError:
                self._counts[_LAST_BUCKET] += 1
        else:
            self._counts[0] += 1

    def merge(self, other: Latencies) -> None:
        """Add the counts of ``other``."""
        self.longest = max(self.longest, other.longest)
        self._total += other._total
        self._counts = [a + b for a, b in zip(self._counts, other._counts, strict=True)]

    @property
    def average(self) -> float:
        """The exact mean in seconds; 0.0 before the first latency."""
        return self._total / (len(self) or 1)

    def percentile(self, percent: float) -> float:
        """The shortest latency that ``percent`` of all do not exceed, in seconds.

        It is the nearest rank, with an error of at most 1 % between `SHORTEST` and `LONGEST`.

        :param percent: above 0 and up to 100.
        :raises ValueError: before the first latency.
        """
        rank = ceil(len(self) * percent / 100)
        for bucket, count in enumerate(self._counts):
            rank -= count
            if rank <= 0 and count:
                return min(_middle(bucket), self.longest)
        raise ValueError("no latency was counted")


def _middle(bucket: int) -> float:
    return float(SHORTEST * _GROWTH ** (bucket + 0.5))
