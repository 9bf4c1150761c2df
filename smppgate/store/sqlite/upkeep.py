"""Work on the database that nobody waits for, done in small steps.

A queued message waits for one step at most. Steps of different kinds take turns.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, succeed

from smppgate.store.sqlite.disk import UPKEEP, Disk
from smppgate.store.waiters import Waiters
from smppgate.txsmpp.clock import Clock

STEP_INTERVAL = 0.01
"""Seconds between two steps, in which the disk is free for others."""

Step = Callable[[], Deferred[Any] | None]
"""Begins a step of one kind; None when there is nothing to do."""


class Upkeep:
    """Makes steps as long as there are any."""

    def __init__(self, clock: Clock, disk: Disk, kinds: Sequence[Step]) -> None:
        self._clock = clock
        self._disk = disk
        self._kinds = deque(kinds)
        self._is_at_work = False
        self._rests = False
        """Whether steps wait for the next tick, after an error or because of `stop`."""
        self._is_stopped = False
        self._settled = Waiters()

    def tick(self) -> None:
        """Retry what failed and look for what has expired; called once a second."""
        self._rests = self._is_stopped
        self.wake()

    def wake(self) -> None:
        """Begin to make steps, as there may be something to do."""
        if not self._is_at_work and not self._rests:
            self._is_at_work = True
            self._step()

    def settle(self) -> Deferred[None]:
        """Fires when there is nothing left to do, or when a step has failed."""
        return self._settled.wait() if self._is_at_work else succeed(None)

    def stop(self) -> Deferred[None]:
        """Make no more steps; fires when the present one has ended."""
        self._is_stopped = self._rests = True
        return self.settle()

    def _step(self) -> None:
        step = None if self._rests else self._next()
        if step is None:
            self._rest()
        else:
            step.addCallbacks(self._stepped, self._failed)

    def _next(self) -> Deferred[Any] | None:
        """Begin the next step; None when there is nothing to do."""
        if self._disk.is_behind:
            return self._disk.catch_up()
        for _ in range(len(self._kinds)):
            self._kinds.rotate(-1)
            step = self._kinds[0]()
            if step is not None:
                return step
        self._disk.probe(UPKEEP)
        return None

    def _stepped(self, _: object) -> None:
        self._clock.callLater(STEP_INTERVAL, self._step)

    def _failed(self, _: object) -> None:
        self._rests = True
        self._rest()

    def _rest(self) -> None:
        self._is_at_work = False
        self._settled.release()
