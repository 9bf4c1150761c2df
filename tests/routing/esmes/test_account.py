"""Which session of a cluster gets the next message, and how many are looked at for it."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from smppgate.routing.esmes.account import MOST_LOOKS, Cluster
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.sequence import Request
from tests.routing import fakes
from tests.routing.fakes import FakeSession


class Seen(FakeSession):
    """Counts the looks at it."""

    looks = 0

    @property
    def has_room(self) -> bool:
        self.looks += 1
        return super().has_room


def session(window: int = 10, outstanding: int = 0, writable: bool = True) -> Seen:
    made = Seen(window)
    made.writable = writable
    take(made, outstanding)
    return made


def take(session: FakeSession, count: int = 1) -> None:
    """The session is given so many messages that it does not answer."""
    for _ in range(count):
        session.outstanding.claim(Request(CommandId.DELIVER_SM, 0.0))


def cluster_of(*sessions: Seen, weight: int = 1) -> Cluster[Seen]:
    cluster: Cluster[Seen] = Cluster()
    for each in sessions:
        cluster.add(each, weight)
    return cluster


def crowd(count: int) -> tuple[Cluster[Seen], list[Seen]]:
    sessions = [session() for _ in range(count)]
    return cluster_of(*sessions), sessions


def looked_at(sessions: list[Seen]) -> list[Seen]:
    """Those that were looked at since this was last asked."""
    seen = [each for each in sessions if each.looks]
    for each in sessions:
        each.looks = 0
    return seen


# Whose message it is

loads = st.tuples(st.integers(1, 12), st.integers(0, 12), st.booleans(), st.integers(1, 4))


@given(st.lists(loads, max_size=MOST_LOOKS))
def test_the_least_utilized_with_room_is_chosen_and_then_the_one_with_fewest_outstanding(
    of: list[tuple[int, int, bool, int]],
) -> None:
    cluster: Cluster[Seen] = Cluster()
    ranks = {}
    for window, outstanding, writable, weight in of:
        made = session(window, outstanding, writable)
        cluster.add(made, weight)
        if writable and outstanding < window:
            ranks[made] = (Fraction(outstanding, window * weight), outstanding)
    chosen = cluster.session()
    if chosen is None:
        assert not ranks
    else:
        assert ranks[chosen] == min(ranks.values())


def test_of_equal_shares_the_one_with_fewest_outstanding_is_chosen() -> None:
    many, few = session(30, 6), session(5, 1)
    assert [cluster_of(many, few).session(), cluster_of(few, many).session()] == [few, few]


def test_a_full_window_and_a_paused_transport_are_passed_over() -> None:
    full, paused, free = session(1, 1), session(writable=False), session(10, 9)
    cluster = cluster_of(full, paused, free)
    assert [cluster.session() for _ in range(4)] == [free] * 4


def test_a_window_twice_as_large_takes_twice_as_many() -> None:
    large, small = session(window=20), session(window=10)
    cluster = cluster_of(large, small)
    for _ in range(15):
        take(cluster.session() or small)
    assert (len(large.outstanding), len(small.outstanding)) == (10, 5)


def test_a_weight_twice_as_large_takes_twice_as_many_until_its_window_is_full() -> None:
    heavy, light = session(), session()
    cluster = cluster_of(light)
    cluster.add(heavy, 2)
    for _ in range(12):
        take(cluster.session() or light)
    assert (len(heavy.outstanding), len(light.outstanding)) == (8, 4)
    for _ in range(8):
        take(cluster.session() or light)
    assert (len(heavy.outstanding), len(light.outstanding)) == (10, 10)
    assert cluster.session() is None


@pytest.mark.parametrize("in_a_row", [True, False])
@pytest.mark.parametrize("size", [2, 10, 16, 18, 64, 200])
def test_idle_sessions_share_by_weight(size: int, in_a_row: bool) -> None:
    """3:1, in a cluster of any size, and whoever bound first."""
    weights = [3] * (size // 2) + [1] * (size // 2) if in_a_row else [3, 1] * (size // 2)
    cluster: Cluster[Seen] = Cluster()
    weight_of = {session(): weight for weight in weights}
    for each, weight in weight_of.items():
        cluster.add(each, weight)
    messages = size * 100
    given = (cluster.session() for _ in range(messages))
    chosen = Counter(weight_of[each] for each in given if each is not None)
    assert chosen[3] == pytest.approx(messages * 3 / 4, rel=0.03)
    assert chosen[1] == pytest.approx(messages / 4, rel=0.03)


def test_who_was_away_is_not_owed_what_it_could_not_take() -> None:
    a, b = session(), session()
    cluster = cluster_of(a, b)
    b.writable = False
    assert [cluster.session() for _ in range(50)] == [a] * 50
    b.writable = True
    assert Counter(cluster.session() for _ in range(20))[b] <= 11


def test_who_is_busy_in_one_cluster_owes_nothing_in_another() -> None:
    a, b = session(), session()
    own, shared = cluster_of(a), cluster_of(a, b)
    for _ in range(100):
        own.session()
    assert Counter(shared.session() for _ in range(20)) == {a: 10, b: 10}


# How many are looked at


@given(st.integers(1, 60), st.data())
def test_a_choice_looks_at_sixteen_and_at_those_without_room_once(
    size: int, data: st.DataObject
) -> None:
    """Whoever of them has room, and as this changes."""
    cluster, sessions = crowd(size)
    for _ in range(5):
        for each in sessions:
            each.writable = data.draw(st.booleans())
        looks = 0
        for _ in range(10):
            chosen = cluster.session()
            looked = looked_at(sessions)
            looks += len(looked)
            assert chosen is None or (chosen.writable and chosen in looked)
        assert looks <= 10 * MOST_LOOKS + size


@pytest.mark.parametrize("size", [17, 100])
def test_none_is_turned_down_while_one_that_was_not_looked_at_has_room(size: int) -> None:
    _, sessions = crowd(size)
    for free in (0, size // 2, size - 1):
        for at, each in enumerate(sessions):
            each.writable = at == free
        cluster, _ = crowd(0)
        for each in sessions:
            cluster.add(each, 1)
        assert cluster.session() is sessions[free]


@pytest.mark.parametrize("size", [17, 100, 1000])
def test_everybody_in_a_large_cluster_has_a_turn(size: int) -> None:
    cluster, sessions = crowd(size)
    assert {cluster.session() for _ in range(size * 2)} == set(sessions)


@pytest.mark.parametrize("size", [17, 100, 1000])
def test_many_that_stall_do_not_hide_the_one_that_does_not(size: int) -> None:
    """It is found after some messages, and then for each."""
    cluster, sessions = crowd(size)
    *stalled, free = sessions
    for each in stalled:
        each.writable = False
    for _ in range(size):
        cluster.session()
    assert [cluster.session() for _ in range(size)] == [free] * size


@pytest.mark.parametrize("size", [2, 16, 17, 100])
def test_those_that_stalled_come_back(size: int) -> None:
    cluster, sessions = crowd(size)
    for each in sessions:
        each.writable = False
    assert [cluster.session() for _ in range(size)] == [None] * size
    for each in sessions:
        each.writable = True
    assert {cluster.session() for _ in range(size * 4)} == set(sessions)


def test_a_large_cluster_that_is_small_again_is_looked_at_whole() -> None:
    """The one session that recovers has the very next message."""
    cluster, sessions = crowd(40)
    for each in sessions:
        each.writable = False
    assert [cluster.session() for _ in range(40)] == [None] * 40
    for each in sessions[MOST_LOOKS:]:
        cluster.remove(each)
    for each in sessions[:MOST_LOOKS]:
        each.writable = True
        assert cluster.session() is each
        each.writable = False


def test_one_that_stalled_and_left_does_not_come_back() -> None:
    cluster, sessions = crowd(40)
    for each in sessions:
        each.writable = False
    assert [cluster.session() for _ in range(40)] == [None] * 40
    for each in sessions:
        cluster.remove(each)
        each.writable = True
    assert cluster.session() is None


class Clusters(RuleBasedStateMachine):
    """Sessions come, go, stall and recover; a small cluster is never wrong about who has room."""

    @initialize()
    def begin(self) -> None:
        self.cluster: Cluster[Seen] = Cluster()
        self.smscs: list[Seen] = []

    @rule(weight=st.integers(1, 3), count=st.integers(1, 9))
    def add(self, weight: int, count: int) -> None:
        for _ in range(count):
            self.smscs.append(session(window=3))
            self.cluster.add(self.smscs[-1], weight)

    @rule()
    def add_again(self) -> None:
        for each in self.smscs[:3]:
            self.cluster.add(each, 2)

    @precondition(lambda self: self.smscs)
    @rule(data=st.data(), count=st.integers(1, 9))
    def remove(self, data: st.DataObject, count: int) -> None:
        for _ in range(min(count, len(self.smscs))):
            gone = self.smscs.pop(data.draw(st.integers(0, len(self.smscs) - 1)))
            self.cluster.remove(gone)
            self.cluster.remove(gone)

    @rule(data=st.data())
    def stall_and_recover(self, data: st.DataObject) -> None:
        for each in self.smscs:
            each.writable = data.draw(st.booleans())

    @rule(count=st.integers(1, 20))
    def choose(self, count: int) -> None:
        for _ in range(count):
            chosen = self.cluster.session()
            if chosen is not None:
                assert chosen in self.smscs
                assert chosen.has_room
                take(chosen)
            elif len(self.smscs) <= MOST_LOOKS:
                assert not any(each.has_room for each in self.smscs)

    @rule()
    def answer(self) -> None:
        for each in self.smscs:
            each.outstanding.drain()

    @invariant()
    def has_its_members(self) -> None:
        assert set(self.cluster) == set(self.smscs)
        assert len(self.cluster) == len(self.smscs)
        assert all(each in self.cluster for each in self.smscs)


TestClusters = Clusters.TestCase


# What it is


def test_an_empty_cluster_has_no_session() -> None:
    assert Cluster[Seen]().session() is None


def test_a_cluster_of_accounts_has_their_receivers_and_those_that_bind_later() -> None:
    one, other = fakes.account("one"), fakes.account("other")
    early, late = FakeSession(), FakeSession()
    one.add(early)
    cluster = Cluster.of((one, other))
    other.add(late)
    assert list(cluster.accounts) == [one, other]
    assert set(cluster) == {early, late}
    one.remove(early)
    assert set(cluster) == {late}


def test_its_text_tells_whose_it_is_and_no_password() -> None:
    cluster = Cluster.of((fakes.account("acme", b"p4ss"), fakes.account("other", b"p4ss")))
    assert repr(cluster) == "<Cluster of acme, other, 0 sessions>"
    assert repr(Cluster[Seen]()) == "<Cluster of nobody, 0 sessions>"
