"""How long answers took, kept as counts, so that a long run needs no more room than a short."""

from __future__ import annotations

from collections import Counter

_PER_SECOND = 10_000


class Latencies:
    """Times of answers to a tenth of a millisecond."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._total = 0.0

    def __len__(self) -> int:
        """How many there are."""
        return self._counts.total()

    def add(self, seconds: float) -> None:
        """One more answer took so long."""
        self._counts[round(seconds * _PER_SECOND)] += 1
        self._total += seconds

    def merge(self, other: Latencies) -> None:
        """Add all of the other's."""
        self._counts.update(other._counts)
        self._total += other._total

    @property
    def average(self) -> float:
        """Seconds; 0 without an answer."""
        return self._total / len(self) if self._counts else 0.0

    def quantile(self, share: float) -> float:
        """Seconds that this share of the answers (0.0 to 1.0) took at most; 0 without any."""
        wanted = share * len(self)
        seen = 0
        for tick in sorted(self._counts):
            seen += self._counts[tick]
            if seen >= wanted:
                return tick / _PER_SECOND
        return 0.0
