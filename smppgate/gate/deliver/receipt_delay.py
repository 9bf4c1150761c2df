"""`ReceiptDelay`: a receipt that leaves on another session than its submit_sm_resp waits a little.

On one session the receipt follows the answer in one stream. An ESME that is bound as transmitter
and as receiver reads two sockets in any order, and a receipt that it reads before the id means
nothing to it: Kannel loses it for good. So such a receipt leaves some time after the answer was
handed to the kernel.

The batches of return paths whose answers left a moment ago say which messages these are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container
from heapq import heappop, heappush
from itertools import count

from twisted.internet.interfaces import IDelayedCall

from smppgate.gate.return_path.commits import Commits
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock


class ReceiptDelay:
    """Receipts that wait, and the messages whose answers left a moment ago.

    :param commits: tells which answers leave.
    :param batch: tells when they have left.
    :param delay: seconds from an answer to its receipt at the least; 0 never waits.
    """

    def __init__(self, clock: Clock, batch: Batch, commits: Commits, delay: float) -> None:
        self._clock = clock
        self._batch = batch
        self._commits = commits
        self._delay = delay
        # Keys of messages whose answers are in an outbox, and those whose answers are written.
        self._leaving: list[Container[bytes]] = []
        self._written: deque[tuple[float, Container[bytes]]] = deque()
        self._waiting: list[tuple[float, int, Callable[[], None]]] = []
        self._serials = count()
        self._timer: IDelayedCall | None = None
        self.change(delay)

    def __len__(self) -> int:
        return len(self._waiting)

    def change(self, delay: float) -> None:
        """Let receipts wait so long from now on; those that are held are not held longer."""
        self._delay = delay
        self._commits.leaving = self._answers_leave if delay else None

    def due(self, key: bytes, now: float) -> float | None:
        """When a receipt about ``key`` may leave on any session; None for at once.

        The answer about ``key`` does not wait for the store any more.
        """
        if not self._delay:
            return None
        # Where answers do not wait for the store, they leave before their batch is kept.
        if not self._commits.waits and self._commits.recent(key) is not None:
            return now + self._delay
        for keys in self._leaving:
            if key in keys:
                return now + self._delay
        for written, keys in reversed(self._written):
            if written + self._delay <= now:
                return None
            if key in keys:
                return written + self._delay
        return None

    def hold(self, due: float, go_on: Callable[[], None]) -> None:
        """Call ``go_on`` at ``due``, as `due` has it."""
        heappush(self._waiting, (due, next(self._serials), go_on))
        self._set_timer()

    def stop(self) -> None:
        """The gate stops: what waits is dropped, and the SMSC sends it again."""
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _answers_leave(self, keys: Container[bytes]) -> None:
        if not self._leaving:
            self._batch.when_written(self._answers_left)
        self._leaving.append(keys)

    def _answers_left(self) -> None:
        now = self._clock.monotonic()
        self._written.extend((now, keys) for keys in self._leaving)
        self._leaving = []
        while self._written[0][0] + self._delay <= now:
            self._written.popleft()

    def _set_timer(self) -> None:
        """One timer, for the receipt that is due first."""
        first = self._waiting[0][0]
        if self._timer is not None and self._timer.getTime() > first:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            delay = max(0.0, first - self._clock.monotonic())
            self._timer = self._clock.callLater(delay, self._go_on)

    def _go_on(self) -> None:
        self._timer = None
        # Timers may run a thousandth of a second early.
        now = self._clock.monotonic() + 0.001
        self._batch.open()
        try:
            while self._waiting and self._waiting[0][0] <= now:
                _, _, go_on = heappop(self._waiting)
                go_on()
        finally:
            self._batch.close()
        if self._waiting:
            self._set_timer()
