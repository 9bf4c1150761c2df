"""When a session ends that was unbound."""

from __future__ import annotations

import pytest

from smppgate.txsmpp.timers import Timers
from smppgate.txsmpp.unbinding import Unbinding

TIMERS = Timers(unbind=2, unbinding=5)


@pytest.mark.parametrize(
    ("is_answered", "has_open", "ends"),
    [(True, False, 10), (True, True, 15), (False, False, 12), (False, True, 15)],
)
def test_it_ends_when_nothing_is_open_or_its_time_is_over(
    is_answered: bool, has_open: bool, ends: float
) -> None:
    unbinding = Unbinding.begun(10, TIMERS, is_answered)
    over = [at for at in range(10, 16) if unbinding.is_over(at, has_open)]
    assert over[0] == ends


def test_it_is_looked_at_when_either_time_is_over() -> None:
    unbinding = Unbinding.begun(10, TIMERS, is_answered=False)
    assert [unbinding.next(now) for now in (10, 11.9, 12)] == [12, 12, 15]
    unbinding.is_answered = True
    assert unbinding.next(10) == 15


def test_a_long_wait_for_the_answer_is_a_long_wait() -> None:
    unbinding = Unbinding.begun(0, Timers(unbind=30, unbinding=5), is_answered=False)
    assert not unbinding.is_over(29, has_open=True)
    assert unbinding.is_over(30, has_open=True)
