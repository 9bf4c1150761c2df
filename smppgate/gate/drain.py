"""Waiting for a condition that no event announces."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

POLL_INTERVAL = 0.05
"""Seconds between two tests of the condition: too short to be felt when a gate stops."""


async def until(done: Callable[[], bool], seconds: float, clock: IReactorTime) -> bool:
    """Wait until ``done`` is true, for ``seconds`` at the most; gives whether it is."""
    deadline = clock.seconds() + seconds

    def poll() -> None:
        if done() or clock.seconds() >= deadline:
            polling.stop()

    polling = LoopingCall(poll)
    polling.clock = clock
    try:
        await polling.start(POLL_INTERVAL)
    except CancelledError:
        # And nothing else: a coroutine that is thrown away must not go on.
        if polling.running:
            polling.stop()
        raise
    return done()
