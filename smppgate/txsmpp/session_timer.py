"""`SessionTimer`: the one timer of a session, set to the next thing that may fall due."""

from __future__ import annotations

from typing import Protocol

from twisted.internet.interfaces import IDelayedCall

from smppgate.txsmpp.clock import LATE, Clock

# Seconds. The shortest is there because times are floats: what is due in theory may be due in the
# next instant only.
_SHORTEST_SLEEP, _LONGEST_SLEEP = 0.00001, 3600.0

_MOST_READS = 64
"""Reads that are waited for after the process was stopped, 64 KB each: a peer that sends without
end does not put off its own timeouts for ever."""


class Timed(Protocol):
    """A session, as its timer knows it."""

    reads: int
    """Reads so far."""

    @property
    def heard_at(self) -> float:
        """When octets came last; seconds on the session's clock."""

    def next_look(self) -> float:
        """When `look` may have something to do next, if nothing is heard until then."""

    def look(self, now: float) -> bool:
        """Do what is due at ``now``; False when nothing will ever be due again."""


class SessionTimer:
    """Calls `Timed.look` no later than `Timed.next_look` says.

    :param clock: schedules the calls.
    :param session: is looked at.
    """

    __slots__ = ("_call", "_clock", "_is_stopped", "_session")

    def __init__(self, clock: Clock, session: Timed) -> None:
        self._clock = clock
        self._session = session
        self._call: IDelayedCall | None = None
        self._is_stopped = False

    def start(self) -> None:
        """Set the timer, unless it was stopped."""
        if self._is_stopped:
            return
        # With every timer switched off there is still one to be moved by `wake`.
        delay = self._session.next_look() - self._clock.monotonic()
        delay = min(max(_SHORTEST_SLEEP, delay), _LONGEST_SLEEP)
        self._call = self._clock.callLater(delay, self._tick)

    def stop(self) -> None:
        """Look no more."""
        self._is_stopped = True
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._call = None

    def wake(self, at: float) -> None:
        """Make sure that the session is looked at no later than ``at``."""
        if self._call is not None and self._call.getTime() > at:
            self._call.reset(max(0.0, at - self._clock.monotonic()))

    def _tick(self) -> None:
        now = self._clock.monotonic()
        due = self._call.getTime() if self._call is not None else now
        if now - due > LATE and self._session.heard_at > due:
            # The process was stopped: what lies in the socket has come in time.
            self._look_when_read(-1, _MOST_READS)
        else:
            self._look(now)

    def _look_when_read(self, reads: int, left: int) -> None:
        """Look in the first turn of the reactor that brings no more, or ``left`` turns later."""
        if self._session.reads == reads or not left:
            self._look(self._clock.monotonic())
        else:
            again = self._look_when_read
            self._call = self._clock.callLater(0.0, again, self._session.reads, left - 1)

    def _look(self, now: float) -> None:
        # What happens in there may want to `wake` us: `start` below sees to it.
        self._call = None
        if self._session.look(now):
            self.start()
