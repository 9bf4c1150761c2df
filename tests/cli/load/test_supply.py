"""The messages still to be sent, and when they fall due."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from smppgate.cli.load.supply import Supply


@given(st.integers(1, 1000), st.lists(st.integers(1, 100)))
def test_it_hands_out_its_count_and_no_more(count: int, wanted: list[int]) -> None:
    """However they are asked for."""
    supply = Supply(count, None)
    assert supply.release(0.0) == count
    taken = [supply.take(each) for each in wanted]
    assert sum(taken) == min(count, sum(wanted))
    assert all(got <= want for got, want in zip(taken, wanted, strict=True))
    assert supply.is_empty == (sum(wanted) >= count)


def test_before_the_first_release_nothing_is_due() -> None:
    """With and without a rate; it is not empty for that."""
    for supply in (Supply(3, None), Supply(3, 10.0)):
        assert supply.take(1) == 0
        assert not supply.is_empty


def test_without_a_count_it_ends_when_told() -> None:
    """It gives whatever is asked, until it is stopped."""
    supply = Supply(None, None)
    supply.release(0.0)
    assert supply.take(10**6) == 10**6
    assert not supply.is_empty
    supply.stop()
    assert [supply.is_empty, supply.take(1)] == [True, 0]


@given(
    st.floats(0.01, 1e5),
    st.lists(st.tuples(st.floats(0, 1), st.integers(1, 1000)), min_size=1),
)
def test_with_a_rate_they_fall_due_in_time(rate: float, steps: list[tuple[float, int]]) -> None:
    """Never more than the rate allows, the first at once; what was not taken stays due."""
    supply, elapsed, taken = Supply(None, rate), 0.0, 0
    assert supply.take(1) == 0
    for step, wanted in steps:
        elapsed += step
        due = supply.release(elapsed)
        assert abs(taken + due - (elapsed * rate + 1)) <= 1.001
        got = supply.take(wanted)
        assert got == min(wanted, due)
        taken += got


def test_a_message_that_is_due_exactly_now_is_due() -> None:
    """Rounding in the clock does not hold it back: 0.1 + 0.2 seconds are three tenths."""
    supply = Supply(None, 10.0)
    due = [supply.release(tenths * 0.1) for tenths in range(1, 100)]
    assert due == list(range(2, 101))


def test_a_rate_does_not_lift_the_count() -> None:
    """The last message is the last."""
    supply = Supply(3, 100.0)
    assert supply.release(10.0) == 3
    assert supply.take(10) == 3
    assert supply.is_empty
