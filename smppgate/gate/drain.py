"""Waiting for a condition that no event announces."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

NEVER = float("inf")

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
    finally:
        if polling.running:
            polling.stop()
    return done()
