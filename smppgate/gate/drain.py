"""Waiting for something that nobody tells of."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

_LOOK = 0.05
"""Seconds between two looks."""


async def until(done: Callable[[], bool], seconds: float, clock: IReactorTime) -> bool:
    """Wait for ``done``, so many seconds at most; tells whether it is."""
    deadline = clock.seconds() + seconds

    def look() -> None:
        if done() or clock.seconds() >= deadline:
            looking.stop()

    looking = LoopingCall(look)
    looking.clock = clock
    try:
        await looking.start(_LOOK)
    finally:
        if looking.running:
            looking.stop()
    return done()
