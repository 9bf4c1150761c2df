"""A pool is up while any of its SMSCs has a link; each SMSC has a seat in it, its member."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.admin_state import AdminState
from smppgate.routing.limits.token_bucket import Rate
from smppgate.routing.smscs.balancers import BALANCERS
from smppgate.routing.smscs.balancers.least_outstanding import FEW
from smppgate.routing.smscs.links import Link
from smppgate.routing.smscs.load import Outcome
from smppgate.routing.smscs.member import Member
from smppgate.routing.smscs.pool import Pool, link_for
from smppgate.routing.smscs.rate_limits import SmscRates
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.versions import V3_3, V3_4
from tests.routing import fakes
from tests.routing.fakes import FakeSession
from tests.routing.limits.fakes import FakeRefills


def test_a_pool_has_the_smscs_of_its_members_in_their_order() -> None:
    beta, alpha = fakes.smsc("beta"), fakes.smsc("alpha")
    assert fakes.pool(beta, alpha).smscs == (beta, alpha)


def test_a_pool_is_up_while_any_of_its_smscs_has_a_link() -> None:
    alpha, beta = fakes.smsc("alpha", 1), fakes.smsc("beta", 1, 10)
    pool = fakes.pool(alpha, beta)
    assert pool.is_up
    beta.remove(beta.links[0])
    assert not pool.is_up


def test_a_pool_shows_its_members() -> None:
    assert repr(fakes.pool(fakes.smsc("alpha"))) == "<Pool main (<Member alpha weight=1>,)>"


def test_a_pool_has_the_smscs_that_do_not_know_a_command() -> None:
    old = fakes.smsc("old", commands=V3_3.commands)
    newer = fakes.smsc("newer", commands=V3_4.commands)
    newest = fakes.smsc("newest")
    pool = fakes.pool(old, newer, newest)
    assert pool.without(CommandId.SUBMIT_SM) == ()
    assert pool.without(CommandId.DATA_SM) == (old,)
    assert pool.without(CommandId.BROADCAST_SM) == (old, newer)


def test_a_member_is_able_while_it_is_up_and_knows_the_command() -> None:
    """Whether it has room or not."""
    alpha, beta = fakes.smsc("alpha", 1, 1, commands=V3_3.commands), fakes.smsc("beta")
    alpha.began(1)
    pool = fakes.pool(alpha, beta)
    assert pool.able(CommandId.SUBMIT_SM)
    assert not pool.able(CommandId.DATA_SM)
    assert not pool.able(CommandId.SUBMIT_SM, tried=(alpha,))
    alpha.remove(alpha.links[0])
    assert not pool.able(CommandId.SUBMIT_SM)


# Which members are in use


def pool_of(*members: Member, **more: Any) -> Pool:
    return Pool("main", members, **more)


def active(pool: Pool) -> list[str]:
    return [member.smsc.name for member in pool.active]


class Waiter:
    """Counts how often it was told."""

    def __init__(self) -> None:
        self.told = 0

    def freed(self) -> None:
        self.told += 1


def test_members_are_active_while_they_are_able() -> None:
    alpha, beta, gamma = fakes.smsc("alpha", 1, 1), fakes.smsc("beta"), fakes.smsc("gamma", 1, 1)
    pool = pool_of(Member(alpha), Member(beta), Member(gamma, 0))
    assert active(pool) == ["alpha"]
    beta.add(FakeSession(1, smsc=beta))
    assert active(pool) == ["alpha", "beta"]
    alpha.change_state(AdminState.DRAIN)
    assert active(pool) == ["beta"]
    gamma.change_weight(2, is_decided=True)
    assert active(pool) == ["beta", "gamma"]


def test_backups_take_over_when_no_member_is_able_and_not_because_all_are_full() -> None:
    alpha, beta = fakes.smsc("alpha", 1, 1), fakes.smsc("beta", 1, 10)
    pool = pool_of(Member(alpha), Member(beta, is_backup=True))
    alpha.began(1)
    assert (active(pool), pool.choose(0.0, None, ())) == (["alpha"], None)
    link = alpha.links[0]
    alpha.remove(link)
    assert (active(pool), pool.choose(0.0, None, ())) == (["beta"], beta)
    alpha.add(link)
    assert active(pool) == ["alpha"]


def test_a_message_that_a_member_has_turned_down_is_not_for_the_backups() -> None:
    alpha, beta = fakes.smsc("alpha", 1, 1), fakes.smsc("beta", 1, 10)
    pool = pool_of(Member(alpha), Member(beta, is_backup=True))
    assert pool.choose(0.0, None, (alpha,)) is None
    assert not pool.able(CommandId.SUBMIT_SM, (alpha,))


def test_backups_take_what_no_able_member_knows() -> None:
    old = fakes.smsc("old", 1, 10, commands=V3_3.commands)
    new = fakes.smsc("new", 1, 10)
    pool = pool_of(Member(old), Member(new, is_backup=True))
    assert pool.able(CommandId.DATA_SM)
    assert pool.chooser(CommandId.DATA_SM, None)(0.0, None, (old,)) is new
    assert pool.home(CommandId.DATA_SM, b"key", (old,)) is new
    assert pool.choose(0.0, None, ()) is old


def test_who_waits_is_told_when_other_members_are_active() -> None:
    alpha, beta = fakes.smsc("alpha", 1, 1), fakes.smsc("beta", 1, 10)
    waiter = Waiter()
    pool = pool_of(Member(alpha), Member(beta, is_backup=True))
    ranked = pool.ranked
    beta.await_room(waiter)
    alpha.remove(alpha.links[0])
    assert (waiter.told, pool.ranked) == (1, ranked + 1)
    pool.rank()
    assert (waiter.told, pool.ranked) == (1, ranked + 1)


def test_who_waits_is_told_when_a_weight_changes() -> None:
    """The SMSC of a key may be another then."""
    alpha, beta = fakes.smsc("alpha", 1, 1), fakes.smsc("beta", 1, 10)
    waiter = Waiter()
    pool = pool_of(Member(alpha), Member(beta))
    ranked = pool.ranked
    alpha.await_room(waiter)
    beta.change_weight(3)
    assert (waiter.told, pool.ranked) == (1, ranked + 1)


def test_who_waits_is_told_when_a_member_is_doubted_or_not_any_more() -> None:
    """Keys go to the others then, and come back."""
    alpha, beta = fakes.smsc("alpha", 1, 1), fakes.smsc("beta", 1, 10)
    waiter = Waiter()
    pool = pool_of(Member(alpha), Member(beta))
    ranked = pool.ranked
    alpha.await_room(waiter)
    alpha.doubt(alpha.links[0], True)
    assert (waiter.told, pool.ranked) == (1, ranked + 1)
    alpha.doubt(alpha.links[0], False)
    assert (waiter.told, pool.ranked) == (2, ranked + 2)


def test_doubted_members_come_last_and_are_active_all_the_same() -> None:
    alpha, beta = fakes.smsc("alpha", 1, 5), fakes.smsc("beta", 1, 2)
    pool = fakes.pool(alpha, beta)
    alpha.doubt(alpha.links[0], True)
    assert active(pool) == ["alpha", "beta"]
    chosen = []
    while (smsc := pool.choose(0.0, None, ())) is not None:
        smsc.began(1)
        chosen.append(smsc.name)
    assert chosen == ["beta"] * 2 + ["alpha"] * 5


def test_equal_keys_are_not_sent_to_a_doubted_member_while_there_is_another() -> None:
    """Also if the other is full: the next of them would be back there."""
    alpha, beta = fakes.smsc("alpha", 1, 5), fakes.smsc("beta", 1, 1)
    pool = fakes.pool(alpha, beta)
    alpha.doubt(alpha.links[0], True)
    choose = pool.chooser(CommandId.SUBMIT_SM, b"key")
    assert choose(0.0, b"key", ()) is beta
    beta.began(1)
    assert choose(0.0, b"key", ()) is None
    alpha.doubt(alpha.links[0], False)
    beta.doubt(beta.links[0], True)
    assert pool.chooser(CommandId.SUBMIT_SM, b"key")(0.0, b"key", ()) is alpha


def test_the_utilization_of_a_pool_is_that_of_its_active_members_by_their_windows() -> None:
    alpha, beta = fakes.smsc("alpha", 1, 10), fakes.smsc("beta", 1, 30)
    pool = fakes.pool(alpha, beta)
    alpha.began(10)
    assert pool.utilization(0.0) == 0.25
    beta.told_congestion(50, 0.0)
    assert pool.utilization(0.0) == 0.625
    assert Pool("none").utilization(0.0) == 1.0


# Runs


RUNS = st.lists(st.lists(st.integers(1, 30), min_size=0, max_size=3), min_size=1, max_size=4)


def _of_windows(balance: str, windows: list[list[int]]) -> tuple[list[Smsc], Pool]:
    smscs = [fakes.smsc(f"s{at}", at + 1, *each) for at, each in enumerate(windows)]
    members = [Member(smsc) for smsc in smscs]
    return smscs, Pool("main", members, lambda: BALANCERS[balance](Random(1)))


def _send(smsc: Smsc, link: Link, count: int) -> None:
    smsc.began(count)
    for _ in range(count):
        link.outstanding.claim(Request(CommandId.SUBMIT_SM, 0.0))


@pytest.mark.parametrize("balance", sorted(set(BALANCERS) - {"least_outstanding", "hash"}))
@given(windows=RUNS, count=st.integers(0, 60))
def test_a_run_is_assigned_as_its_messages_would_be_one_by_one(
    balance: str, windows: list[list[int]], count: int
) -> None:
    smscs, pool = _of_windows(balance, windows)
    shares, left = pool.assign(count, 0.0)
    of_run = {_place(smscs, share.link): share.size for share in shares}
    assert not any(smsc.outstanding for smsc in smscs)
    smscs, pool = _of_windows(balance, windows)
    one_by_one: Counter[tuple[int, int]] = Counter()
    for _ in range(count):
        found = link_for(pool.choose, 0.0, None, ())
        if found is not None:
            _send(*found, 1)
            one_by_one[_place(smscs, found[1])] += 1
    assert of_run == one_by_one
    assert left == count - one_by_one.total()


@pytest.mark.parametrize("balance", ["hash", "round_robin"])
@given(windows=RUNS, count=st.integers(0, 60), key=st.sampled_from((b"a", b"b")))
def test_a_run_with_a_key_is_assigned_to_the_smsc_of_the_key(
    balance: str, windows: list[list[int]], count: int, key: bytes
) -> None:
    smscs, pool = _of_windows(balance, windows)
    home = pool.home(CommandId.SUBMIT_SM, key, ())
    room = home.capacity if home is not None else 0
    shares, left = pool.assign(count, 0.0, key)
    assert {share.smsc for share in shares} <= {home}
    assert left == max(0, count - room)
    assert sum(share.size for share in shares) + left == count
    assert not any(smsc.outstanding for smsc in smscs)


def test_a_key_waits_for_its_smsc_though_that_has_room_only_on_a_link_that_is_held() -> None:
    """A message without a key goes elsewhere meanwhile."""
    smscs, pool = _of_windows("hash", [[2, 2], [2, 2]])
    home = pool.home(CommandId.SUBMIT_SM, b"a", ())
    assert home is not None
    held, other = home.links
    for link in (held, held, other):
        _send(home, link, 1)
    home.hold(held, True)
    held.outstanding.drain()
    home.ended(2, Outcome.TAKEN, 0.1)
    _send(home, other, 1)
    choose = pool.chooser(CommandId.SUBMIT_SM, b"a")
    assert choose(0.0, b"a", ()) is home
    assert link_for(choose, 0.0, b"a", ()) is None
    assert pool.assign(3, 0.0, b"a") == ([], 3)
    found = link_for(pool.choose, 0.0, None, ())
    assert found is not None
    assert found[0] in set(smscs) - {home}


@given(windows=RUNS, counts=st.lists(st.integers(0, 60), max_size=4), errors=st.integers(0, 3))
def test_who_has_least_to_do_gets_each_message_of_a_run(
    windows: list[list[int]], counts: list[int], errors: int
) -> None:
    """What each member is given last is not too much for it: nobody with room had less.

    Not counting a sixteenth of what it has, or a 32nd of what it can have.
    """
    smscs, pool = _of_windows("least_outstanding", windows)
    for _ in range(errors):
        smscs[-1].erred()
    for count in counts:
        before = [smsc.outstanding for smsc in smscs]
        shares, left = pool.assign(count, 0.0)
        assert [smsc.outstanding for smsc in smscs] == before
        for share in shares:
            _send(share.smsc, share.link, share.size)
            assert len(share.link.outstanding) <= share.link.window
        assert sum(share.size for share in shares) + left == count
        room = any(smsc.outstanding < smsc.capacity for smsc in smscs)
        assert not (left and room)
        given_to = {share.smsc for share in shares}
        burdens = [smsc.errors for smsc in smscs]
        with_room = [
            (smsc.outstanding + burden) / smsc.weight
            for smsc, burden in zip(smscs, burdens, strict=True)
            if smsc.outstanding < smsc.capacity
        ]
        for smsc, burden in zip(smscs, burdens, strict=True):
            if smsc in given_to and with_room:
                few = max(smsc.outstanding >> 4, smsc.capacity // FEW)
                before_last = smsc.outstanding - 1 - few
                last = (before_last + burden) / smsc.weight
                assert last <= min(with_room) + 1e-9


@given(counts=st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_runs_are_shared_by_weight_also_while_nothing_is_open(counts: list[int]) -> None:
    """As single messages are: what was given in one run counts in the next."""
    smscs, pool = _of_windows("least_outstanding", [[100], [100]])
    taken = Counter(dict.fromkeys(smscs, 0))
    for count in counts:
        for share in pool.assign(count, 0.0)[0]:
            taken[share.smsc] += share.size
    # Each run by itself is within one message of the weights, 1 and 2; but three at once are few.
    assert abs(2 * taken[smscs[0]] - taken[smscs[1]]) <= 2 * len(counts) + 10


def _place(smscs: list[Smsc], link: Link) -> tuple[int, int]:
    return next(
        (at, smsc.links.index(link)) for at, smsc in enumerate(smscs) if link in smsc.links
    )


def test_a_run_takes_no_more_than_there_is_room_for() -> None:
    alpha = fakes.smsc("alpha", 1, 3, 4)
    shares, left = fakes.pool(alpha).assign(10, 0.0)
    assert (sorted(share.size for share in shares), left) == ([3, 4], 3)


@pytest.mark.parametrize("rates", [(5.0, None), (None, 5.0), (5.0, 50.0)])
def test_a_run_takes_no_more_than_there_are_tokens_for(
    rates: tuple[float | None, float | None],
) -> None:
    alpha, beta = fakes.smsc("alpha", 1, 100), fakes.smsc("beta", 1, 4)
    overall, of_link = (Rate(each, 5.0) if each else None for each in rates)
    alpha.change_rates(SmscRates(overall, of_link), FakeRefills(), 0.0)
    shares, left = fakes.pool(alpha, beta).assign(10, 0.0)
    # Buckets begin with one token.
    assert {share.smsc.name: share.size for share in shares} == {"alpha": 1, "beta": 4}
    assert left == 5


def test_a_pool_knows_whether_an_active_member_has_a_limit() -> None:
    alpha, beta = fakes.smscs(1, 1)
    made, refills = fakes.pool(alpha, beta), FakeRefills()
    assert not made.is_limited
    beta.change_rates(SmscRates(Rate(5.0, 1.0), None), refills, 0.0)
    assert made.is_limited
    beta.change_state(AdminState.DRAIN)
    assert not made.is_limited
    beta.change_state(AdminState.READY)
    beta.change_rates(None, refills, 0.0)
    assert not made.is_limited
