"""`Agenda`: what is to happen, in order."""

from __future__ import annotations

import pytest
from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall
from zope.interface.verify import verifyObject

from tests.simulation.clock import BEGINNING, Agenda, WorldClock


def agenda() -> tuple[WorldClock, Agenda, list[str]]:
    """An agenda, its clock, and what is noted when something happens."""
    clock = WorldClock()
    return clock, Agenda(clock), []


def test_calls_of_one_time_come_in_the_order_they_were_made() -> None:
    """Time comes first, and then who was first."""
    clock, plan, noted = agenda()
    for delay, name in ((2.0, "late"), (1.0, "one"), (1.0, "two")):
        plan.call(delay, noted.append, name)
    clock.advance_to(1.0)
    plan.run_due()
    assert noted == ["one", "two"]
    assert plan.next() == 2.0


def test_what_is_made_meanwhile_comes_next_time() -> None:
    """As with a reactor, whose turn ends."""
    _, plan, noted = agenda()
    plan.call(0.0, lambda: plan.call(0.0, noted.append, "next"))
    plan.run_due()
    assert not noted
    plan.run_due()
    assert noted == ["next"]


def test_a_call_can_be_moved_and_cancelled() -> None:
    """As Twisted's can."""
    clock, plan, noted = agenda()
    call = plan.call(1.0, noted.append, "moved")
    verifyObject(IDelayedCall, call)
    call.reset(3.0)
    gone = plan.call(1.0, noted.append, "gone")
    gone.cancel()
    with pytest.raises(AlreadyCancelled):
        gone.cancel()
    clock.advance_to(2.0)
    plan.run_due()
    assert not noted
    assert plan.waiting() == [call]
    clock.advance_to(3.0)
    plan.run_due()
    assert noted == ["moved"]
    assert not call.active()
    with pytest.raises(AlreadyCalled):
        call.reset(1.0)


def test_the_wall_clock_is_stepped_alone() -> None:
    """Time itself goes forward only."""
    clock = WorldClock()
    clock.advance_to(5.0)
    clock.advance_to(1.0)
    clock.stepped = -3.0
    assert (clock.now, clock.wall()) == (5.0, BEGINNING + 2.0)
