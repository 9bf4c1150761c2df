"""Lines of the log of which one in an interval passes."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from smppgate.txsmpp.seldom import Seldom


def test_the_first_passes_and_the_next_after_the_interval() -> None:
    """Those between do not put it off."""
    lines = Seldom(60.0)
    times = (5.0, 5.0, 64.9, 65.0, 66.0)
    assert [now for now in times if lines.is_due(now)] == [5.0, 65.0]


@given(st.lists(st.integers(0, 100).map(float)).map(sorted))
def test_an_interval_has_one_at_the_most(times: list[float]) -> None:
    lines = Seldom(10.0)
    passed = [now for now in times if lines.is_due(now)]
    assert passed[:1] == times[:1]
    assert all(later - earlier >= 10.0 for earlier, later in pairwise(passed))
