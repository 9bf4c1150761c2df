"""Values of a gate's answers as text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.cli.control import texts

NOW = datetime(2026, 1, 31, 22, tzinfo=UTC)

ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.just(10**400),
    st.floats(allow_nan=True), st.text(),
    st.lists(st.integers()), st.dictionaries(st.text(), st.integers()),
)  # fmt: skip


@pytest.mark.parametrize(
    ("make", "value", "text"),
    [
        (texts.shown, None, "-"),
        (texts.shown, "", "-"),
        (texts.shown, True, "yes"),
        (texts.shown, "a\x1b[31mb\n\x9b\u202e", "a\\x1b[31mb\\n\\x9b\\u202e"),
        (texts.number, 1234567, "1,234,567"),
        (texts.number, 0.5, "0.5"),
        (texts.number, "many", "many"),
        (texts.rate, 0.0, "-"),
        (texts.rate, 100.0, "100"),
        (texts.number_in_short, 2.5, "2.5"),
        (texts.share, 0.426, "43 %"),
        (texts.octets, 512, "512 octets"),
        (texts.octets, 3 << 30, "3.0 GiB"),
        (texts.octets, 5 << 40, "5.0 TiB"),
        (texts.latency, 0, "-"),
        (texts.latency, 0.0123, "12.3 ms"),
        (texts.latency, 2.5, "2.50 s"),
        (texts.lasting, 59.9, "59 s"),
        (texts.lasting, 60, "1 min"),
        (texts.lasting, 3725, "1 h 2 min"),
        (texts.lasting, 90061, "1 d 1 h"),
        (texts.lasting, -3, "0 s"),
    ],
)  # fmt: skip
def test_values(make: Any, value: object, text: str) -> None:
    assert make(value) == text


def test_ages_count_from_now_in_any_zone() -> None:
    assert texts.age("2026-01-31T21:58:00Z", NOW) == "2 min"
    assert texts.age("2026-01-31T23:58:00+02:00", NOW) == "2 min"
    assert texts.age("yesterday", NOW) == "yesterday"
    assert texts.age("2026-01-31T21:58:00", NOW) == "2026-01-31T21:58:00"
    assert texts.age(None, NOW) == "-"


@given(ODD)
def test_whatever_an_answer_has_is_printable_text(value: object) -> None:
    for make in (
        texts.shown, texts.number, texts.rate, texts.number_in_short, texts.share, texts.octets,
        texts.latency, texts.lasting, texts.local_time,
    ):  # fmt: skip
        assert make(value).isprintable()
    assert texts.age(value, NOW).isprintable()
