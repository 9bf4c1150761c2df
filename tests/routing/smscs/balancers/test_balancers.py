"""The SMSC that a balancer chooses for the next message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from math import gcd
from random import Random
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.smscs.balancers import BALANCERS, Balancer, LeastOutstanding, RoundRobin
from smppgate.routing.smscs.member import Member
from smppgate.routing.smscs.smsc import Smsc
from tests.routing import fakes

B = TypeVar("B", bound=Balancer)
WEIGHTS = st.lists(st.integers(1, 40), min_size=1, max_size=6)
EACH = pytest.mark.parametrize("balance", sorted(BALANCERS))


def names(balancer: Balancer, count: int) -> str:
    """The SMSCs chosen for ``count`` messages that are answered at once."""
    chosen = (chosen_by(balancer) for _ in range(count))
    return "".join(smsc.name if smsc is not None else "-" for smsc in chosen)


def chosen_by(balancer: Balancer, *tried: Smsc, key: bytes | None = None) -> Smsc | None:
    """The SMSC for the next message."""
    return balancer.choose(0.0, key, tried)


def arranged(made: B, smscs: Sequence[Smsc]) -> B:
    """A balancer among these."""
    made.arrange(tuple(Member(smsc) for smsc in smscs))
    return made


def named(balance: str, smscs: Sequence[Smsc]) -> Balancer:
    """The balancer of that name."""
    return arranged(BALANCERS[balance](Random(1)), smscs)


def room(smsc: Smsc, requests: int) -> None:
    """Let ``smsc`` have room for this many more requests."""
    smsc.capacity = smsc.outstanding + requests


# Each


@EACH
def test_without_members_none_is_chosen(balance: str) -> None:
    assert chosen_by(named(balance, ())) is None


@EACH
def test_without_room_none_is_chosen(balance: str) -> None:
    smscs = fakes.smscs(1, 3)
    for smsc in smscs:
        room(smsc, 0)
    assert chosen_by(named(balance, smscs)) is None


@EACH
def test_when_all_were_tried_none_is_chosen(balance: str) -> None:
    smscs = fakes.smscs(1, 3)
    assert chosen_by(named(balance, smscs), *smscs) is None


@EACH
def test_an_smsc_that_was_tried_is_passed_over(balance: str) -> None:
    a, b = fakes.smscs(100, 1)
    balancer = named(balance, (a, b))
    assert [chosen_by(balancer, a) for _ in range(5)] == [b] * 5


@EACH
def test_an_smsc_without_room_is_passed_over(balance: str) -> None:
    a, b = fakes.smscs(100, 1)
    room(a, 0)
    balancer = named(balance, (a, b))
    assert names(balancer, 5) == "bbbbb"


@EACH
@given(data=st.data())
def test_no_smsc_gets_more_than_it_has_room_for(balance: str, data: st.DataObject) -> None:
    """Messages, answers and changes of capacity in any order."""
    smscs = fakes.smscs(*data.draw(WEIGHTS))
    balancer = named(balance, smscs)
    for smsc in smscs:
        smsc.capacity = data.draw(st.integers(0, 4))
    for answered in data.draw(st.lists(st.one_of(st.none(), st.sampled_from(smscs)))):
        if answered is not None:
            answered.outstanding = max(0, answered.outstanding - 1)
            continue
        chosen = chosen_by(balancer)
        if chosen is None:
            assert all(smsc.outstanding >= smsc.capacity for smsc in smscs)
        else:
            assert chosen.outstanding < chosen.capacity
            chosen.outstanding += 1


# round_robin


def test_round_robin_is_smooth() -> None:
    """Each share is spread over the cycle, not taken in one burst."""
    assert names(arranged(RoundRobin(), fakes.smscs(5, 1, 1)), 14) == "aabacaa" * 2


@given(WEIGHTS)
def test_round_robin_keeps_to_the_weights_exactly_in_every_cycle(weights: list[int]) -> None:
    smscs = fakes.smscs(*weights)
    balancer = arranged(RoundRobin(), smscs)
    smallest = gcd(*weights)
    for _ in range(3):
        chosen = Counter(names(balancer, sum(weights) // smallest))
        assert chosen == {smsc.name: smsc.weight // smallest for smsc in smscs}


@given(WEIGHTS)
def test_round_robin_is_never_far_from_the_weights(weights: list[int]) -> None:
    """At any moment of the cycle, by fewer messages than there are members."""
    smscs = fakes.smscs(*weights)
    chosen = names(arranged(RoundRobin(), smscs), sum(weights))
    for taken in range(1, len(chosen) + 1):
        so_far = Counter(chosen[:taken])
        for smsc in smscs:
            due = Fraction(taken * smsc.weight, sum(weights))
            assert abs(so_far[smsc.name] - due) < len(smscs)


def test_round_robin_does_not_make_up_for_messages_missed_without_room() -> None:
    a, b = fakes.smscs(1, 1)
    balancer = arranged(RoundRobin(), (a, b))
    room(a, 0)
    assert names(balancer, 1000) == "b" * 1000
    room(a, 1000)
    assert Counter(names(balancer, 10)) == {"a": 5, "b": 5}


def test_an_smsc_of_two_round_robin_pools_has_a_turn_in_each() -> None:
    a, b, c = fakes.smscs(1, 1, 1)
    first, second = arranged(RoundRobin(), (a, b)), arranged(RoundRobin(), (b, c))
    names(first, 101)
    assert Counter(names(second, 10)) == {"b": 5, "c": 5}


# least_outstanding


@given(data=st.data())
def test_least_outstanding_gives_to_the_least_loaded(data: st.DataObject) -> None:
    """No SMSC with room has fewer unanswered requests in proportion to its weight."""
    smscs = fakes.smscs(*data.draw(WEIGHTS))
    for smsc in smscs:
        smsc.outstanding = data.draw(st.integers(0, 50))
        room(smsc, data.draw(st.integers(0, 1)))
    chosen = chosen_by(arranged(LeastOutstanding(), smscs))
    able = [smsc for smsc in smscs if smsc.outstanding < smsc.capacity]
    loads = [Fraction(smsc.outstanding, smsc.weight) for smsc in able]
    if chosen is None:
        assert not loads
    else:
        assert Fraction(chosen.outstanding, chosen.weight) == min(loads)


@given(WEIGHTS)
def test_an_idle_pool_spreads_by_weight_too(weights: list[int]) -> None:
    """Each has its share within two messages: one at the beginning and one at the end."""
    smscs = fakes.smscs(*weights)
    total = sum(weights)
    chosen = Counter(names(arranged(LeastOutstanding(), smscs), total * 3))
    for smsc in smscs:
        assert abs(chosen[smsc.name] - smsc.weight * 3) <= 2


@given(WEIGHTS)
def test_a_burst_is_spread_by_weight(weights: list[int]) -> None:
    """While nothing is answered, load follows weight."""
    smscs = fakes.smscs(*weights)
    balancer = arranged(LeastOutstanding(), smscs)
    for _ in range(sum(weights) * 2):
        chosen = chosen_by(balancer)
        assert chosen is not None
        chosen.outstanding += 1
    for smsc in smscs:
        assert abs(smsc.outstanding - smsc.weight * 2) <= 1


def test_the_faster_smsc_gets_more() -> None:
    """One answers after 1 turn, the other after 9."""
    fast, slow = fakes.smscs(1, 1)
    balancer = arranged(LeastOutstanding(), (fast, slow))
    taken: Counter[str] = Counter()
    ends: list[tuple[int, Smsc]] = []
    for turn in range(1000):
        for end, smsc in [e for e in ends if e[0] <= turn]:
            smsc.outstanding -= 1
            ends.remove((end, smsc))
        chosen = chosen_by(balancer)
        assert chosen is not None
        chosen.outstanding += 1
        taken[chosen.name] += 1
        ends.append((turn + (1 if chosen is fast else 9), chosen))
    assert taken["a"] > taken["b"] * 2


def _stall(balancer: LeastOutstanding, smsc: Smsc, messages: int) -> None:
    """``smsc`` has no room for the time of this many messages."""
    room(smsc, 0)
    names(balancer, messages)
    room(smsc, 1000)


def test_an_smsc_that_had_no_room_does_not_take_every_message_afterwards() -> None:
    a, b = fakes.smscs(1, 1)
    balancer = arranged(LeastOutstanding(), (a, b))
    _stall(balancer, a, 1000)
    assert abs(names(balancer, 100).count("a") - 50) <= 1


@given(WEIGHTS, st.integers(0, 5), st.integers(0, 300))
def test_after_a_stall_shares_are_by_weight_again(
    weights: list[int], which: int, messages: int
) -> None:
    smscs = fakes.smscs(*weights)
    balancer = arranged(LeastOutstanding(), smscs)
    _stall(balancer, smscs[which % len(smscs)], messages)
    chosen = Counter(names(balancer, sum(weights) * 3))
    for smsc in smscs:
        assert abs(chosen[smsc.name] - smsc.weight * 3) <= 3


def test_an_smsc_that_was_loaded_does_not_make_up_for_missed_messages() -> None:
    """It was passed over while it had an unanswered request, and is idle then."""
    a, b = fakes.smscs(1, 1)
    balancer = arranged(LeastOutstanding(), (a, b))
    a.outstanding = 1
    names(balancer, 1000)
    a.outstanding = 0
    assert abs(names(balancer, 100).count("a") - 50) <= 1


def test_an_smsc_of_two_pools_has_a_turn_in_each() -> None:
    """Messages that it took for one pool do not change its turn in the other."""
    a, b, c = fakes.smscs(1, 1, 1)
    first, second = arranged(LeastOutstanding(), (a, b)), arranged(LeastOutstanding(), (b, c))
    names(first, 100)
    assert Counter(names(second, 10)) == {"b": 5, "c": 5}
