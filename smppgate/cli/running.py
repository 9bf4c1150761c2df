"""Running a command's work on Twisted's reactor, to its end or until a signal.

`twisted.internet.task.react` is not used because it exits the process itself and takes a
Ctrl-C for success.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any, cast

from twisted.internet.defer import CancelledError, Deferred, ensureDeferred
from twisted.internet.interfaces import IReactorCore, IReactorFromThreads, IReactorTime
from twisted.python.failure import Failure

SIGNALLED = 128
"""Added to a signal's number it makes the exit status, as shells have it: 130 for Ctrl-C."""

Work = Callable[[IReactorTime], Coroutine[Any, Any, int]]
"""What a command does: given the reactor, it gives the exit status."""


class Run:
    """One run of ``work``, whose result is the exit status.

    The first SIGINT or SIGTERM cancels the work, which may still tidy up; the second stops the
    reactor at once.
    """

    def __init__(self, reactor: Any) -> None:
        self.status = 0
        self._reactor = reactor
        self._failure: Failure | None = None
        self._signal = 0
        self._done: Deferred[None] | None = None

    def until_done(self, work: Work) -> int:
        """Run the reactor until ``work`` is done; gives the exit status.

        :raises Exception: whatever the work raised.
        """
        reactor = self._reactor
        cast(IReactorCore, reactor).callWhenRunning(self._begin, work)
        cast(IReactorCore, reactor).run()
        if self._signal:
            return SIGNALLED + self._signal
        if self._failure is not None:
            self._failure.raiseException()
        return self.status

    def _begin(self, work: Work) -> None:
        # Only now: the reactor has put its own in place while it started.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._signalled)
        self._done = ensureDeferred(work(self._reactor)).addCallbacks(self._ended, self._failed)
        self._done.addBoth(lambda _: self._stop())

    def _ended(self, status: int) -> None:
        self.status = status

    def _failed(self, failure: Failure) -> None:
        if not (self._signal and failure.check(CancelledError)):
            self._failure = failure

    def _stop(self) -> None:
        if cast(IReactorCore, self._reactor).running:
            self._reactor.stop()

    def _signalled(self, number: int, _frame: FrameType | None) -> None:
        cast(IReactorFromThreads, self._reactor).callFromThread(self._interrupt, number)

    def _interrupt(self, number: int) -> None:
        if self._signal or self._done is None:
            self._stop()
            return
        self._signal = number
        self._done.cancel()


def run_until_done(work: Work) -> int:
    """Run ``work`` on Twisted's reactor; gives its exit status, 128 + n after signal n.

    :raises Exception: whatever the work raised.
    """
    # Which reactor runs is known only now.
    from twisted.internet import reactor  # noqa: PLC0415

    return Run(reactor).until_done(work)
