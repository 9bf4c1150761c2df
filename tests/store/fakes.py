"""Threads that are none, a reactor that is a queue, and stores made of them."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred, execute, fail, succeed
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, LogLevel, globalLogPublisher
from twisted.python.failure import Failure
from zope.interface import implementer

from smppgate.store.records import Durability, Limits
from smppgate.store.sqlite.store import SqliteStore
from smppgate.store.sqlite.worker import Workers

P = ParamSpec("P")
T = TypeVar("T")

BEGUN = 1_800_000_000.0
# Seconds that a thread may take before a test gives up on it.
FOREVER = 30.0
# Seconds ahead that waiting for a thread may go in time.
SOON = 0.02


class InlineWorker:
    """Does all at once; or, while ``holds``, when told to; or, with a ``fault``, nothing.

    While it is ``late`` it does all at once and tells of it when told to.
    """

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.holds = self.late = False
        self.held: deque[Callable[[], None]] = deque()
        self.ran: list[str] = []
        """The names of the functions that were to be run."""

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        self.ran.append(_name(function))
        if self.fault is not None:
            return fail(self.fault)
        if self.late:
            done, told = execute(function, *args, **kwargs), Deferred[T]()
            self.held.append(partial(_tell, done, told))
            return told
        if not self.holds:
            return execute(function, *args, **kwargs)
        result: Deferred[T] = Deferred()
        job: Callable[[], T] = partial(function, *args, **kwargs)
        self.held.append(partial(_finish, job, result))
        return result

    def go_on(self) -> None:
        """Do what was held, and hold nothing any more."""
        self.holds = self.late = False
        while self.held:
            self.held.popleft()()

    def stop(self) -> Deferred[None]:
        self.go_on()
        return succeed(None)


def _finish(job: Callable[[], T], result: Deferred[T]) -> None:
    execute(job).chainDeferred(result)


def _tell(done: Deferred[T], told: Deferred[T]) -> None:
    done.chainDeferred(told)


def _name(function: Callable[..., Any]) -> str:
    while isinstance(function, partial):
        function = function.args[0] if function.args else function.func
    return function.__name__


class Inline:
    """A store in ``directory`` whose threads are none."""

    def __init__(
        self,
        directory: Path,
        limits: Limits | None = None,
        durability: Durability = Durability.PROCESS,
        clock: Clock | None = None,
    ) -> None:
        self.writer, self.reader, self.keeper = (InlineWorker() for _ in range(3))
        self.clock = clock or clock_at(BEGUN)
        self.store = SqliteStore(
            self.clock,
            directory,
            limits or Limits(),
            durability,
            Workers(self.writer, self.reader, self.keeper),
        )

    def open(self) -> SqliteStore:
        self.wait(self.store.open())
        return self.store

    def close(self) -> None:
        self.wait(self.store.close())

    @contextmanager
    def broken_table(self, name: str) -> Generator[None]:
        """A table is not what it should be meanwhile."""
        writer = self.store._disk._database._writer
        assert writer is not None
        writer.execute(f"ALTER TABLE {name} RENAME TO elsewhere")
        yield
        writer.execute(f"ALTER TABLE elsewhere RENAME TO {name}")

    def wait(self, deferred: Deferred[T]) -> T:
        """The result of ``deferred``, which comes with at most a few seconds going by."""
        return wait(self.clock, deferred)


def killed(directory: Path) -> Path:
    """What is left of a store whose process ends now: the files as they are."""
    left = Path(tempfile.mkdtemp(dir=directory.parent, prefix="left-"))
    for file in directory.glob("smppgate.sqlite*"):
        shutil.copy(file, left)
    return left


def clock_at(now: float) -> Clock:
    clock = Clock()
    clock.rightNow = now
    return clock


def wait(clock: Clock, deferred: Deferred[T]) -> T:
    for _ in range(10_000):
        if deferred.called:
            return result_of(deferred)
        clock.advance(0.01)
    raise AssertionError("nothing came")


def result_of(deferred: Deferred[T]) -> T:
    """What ``deferred`` has fired with; raised, if it is an error."""
    outcome: list[Any] = []
    deferred.addBoth(outcome.append)
    assert outcome, "it has not fired"
    if isinstance(outcome[0], Failure):
        outcome[0].raiseException()
    result: T = outcome[0]
    return result


@implementer(IReactorFromThreads)
class ThreadedClock(Clock):
    """A reactor for real threads: what they bring back is done by who waits for it."""

    def __init__(self, now: float = BEGUN) -> None:
        super().__init__()
        self.rightNow = now
        self._calls: SimpleQueue[Callable[[], object]] = SimpleQueue()

    def callFromThread(
        self, callable: Callable[..., Any], *args: object, **kwargs: object
    ) -> None:
        self._calls.put(partial(callable, *args, **kwargs))

    def wait(self, deferred: Deferred[T]) -> T:
        while not deferred.called:
            self.turn()
        return result_of(deferred)

    def turn(self) -> None:
        """Do what is to be done by now, or the next thing that a thread brings."""
        due = any(call.getTime() <= self.seconds() for call in self.calls)
        if due:
            self.advance(0)
        elif self._calls.empty() and self._is_soon():
            # Only what the store paces itself with; what is due in a second is no part of it.
            self.advance(SOON)
        else:
            self._calls.get(timeout=FOREVER)()

    def _is_soon(self) -> bool:
        return any(call.getTime() <= self.seconds() + SOON for call in self.calls)


@contextmanager
def logged() -> Generator[list[LogEvent]]:
    """What is logged as an error or as information meanwhile."""
    events: list[LogEvent] = []

    @implementer(ILogObserver)
    def observe(event: LogEvent) -> None:
        if event.get("log_namespace", "").startswith("smppgate.store"):
            events.append(event)

    globalLogPublisher.addObserver(observe)
    try:
        yield events
    finally:
        globalLogPublisher.removeObserver(observe)


def errors(events: list[LogEvent]) -> list[LogEvent]:
    return [event for event in events if event["log_level"] >= LogLevel.error]


def sqlite_error(name: str, kind: type[sqlite3.Error] = sqlite3.OperationalError) -> sqlite3.Error:
    """An error as SQLite gives it, such as ``SQLITE_FULL``."""
    error = kind(f"a test says {name}")
    error.sqlite_errorname = name
    error.sqlite_errorcode = getattr(sqlite3, name)
    return error


def octets(number: int) -> bytes:
    return b"key-%d" % number


def some(count: int, first: int = 0, value: bytes = b"value-%d") -> dict[bytes, bytes]:
    """So many return paths, each of another key."""
    return {
        octets(it): value % it if b"%" in value else value for it in range(first, first + count)
    }
