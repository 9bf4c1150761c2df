"""`PathEnds`: return paths that are to end, and the timer that ends them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from twisted.internet.interfaces import IDelayedCall

from smppgate.notices.store import ENDS_FULL
from smppgate.store.ending import EndingPaths
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.seldom import Seldom

POLL_INTERVAL = 1.0
"""Seconds between two looks at return paths that are to end."""

MOST_AT_A_TIME = 1000
"""Return paths that end in one look: less than a millisecond's work."""

WARNING_INTERVAL = 3600.0
"""Seconds between two warnings that there is no room for more ends."""


class PathEnds:
    """Ends return paths when their time has come, with one timer for all.

    :param end: forgets the return paths of these keys.
    """

    log = Logger()

    def __init__(self, clock: Clock, end: Callable[[list[bytes]], None]) -> None:
        self._clock = clock
        self._end = end
        self._paths = EndingPaths()
        self._timer: IDelayedCall | None = None
        self._warnings = Seldom(WARNING_INTERVAL)
        self._is_stopped = False

    def __len__(self) -> int:
        return len(self._paths)

    def add(self, keys: Sequence[bytes], grace: float) -> None:
        """Let the return paths under ``keys`` end ``grace`` seconds from now.

        Those that there is no room for stay until `return_path_ttl` is over.
        """
        if self._is_stopped:
            return
        due = self._clock.wall() + grace
        for key in keys:
            if not self._paths.add(key, due):
                self._warn()
        if self._timer is None and self._paths:
            self._timer = self._clock.callLater(POLL_INTERVAL, self._end_due)

    def stay(self, paths: Mapping[bytes, bytes]) -> None:
        """New messages have these return paths: the ends of earlier ones do not count."""
        if self._paths:
            for key in paths.keys() & self._paths.keys:
                self._paths.stay(key)

    def stop(self) -> None:
        """Stop the timer: return paths that were to end stay until their time to live is over."""
        self._is_stopped = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end_due(self) -> None:
        due = self._paths.take(self._clock.wall(), MOST_AT_A_TIME)
        if due:
            self._end(due)
        self._timer = None
        if self._paths:
            pause = 0 if len(due) == MOST_AT_A_TIME else POLL_INTERVAL
            self._timer = self._clock.callLater(pause, self._end_due)

    def _warn(self) -> None:
        if self._warnings.is_due(self._clock.monotonic()):
            self.log.tell(ENDS_FULL, count=len(self._paths))
