"""What a bucket lets through in any second, and over a long time; and that no error adds up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.limits.token_bucket import COALESCED, Rate, TokenBucket, by_rate

RATES = st.one_of(st.floats(0.01, 5000), st.sampled_from([0.5, 1.0, 50.0, 1 / 3, 1000.0]))
BEGINNINGS = st.sampled_from([0.0, 0.1, 12345.678, 1e7])


def taken(bucket: TokenBucket, times: list[float]) -> list[float]:
    """At which of these times a message may go, where one tries at each."""
    gone = []
    for now in times:
        if bucket.has_token(now):
            bucket.take(now)
            gone.append(now)
    return gone


def most_in(gone: list[float], seconds: float) -> int:
    """The most messages in any time of so many seconds."""
    most, first = 0, 0
    for place, now in enumerate(gone):
        while gone[first] < now - seconds:
            first += 1
        most = max(most, place - first + 1)
    return most


@given(RATES, st.floats(1, 50), BEGINNINGS, st.lists(st.floats(0, 0.5), max_size=200))
def test_in_any_second_no_more_go_than_rate_and_burst(
    rate: float, burst: float, begin: float, pauses: list[float]
) -> None:
    now, times = begin, []
    for pause in pauses:
        now += pause
        times += [now] * 5
    gone = taken(TokenBucket(Rate(rate, burst), begin), times)
    assert most_in(gone, 1.0) <= rate + burst + 1
    assert most_in(gone, 10.0) <= 10 * rate + burst + 1


@given(st.floats(0.2, 2000), BEGINNINGS)
def test_who_comes_whenever_a_token_is_due_gets_the_whole_rate(rate: float, begin: float) -> None:
    """With the burst of an SMSC, each time some milliseconds late."""
    burst = max(1.0, rate / 10)
    bucket, now, count = TokenBucket(Rate(rate, burst), begin), begin, 0
    while now < begin + 10:
        while bucket.has_token(now):
            bucket.take(now)
            count += 1
        now = bucket.due(now) + min(0.003, 0.01 / rate)
    assert abs(count - 10 * rate) <= burst + 0.02 * 10 * rate + 1


@pytest.mark.parametrize("rate", [1 / 3, 0.1, 49.7, 999.9])
def test_no_error_adds_up(rate: float) -> None:
    """After a hundred thousand messages the time is what it must be, far from 0 too."""
    begin, count = 7654321.987, 100_000
    bucket = TokenBucket(Rate(rate, 1.0), begin)
    now = begin
    for _ in range(count):
        bucket.take(now)
        now = begin + (bucket.due(now) - begin)
    assert now == pytest.approx(begin + count / rate, abs=1e-3)


def test_a_rate_of_a_half_is_one_message_in_two_seconds() -> None:
    bucket = TokenBucket(Rate(0.5, 1.0), 0.0)
    gone = taken(bucket, [tenth / 10 for tenth in range(101)])
    assert gone == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]


def test_a_message_that_takes_many_is_paid_for_by_those_behind_it() -> None:
    bucket = TokenBucket(Rate(10.0, 2.0), 0.0)
    bucket.take(0.0, 12)
    assert bucket.tokens(0.0) == -10
    assert bucket.due(0.0) == pytest.approx(1.1)
    assert not bucket.has_token(1.0)
    assert bucket.has_token(1.1)


def test_it_is_full_and_no_fuller_after_a_pause() -> None:
    bucket = TokenBucket(Rate(10.0, 3.0), 0.0, tokens=0.0)
    assert bucket.tokens(0.25) == pytest.approx(2.5)
    assert bucket.tokens(1000.0) == 3.0
    bucket.take(1000.0, 2)
    assert bucket.tokens(1000.0) == pytest.approx(1.0)


@pytest.mark.parametrize("rate", [10.0, 100.0, 400.0])
def test_a_small_burst_loses_nothing_by_a_timer_that_is_late(rate: float) -> None:
    """By a millisecond and a half each time."""
    bucket, now, count = TokenBucket(Rate(rate, 1.0), 0.0), 0.0, 0
    while now < 10.0:
        while bucket.has_token(now):
            bucket.take(now)
            count += 1
        now = bucket.due(now) + 0.0015
    assert abs(count - 10 * rate) <= 2


def test_after_a_pause_there_is_the_burst_and_no_more() -> None:
    bucket = TokenBucket(Rate(50.0, 1.0), 0.0)
    bucket.take(0.0)
    assert len(taken(bucket, [1.0] * 5)) == 1


def test_a_fast_one_is_due_when_some_tokens_are_there_together() -> None:
    bucket = TokenBucket(Rate(10_000.0, 1000.0), 0.0, tokens=0.0)
    assert bucket.due(0.0) == pytest.approx(COALESCED)
    # A small burst would be full before.
    small = TokenBucket(Rate(10_000.0, 4.0), 0.0, tokens=0.0)
    assert small.due(0.0) == pytest.approx(0.0002)


def test_a_time_before_the_last_does_no_harm() -> None:
    bucket = TokenBucket(Rate(1.0, 2.0), 100.0)
    bucket.take(100.0)
    bucket.take(99.5)
    assert bucket.tokens(100.0) == 0.0


@given(RATES, RATES, st.floats(1, 50), st.floats(1, 50), st.floats(-5, 50))
def test_another_rate_leaves_it_as_full_in_proportion(
    rate: float, other: float, burst: float, other_burst: float, tokens: float
) -> None:
    bucket = TokenBucket(Rate(rate, burst), 0.0, min(tokens, burst))
    before = bucket.tokens(5.0)
    bucket.change(Rate(other, other_burst), 5.0)
    expected = before / burst * other_burst if before > 0 else before
    assert bucket.tokens(5.0) == pytest.approx(expected)
    # What comes in for a moment after it is full counts, see `TokenBucket`.
    grown = expected + other
    assert bucket.tokens(6.0) in (pytest.approx(grown), pytest.approx(other_burst))
    assert bucket.tokens(6.0) <= other_burst + 1.0
    assert bucket.tokens(6.0) == pytest.approx(grown) or grown > other_burst


def test_a_bucket_goes_by_the_rate_that_there_is_now() -> None:
    rate = Rate(1.0, 2.0)
    bucket = by_rate(None, rate, 0.0)
    assert bucket is not None
    assert bucket.tokens(0.0) == 2.0
    bucket.take(0.0)
    assert by_rate(bucket, rate, 0.0) is bucket
    assert by_rate(bucket, Rate(5.0, 10.0), 0.0) is bucket
    assert bucket.tokens(0.0) == 5.0
    assert by_rate(bucket, None, 0.0) is None
    assert repr(bucket) == "<TokenBucket 5/s>"


def test_a_part_is_filled_by_that_part_and_holds_that_part() -> None:
    """And one token at least."""
    bucket = TokenBucket(Rate(100.0, 50.0), 0.0, part=0.2)
    assert bucket.tokens(0.0) == 10.0
    bucket.take(0.0, 10)
    assert bucket.tokens(0.1) == pytest.approx(2.0)
    assert TokenBucket(Rate(100.0, 50.0), 0.0, part=0.001).tokens(0.0) == 1.0


def test_a_part_that_grows_brings_no_tokens_and_one_that_shrinks_takes_them() -> None:
    bucket = TokenBucket(Rate(100.0, 50.0), 0.0, part=0.2)
    bucket.apportion(0.5, 0.0)
    assert bucket.tokens(0.0) == 10.0
    assert bucket.tokens(0.1) == pytest.approx(15.0)
    bucket.apportion(0.1, 0.1)
    assert bucket.tokens(0.1) == 5.0
    bucket.take(0.1, 8)
    bucket.apportion(1.0, 0.1)
    assert bucket.tokens(0.1) == -3.0


def test_a_part_stays_when_the_whole_limit_changes() -> None:
    """As full in proportion."""
    bucket = TokenBucket(Rate(100.0, 50.0), 0.0, tokens=4.0, part=0.2)
    bucket.change(Rate(200.0, 100.0), 0.0)
    assert bucket.tokens(0.0) == 8.0
    assert bucket.tokens(0.1) == pytest.approx(12.0)


def test_a_part_is_looked_at_again_soon() -> None:
    """It may grow, where the token would come much later."""
    bucket = TokenBucket(Rate(10.0, 10.0), 0.0, part=0.01)
    bucket.take(0.0)
    assert bucket.due(0.0) == 0.1
    bucket.apportion(1.0, 0.0)
    assert bucket.due(0.0) == pytest.approx(0.1)
    bucket.take(0.0)
    assert bucket.due(0.0) == pytest.approx(0.2)


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(1, 4), st.sampled_from([0.1, 0.5, 1.0]))))
def test_all_that_was_taken_is_counted(steps: list[tuple[float, int, float]]) -> None:
    """Whether the bucket was full meanwhile, or is another's in part."""
    bucket, now, all_taken = TokenBucket(Rate(2.0, 3.0), 0.0), 0.0, 0
    for pause, count, part in steps:
        now += pause
        bucket.take(now, count)
        all_taken += count
        bucket.apportion(part, now)
        if bucket.take_if_any(now, 1):
            bucket.give_back(1)
        assert bucket.all_taken == all_taken
