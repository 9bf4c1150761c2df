"""Signals of this process, with a reactor that the test runs."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from smppgate.daemon.signals import Signals


class Reactor:
    """Runs nothing by itself."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], object]] = []
        self.running: list[Callable[[], object]] = []
        self.stops: list[int] = []

    def callWhenRunning(self, function: Callable[[], object]) -> None:
        """Keep it."""
        self.running.append(function)

    def callFromThread(self, function: Any, *args: Any) -> None:
        """Keep it."""
        self.calls.append(lambda: function(*args))

    def sigTerm(self, number: int, frame: object = None) -> None:
        """Stop."""
        self.stops.append(number)

    def sigInt(self, number: int, frame: object = None) -> None:
        """Stop."""
        self.stops.append(number)

    def run(self) -> None:
        """Start as Twisted's reactors do, then run what is called."""
        if self.running:
            signal.signal(signal.SIGTERM, self.sigTerm)
            signal.signal(signal.SIGINT, self.sigInt)
        for each in (*self.running, *self.calls):
            each()
        self.running, self.calls = [], []


class Desk:
    """Signals and what they lead to."""

    def __init__(self) -> None:
        self.reactor = Reactor()
        self.done: list[Any] = []
        meaning: dict[signal.Signals, Callable[[], None]] = {
            signal.SIGHUP: lambda: self.done.append("hup"),
            signal.SIGUSR1: lambda: self.done.append("usr1"),
        }
        self.is_stopping = False
        self.signals = Signals(self.reactor, meaning, lambda: self.is_stopping, self.done.append)

    def send(self, number: int) -> None:
        """Send it to this process, and let the reactor run."""
        os.kill(os.getpid(), number)
        self.reactor.run()


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Tests after this one want the handlers as they were."""
    numbers = (signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM, signal.SIGINT)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def desk() -> Desk:
    """Signals that are installed, and a reactor that runs."""
    desk = Desk()
    desk.signals.install()
    desk.reactor.run()
    return desk


def test_a_signal_does_what_it_means_in_the_reactors_turn(desk: Desk) -> None:
    os.kill(os.getpid(), signal.SIGHUP)
    assert desk.done == []
    desk.reactor.run()
    desk.send(signal.SIGUSR1)
    assert desk.done == ["hup", "usr1"]


def test_the_first_to_stop_is_the_reactors_and_the_second_cuts(desk: Desk) -> None:
    desk.send(signal.SIGTERM)
    assert (desk.reactor.stops, desk.done) == ([signal.SIGTERM], [])
    desk.send(signal.SIGINT)
    assert (desk.reactor.stops, desk.done) == ([signal.SIGTERM], [signal.SIGINT])


def test_two_in_one_turn_are_two(desk: Desk) -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    desk.send(signal.SIGTERM)
    assert (desk.reactor.stops, desk.done) == ([signal.SIGTERM], [signal.SIGTERM])


def test_a_process_that_stops_already_is_cut_by_the_first(desk: Desk) -> None:
    """It stops by itself, or was told before the handlers were set."""
    desk.is_stopping = True
    desk.send(signal.SIGTERM)
    assert (desk.reactor.stops, desk.done) == ([], [signal.SIGTERM])


def test_the_third_ends_the_process_even_if_the_reactor_is_held_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[tuple[int, int]] = []
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGTERM)
    kill = os.kill
    monkeypatch.setattr(os, "kill", lambda *args: killed.append(args))
    kill(os.getpid(), signal.SIGTERM)
    assert killed == [(os.getpid(), signal.SIGTERM)]
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_signal_that_is_ignored_or_anothers_stays_so() -> None:
    """As SIGINT does under nohup, and whatever a .tac file handles."""

    def of_host(*_: object) -> None:
        """A handler of somebody else."""

    desk = Desk()
    signal.signal(signal.SIGUSR1, of_host)
    desk.signals.install()
    for each in desk.reactor.running:
        # The reactor has not set its own.
        each()
    assert signal.getsignal(signal.SIGUSR1) is of_host
    assert signal.getsignal(signal.SIGHUP) == desk.signals._signalled


def test_what_twistd_does_at_sigusr1_is_replaced() -> None:
    """It would move the log file that logrotate has moved."""

    def rotate(*_: object) -> None:
        """Twistd's."""

    rotate.__module__ = "twisted.scripts._twistd_unix"
    desk = Desk()
    signal.signal(signal.SIGUSR1, rotate)
    desk.signals.install()
    desk.send(signal.SIGUSR1)
    assert desk.done == ["usr1"]


def test_handlers_can_be_put_back(desk: Desk) -> None:
    desk.signals.restore()
    assert signal.getsignal(signal.SIGTERM) == desk.reactor.sigTerm
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_DFL
