"""Deferreds that fire together, or are waited for together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from twisted.internet.defer import Deferred, FirstError, gatherResults

T = TypeVar("T")


class Waiters:
    """Deferreds of calls that wait for one event."""

    def __init__(self) -> None:
        self._waiting: list[Deferred[None]] = []

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def wait(self) -> Deferred[None]:
        """A Deferred that fires at the next `release`."""
        done: Deferred[None] = Deferred()
        self._waiting.append(done)
        return done

    def release(self) -> None:
        """Fire all Deferreds. A callback that waits again waits for the next release."""
        waiting, self._waiting = self._waiting, []
        for done in waiting:
            done.callback(None)


async def all_of(asked: Sequence[Deferred[T]]) -> list[T]:
    """What all of ``asked`` fire with. What the first that fails fails with is raised at once."""
    try:
        return await gatherResults(asked, consumeErrors=True)
    except FirstError as error:
        error.subFailure.raiseException()
