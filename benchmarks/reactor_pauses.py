"""Pauses of a reactor, looked for from within it."""

from __future__ import annotations

import time

from attrs import frozen
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

_TICK_SECONDS = 0.001


@frozen
class LongestPause:
    """Milliseconds beyond a tick in which a reactor did not come round.

    ``own_ms`` is the longest for which the process, with all its threads, was at work: not what
    waited for the machine or for a disk.
    """

    late_ms: float = 0.0
    own_ms: float = 0.0


class Pauses:
    """The longest time that a reactor did not come round, beyond a tick."""

    def __init__(self, reactor: IReactorTime) -> None:
        self._last = time.perf_counter()
        self._cpu = time.process_time()
        self._late = 0.0
        self._own = 0.0
        self._call = LoopingCall(self._look)
        self._call.clock = reactor
        self._call.start(_TICK_SECONDS)

    def longest(self) -> LongestPause:
        """Since it was last asked for."""
        found = LongestPause(self._late * 1e3, self._own * 1e3)
        self._late = self._own = 0.0
        return found

    def stop(self) -> None:
        """Look no more."""
        self._call.stop()

    def _look(self) -> None:
        now, cpu = time.perf_counter(), time.process_time()
        late = now - self._last - _TICK_SECONDS
        self._late = max(self._late, late)
        self._own = max(self._own, min(late, cpu - self._cpu))
        self._last, self._cpu = now, cpu
