"""Samples of workers as those of one gate."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.admin.shapes import iso
from smppgate.observe import COLUMNS
from smppgate.workers.joining.history import joined_history

START = 1_800_000_000
MESSAGES = COLUMNS.index("messages")
LATENCY = COLUMNS.index("latency_seconds")


def sample(time: float, *messages: int, latency: float = 0.1) -> list[Any]:
    """One in which SMSCs have answered so many, all at the same speed."""
    totals = [sum(messages), sum(messages), 0, 0, 0, 0, latency]
    return [iso(START + time), *totals, [*messages], [latency] * len(messages)]


def told(*samples: list[Any], smscs: tuple[str, ...] = ("alpha", "beta")) -> dict[str, Any]:
    return {"smscs": list(smscs), "samples": list(samples)}


def test_what_happened_in_one_second_is_one_sample() -> None:
    found = joined_history(
        [
            told(sample(0.25, 10, 0, latency=0.1), sample(1.25, 1, 1), sample(2.25, 5, 0)),
            told(sample(0.75, 30, 2, latency=0.2), sample(1.75, 2, 2)),
        ],
        0.0,
        START + 2.9,
    )
    first, second = found["samples"]
    assert (first[0], second[0]) == (iso(START + 1), iso(START + 2))
    assert (first[MESSAGES], second[MESSAGES]) == (42, 6)
    assert first[len(COLUMNS)] == [40, 2]
    assert first[LATENCY] == pytest.approx((10 * 0.1 + 32 * 0.2) / 42)
    assert first[len(COLUMNS) + 1] == pytest.approx([(10 * 0.1 + 30 * 0.2) / 40, 0.2])
    assert found["columns"] == list(COLUMNS)


def test_a_second_that_is_not_over_comes_with_the_next_look() -> None:
    parts = [told(sample(0.5, 1, 0), sample(1.5, 2, 0))]
    found = joined_history(parts, 0.0, START + 1.7)
    assert [each[MESSAGES] for each in found["samples"]] == [1]
    found = joined_history(parts, START + 1.0, START + 2.0)
    assert [each[MESSAGES] for each in found["samples"]] == [2]


def test_workers_that_know_other_smscs_are_joined_by_name() -> None:
    found = joined_history(
        [
            told(sample(0.5, 1, 2)),
            told(sample(0.6, 30, 20, 10), smscs=("beta", "gamma", "alpha")),
        ],
        0.0,
        START + 1.0,
    )
    assert found["smscs"] == ["alpha", "beta", "gamma"]
    assert found["samples"][0][len(COLUMNS)] == [11, 32, 20]


PARTS = st.lists(
    st.lists(st.tuples(st.floats(0, 4.99), st.integers(0, 1000)), max_size=6), max_size=4
)


@given(PARTS)
def test_no_message_is_lost_or_counted_twice(parts: list[list[tuple[float, int]]]) -> None:
    """Whoever asks for what is new sees the same as who asks for all."""
    history = [told(*(sample(time, count, 0) for time, count in part)) for part in parts]
    whole = joined_history(history, 0.0, START + 5.0)["samples"]
    assert sum(each[MESSAGES] for each in whole) == sum(c for part in parts for _, c in part)
    pieces = [
        each
        for second in range(5)
        for each in joined_history(history, START + second, START + second + 1.0)["samples"]
    ]
    assert pieces == whole
