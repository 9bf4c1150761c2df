"""What was taken of several runs counts as if it had been told one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.gate.lane.times import Times
from smppgate.routing.smscs.load import TAKEN
from tests.routing import fakes

NOW = 50.0


@given(st.lists(st.tuples(st.integers(0, 20), st.floats(0.0, NOW)), max_size=6))
def test_all_are_counted_at_their_mean_latency(runs: list[tuple[int, float]]) -> None:
    taken, usual = (fakes.smsc("alpha", 1, 100, 100) for _ in range(2))
    times, count = Times(NOW), sum(count for count, _ in runs)
    for smsc in (taken, usual):
        smsc.began(count)
    for each, sent_at in runs:
        times.add(each, sent_at)
    assert times.tell(taken) == count
    mean = sum(each * (NOW - sent_at) for each, sent_at in runs) / max(1, count)
    for _ in range(count):
        usual.ended(1, TAKEN, mean)
    assert (taken.taken, taken.outstanding) == (count, 0)
    assert taken.latency == pytest.approx(usual.latency)
