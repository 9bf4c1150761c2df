"""What balancers make of SMSCs that are slow, full, silent or congested."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from smppgate.routing.smscs.balancers import BALANCERS, Balancer
from smppgate.routing.smscs.member import Member
from smppgate.routing.smscs.smsc import Smsc
from tests.routing import fakes
from tests.routing.smscs.balancers.traffic import Traffic

BY_LOAD = ("least_outstanding", "p2c", "peak_ewma")


def named(balance: str, smscs: Sequence[Smsc]) -> Balancer:
    balancer = BALANCERS[balance](Random(1))
    balancer.arrange(tuple(Member(smsc) for smsc in smscs))
    return balancer


def test_an_smsc_ten_times_slower_has_hardly_any_share_under_peak_ewma() -> None:
    """At a rate that the fast one takes alone."""
    fast, slow = smscs = fakes.smscs(1, 1, window=10)
    traffic = Traffic(named("peak_ewma", smscs), {fast: 0.01, slow: 0.1})
    traffic.run(500, 60)
    assert traffic.taken["b"] < 0.03 * traffic.taken.total()


def test_an_smsc_that_answers_nothing_has_hardly_any_share_under_peak_ewma() -> None:
    """Long before anything times out, and before its window is full."""
    alive, silent = smscs = fakes.smscs(1, 1, window=100)
    traffic = Traffic(named("peak_ewma", smscs), {alive: 0.01, silent: 0.01})
    traffic.run(500, 5)
    before = traffic.taken["b"]
    assert before > 1000
    traffic.latencies[silent] = None
    traffic.run(500, 5)
    assert traffic.taken["b"] - before < 50


def test_an_smsc_that_was_slow_for_a_while_has_its_share_again_under_peak_ewma() -> None:
    a, b = smscs = fakes.smscs(1, 1, window=10)
    traffic = Traffic(named("peak_ewma", smscs), {a: 0.01, b: 0.1})
    traffic.run(300, 20)
    traffic.latencies[b] = 0.01
    traffic.run(300, 60)
    taken = traffic.taken["b"]
    traffic.run(300, 10)
    assert traffic.taken["b"] - taken > 0.4 * 3000


@pytest.mark.parametrize("balance", sorted(BALANCERS))
def test_when_all_are_full_each_takes_what_it_can(balance: str) -> None:
    """One is ten times slower than the other."""
    fast, slow = smscs = fakes.smscs(1, 1, window=10)
    traffic = Traffic(named(balance, smscs), {fast: 0.01, slow: 0.1})
    traffic.run(2000, 20)
    assert traffic.waiting > 1000
    assert traffic.taken.total() >= 0.8 * (10 / 0.01 + 10 / 0.1) * 20


@pytest.mark.parametrize("balance", BY_LOAD)
def test_a_congested_smsc_gets_less(balance: str) -> None:
    """One says 90 of 100 all the time, the other 10."""
    a, b = smscs = fakes.smscs(1, 1, window=20)
    traffic = Traffic(named(balance, smscs), {a: 0.02, b: 0.02})
    for turn in range(100):
        a.told_congestion(90, turn / 10)
        b.told_congestion(10, turn / 10)
        traffic.run(400, 0.1)
    assert traffic.taken["a"] < 0.2 * traffic.taken["b"]


@pytest.mark.parametrize("balance", BY_LOAD)
def test_congestion_that_nothing_is_heard_of_any_more_is_forgotten(balance: str) -> None:
    a, b = smscs = fakes.smscs(1, 1, window=20)
    traffic = Traffic(named(balance, smscs), {a: 0.01, b: 0.01})
    a.told_congestion(100, 0.0)
    traffic.run(200, 60)
    taken = traffic.taken["a"]
    traffic.run(200, 10)
    assert 0.4 < (traffic.taken["a"] - taken) / 2000 < 0.6
    assert not a.is_burdened


@pytest.mark.parametrize("balance", ["round_robin", "least_outstanding", "p2c", "peak_ewma"])
def test_at_rest_shares_are_as_weights_are(balance: str) -> None:
    """3:1 within 2 %, of 10 000."""
    smscs = fakes.smscs(3, 1)
    balancer = named(balance, smscs)
    taken = sum(balancer.choose(0.0, None, ()) is smscs[0] for _ in range(10_000))
    assert 7300 <= taken <= 7700
