"""`AskingAgain`: the return paths that receipts wait for are asked of other processes again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from twisted.internet.interfaces import IDelayedCall

from smppgate.gate.return_path.keeper import ReturnPathKeeper
from smppgate.store import Found
from smppgate.txsmpp.clock import Clock

TIMES = (0.005, 0.02, 0.08, 0.32)
"""Seconds from the arrival of a receipt at which it is asked again: an answer that is under way
comes soon, and who has not been answered for long is not asked often."""


class _Asking(NamedTuple):
    """The keys that a receipt waits for, and when it came."""

    keys: tuple[bytes, ...]
    at: float


class AskingAgain:
    """Asks elsewhere for what receipts wait for, with one timer for all.

    :param is_waited_for: whether a receipt still waits for a key.
    :param arrived: called with a key, and what another process has under it.
    """

    def __init__(
        self,
        clock: Clock,
        return_paths: ReturnPathKeeper,
        is_waited_for: Callable[[bytes], bool],
        arrived: Callable[[bytes, bytes], None],
    ) -> None:
        self._clock = clock
        self._return_paths = return_paths
        self._is_waited_for = is_waited_for
        self._arrived = arrived
        # For each of `TIMES` what is asked then, in order.
        self._due: tuple[deque[_Asking], ...] = tuple(deque() for _ in TIMES)
        self._timer: IDelayedCall | None = None

    def add(self, keys: tuple[bytes, ...], at: float) -> None:
        """A receipt that came at ``at`` waits for the return path of any of these keys."""
        if self._return_paths.elsewhere is not None:
            self._due[0].append(_Asking(keys, at))
            self._set_timer()

    def stop(self) -> None:
        """Ask no more."""
        for due in self._due:
            due.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self) -> None:
        first = min(
            (due[0].at + time for due, time in zip(self._due, TIMES, strict=True) if due),
            default=None,
        )
        if first is None:
            return
        if self._timer is not None:
            if self._timer.getTime() <= first:
                return
            self._timer.cancel()
        pause = max(0.0, first - self._clock.monotonic())
        self._timer = self._clock.callLater(pause, self._ask)

    def _ask(self) -> None:
        self._timer = None
        elsewhere = self._return_paths.elsewhere
        for keys in self._taken(self._clock.monotonic()):
            if elsewhere is not None:
                elsewhere.ask(keys, self._answered)
        self._set_timer()

    def _taken(self, now: float) -> Iterator[list[bytes]]:
        """The keys of receipts that are due; each is due at the next of its times then."""
        for at in reversed(range(len(TIMES))):
            due = self._due[at]
            while due and due[0].at + TIMES[at] <= now + 0.001:
                asking = due.popleft()
                keys = list(filter(self._is_waited_for, asking.keys))
                if not keys:
                    continue
                if at + 1 < len(TIMES):
                    self._due[at + 1].append(asking)
                yield keys

    def _answered(self, found: Found) -> None:
        for key, value in found.paths.items():
            self._arrived(key, value)
