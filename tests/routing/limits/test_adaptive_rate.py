"""How an SMSC's limit follows what it throttles."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.limits.adaptive_rate import AdaptiveRate, Meter


def sending(rate: AdaptiveRate, per_second: int, begin: float, seconds: float) -> float:
    """So many are sent, evenly; gives when that has ended."""
    count = int(per_second * seconds)
    for at in range(count):
        rate.meter.add(1, begin + at / per_second)
    return begin + seconds


def test_without_throttling_there_is_no_limit() -> None:
    rate = AdaptiveRate()
    now = sending(rate, 100, 0.0, 3.0)
    assert rate.limit(inf, now) == inf
    assert rate.limit(50.0, now) == 50.0


def test_it_begins_with_a_tenth_less_than_what_was_sent() -> None:
    rate = AdaptiveRate()
    now = sending(rate, 100, 0.0, 3.0)
    assert rate.throttled(inf, now)
    assert rate.limit(inf, now) == pytest.approx(90.0, abs=1.0)


def test_it_begins_at_its_rate_where_that_is_less() -> None:
    rate = AdaptiveRate()
    now = sending(rate, 100, 0.0, 3.0)
    rate.throttled(20.0, now)
    assert rate.limit(20.0, now) == 18.0


def test_it_gets_slower_once_a_second_at_most() -> None:
    """However many messages were throttled in it."""
    rate = AdaptiveRate()
    now = sending(rate, 100, 0.0, 3.0)
    slowed = [rate.throttled(inf, now + at / 10) for at in range(25)]
    assert [at / 10 for at, is_slower in enumerate(slowed) if is_slower] == [0.0, 1.0, 2.0]
    assert rate.limit(inf, now + 2.0) == pytest.approx(90 * (1.01 * 0.9) ** 2, rel=0.02)


def test_it_gets_a_hundredth_faster_each_second_up_to_its_rate() -> None:
    rate = AdaptiveRate()
    now = sending(rate, 100, 0.0, 3.0)
    rate.throttled(100.0, now)
    begin = rate.limit(100.0, now)
    # Someone sends all that there may be.
    now = sending(rate, 90, now, 5.0)
    assert rate.limit(100.0, now) == pytest.approx(begin * 1.01**5)
    now = sending(rate, 100, now, 20.0)
    assert rate.limit(100.0, now) == 100.0
    # And is as it was before.
    assert not rate.limit(inf, now) < inf


def test_far_above_what_is_sent_it_is_no_limit_any_more() -> None:
    rate = AdaptiveRate()
    now = sending(rate, 20, 0.0, 3.0)
    rate.throttled(inf, now)
    now = sending(rate, 5, now, 60.0)
    assert rate.limit(inf, now) < inf
    now = sending(rate, 5, now, 12.0)
    assert rate.limit(inf, now) == inf


def test_while_it_is_what_holds_messages_up_it_stays_a_limit() -> None:
    rate = AdaptiveRate()
    now = sending(rate, 10, 0.0, 3.0)
    rate.throttled(inf, now)
    for _ in range(100):
        now = sending(rate, int(rate.limit(inf, now)), now, 1.0)
        assert rate.limit(inf, now) < inf


def test_it_does_not_get_slower_than_one_a_second() -> None:
    rate = AdaptiveRate()
    rate.meter.add(1, 0.0)
    for second in range(10):
        rate.throttled(inf, float(2 * second))
    assert rate.limit(inf, 18.0) == 1.0
    slow = AdaptiveRate()
    slow.meter.add(1, 0.0)
    slow.throttled(0.5, 0.0)
    assert slow.limit(0.5, 0.0) == 0.5


def test_a_long_time_later_it_is_no_limit() -> None:
    rate = AdaptiveRate()
    now = sending(rate, 10, 0.0, 1.0)
    rate.throttled(inf, now)
    assert rate.limit(inf, now + 1e9) == inf


@given(st.lists(st.floats(0, 0.4), min_size=1, max_size=100))
def test_a_meter_counts_the_last_second(pauses: list[float]) -> None:
    """Within what was sent in the last two."""
    meter, now, sent = Meter(), 100.0, []
    for pause in pauses:
        now += pause
        meter.add(1, now)
        sent.append(now)
    found = meter.per_second(now)
    assert found <= sum(1 for at in sent if at > now - 2.0001)
    assert found >= 1 or now - sent[-1] > 0
    assert meter.per_second(now + 2.0) == 0.0


def test_a_meter_of_an_even_stream() -> None:
    meter = Meter()
    for at in range(500):
        meter.add(1, at / 100)
    assert meter.per_second(4.995) == pytest.approx(100, abs=1)
