"""`Held`: what is told later, and at once when the store is closed."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from smppgate.txsmpp.clock import Clock


class Held:
    """Waits of a known length, each with a timer."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waits: dict[Deferred[None], None] = {}

    def wait(self, seconds: float) -> Deferred[None]:
        """Fires after so many seconds, or at `close`."""
        wait: Deferred[None] = deferLater(self._clock, seconds)
        self._waits[wait] = None
        wait.addErrback(_told_at_once)
        return wait.addCallback(lambda _: self._waits.pop(wait, None))

    def close(self) -> None:
        """Let all fire now."""
        for wait in list(self._waits):
            wait.cancel()


def _told_at_once(why: Failure) -> None:
    why.trap(CancelledError)
