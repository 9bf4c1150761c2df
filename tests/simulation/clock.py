"""Time, and what is to happen when: one clock for the world, one agenda for whoever plans."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall
from zope.interface import implementer

BEGINNING = 1_800_000_000.0
"""Seconds since 1970 at which every world begins."""


NEVER = float("inf")
"""A time that does not come."""


class WorldClock:
    """The time of one world, in seconds.

    :ivar now: goes forward only; the models and the network live by it.
    :ivar stepped: how far an operator, or NTP, has put the wall clock from it.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.stepped = 0.0

    def wall(self) -> float:
        """What the wall clock shows, seconds since 1970."""
        return BEGINNING + self.now + self.stepped

    def advance_to(self, time: float) -> None:
        """Let time go by; a time that has been is no error."""
        self.now = max(self.now, time)


@implementer(IDelayedCall)
class Call:
    """Something that is to happen at a time. Mutable and slotted."""

    __slots__ = ("_agenda", "_args", "_function", "_kwargs", "serial", "state", "time")

    def __init__(
        self, agenda: Agenda, time: float, function: Callable[..., Any], args: Any, kwargs: Any
    ) -> None:
        self._agenda = agenda
        self.time = time
        self.serial = 0
        self.state = "active"
        self._function = function
        self._args = args
        self._kwargs = kwargs

    def __repr__(self) -> str:
        name = getattr(self._function, "__qualname__", repr(self._function))
        return f"<{name} at {self.time:.6f} {self.state}>"

    def run(self) -> None:
        """Do it."""
        self.state = "called"
        self._function(*self._args, **self._kwargs)

    # What Twisted asks of it

    def getTime(self) -> float:
        """When it is due."""
        return self.time

    def cancel(self) -> None:
        """It is not to happen."""
        self._check()
        self.state = "cancelled"
        self._agenda.active -= 1

    def delay(self, seconds: float) -> None:
        """It is to happen so much later."""
        self._move(self.time + seconds)

    def reset(self, seconds: float) -> None:
        """It is to happen so much from now."""
        self._move(self._agenda.clock.now + seconds)

    def isActive(self) -> bool:
        """Whether it is still to happen."""
        return self.state == "active"

    active = isActive

    def _move(self, time: float) -> None:
        self._check()
        self.time = time
        self._agenda.add(self)

    def _check(self) -> None:
        if self.state == "called":
            raise AlreadyCalled
        if self.state == "cancelled":
            raise AlreadyCancelled


class Agenda:
    """Calls in the order of their times; those of one time in the order they were made.

    :param clock: its time is what the calls' times are compared with.
    """

    def __init__(self, clock: WorldClock) -> None:
        self.clock = clock
        self.active = 0
        """Calls still to come."""
        self._heap: list[tuple[float, int, Call]] = []
        self._serial = 0

    def call(self, delay: float, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Call:
        """Have ``function`` called ``delay`` seconds from now."""
        return self.enter(self.clock.now + delay, function, args, kwargs)

    def call_at(
        self, time: float, function: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Call:
        """Have ``function`` called at ``time``."""
        return self.enter(time, function, args, kwargs)

    def enter(self, time: float, function: Callable[..., Any], args: Any, kwargs: Any) -> Call:
        """The same, with what it is called with as it is."""
        call = Call(self, time, function, args, kwargs)
        self.active += 1
        self.add(call)
        return call

    def add(self, call: Call) -> None:
        """Enter ``call`` at its time; an entry that it had does not count any more."""
        self._serial += 1
        call.serial = self._serial
        heappush(self._heap, (call.time, call.serial, call))

    def next(self) -> float:
        """When the first is due; in the far future when there is none."""
        heap = self._heap
        while heap:
            time, serial, call = heap[0]
            if call.serial == serial and call.state == "active":
                return time
            heappop(heap)
        return NEVER

    def run_due(self) -> int:
        """Do what is due, but for what is entered meanwhile; gives how much that was."""
        until, heap = self.clock.now, self._heap
        if not heap or heap[0][0] > until:
            return 0
        last, count = self._serial, 0
        while heap and heap[0][0] <= until:
            _, serial, call = heap[0]
            is_active = call.state == "active" and call.serial == serial
            if is_active and serial > last:
                break
            heappop(heap)
            if is_active:
                self.active -= 1
                count += 1
                call.run()
        return count

    def waiting(self) -> list[Call]:
        """All that is still to happen, in order."""
        return [c for _, s, c in sorted(self._heap) if c.state == "active" and c.serial == s]
