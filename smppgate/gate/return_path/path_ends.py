"""`PathEnds`: return paths of messages whose final receipt was delivered, until they end."""

from __future__ import annotations

from collections.abc import Iterable

from twisted.internet.interfaces import IDelayedCall

from smppgate.routing.return_path.ending import EndingPaths
from smppgate.store import IStore
from smppgate.txsmpp.clock import Clock

POLL_INTERVAL = 1.0
"""Seconds between two looks at return paths that are to end."""

MOST_AT_A_TIME = 1000
"""Return paths that end in one look: less than a millisecond's work."""


class PathEnds:
    """Ends return paths in the store when their time has come, with one timer for all."""

    def __init__(self, clock: Clock, store: IStore) -> None:
        self._clock = clock
        self._store = store
        self._paths = EndingPaths()
        self.is_idle = True
        """Whether no return path is to end. A plain attribute: it is read for each message."""
        self._timer: IDelayedCall | None = None
        self._is_early = False

    def add(self, keys: Iterable[bytes], now: float) -> None:
        """Let the return paths under ``keys`` end after the grace period of `EndingPaths`."""
        for key in keys:
            self._paths.add(key, now)
        self.is_idle = False
        if self._timer is None:
            self._timer = self._clock.callLater(POLL_INTERVAL, self._end_due)
        elif self._paths.is_over_limit and not self._is_early:
            self._is_early = True
            self._timer.reset(0)

    def stay(self, key: bytes) -> None:
        """A new message has the return path ``key``: the end of an earlier one does not count."""
        self._paths.stay(key)

    def stop(self) -> None:
        """Stop the timer: return paths that were to end stay until their time to live is over."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end_due(self) -> None:
        self._timer, self._is_early = None, False
        due = self._paths.take(self._clock.monotonic(), MOST_AT_A_TIME)
        if due:
            self._store.end(due)
        self.is_idle = not self._paths
        if not self.is_idle:
            pause = 0 if len(due) == MOST_AT_A_TIME else POLL_INTERVAL
            self._timer = self._clock.callLater(pause, self._end_due)
