"""Threads that run one function after the other.

Rejected: Twisted's ThreadPool with one thread. Its owner has to start it, and its ``stop`` blocks
the reactor until the thread has ended.
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
    """Runs functions one after the other, in the order of the calls."""

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """Call ``function``; fires with what it returned, or fails with what it raised."""

    def stop(self) -> Deferred[None]:
        """Fires when all functions have run and the worker has ended."""


class Workers(NamedTuple):
    """The threads of one store.

    Of the database: ``writer`` writes, ``reader`` looks up, ``keeper`` copies the write-ahead log
    into the database, and looks after all files: 400 MB of the log take a second, for which the
    others must not wait. Of the segments: ``log`` writes and syncs what the reactor does not,
    ``finder`` looks up, ``helper`` waits for processes and deletes.
    """

    writer: AnyWorker
    reader: AnyWorker
    keeper: AnyWorker
    log: AnyWorker
    finder: AnyWorker
    helper: AnyWorker


class Worker:
    """A thread, started by the first call of `run`.

    :param reactor: results are returned in its thread.
    :param name: the thread's name, as debuggers show it.
    """

    def __init__(self, reactor: IReactorFromThreads, name: str) -> None:
        self._reactor = reactor
        self._name = name
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._thread: Thread | None = None
        self._is_running = True

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """Call ``function`` in the thread; fires in the reactor's thread with the result."""
        result: Deferred[T] = Deferred()
        self._jobs.put(partial(self._do, partial(function, *args, **kwargs), result))
        if self._thread is None:
            # A daemon thread does not keep a program alive that ends without stopping it.
            self._thread = Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        return result

    def stop(self) -> Deferred[None]:
        """Fires when all functions have run and the thread has ended."""
        if self._thread is None:
            return succeed(None)
        done: Deferred[None] = Deferred()
        thread, self._thread = self._thread, None
        self._jobs.put(partial(self._end, thread, done))
        return done

    def _work(self) -> None:
        while self._is_running:
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
        self._is_running = False
        self._reactor.callFromThread(_join, thread, done)


def _join(thread: Thread, done: Deferred[None]) -> None:
    # The thread has only to return from `_work`: this does not block.
    thread.join()
    done.callback(None)


def store_workers(reactor: IReactorFromThreads) -> Workers:
    """The threads of one store; each starts with its first function."""
    return Workers(*(Worker(reactor, f"store-{name}") for name in Workers._fields))
