"""Stamps are in order, whatever the clock does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from smppgate.store.redis.stamps import STAMP, Stamps, octets_of, stamp_at, stamp_of, time_of
from tests.store.fakes import BEGUN

_TIMES = st.floats(0, 4e9)


@given(st.lists(_TIMES, min_size=2))
def test_each_is_greater_than_all_before(times: list[float]) -> None:
    stamps = Stamps(iter(times).__next__)
    given_out = [stamps.next() for _ in times]
    assert given_out == sorted(set(given_out))
    assert [octets_of(it) for it in given_out] == sorted(map(octets_of, given_out))


@given(_TIMES)
def test_a_stamp_is_a_time_and_six_octets(time: float) -> None:
    stamp = Stamps(lambda: time).next()
    assert stamp_at(time_of(stamp)) == stamp
    assert abs(time_of(stamp) - time) < 1e-3
    octets = octets_of(stamp)
    assert len(octets) == STAMP
    assert stamp_of(octets + b"value") == stamp


def test_many_in_one_moment_are_not_ahead_of_the_clock_by_much() -> None:
    clock = Clock()
    clock.advance(BEGUN)
    stamps = Stamps(clock.seconds)
    for _ in range(64):
        last = stamps.next()
    assert 0 <= time_of(last) - BEGUN < 0.001


def test_none_is_before_what_it_follows() -> None:
    stamps = Stamps(lambda: BEGUN)
    stamps.follow(BEGUN + 100)
    assert time_of(stamps.next()) > BEGUN + 100
    stamps.follow(0.0)
    assert time_of(stamps.next()) > BEGUN + 100
