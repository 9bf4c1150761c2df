"""When a link comes back after a loss, and that many which are lost at once do not storm."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.settings import EsmeSettings
from smppgate.txsmpp.backoff import Backoff
from tests.gate.memory_gateway import MemoryGateway, smsc

LINKS = 500


def backoffs(entropy: Random) -> list[Backoff]:
    return [Backoff(1.0, 60.0, entropy.random) for _ in range(LINKS)]


def spread(pauses: list[float], limit: float, parts: int = 10) -> list[int]:
    """How many of these are in each part of the time up to the limit."""
    counts = Counter(min(parts - 1, int(pause / limit * parts)) for pause in pauses)
    return [counts[part] for part in range(parts)]


@pytest.mark.parametrize("seed", range(10))
def test_links_that_are_lost_at_once_come_back_evenly_over_the_whole_time(seed: int) -> None:
    """The first time too; and each time that all fail again, over twice as long."""
    links = backoffs(Random(seed))
    for limit in (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0):
        for link in links:
            link.lost(0.0)
        pauses = [link(1) for link in links]
        assert min(pauses) >= 0.0
        assert max(pauses) <= limit
        # 50 on average; six standard deviations.
        assert all(10 < count < 90 for count in spread(pauses, limit)), limit


@given(st.lists(st.sampled_from(["lost", "refused", "bound"]), max_size=50), st.floats(0.0, 1.0))
def test_a_pause_is_never_longer_than_the_limit(events: list[str], chance: float) -> None:
    backoff, now = Backoff(0.5, 8.0, lambda: chance), 0.0
    for event in events:
        now += 1.0
        if event == "bound":
            backoff.bound(now)
        elif event == "refused":
            backoff.refused()
            assert backoff(1) == round(8.0 * chance, 3)
        else:
            backoff.lost(now)
            assert 0.0 <= backoff(1) <= 8.0 * chance + 0.001


def test_the_links_of_a_gate_do_not_storm_an_smsc_that_cuts_them_all() -> None:
    """500 of them, cut in one turn: no 20 ms have more than a few of the connections."""
    gate = MemoryGateway(
        smsc("alpha", sessions=LINKS, reconnect_min=2.0, enquire_link=0.0),
        esme=(EsmeSettings(system_id="acme", password="secret"),),
        entropy=Random(5),
    )
    ends = [gate.smsc(at) for at in range(LINKS)]
    for end in ends:
        (request,) = end.heard()
        end.answer(request, 0, b"smsc\0")
    for end in ends:
        end.transport.lose()
    before, arrivals = len(gate.connections), []
    for _ in range(101):
        gate.reactor.advance(0.02)
        now = len(gate.connections)
        arrivals.append(now - before)
        before = now
    assert sum(arrivals) == LINKS
    # 5 on average.
    assert max(arrivals) <= 20
    assert sum(map(bool, arrivals)) > 80
