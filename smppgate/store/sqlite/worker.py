"""Threads that do one thing after the other.

Twisted's ThreadPool of one thread would do, but for its start, which it makes anybody wait for,
and its end, for which it stops the reactor.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any, NamedTuple, ParamSpec, Protocol, TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorFromThreads
from twisted.python.failure import Failure

P = ParamSpec("P")
T = TypeVar("T")


class AnyWorker(Protocol):
    """What runs functions elsewhere, in the order of the calls."""

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """Call ``function`` elsewhere; fires here with what it returned or raised."""

    def stop(self) -> Deferred[None]:
        """Fires when all that was to run has run, and nothing is left of the worker."""


class Workers(NamedTuple):
    """The threads of one store.

    Batches are written by one and return paths looked up by another. A third takes the write-ahead
    log into the database: with 400 MB of it that is a second, for which neither of them may wait.
    """

    writer: AnyWorker
    reader: AnyWorker
    keeper: AnyWorker


class Worker:
    """A thread, begun with the first function that is to run in it.

    :param reactor: what the results are brought back to.
    :param name: the thread's, for those who look at a process.
    """

    def __init__(self, reactor: IReactorFromThreads, name: str) -> None:
        self._reactor = reactor
        self._name = name
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._thread: Thread | None = None
        self._goes_on = True

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """Call ``function`` in the thread; fires in the reactor's with the result."""
        result: Deferred[T] = Deferred()
        self._jobs.put(partial(self._do, partial(function, *args, **kwargs), result))
        if self._thread is None:
            # A program that ends without a word is not kept from it.
            self._thread = Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        return result

    def stop(self) -> Deferred[None]:
        """Fires when everything has run and the thread is gone."""
        if self._thread is None:
            return succeed(None)
        done: Deferred[None] = Deferred()
        thread, self._thread = self._thread, None
        self._jobs.put(partial(self._end, thread, done))
        return done

    def _work(self) -> None:
        while self._goes_on:
            self._jobs.get()()

    def _do(self, function: Callable[[], T], result: Deferred[T]) -> None:
        answer: Callable[[Any], None] = result.callback
        outcome: Any
        try:
            outcome = function()
        except BaseException:
            answer, outcome = result.errback, Failure()
        self._reactor.callFromThread(answer, outcome)

    def _end(self, thread: Thread, done: Deferred[None]) -> None:
        self._goes_on = False
        self._reactor.callFromThread(_join, thread, done)


def _join(thread: Thread, done: Deferred[None]) -> None:
    # All that it has left to do is to return.
    thread.join()
    done.callback(None)
