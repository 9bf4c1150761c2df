"""Deferreds that fire when what they are about is on disk, or when their time is over."""

from __future__ import annotations

from collections import deque

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from smppgate.txsmpp.clock import Clock


class Promises:
    """Deferreds in the order of their marks, with one timer for all.

    :param deadline: seconds after which each of them fires in any case.
    """

    def __init__(self, clock: Clock, deadline: float) -> None:
        self._clock = clock
        self._deadline = deadline
        self._waiting: deque[tuple[float, float, Deferred[None]]] = deque()
        """Mark, when it is due, and the Deferred."""
        self._timer: IDelayedCall | None = None

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, mark: float) -> Deferred[None]:
        """A Deferred that fires when all up to ``mark``, the newest, is done."""
        done: Deferred[None] = Deferred()
        self._waiting.append((mark, self._clock.monotonic() + self._deadline, done))
        if self._timer is None:
            self._timer = self._clock.callLater(self._deadline, self._expire)
        return done

    def keep(self, mark: float) -> None:
        """All up to ``mark`` is done."""
        while self._waiting and self._waiting[0][0] <= mark:
            self._waiting.popleft()[2].callback(None)
        if self._timer is not None and not self._waiting:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self._timer = None
        now = self._clock.monotonic()
        while self._waiting and self._waiting[0][1] <= now:
            self._waiting.popleft()[2].callback(None)
        if self._waiting and self._timer is None:
            self._timer = self._clock.callLater(self._waiting[0][1] - now, self._expire)
