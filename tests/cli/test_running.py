"""Running a command's work on a reactor."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from smppgate.cli.running import Run


class FakeReactor:
    """Runs what it was given and then, while it goes on, one event after the other."""

    def __init__(self, *events: Callable[[], None]) -> None:
        self.running = False
        self.events = list(events)
        self.stopped = 0

    def callWhenRunning(self, function: Callable[..., None], *args: object) -> None:
        self.events.insert(0, lambda: function(*args))

    def callFromThread(self, function: Callable[..., None], *args: object) -> None:
        function(*args)

    def run(self) -> None:
        self.running = True
        while self.running and self.events:
            self.events.pop(0)()

    def stop(self) -> None:
        self.stopped += 1
        self.running = False


@pytest.fixture(autouse=True)
def _signal_handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def interrupt(number: int = signal.SIGINT) -> Callable[[], None]:
    """The event that a signal comes."""
    return lambda: signal.raise_signal(number)


async def forever(reactor: IReactorTime) -> int:
    await Deferred[None]()
    return 0


def test_the_status_of_the_work_is_given_and_the_reactor_stopped() -> None:
    async def work(reactor: IReactorTime) -> int:
        return 3

    reactor = FakeReactor()
    assert Run(reactor).until_done(work) == 3
    assert reactor.stopped == 1


def test_work_may_end_later() -> None:
    waiting: Deferred[int] = Deferred()

    async def work(reactor: IReactorTime) -> int:
        return await waiting

    assert Run(FakeReactor(lambda: waiting.callback(4))).until_done(work) == 4


def test_what_the_work_raises_is_raised() -> None:
    async def work(reactor: IReactorTime) -> int:
        raise OSError("no network")

    reactor = FakeReactor()
    with pytest.raises(OSError, match="no network"):
        Run(reactor).until_done(work)
    assert reactor.stopped == 1


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_work_with_the_status_shells_know(number: int, status: int) -> None:
    reactor = FakeReactor(interrupt(number))
    assert Run(reactor).until_done(forever) == status
    assert reactor.stopped == 1


def test_interrupted_work_may_tidy_up_first() -> None:
    tidied: Deferred[None] = Deferred()
    reactor: Any = FakeReactor(interrupt(), lambda: tidied.callback(None))
    seen: list[bool] = []

    async def work(reactor: IReactorTime) -> int:
        try:
            return await forever(reactor)
        finally:
            await tidied
            seen.append(True)

    assert Run(reactor).until_done(work) == 130
    assert seen == [True]


def test_a_second_signal_does_not_wait_for_that() -> None:
    async def work(reactor: IReactorTime) -> int:
        try:
            return await forever(reactor)
        finally:
            await Deferred[None]()

    reactor = FakeReactor(interrupt(), interrupt())
    assert Run(reactor).until_done(work) == 130
    assert reactor.stopped == 1
