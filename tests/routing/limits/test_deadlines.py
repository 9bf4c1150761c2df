"""What is due comes in the order of deadlines; what is gone is passed over and forgotten."""

from __future__ import annotations

from attrs import define
from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.limits.deadlines import Deadlines


@define(eq=False)
class Thing:
    """It is due at `deadline`."""

    deadline: float
    is_gone: bool = False


def test_the_first_is_the_one_that_is_due_next() -> None:
    deadlines: Deadlines[Thing] = Deadlines()
    assert deadlines.first() is None
    late, early, too = Thing(5.0), Thing(2.0), Thing(2.0)
    for thing in (late, early, too):
        deadlines.add(thing)
    assert deadlines.first() is early
    early.is_gone = True
    deadlines.forget()
    assert deadlines.first() is too
    assert len(deadlines) == 2


@given(st.lists(st.tuples(st.floats(0, 10), st.booleans()), max_size=300))
def test_they_come_in_order_without_those_that_are_gone(given: list[tuple[float, bool]]) -> None:
    deadlines: Deadlines[Thing] = Deadlines()
    things = [Thing(deadline) for deadline, _ in given]
    for thing in things:
        deadlines.add(thing)
    for thing, (_, goes) in zip(things, given, strict=True):
        if goes:
            thing.is_gone = True
            deadlines.forget()
    found = []
    while (first := deadlines.first()) is not None:
        found.append(first.deadline)
        first.is_gone = True
        deadlines.forget()
    assert found == sorted(
        thing.deadline for thing, (_, goes) in zip(things, given, strict=True) if not goes
    )
    assert len(deadlines) == 0


def test_it_is_not_full_of_what_is_gone() -> None:
    deadlines: Deadlines[Thing] = Deadlines()
    for number in range(10_000):
        thing = Thing(float(number))
        deadlines.add(thing)
        thing.is_gone = True
        deadlines.forget()
    assert len(deadlines._heap) < 200
