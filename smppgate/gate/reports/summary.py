"""`Summaries`: lines of a few kinds, of which a storm is one line for each interval."""

from __future__ import annotations

from collections import Counter

from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.notice import Notice
from smppgate.txsmpp.printable import printable

MOST_KINDS = 1000
"""Kinds counted in one interval; what comes beyond is counted as a whole."""

MOST_TOLD = 5
"""Kinds named in one line, the most frequent."""


class Summary:
    """Tells the first line of ``notice`` at once, and counts others until the interval is over.

    :param what: what the lines are about: ``refused``.
    :param interval: seconds.
    """

    def __init__(
        self, clock: Clock, log: Logger, notice: Notice, what: str, interval: float
    ) -> None:
        self._clock = clock
        self._log = log
        self._notice = notice
        self._what = what
        self._interval = interval
        self._counts: Counter[str] = Counter()
        self._uncounted = 0
        self._ends_at = float("-inf")

    def __len__(self) -> int:
        return len(self._counts)

    def add(self, kind: str, **values: object) -> None:
        """Tell the line with ``values`` now, or count it under ``kind`` until the interval is
        over."""
        now = self._clock.monotonic()
        if now >= self._ends_at and not self._counts:
            self._ends_at = now + self._interval
            self._log.tell(self._notice, **values)
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
        line = f"{total} more {self._what} in {self._interval:g} s: {'; '.join(words)}"
        self._log.sum_up(self._notice, line, count=total)


class Summaries:
    """A `Summary` for each of some notices.

    :param what: what all of their lines are about.
    :param interval: seconds.
    """

    def __init__(self, clock: Clock, log: Logger, what: str, interval: float) -> None:
        self._clock = clock
        self._log = log
        self._what = what
        self._interval = interval
        self._by_notice: dict[str, Summary] = {}

    def add(self, notice: Notice, kind: str, **values: object) -> None:
        """Tell the line of ``notice`` now, or count it under ``kind``."""
        summary = self._by_notice.get(notice.code)
        if summary is None:
            summary = Summary(self._clock, self._log, notice, self._what, self._interval)
            self._by_notice[notice.code] = summary
        summary.add(kind, **values)

    def tick(self) -> None:
        """Tell what was counted in an interval that is over; called now and then."""
        for summary in self._by_notice.values():
            summary.tick()

    def tell_counts(self) -> None:
        """Tell what was counted, whether its interval is over or not."""
        for summary in self._by_notice.values():
            summary.tell_counts()
