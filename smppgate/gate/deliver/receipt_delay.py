"""`ReceiptDelay`: a receipt that leaves on another session than its submit_sm_resp waits a little.

On one session the receipt follows the answer in one stream. An ESME that is bound as transmitter
and as receiver reads two sockets in any order, and a receipt that it reads before the id means
nothing to it: Kannel loses it for good. So such a receipt leaves some time after the answer was
handed to the kernel.

The batches of return paths whose answers left a moment ago say which messages these are, and have
the receipts that wait: they leave together, batch by batch, with one timer for all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall

from smppgate.gate.return_path.commits import Commits
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock

EARLY = 0.001
"""Seconds that a timer may run too early."""


@define(eq=False)
class Answers:
    """Answers that left together, a moment ago or at the end of this turn.

    :ivar keys: those of the return paths of their messages.
    :ivar written_at: when they were handed to the kernel; infinite before that.
    :ivar held: what to call when the time of receipts that wait behind them has come, and how many
        these are.
    """

    keys: Container[bytes]
    written_at: float = float("inf")
    held: list[tuple[Callable[[], None], int]] = field(factory=list)


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
        self._leaving: list[Answers] = []
        # In the order in which they were written.
        self._written: deque[Answers] = deque()
        self._count = 0
        self._timer: IDelayedCall | None = None
        self.change(delay)

    def __len__(self) -> int:
        return self._count

    def change(self, delay: float) -> None:
        """Let receipts wait so long from now on, and those that wait already too."""
        self._delay = delay
        self._commits.leaving = self._answers_leave if delay else None

    def answers(self, key: bytes, now: float) -> Answers | None:
        """Those behind which a receipt about ``key`` has to wait; None if it may leave at once.

        The answer about ``key`` does not wait for the store any more.
        """
        if not self._delay:
            return None
        for answers in self._leaving:
            if key in answers.keys:
                return answers
        since = now - self._delay
        for answers in reversed(self._written):
            if answers.written_at <= since:
                return None
            if key in answers.keys:
                return answers
        return None

    def hold(self, answers: Answers, go_on: Callable[[], None], count: int = 1) -> None:
        """Let ``count`` receipts wait behind ``answers``, until ``go_on`` is called."""
        answers.held.append((go_on, count))
        self._count += count
        if len(answers.held) == 1 and answers.written_at <= self._clock.monotonic():
            self._set_timer()

    def stop(self) -> None:
        """The gate stops: what waits is dropped, and the SMSC sends it again.

        Answers that the store keeps waiting may still leave afterwards: nothing waits for those.
        """
        self.change(0.0)
        self._leaving, self._count = [], 0
        self._written.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _answers_leave(self, keys: Container[bytes]) -> None:
        if not self._leaving:
            self._batch.when_written(self._answers_left)
        self._leaving.append(Answers(keys))

    def _answers_left(self) -> None:
        now, leaving = self._clock.monotonic(), self._leaving
        self._leaving = []
        for answers in leaving:
            answers.written_at = now
        self._written.extend(leaving)
        while self._written and self._is_over(self._written[0], now):
            self._written.popleft()
        if self._count:
            self._set_timer()

    def _is_over(self, answers: Answers, now: float) -> bool:
        return not answers.held and answers.written_at + self._delay <= now

    def _set_timer(self) -> None:
        """For the answers written first that have receipts behind them."""
        first = next((each for each in self._written if each.held), None)
        if first is None:
            return
        due = first.written_at + self._delay
        if self._timer is not None:
            if self._timer.getTime() <= due:
                return
            self._timer.cancel()
        pause = max(0.0, due - self._clock.monotonic())
        self._timer = self._clock.callLater(pause, self._release)

    def _release(self) -> None:
        self._timer = None
        since = self._clock.monotonic() + EARLY - self._delay
        self._batch.open()
        try:
            for answers in list(self._written):
                if answers.written_at > since:
                    break
                held, answers.held = answers.held, []
                for go_on, count in held:
                    self._count -= count
                    go_on()
        finally:
            self._batch.close()
        self._set_timer()
