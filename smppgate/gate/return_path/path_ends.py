"""`PathEnds`: return paths of messages whose final receipt was delivered, until they end."""

from __future__ import annotations

from collections.abc import Iterable

from twisted.internet.interfaces import IDelayedCall

from smppgate.routing.return_path.ending import EndingPaths
from smppgate.store import IStore
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

POLL_INTERVAL = 1.0
"""Seconds between two looks at return paths that are to end."""

MOST_AT_A_TIME = 1000
"""Return paths that end in one look: less than a millisecond's work."""

WARNING_INTERVAL = 3600.0
"""Seconds between two warnings that there is no room for more ends."""


class PathEnds:
    """Ends return paths in the store when their time has come, with one timer for all.

    :param lifetime: seconds from a final receipt that the ESME took to the end of its path.
    """

    log = Logger()

    def __init__(self, clock: Clock, store: IStore, lifetime: float) -> None:
        self._clock = clock
        self._store = store
        self._paths = EndingPaths(lifetime)
        self.keys = self._paths.keys
        """The keys of return paths that are to end. A view: each message looks into it."""
        self._timer: IDelayedCall | None = None
        self._warned_at = float("-inf")
        self._is_stopped = False

    def add(self, keys: Iterable[bytes], now: float) -> None:
        """Let the return paths under ``keys`` end when their lifetime is over.

        Those that there is no room for stay until `return_path_ttl` is over.
        """
        if self._is_stopped:
            return
        for key in keys:
            if not self._paths.add(key, now):
                self._warn(now)
        if self._timer is None and self._paths:
            self._timer = self._clock.callLater(POLL_INTERVAL, self._end_due)

    def stay(self, key: bytes) -> None:
        """A new message has the return path ``key``: the end of an earlier one does not count."""
        self._paths.stay(key)

    def stop(self) -> None:
        """Stop the timer: return paths that were to end stay until their time to live is over."""
        self._is_stopped = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end_due(self) -> None:
        due = self._paths.take(self._clock.monotonic(), MOST_AT_A_TIME)
        if due:
            self._store.end(due)
        self._timer = None
        if self._paths:
            pause = 0 if len(due) == MOST_AT_A_TIME else POLL_INTERVAL
            self._timer = self._clock.callLater(pause, self._end_due)

    def _warn(self, now: float) -> None:
        if now - self._warned_at >= WARNING_INTERVAL:
            self._warned_at = now
            self.log.warn(
                "{count} return paths are to end after their receipts, which is all that there is "
                "room for: the others are kept until return_path_ttl is over; a shorter "
                "receipted_ttl would make room",
                count=len(self._paths),
            )
