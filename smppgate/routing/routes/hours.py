"""`Hours`: at which times of which days a route holds."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, tzinfo

from smppgate.routing.routes.message import Message

MINUTES_A_DAY = 24 * 60
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Hours:
    """Windows of time, each from a minute of the day up to another, on some days of the week.

    A window whose end is not behind its beginning goes on over midnight, and belongs to the day on
    which it begins. Mutable: it knows what it has found out for this minute.

    :param windows: pairs of minutes since midnight; empty for the whole day.
    :param days: of the week, ``"mon"`` to ``"sun"``; empty for all of them.
    :param zone: in which it is that time; by its clock, also when that is put forward or back.
    """

    key = "between"

    def __init__(
        self, windows: Collection[tuple[int, int]], days: Collection[str], zone: tzinfo
    ) -> None:
        self._windows = tuple(windows) or ((0, MINUTES_A_DAY),)
        self._days = frozenset(map(_DAYS.index, days or _DAYS))
        self._zone = zone
        # Zones differ from UTC by whole minutes, so within one nothing changes.
        self._minute = -1
        self._is_now = False

    def holds(self, message: Message) -> bool:
        """Whether it is such a time."""
        minute = int(message.wall // 60)
        if minute != self._minute:
            self._is_now = self._is_within(datetime.fromtimestamp(minute * 60, self._zone))
            self._minute = minute
        return self._is_now

    def fault(self, message: Message) -> str:
        """Why it does not hold; empty where it does."""
        if self.holds(message):
            return ""
        here = datetime.fromtimestamp(message.wall, self._zone)
        return f"it is {_DAYS[here.weekday()]} {here:%H:%M} in {self._zone}"

    def _is_within(self, time: datetime) -> bool:
        minute, day = time.hour * 60 + time.minute, time.weekday()
        is_today, was_yesterday = day in self._days, (day - 1) % 7 in self._days
        return any(
            (is_today and begin <= minute < end)
            or (
                end <= begin
                and ((is_today and minute >= begin) or (was_yesterday and minute < end))
            )
            for begin, end in self._windows
        )
