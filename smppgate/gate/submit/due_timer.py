"""`DueTimer`: one timer for many things that fall due, most of which are gone before that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic

from twisted.internet.interfaces import IDelayedCall

from smppgate.routing.limits.deadlines import Deadlines, T
from smppgate.txsmpp.clock import Clock


class DueTimer(Generic[T]):
    """Calls ``due`` with each thing at its deadline, and with the time that it is then.

    A thing that is gone before is told of with `forget`; ``due`` makes its own go.
    """

    def __init__(self, clock: Clock, due: Callable[[T, float], None]) -> None:
        self._clock = clock
        self._due = due
        self._deadlines: Deadlines[T] = Deadlines()
        self._timer: IDelayedCall | None = None

    def __len__(self) -> int:
        """Those that are not gone."""
        return len(self._deadlines)

    def add(self, thing: T) -> None:
        """``thing`` is due at its deadline."""
        self._deadlines.add(thing)
        self._set()

    def forget(self) -> None:
        """One of them is gone. The timer stays: to fire for nothing does no harm."""
        self._deadlines.forget()

    def stop(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self) -> None:
        """Have the timer fire at the next deadline."""
        first = self._deadlines.first()
        if first is None:
            return
        delay = max(0.0, first.deadline - self._clock.monotonic())
        if self._timer is None:
            self._timer = self._clock.callLater(delay, self._fired)
        elif self._timer.getTime() > first.deadline:
            self._timer.reset(delay)

    def _fired(self) -> None:
        self._timer = None
        now = self._clock.monotonic()
        while (first := self._deadlines.first()) is not None and first.deadline <= now:
            self._due(first, now)
        self._set()
