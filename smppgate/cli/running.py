"""Runs a command's coroutine on Twisted's reactor until it returns or a signal arrives.

`twisted.internet.task.react` is not used because it exits the process itself and reports
success after Ctrl-C.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any, cast

from twisted.internet.defer import CancelledError, Deferred, ensureDeferred
from twisted.internet.interfaces import IReactorCore, IReactorFromThreads, IReactorTime
from twisted.python.failure import Failure

from smppgate.cli.failures import SIGNALLED
from smppgate.txsmpp.clock import use_monotonic

Work = Callable[[IReactorTime], Coroutine[Any, Any, int]]
"""The coroutine function of a command: it takes the reactor and returns the exit status."""


class Run:
    """One run of a reactor for one `Work`.

    The first SIGINT or SIGTERM cancels the work, which may still clean up; the second stops the
    reactor at once.
    """

    def __init__(self, reactor: Any) -> None:
        self._status = 0
        self._reactor = reactor
        self._failure: Failure | None = None
        self._signal = 0
        self._done: Deferred[None] | None = None

    def until_done(self, work: Work) -> int:
        """Run the reactor until ``work`` has ended; returns the exit status.

        :raises Exception: the exception of the work, unless a signal cancelled it.
        """
        reactor = self._reactor
        cast(IReactorCore, reactor).callWhenRunning(self._begin, work)
        cast(IReactorCore, reactor).run()
        if self._signal:
            return SIGNALLED + self._signal
        if self._failure is not None:
            self._failure.raiseException()
        return self._status

    def _begin(self, work: Work) -> None:
        # Set here because the reactor installs handlers of its own while it starts.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._signalled)
        self._done = ensureDeferred(work(self._reactor)).addCallbacks(self._ended, self._failed)
        self._done.addBoth(lambda _: self._stop())

    def _ended(self, status: int) -> None:
        self._status = status

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
    """Run ``work`` on Twisted's reactor; returns its exit status, 128 + n after signal n.

    :raises Exception: the exception of the work, unless a signal cancelled it.
    """
    # The import installs the reactor, which the process may have chosen before this call.
    from twisted.internet import reactor  # noqa: PLC0415

    use_monotonic(reactor)
    return Run(reactor).until_done(work)
