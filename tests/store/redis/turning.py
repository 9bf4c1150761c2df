"""A reactor of a test's own, turned until something is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.epollreactor import EPollReactor
from twisted.python.failure import Failure

T = TypeVar("T")

TIMEOUT = 30.0
"""Seconds after which a test fails that waits."""


class Turning:
    """Turns ``reactor``."""

    def __init__(self) -> None:
        self.reactor: Any = EPollReactor()
        self.reactor.startRunning(installSignalHandlers=False)

    def until(self, condition: Callable[[], object]) -> None:
        """Turn until ``condition`` holds."""
        end = time.monotonic() + TIMEOUT
        while not condition():
            assert time.monotonic() < end, "what is waited for does not come"
            self.reactor.iterate(0.01)

    def wait(self, deferred: Deferred[T]) -> T:
        """What ``deferred`` fires with; what it fails with is raised."""
        seen: list[Any] = []
        deferred.addBoth(seen.append)
        self.until(lambda: seen)
        if isinstance(seen[0], Failure):
            seen[0].raiseException()
        result: T = seen[0]
        return result


@contextmanager
def turning() -> Iterator[Turning]:
    """A reactor, which is ended with all that it has."""
    it = Turning()
    try:
        yield it
    finally:
        it.reactor.removeAll()
        for call in it.reactor.getDelayedCalls():
            call.cancel()
        it.reactor.fireSystemEvent("shutdown")
        it.reactor.iterate(0)
