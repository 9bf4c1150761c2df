"""The histogram of latencies: percentiles as good as promised, in a table that does not grow."""

from __future__ import annotations

import sys
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.cli.latencies import LONGEST, SHORTEST, Latencies

inside = st.floats(SHORTEST, LONGEST)
anything = st.floats(0.0, 1e9)
percents = st.floats(0.001, 100.0)


def counted(values: list[float]) -> Latencies:
    latencies = Latencies()
    for value in values:
        latencies.add(value)
    return latencies


def exact(values: list[float], percent: float) -> float:
    """The nearest rank, by sorting."""
    return sorted(values)[ceil(len(values) * percent / 100) - 1]


@given(st.lists(inside, min_size=1), percents)
def test_percentiles_are_within_one_percent(values: list[float], percent: float) -> None:
    """Of those found by sorting, for latencies from a microsecond to an hour."""
    told, true = counted(values).percentile(percent), exact(values, percent)
    assert abs(told - true) <= 0.01 * true


@given(st.lists(st.floats(0.0001, 0.0102), min_size=200, max_size=400))
def test_percentiles_of_many_are_within_one_percent(values: list[float]) -> None:
    """Also where buckets hold several."""
    latencies = counted(values)
    for percent in (50, 90, 99):
        true = exact(values, percent)
        assert abs(latencies.percentile(percent) - true) <= 0.01 * true


@given(st.lists(anything, min_size=1))
def test_the_longest_is_exact(values: list[float]) -> None:
    """And all are counted, within the range or not."""
    latencies = counted(values)
    assert latencies.longest == max(values)
    assert len(latencies) == len(values)


@given(st.lists(anything, min_size=1), percents, percents)
def test_percentiles_rise(values: list[float], one: float, other: float) -> None:
    """A higher percentage is never told less, and none more than the longest."""
    latencies = counted(values)
    low, high = sorted((one, other))
    told = latencies.percentile(low), latencies.percentile(high), latencies.longest
    assert list(told) == sorted(told)


@given(st.lists(anything))
def test_the_table_does_not_grow(values: list[float]) -> None:
    """However many there are."""
    empty, full = Latencies(), counted(values)
    assert len(full._counts) == len(empty._counts)
    assert sys.getsizeof(full._counts) == sys.getsizeof(empty._counts)


def test_what_lies_outside_counts_as_the_end_of_the_range() -> None:
    """Shorter than a microsecond, or a clock set back; longer than an hour."""
    assert counted([0.0, -1.0, 0.5, 1.0, 2.0]).percentile(20) == pytest.approx(SHORTEST, rel=0.01)
    assert counted([7200.0, 7201.0]).percentile(50) == pytest.approx(LONGEST, rel=0.01)


def test_without_latencies_there_is_no_percentile() -> None:
    """Asking for one is an error."""
    with pytest.raises(ValueError, match="no latency"):
        Latencies().percentile(50)


@given(st.lists(anything), st.lists(anything))
def test_merged_latencies_are_as_if_counted_together(one: list[float], other: list[float]) -> None:
    """Counts, the longest and the average."""
    merged, together = counted(one), counted([*one, *other])
    merged.merge(counted(other))
    assert merged._counts == together._counts
    assert merged.longest == together.longest
    assert merged.average == pytest.approx(together.average)


def test_the_average_is_exact() -> None:
    """And 0.0 where there is none."""
    assert counted([0.1, 0.2, 0.6]).average == pytest.approx(0.3)
    assert Latencies().average == 0.0
