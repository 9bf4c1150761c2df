"""Who gets the next message."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import gcd

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.balancers import BALANCERS, LeastOutstanding, RoundRobin
from smppgate.routing.pools import Balancer, Member
from tests.routing import fakes

WEIGHTS = st.lists(st.integers(1, 40), min_size=1, max_size=6)
BOTH = pytest.mark.parametrize("balance", sorted(BALANCERS))


def names(balancer: Balancer, count: int) -> str:
    """Who gets ``count`` messages that are answered at once."""
    chosen = (balancer.choose() for _ in range(count))
    return "".join(member.name if member is not None else "-" for member in chosen)


def room(member: Member, places: int) -> None:
    """Let ``member`` have room for so many more."""
    member.capacity = member.outstanding + places


# Both


@BOTH
def test_nobody_without_members(balance: str) -> None:
    assert BALANCERS[balance](()).choose() is None


@BOTH
def test_nobody_when_none_has_room(balance: str) -> None:
    members = fakes.members(1, 3)
    for member in members:
        room(member, 0)
    assert BALANCERS[balance](members).choose() is None


@BOTH
def test_nobody_when_all_were_tried(balance: str) -> None:
    members = fakes.members(1, 3)
    assert BALANCERS[balance](members).choose(tuple(members)) is None


@BOTH
def test_who_was_tried_is_passed_over(balance: str) -> None:
    a, b = fakes.members(100, 1)
    balancer = BALANCERS[balance]((a, b))
    assert [balancer.choose((a,)) for _ in range(5)] == [b] * 5


@BOTH
def test_who_has_no_room_is_passed_over(balance: str) -> None:
    a, b = fakes.members(100, 1)
    room(a, 0)
    balancer = BALANCERS[balance]((a, b))
    assert names(balancer, 5) == "bbbbb"


@BOTH
def test_members_are_told_in_the_order_given(balance: str) -> None:
    members = fakes.members(1, 2, 3)
    assert BALANCERS[balance](members).members == tuple(members)


@BOTH
@given(data=st.data())
def test_nobody_gets_more_than_there_is_room_for(balance: str, data: st.DataObject) -> None:
    """Messages, answers and changes of capacity in any order."""
    members = fakes.members(*data.draw(WEIGHTS))
    balancer = BALANCERS[balance](members)
    for member in members:
        member.capacity = data.draw(st.integers(0, 4))
    for answered in data.draw(st.lists(st.one_of(st.none(), st.sampled_from(members)))):
        if answered is not None:
            answered.outstanding = max(0, answered.outstanding - 1)
            continue
        chosen = balancer.choose()
        if chosen is None:
            assert all(m.outstanding >= m.capacity for m in members)
        else:
            assert chosen.outstanding < chosen.capacity
            chosen.outstanding += 1


# round_robin


def test_round_robin_is_smooth() -> None:
    """The weights' shares are spread over the cycle, not one burst after the other."""
    assert names(RoundRobin(fakes.members(5, 1, 1)), 14) == "aabacaa" * 2


@given(WEIGHTS)
def test_round_robin_keeps_to_the_weights_exactly_in_every_cycle(weights: list[int]) -> None:
    members = fakes.members(*weights)
    balancer = RoundRobin(members)
    smallest = gcd(*weights)
    for _ in range(3):
        chosen = Counter(names(balancer, sum(weights) // smallest))
        assert chosen == {m.name: m.weight // smallest for m in members}


@given(WEIGHTS)
def test_round_robin_is_never_far_from_the_weights(weights: list[int]) -> None:
    """At any moment of the cycle each has its share, give or take as many as there are members."""
    members = fakes.members(*weights)
    chosen = names(RoundRobin(members), sum(weights))
    for taken in range(1, len(chosen) + 1):
        so_far = Counter(chosen[:taken])
        for member in members:
            due = Fraction(taken * member.weight, sum(weights))
            assert abs(so_far[member.name] - due) < len(members)


def test_round_robin_does_not_owe_what_could_not_be_taken() -> None:
    a, b = fakes.members(1, 1)
    balancer = RoundRobin((a, b))
    room(a, 0)
    assert names(balancer, 1000) == "b" * 1000
    room(a, 1000)
    assert Counter(names(balancer, 10)) == {"a": 5, "b": 5}


def test_a_member_of_two_round_robin_pools_has_a_turn_in_each() -> None:
    a, b, c = fakes.members(1, 1, 1)
    first, second = RoundRobin((a, b)), RoundRobin((b, c))
    names(first, 101)
    assert Counter(names(second, 10)) == {"b": 5, "c": 5}


# least_outstanding


@given(data=st.data())
def test_least_outstanding_gives_to_the_least_loaded(data: st.DataObject) -> None:
    """Nobody with room has fewer unanswered requests for its weight than the one chosen."""
    members = fakes.members(*data.draw(WEIGHTS))
    for member in members:
        member.outstanding = data.draw(st.integers(0, 50))
        room(member, data.draw(st.integers(0, 1)))
    chosen = LeastOutstanding(members).choose()
    loads = [Fraction(m.outstanding, m.weight) for m in members if m.outstanding < m.capacity]
    if chosen is None:
        assert not loads
    else:
        assert Fraction(chosen.outstanding, chosen.weight) == min(loads)


@given(WEIGHTS)
def test_an_idle_pool_spreads_by_weight_too(weights: list[int]) -> None:
    """Each has its share, give or take two: one that it began with, one that it ends with."""
    members = fakes.members(*weights)
    total = sum(weights)
    chosen = Counter(names(LeastOutstanding(members), total * 3))
    for member in members:
        assert abs(chosen[member.name] - member.weight * 3) <= 2


@given(WEIGHTS)
def test_a_burst_is_spread_by_weight(weights: list[int]) -> None:
    """While nothing is answered, load follows weight."""
    members = fakes.members(*weights)
    balancer = LeastOutstanding(members)
    for _ in range(sum(weights) * 2):
        chosen = balancer.choose()
        assert chosen is not None
        chosen.outstanding += 1
    for member in members:
        assert abs(member.outstanding - member.weight * 2) <= 1


def test_the_faster_member_gets_more() -> None:
    """One answers after 1 turn, the other after 9."""
    fast, slow = fakes.members(1, 1)
    balancer = LeastOutstanding((fast, slow))
    taken: Counter[str] = Counter()
    ends: list[tuple[int, Member]] = []
    for turn in range(1000):
        for end, member in [e for e in ends if e[0] <= turn]:
            member.outstanding -= 1
            ends.remove((end, member))
        chosen = balancer.choose()
        assert chosen is not None
        chosen.outstanding += 1
        taken[chosen.name] += 1
        ends.append((turn + (1 if chosen is fast else 9), chosen))
    assert taken["a"] > taken["b"] * 2


def _absent(balancer: LeastOutstanding, member: Member, messages: int) -> None:
    room(member, 0)
    names(balancer, messages)
    room(member, 1000)


def test_a_member_that_was_away_does_not_take_everything_on_its_return() -> None:
    a, b = fakes.members(1, 1)
    balancer = LeastOutstanding((a, b))
    _absent(balancer, a, 1000)
    assert abs(names(balancer, 100).count("a") - 50) <= 1


@given(WEIGHTS, st.integers(0, 5), st.integers(0, 300))
def test_after_an_absence_shares_are_by_weight_again(
    weights: list[int], who: int, messages: int
) -> None:
    members = fakes.members(*weights)
    balancer = LeastOutstanding(members)
    _absent(balancer, members[who % len(members)], messages)
    chosen = Counter(names(balancer, sum(weights) * 3))
    for member in members:
        assert abs(chosen[member.name] - member.weight * 3) <= 3


def test_a_member_that_was_busy_is_not_owed_either() -> None:
    """Loaded all along, then idle: it goes first, but not until it has caught up."""
    a, b = fakes.members(1, 1)
    balancer = LeastOutstanding((a, b))
    a.outstanding = 1
    names(balancer, 1000)
    a.outstanding = 0
    assert abs(names(balancer, 100).count("a") - 50) <= 1


def test_a_member_of_two_pools_has_a_turn_in_each() -> None:
    """What it took for one pool is not held against it in the other."""
    a, b, c = fakes.members(1, 1, 1)
    first, second = LeastOutstanding((a, b)), LeastOutstanding((b, c))
    names(first, 100)
    assert Counter(names(second, 10)) == {"b": 5, "c": 5}
