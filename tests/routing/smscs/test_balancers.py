"""Who gets the next message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from math import gcd

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.smscs.balancers import BALANCERS, LeastOutstanding, RoundRobin
from smppgate.routing.smscs.pool import Balancer, Member
from smppgate.routing.smscs.smsc import Smsc
from tests.routing import fakes

WEIGHTS = st.lists(st.integers(1, 40), min_size=1, max_size=6)
BOTH = pytest.mark.parametrize("balance", sorted(BALANCERS))


def names(balancer: Balancer, count: int) -> str:
    """Who gets ``count`` messages that are answered at once."""
    chosen = (balancer.choose() for _ in range(count))
    return "".join(smsc.name if smsc is not None else "-" for smsc in chosen)


def seats(smscs: Sequence[Smsc]) -> list[Member]:
    """A seat for each in one pool."""
    return [Member(smsc) for smsc in smscs]


def room(smsc: Smsc, places: int) -> None:
    """Let ``smsc`` have room for so many more."""
    smsc.capacity = smsc.outstanding + places


# Both


@BOTH
def test_nobody_without_members(balance: str) -> None:
    assert BALANCERS[balance](seats(())).choose() is None


@BOTH
def test_nobody_when_none_has_room(balance: str) -> None:
    smscs = fakes.smscs(1, 3)
    for smsc in smscs:
        room(smsc, 0)
    assert BALANCERS[balance](seats(smscs)).choose() is None


@BOTH
def test_nobody_when_all_were_tried(balance: str) -> None:
    smscs = fakes.smscs(1, 3)
    assert BALANCERS[balance](seats(smscs)).choose(tuple(smscs)) is None


@BOTH
def test_who_was_tried_is_passed_over(balance: str) -> None:
    a, b = fakes.smscs(100, 1)
    balancer = BALANCERS[balance](seats((a, b)))
    assert [balancer.choose((a,)) for _ in range(5)] == [b] * 5


@BOTH
def test_who_has_no_room_is_passed_over(balance: str) -> None:
    a, b = fakes.smscs(100, 1)
    room(a, 0)
    balancer = BALANCERS[balance](seats((a, b)))
    assert names(balancer, 5) == "bbbbb"


@BOTH
def test_members_are_told_in_the_order_given(balance: str) -> None:
    smscs = fakes.smscs(1, 2, 3)
    members = seats(smscs)
    assert BALANCERS[balance](members).members == tuple(members)


@BOTH
@given(data=st.data())
def test_nobody_gets_more_than_there_is_room_for(balance: str, data: st.DataObject) -> None:
    """Messages, answers and changes of capacity in any order."""
    smscs = fakes.smscs(*data.draw(WEIGHTS))
    balancer = BALANCERS[balance](seats(smscs))
    for smsc in smscs:
        smsc.capacity = data.draw(st.integers(0, 4))
    for answered in data.draw(st.lists(st.one_of(st.none(), st.sampled_from(smscs)))):
        if answered is not None:
            answered.outstanding = max(0, answered.outstanding - 1)
            continue
        chosen = balancer.choose()
        if chosen is None:
            assert all(m.outstanding >= m.capacity for m in smscs)
        else:
            assert chosen.outstanding < chosen.capacity
            chosen.outstanding += 1


# round_robin


def test_round_robin_is_smooth() -> None:
    """The weights' shares are spread over the cycle, not one burst after the other."""
    assert names(RoundRobin(seats(fakes.smscs(5, 1, 1))), 14) == "aabacaa" * 2


@given(WEIGHTS)
def test_round_robin_keeps_to_the_weights_exactly_in_every_cycle(weights: list[int]) -> None:
    smscs = fakes.smscs(*weights)
    balancer = RoundRobin(seats(smscs))
    smallest = gcd(*weights)
    for _ in range(3):
        chosen = Counter(names(balancer, sum(weights) // smallest))
        assert chosen == {m.name: m.weight // smallest for m in smscs}


@given(WEIGHTS)
def test_round_robin_is_never_far_from_the_weights(weights: list[int]) -> None:
    """At any moment of the cycle each has its share, give or take as many as there are members."""
    smscs = fakes.smscs(*weights)
    chosen = names(RoundRobin(seats(smscs)), sum(weights))
    for taken in range(1, len(chosen) + 1):
        so_far = Counter(chosen[:taken])
        for smsc in smscs:
            due = Fraction(taken * smsc.weight, sum(weights))
            assert abs(so_far[smsc.name] - due) < len(smscs)


def test_round_robin_does_not_owe_what_could_not_be_taken() -> None:
    a, b = fakes.smscs(1, 1)
    balancer = RoundRobin(seats((a, b)))
    room(a, 0)
    assert names(balancer, 1000) == "b" * 1000
    room(a, 1000)
    assert Counter(names(balancer, 10)) == {"a": 5, "b": 5}


def test_a_member_of_two_round_robin_pools_has_a_turn_in_each() -> None:
    a, b, c = fakes.smscs(1, 1, 1)
    first, second = RoundRobin(seats((a, b))), RoundRobin(seats((b, c)))
    names(first, 101)
    assert Counter(names(second, 10)) == {"b": 5, "c": 5}


# least_outstanding


@given(data=st.data())
def test_least_outstanding_gives_to_the_least_loaded(data: st.DataObject) -> None:
    """Nobody with room has fewer unanswered requests for its weight than the one chosen."""
    smscs = fakes.smscs(*data.draw(WEIGHTS))
    for smsc in smscs:
        smsc.outstanding = data.draw(st.integers(0, 50))
        room(smsc, data.draw(st.integers(0, 1)))
    chosen = LeastOutstanding(seats(smscs)).choose()
    loads = [Fraction(m.outstanding, m.weight) for m in smscs if m.outstanding < m.capacity]
    if chosen is None:
        assert not loads
    else:
        assert Fraction(chosen.outstanding, chosen.weight) == min(loads)


@given(WEIGHTS)
def test_an_idle_pool_spreads_by_weight_too(weights: list[int]) -> None:
    """Each has its share, give or take two: one that it began with, one that it ends with."""
    smscs = fakes.smscs(*weights)
    total = sum(weights)
    chosen = Counter(names(LeastOutstanding(seats(smscs)), total * 3))
    for smsc in smscs:
        assert abs(chosen[smsc.name] - smsc.weight * 3) <= 2


@given(WEIGHTS)
def test_a_burst_is_spread_by_weight(weights: list[int]) -> None:
    """While nothing is answered, load follows weight."""
    smscs = fakes.smscs(*weights)
    balancer = LeastOutstanding(seats(smscs))
    for _ in range(sum(weights) * 2):
        chosen = balancer.choose()
        assert chosen is not None
        chosen.outstanding += 1
    for smsc in smscs:
        assert abs(smsc.outstanding - smsc.weight * 2) <= 1


def test_the_faster_member_gets_more() -> None:
    """One answers after 1 turn, the other after 9."""
    fast, slow = fakes.smscs(1, 1)
    balancer = LeastOutstanding(seats((fast, slow)))
    taken: Counter[str] = Counter()
    ends: list[tuple[int, Smsc]] = []
    for turn in range(1000):
        for end, smsc in [e for e in ends if e[0] <= turn]:
            smsc.outstanding -= 1
            ends.remove((end, smsc))
        chosen = balancer.choose()
        assert chosen is not None
        chosen.outstanding += 1
        taken[chosen.name] += 1
        ends.append((turn + (1 if chosen is fast else 9), chosen))
    assert taken["a"] > taken["b"] * 2


def _absent(balancer: LeastOutstanding, smsc: Smsc, messages: int) -> None:
    room(smsc, 0)
    names(balancer, messages)
    room(smsc, 1000)


def test_a_member_that_was_away_does_not_take_everything_on_its_return() -> None:
    a, b = fakes.smscs(1, 1)
    balancer = LeastOutstanding(seats((a, b)))
    _absent(balancer, a, 1000)
    assert abs(names(balancer, 100).count("a") - 50) <= 1


@given(WEIGHTS, st.integers(0, 5), st.integers(0, 300))
def test_after_an_absence_shares_are_by_weight_again(
    weights: list[int], who: int, messages: int
) -> None:
    smscs = fakes.smscs(*weights)
    balancer = LeastOutstanding(seats(smscs))
    _absent(balancer, smscs[who % len(smscs)], messages)
    chosen = Counter(names(balancer, sum(weights) * 3))
    for smsc in smscs:
        assert abs(chosen[smsc.name] - smsc.weight * 3) <= 3


def test_a_member_that_was_busy_is_not_owed_either() -> None:
    """Loaded all along, then idle: it goes first, but not until it has caught up."""
    a, b = fakes.smscs(1, 1)
    balancer = LeastOutstanding(seats((a, b)))
    a.outstanding = 1
    names(balancer, 1000)
    a.outstanding = 0
    assert abs(names(balancer, 100).count("a") - 50) <= 1


def test_a_member_of_two_pools_has_a_turn_in_each() -> None:
    """What it took for one pool is not held against it in the other."""
    a, b, c = fakes.smscs(1, 1, 1)
    first, second = LeastOutstanding(seats((a, b))), LeastOutstanding(seats((b, c)))
    names(first, 100)
    assert Counter(names(second, 10)) == {"b": 5, "c": 5}
