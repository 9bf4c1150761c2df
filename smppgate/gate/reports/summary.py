"""`Summary`: lines of one kind, of which a storm is one line for each interval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.printable import printable

MOST_KINDS = 1000
"""Kinds counted in one interval; what comes beyond is counted as a whole."""

MOST_TOLD = 5
"""Kinds named in one line, the most frequent."""


class Summary:
    """Tells the first line at once, and counts the others until the interval is over.

    :param what: what the lines are about: ``refused``.
    :param interval: seconds.
    :param tell: writes one line.
    """

    def __init__(
        self, clock: Clock, what: str, interval: float, tell: Callable[[str], None]
    ) -> None:
        self._clock = clock
        self._what = what
        self._interval = interval
        self._tell = tell
        self._counts: Counter[str] = Counter()
        self._uncounted = 0
        self._ends_at = float("-inf")

    def __len__(self) -> int:
        return len(self._counts)

    def add(self, line: str, kind: str) -> None:
        """Tell ``line`` now, or count it under ``kind`` until the interval is over."""
        now = self._clock.monotonic()
        if now >= self._ends_at and not self._counts:
            self._ends_at = now + self._interval
            self._tell(line)
        elif kind in self._counts or len(self._counts) < MOST_KINDS:
            self._counts[kind] += 1
        else:
            self._uncounted += 1

    def tick(self) -> None:
        """Tell what was counted, if the interval is over; called now and then."""
        now = self._clock.monotonic()
        if now >= self._ends_at and self._counts:
            self._ends_at = now + self._interval
            self.tell_counts()

    def tell_counts(self) -> None:
        """Tell what was counted, whether the interval is over or not."""
        counts, self._counts = self._counts, Counter()
        total = counts.total() + self._uncounted
        self._uncounted = 0
        if not total:
            return
        named = counts.most_common(MOST_TOLD)
        words = [f"{printable(kind)} ({count})" for kind, count in named]
        rest = total - sum(count for _, count in named)
        if rest:
            words.append(f"others ({rest})")
        self._tell(f"{total} more {self._what} in {self._interval:g} s: {'; '.join(words)}")
