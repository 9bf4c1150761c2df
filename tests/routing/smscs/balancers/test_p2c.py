"""The less loaded of two that chance picks."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.smscs.balancers import PowerOfTwoChoices
from smppgate.routing.smscs.member import Member
from tests.routing import fakes

WEIGHTS = st.lists(st.integers(1, 40), min_size=2, max_size=6)


@given(WEIGHTS, st.randoms(use_true_random=False))
def test_two_different_members_are_picked(weights: list[int], chance: Random) -> None:
    balancer = PowerOfTwoChoices(chance)
    balancer.arrange(tuple(Member(smsc) for smsc in fakes.smscs(*weights)))
    for _ in range(50):
        one, other = balancer._pick()
        assert one != other
        assert {one, other} <= set(range(len(weights)))


@given(WEIGHTS, st.integers(0, 1000))
def test_it_is_never_the_most_loaded_one(weights: list[int], seed: int) -> None:
    """Of members with room: another was picked with it, and has less to do."""
    smscs = fakes.smscs(*weights)
    balancer = PowerOfTwoChoices(Random(seed))
    balancer.arrange(tuple(Member(smsc) for smsc in smscs))
    for at, smsc in enumerate(smscs):
        smsc.outstanding = smsc.weight * at
    assert all(balancer.choose(0.0, None, ()) is not smscs[-1] for _ in range(50))


def test_where_neither_has_room_another_is_chosen() -> None:
    smscs = fakes.smscs(100, 100, 1)
    for smsc in smscs[:2]:
        smsc.capacity = 0
    balancer = PowerOfTwoChoices(Random(1))
    balancer.arrange(tuple(Member(smsc) for smsc in smscs))
    chosen = Counter(balancer.choose(0.0, None, ()) for _ in range(20))
    assert chosen == {smscs[2]: 20}
