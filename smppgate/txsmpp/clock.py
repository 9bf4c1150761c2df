"""`Clock`: two readings of time, and timers that go by the right one.

The wall clock is for what is written down: it may be set forward and back at any moment. All else,
timers, windows, latencies, goes by the monotonic clock. A Twisted reactor schedules by
``reactor.seconds``, which is the wall clock unless `use_monotonic` was called; the timers of a
`Clock` judge by the monotonic one either way:

- The reactor's clock was set forward, and a timer fires before its time: it is set again for the
  rest of its time.
- The process was stopped (SIGSTOP, a paused virtual machine, swapping) and a timer fires late: it
  lets one turn of the reactor pass first, in which the sockets are read. What came in time is not
  judged to be missing.
- The reactor's clock was set back: timers set before that fire late by as much. Only
  `use_monotonic` helps here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.runtime import seconds as twisted_seconds
from zope.interface import implementer

LATE = 0.5
"""Seconds after its time from which on a timer is late: more than the longest turn of a busy
reactor, less than any timeout."""

# Seconds before its time at which a timer may run: clocks are adjusted by fractions of that.
_EARLY = 0.001

_WALL_CLOCKS = (time.time, twisted_seconds)


@implementer(IReactorTime)
class Clock:
    """Time and timers of a reactor.

    :param reactor: schedules the timers.
    :ivar monotonic: seconds since some moment; never goes back, and is not set.
    :ivar wall: seconds since 1970 (UTC), as far as the machine knows.
    :ivar seconds: the same as ``monotonic``, under the name that Twisted uses.
    """

    __slots__ = ("_reactor", "monotonic", "seconds", "wall")

    def __init__(
        self,
        reactor: IReactorTime,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._reactor = reactor
        self.monotonic = self.seconds = monotonic
        self.wall = wall

    @classmethod
    def of(cls, reactor: Any) -> Clock:
        """The clock of ``reactor``; a `Clock` is its own.

        A reactor that makes its own time, as those of tests do, is read for both, unless it has a
        ``wall`` of its own.
        """
        if isinstance(reactor, Clock):
            return reactor
        seconds = reactor.seconds
        if seconds is time.monotonic or seconds in _WALL_CLOCKS:
            return cls(reactor)
        return cls(reactor, seconds, getattr(reactor, "wall", seconds))

    def callLater(  # noqa: N802 - Twisted's name
        self, delay: float, callable: Callable[..., Any], *args: Any, **kw: Any
    ) -> IDelayedCall:
        """Call ``callable`` after ``delay`` seconds on the monotonic clock."""
        return _Timer(self, delay, lambda: callable(*args, **kw))

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:  # noqa: N802 - Twisted's name
        """The reactor's."""
        return self._reactor.getDelayedCalls()

    def schedule(self, delay: float, callable: Callable[[], None]) -> IDelayedCall:
        """Call ``callable`` by the reactor's own clock, without judging whether it is time."""
        return self._reactor.callLater(delay, callable)


@implementer(IDelayedCall)
class _Timer:
    """A call at a time of the monotonic clock."""

    __slots__ = ("_call", "_clock", "_due", "_function", "_has_yielded")

    def __init__(self, clock: Clock, delay: float, function: Callable[[], Any]) -> None:
        self._clock = clock
        self._due = clock.monotonic() + delay
        self._function = function
        self._has_yielded = False
        self._call = clock.schedule(delay, self._fire)

    def getTime(self) -> float:  # noqa: N802 - Twisted's name
        """When it is to be called; seconds on the monotonic clock."""
        return self._due

    def cancel(self) -> None:
        """Do not call it.

        :raises AlreadyCalled: when it was called.
        :raises AlreadyCancelled: when it was cancelled.
        """
        self._call.cancel()

    def delay(self, secondsLater: float) -> None:  # noqa: N803 - Twisted's name
        """Call it that many seconds later than it was to be called."""
        self.reset(self._due + secondsLater - self._clock.monotonic())

    def reset(self, secondsFromNow: float) -> None:  # noqa: N803 - Twisted's name
        """Call it in that many seconds instead."""
        self._due = self._clock.monotonic() + secondsFromNow
        self._has_yielded = False
        self._call.reset(secondsFromNow)

    def active(self) -> bool:
        """Whether it is still to be called."""
        return bool(self._call.active())

    def _fire(self) -> None:
        left = self._due - self._clock.monotonic()
        if left > _EARLY:
            self._call = self._clock.schedule(left, self._fire)
        elif left < -LATE and not self._has_yielded:
            self._has_yielded = True
            self._call = self._clock.schedule(0.0, self._fire)
        else:
            self._function()


def use_monotonic(reactor: Any) -> None:
    """Let ``reactor`` schedule by the monotonic clock, whatever becomes of the wall clock.

    For programs that a gate, or a session, is embedded in: to be called before anything is
    scheduled. `smppgate`'s own commands do it. Without it, a wall clock that is set back delays
    the timers that were set before by as much. A reactor that makes its own time keeps it.

    :raises RuntimeError: when calls are scheduled by the wall clock already.
    """
    if reactor.seconds not in _WALL_CLOCKS:
        return
    if reactor.getDelayedCalls():
        raise RuntimeError("use_monotonic comes before anything is scheduled on the reactor")
    reactor.seconds = time.monotonic
