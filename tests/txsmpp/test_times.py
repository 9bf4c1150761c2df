"""Times as SMPP writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.txsmpp.times import LONGEST_RELATIVE, absolute_time, relative_time

SECONDS = int(LONGEST_RELATIVE.total_seconds())


def test_an_absolute_time_is_in_utc_to_a_tenth_of_a_second() -> None:
    at = datetime(2026, 12, 1, 10, 30, 5, 250_000, timezone(timedelta(hours=2)))
    assert absolute_time(at) == b"261201083005200+"


@given(
    st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30), timezones=st.just(UTC)),
    st.integers(-14 * 60, 14 * 60),
)
def test_an_absolute_time_is_the_same_moment_in_any_zone(at: datetime, minutes: int) -> None:
    written = absolute_time(at.astimezone(timezone(timedelta(minutes=minutes))))
    assert len(written) == 16
    read = datetime.strptime(written[:12].decode(), "%y%m%d%H%M%S")
    # strptime takes 69 to 99 for the century before.
    read = read.replace(year=2000 + read.year % 100, tzinfo=UTC)
    assert timedelta(0) <= at - read < timedelta(seconds=1)


@pytest.mark.parametrize("year", [1999, 2100])
def test_a_year_that_two_digits_do_not_tell_is_an_error(year: int) -> None:
    with pytest.raises(ValueError, match=str(year)):
        absolute_time(datetime(year, 6, 1, tzinfo=UTC))


@given(st.integers(0, SECONDS))
def test_a_relative_time_counts_days_hours_minutes_and_seconds(seconds: int) -> None:
    written = relative_time(timedelta(seconds=seconds))
    assert (len(written), written[:4], written[12:]) == (16, b"0000", b"000R")
    days, hours, minutes, rest = (int(written[at : at + 2]) for at in (4, 6, 8, 10))
    assert max(hours / 24, minutes / 60, rest / 60) < 1
    assert ((days * 24 + hours) * 60 + minutes) * 60 + rest == seconds


@pytest.mark.parametrize("seconds", [-1, SECONDS + 1])
def test_a_relative_time_that_cannot_be_written_is_an_error(seconds: int) -> None:
    with pytest.raises(ValueError, match="31 days"):
        relative_time(timedelta(seconds=seconds))
