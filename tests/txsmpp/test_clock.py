"""Timers go by the monotonic clock, whatever the reactor goes by."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import Clock as Reactor
from twisted.internet.task import LoopingCall
from zope.interface.verify import verifyObject

from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import LATE, Clock, use_monotonic
from tests.txsmpp.test_batch import Outbox


class TwoClocks:
    """A reactor on a wall clock, beside a monotonic clock; both are stepped by hand."""

    def __init__(self) -> None:
        self.reactor = Reactor()
        self.monotonic = 0.0
        self.clock = Clock(self.reactor, lambda: self.monotonic, self.reactor.seconds)
        self.called: list[float] = []

    def call(self) -> None:
        """Note when this is called, on the monotonic clock."""
        self.called.append(self.monotonic)

    def pass_by(self, seconds: float) -> None:
        """Time goes by, on both."""
        self.monotonic += seconds
        self.reactor.advance(seconds)

    def set_wall(self, by: float) -> None:
        """The wall clock is set, forward or back."""
        if by > 0:
            self.reactor.advance(by)
        else:
            self.reactor.rightNow += by


def test_the_interfaces_are_twisted_s_own() -> None:
    clock = Clock(Reactor())
    assert verifyObject(IReactorTime, clock)
    assert verifyObject(IDelayedCall, clock.callLater(1, list))


def test_a_wall_clock_set_forward_lets_no_timer_run_before_its_time() -> None:
    """By an hour, with 30 s to go: the timer still runs 30 s later."""
    clocks = TwoClocks()
    clocks.clock.callLater(30.0, clocks.call)
    clocks.set_wall(3600.0)
    assert clocks.called == []
    for _ in range(60):
        clocks.pass_by(1.0)
    assert clocks.called == [30.0]


@given(
    delay=st.floats(0.01, 100.0),
    steps=st.lists(st.tuples(st.floats(0.0, 20.0), st.floats(0.0, 1e5)), max_size=8),
)
def test_no_timer_ever_runs_before_its_time(
    delay: float, steps: list[tuple[float, float]]
) -> None:
    """However often the wall clock is set forward; and it runs once, as soon as it is due."""
    clocks = TwoClocks()
    clocks.clock.callLater(delay, clocks.call)
    for seconds, forward in steps:
        clocks.pass_by(seconds)
        clocks.set_wall(forward)
    clocks.pass_by(delay + 1.0)
    assert len(clocks.called) == 1
    assert clocks.called[0] >= delay - 0.0011


def test_a_late_timer_lets_one_turn_of_the_reactor_pass() -> None:
    """What happens in that turn, as the sockets are read, happens before."""
    reactor = Reactor()
    clock = Clock(reactor, reactor.seconds, reactor.seconds)
    happened: list[str] = []
    clock.callLater(1.0, happened.append, "timeout")
    reactor.callLater(1.0 + LATE + 1.0, happened.append, "read")
    reactor.advance(10.0)
    assert happened == ["read", "timeout"]


def test_a_timer_in_time_waits_for_nothing() -> None:
    reactor = Reactor()
    clock = Clock(reactor, reactor.seconds, reactor.seconds)
    happened: list[str] = []
    clock.callLater(1.0, happened.append, "timeout")
    reactor.callLater(1.0 + LATE / 2, happened.append, "read")
    reactor.advance(1.0 + LATE / 2)
    assert happened == ["timeout", "read"]


def test_a_timer_is_moved_and_cancelled_as_twisted_s_are() -> None:
    clocks = TwoClocks()
    call = clocks.clock.callLater(10.0, clocks.call)
    assert (call.getTime(), call.active()) == (10.0, True)
    call.reset(5.0)
    call.delay(1.0)
    assert call.getTime() == 6.0
    clocks.pass_by(6.0)
    assert (clocks.called, call.active()) == ([6.0], False)
    with pytest.raises(AlreadyCalled):
        call.cancel()
    other = clocks.clock.callLater(10.0, clocks.call)
    other.cancel()
    with pytest.raises(AlreadyCancelled):
        other.cancel()
    clocks.pass_by(20.0)
    assert clocks.called == [6.0]


def test_a_timer_that_was_set_again_can_be_cancelled_still() -> None:
    """After the wall clock was set forward: no call is left in the reactor."""
    clocks = TwoClocks()
    call = clocks.clock.callLater(30.0, clocks.call)
    clocks.set_wall(3600.0)
    call.cancel()
    assert clocks.clock.getDelayedCalls() == []


def test_twisted_s_own_loops_go_by_it() -> None:
    """`LoopingCall` reads ``seconds`` of the clock it is given."""
    clocks = TwoClocks()
    loop = LoopingCall(clocks.call)
    loop.clock = clocks.clock
    loop.start(10.0, now=False)
    clocks.set_wall(1000.0)
    clocks.pass_by(10.0)
    clocks.pass_by(10.0)
    loop.stop()
    assert clocks.called == [10.0, 20.0]


def test_writing_does_not_stop_for_an_hour_when_the_clock_is_set_back_by_one() -> None:
    """The end of the turn was scheduled just before; the next session noted schedules it again."""
    clocks = TwoClocks()
    batch, session, other = Batch(clocks.clock), Outbox(), Outbox()
    batch.add(session)
    clocks.set_wall(-3600.0)
    clocks.pass_by(2.0)
    assert session.flushes == 0
    batch.add(other)
    clocks.pass_by(0.0)
    assert (session.flushes, other.flushes) == (1, 1)
    assert clocks.reactor.getDelayedCalls() == []


def test_calls_for_the_end_of_the_turn_come_before_the_writes() -> None:
    """Each once, and one that fails keeps none of the others back."""
    reactor = Reactor()
    batch, session = Batch(reactor), Outbox()
    seen: list[int] = []
    batch.add(session)
    batch.at_end(lambda: seen.append(1 // 0))
    batch.at_end(lambda: seen.append(session.flushes))
    reactor.advance(0)
    reactor.advance(0)
    assert (seen, session.flushes) == ([0], 1)


def test_the_clock_of_a_reactor_on_wall_time_has_a_monotonic_reading_all_the_same() -> None:
    class Wall(Reactor):
        seconds = staticmethod(time.time)

    clock = Clock.of(Wall())
    assert (clock.monotonic, clock.wall) == (time.monotonic, time.time)
    assert Clock.of(clock) is clock


def test_a_reactor_that_makes_its_own_time_is_read_for_both() -> None:
    """Unless it has a wall clock of its own."""

    class Stepped(Reactor):
        def wall(self) -> float:
            return self.seconds() + 1e9

    reactor = Reactor()
    reactor.advance(7.0)
    assert (Clock.of(reactor).monotonic(), Clock.of(reactor).wall()) == (7.0, 7.0)
    assert Clock.of(Stepped()).wall() == 1e9


def test_a_reactor_is_set_to_the_monotonic_clock_before_anything_is_scheduled() -> None:
    """Later, its calls would be due at times of another clock. Once set, again is no error."""

    class Real(Reactor):
        seconds = staticmethod(time.time)

    reactor = Real()
    use_monotonic(reactor)
    assert reactor.seconds is time.monotonic
    reactor.callLater(1, list)
    use_monotonic(reactor)
    simulated = Reactor()
    use_monotonic(simulated)
    assert simulated.seconds() == 0.0
    busy = Real()
    busy.callLater(1, list)
    with pytest.raises(RuntimeError, match="before anything is scheduled"):
        use_monotonic(busy)
    assert busy.seconds is time.time
