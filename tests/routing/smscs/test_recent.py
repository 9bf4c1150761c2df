"""What happened is counted for so many seconds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.smscs.recent import Recent


def test_what_happened_counts_for_its_seconds() -> None:
    recent = Recent(3)
    recent.add(2)
    totals = []
    for _ in range(4):
        totals.append(recent.total)
        recent.step()
    assert totals == [2, 2, 2, 0]


@given(st.integers(1, 12), st.lists(st.integers(0, 9), max_size=60))
def test_the_total_is_that_of_the_last_seconds(seconds: int, counts: list[int]) -> None:
    recent = Recent(seconds)
    for at, count in enumerate(counts):
        recent.add(count)
        assert recent.total == sum(counts[max(0, at + 1 - seconds) : at + 1])
        recent.step()
