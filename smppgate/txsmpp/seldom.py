"""`Seldom`: lets one of many lines of the log pass now and then."""

from __future__ import annotations

from attrs import define, field


@define
class Seldom:
    """Lets one of many lines pass in each ``interval``.

    :param interval: seconds.
    """

    interval: float
    _last: float = field(default=float("-inf"), init=False)

    def is_due(self, now: float) -> bool:
        """Whether one may pass at ``now``, in seconds; it counts as passed then."""
        if now - self._last < self.interval:
            return False
        self._last = now
        return True
