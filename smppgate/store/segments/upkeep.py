"""Work on segments that nobody waits for, one piece after the other."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from smppgate.store.faults import Faults
from smppgate.store.waiters import Waiters
from smppgate.txsmpp.clock import Clock

INDEXES = "indexes"
"""The part of the store that fails here."""
LONGEST_REST = 64
"""Ticks between two attempts at most, while one after the other fails."""

Task = Coroutine[Any, Any, None]


class Upkeep:
    """Does what is to be done, until there is nothing.

    :param kinds: each returns what it has to do next, None if nothing; the first go first.
    """

    def __init__(
        self, clock: Clock, faults: Faults, kinds: Sequence[Callable[[], Task | None]]
    ) -> None:
        self._clock = clock
        self._faults = faults
        self._kinds = kinds
        self._is_at_work = False
        self._is_stopped = False
        self._rest = 0
        """Ticks until the next attempt."""
        self._last_rest = 0
        self._settled = Waiters()

    def tick(self) -> None:
        """Retry what failed; called once a second."""
        self._rest = max(0, self._rest - 1)
        self.wake()

    def wake(self) -> None:
        """Begin in the next turn of the reactor, as there may be something to do."""
        if not (self._is_at_work or self._is_stopped or self._rest):
            self._is_at_work = True
            self._clock.callLater(0, self._begin)

    def settle(self) -> Deferred[None]:
        """Fires when there is nothing left to do, or when something has failed."""
        return self._settled.wait() if self._is_at_work else succeed(None)

    def stop(self) -> Deferred[None]:
        """Begin nothing more; fires when what was begun has ended."""
        self._is_stopped = True
        return self.settle()

    def _begin(self) -> None:
        Deferred.fromCoroutine(self._work())

    async def _work(self) -> None:
        try:
            while (task := self._next()) is not None:
                await task
                self._last_rest = 0
                self._faults.worked(INDEXES)
        except Exception:
            if not self._is_stopped:
                self._rest = self._last_rest = min(LONGEST_REST, 2 * self._last_rest + 1)
                self._faults.failed(INDEXES, Failure())
        self._is_at_work = False
        self._settled.release()

    def _next(self) -> Task | None:
        if self._is_stopped:
            return None
        for kind in self._kinds:
            task = kind()
            if task is not None:
                return task
        return None
