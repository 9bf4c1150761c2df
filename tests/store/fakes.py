"""Workers without threads, a reactor for real threads, and stores made of them."""

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

from smppgate.store.disk import DiskStore
from smppgate.store.records import Durability, Limits
from smppgate.store.segments.files import FOLDER, Folder
from smppgate.store.segments.indexing import HereJobs
from smppgate.store.segments.setting import Setting
from smppgate.store.segments.sizes import Sizes
from smppgate.store.worker import Workers

P = ParamSpec("P")
T = TypeVar("T")

BEGUN = 1_800_000_000.0
# Seconds after which a test fails that waits for a thread.
THREAD_TIMEOUT = 30.0
# Seconds that the clock may advance while a test waits for a thread.
SOON = 0.02


class Watcher:
    """Writes down what a process hears of a queue."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def came(self, count: int) -> None:
        self.heard.append(f"{count} came")

    def emptied(self) -> None:
        self.heard.append("emptied")

    def granted(self, count: int) -> None:
        self.heard.append(f"granted with {count}")

    def wanted(self) -> None:
        self.heard.append("wanted")

    def news(self) -> list[str]:
        """What it has heard since the last call."""
        heard, self.heard = self.heard, []
        return heard


class InlineWorker:
    """Runs each function at once.

    While it ``holds``, functions run at `go_on`; while it is ``late``, they run at once and their
    Deferreds fire at `go_on`; with a ``fault`` they do not run, and their Deferreds fail with it.
    """

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.holds = self.late = False
        self.held: deque[Callable[[], None]] = deque()
        self.ran: list[str] = []
        """Names of the functions of all calls, in order."""

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        self.ran.append(_name(function))
        if self.fault is not None:
            return fail(self.fault)
        if self.late:
            done, later = execute(function, *args, **kwargs), Deferred[T]()
            self.held.append(partial(_pass_on, done, later))
            return later
        if not self.holds:
            return execute(function, *args, **kwargs)
        result: Deferred[T] = Deferred()
        job: Callable[[], T] = partial(function, *args, **kwargs)
        self.held.append(partial(_finish, job, result))
        return result

    def go_on(self) -> None:
        """Do what was held back, and hold nothing back from now on."""
        self.holds = self.late = False
        while self.held:
            self.held.popleft()()

    def stop(self) -> Deferred[None]:
        self.go_on()
        return succeed(None)


def _finish(job: Callable[[], T], result: Deferred[T]) -> None:
    execute(job).chainDeferred(result)


def _pass_on(done: Deferred[T], later: Deferred[T]) -> None:
    done.chainDeferred(later)


def _name(function: Callable[..., Any]) -> str:
    while isinstance(function, partial):
        function = function.args[0] if function.args else function.func
    return function.__name__


def inline_workers() -> Workers:
    """Threads that are none."""
    return Workers(*(InlineWorker() for _ in Workers._fields))


def setting_in(directory: Path, sizes: Sizes) -> Setting:
    """Segments in a state directory, of which indexes are made here."""
    folder = Folder(directory / FOLDER)
    return Setting(folder, HereJobs(folder), sizes)


class Inline:
    """A store in ``directory`` that runs without threads."""

    def __init__(
        self,
        directory: Path,
        limits: Limits | None = None,
        durability: Durability = Durability.PROCESS,
        clock: Clock | None = None,
        sizes: Sizes | None = None,
    ) -> None:
        self.writer, self.reader, self.keeper = (InlineWorker() for _ in range(3))
        self.log, self.finder, self.helper = (InlineWorker() for _ in range(3))
        self.clock = clock or clock_at(BEGUN)
        self.store = DiskStore(
            self.clock,
            directory,
            limits or Limits(),
            durability,
            Workers(self.writer, self.reader, self.keeper, self.log, self.finder, self.helper),
            setting_in(directory, sizes or Sizes.of(limits or Limits())),
        )

    def open(self) -> DiskStore:
        self.wait(self.store.open())
        return self.store

    def close(self) -> None:
        self.wait(self.store.close())

    @contextmanager
    def broken_table(self, name: str) -> Generator[None]:
        """Statements that use the table fail meanwhile."""
        writer = self.store._queues._disk._database._writer
        assert writer is not None
        writer.execute(f"ALTER TABLE {name} RENAME TO elsewhere")
        yield
        writer.execute(f"ALTER TABLE elsewhere RENAME TO {name}")

    def wait(self, deferred: Deferred[T]) -> T:
        """The result of ``deferred``, advancing the clock by up to 100 seconds."""
        return wait(self.clock, deferred)


def killed(directory: Path) -> Path:
    """A copy of the files of a store as they are, as ``kill -9`` would leave them."""
    left = Path(tempfile.mkdtemp(dir=directory.parent, prefix="left-"))
    for file in directory.glob("smppgate.sqlite*"):
        shutil.copy(file, left)
    if (directory / FOLDER).exists():
        shutil.copytree(directory / FOLDER, left / FOLDER)
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
    """The result that ``deferred`` has fired with; its exception is raised."""
    outcome: list[Any] = []
    deferred.addBoth(outcome.append)
    assert outcome, "it has not fired"
    if isinstance(outcome[0], Failure):
        outcome[0].raiseException()
    result: T = outcome[0]
    return result


@implementer(IReactorFromThreads)
class ThreadedClock(Clock):
    """A reactor for real threads: results that they return are delivered by `wait` and `turn`."""

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
        """Run the calls that are due, or else the next one that a thread hands over."""
        due = any(call.getTime() <= self.seconds() for call in self.calls)
        if due:
            self.advance(0)
        elif self._calls.empty() and self._is_soon():
            # Only the intervals between steps of the store; not its ticks, a second apart.
            self.advance(SOON)
        else:
            self._calls.get(timeout=THREAD_TIMEOUT)()

    def _is_soon(self) -> bool:
        return any(call.getTime() <= self.seconds() + SOON for call in self.calls)


@contextmanager
def logged() -> Generator[list[LogEvent]]:
    """The events that the store logs meanwhile."""
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
    """``count`` return paths of different keys, numbered from ``first``."""
    return {
        octets(it): value % it if b"%" in value else value for it in range(first, first + count)
    }
