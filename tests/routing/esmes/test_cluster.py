"""The session that a cluster chooses for a message, and the number looked at for the choice."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from smppgate.routing.esmes.account import VIEW_SIZE, Cluster
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.sequence import Request
from tests.routing import fakes
from tests.routing.fakes import FakeSession


class Seen(FakeSession):
    """A session that counts the looks at it."""

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
    """The session gets ``count`` messages that it does not answer."""
    for _ in range(count):
        session.outstanding.claim(Request(CommandId.DELIVER_SM, 0.0))


def cluster_of(*sessions: Seen) -> Cluster[Seen]:
    cluster: Cluster[Seen] = Cluster(())
    for each in sessions:
        cluster.add(each, 1)
    return cluster


def crowd(count: int) -> tuple[Cluster[Seen], list[Seen]]:
    sessions = [session() for _ in range(count)]
    return cluster_of(*sessions), sessions


def looked_at(sessions: list[Seen]) -> list[Seen]:
    """The sessions that were looked at since the last call."""
    seen = [each for each in sessions if each.looks]
    for each in sessions:
        each.looks = 0
    return seen


# The session chosen

loads = st.tuples(st.integers(1, 12), st.integers(0, 12), st.booleans(), st.integers(1, 4))


@given(st.lists(loads, max_size=VIEW_SIZE))
def test_the_least_used_window_is_chosen_and_of_equal_ones_the_fewest_unanswered(
    sessions: list[tuple[int, int, bool, int]],
) -> None:
    cluster = cluster_of()
    ranks = {}
    for window, outstanding, writable, weight in sessions:
        made = session(window, outstanding, writable)
        cluster.add(made, weight)
        if writable and outstanding < window:
            ranks[made] = (Fraction(outstanding, window * weight), outstanding)
    chosen = cluster.session()
    if chosen is None:
        assert not ranks
    else:
        assert ranks[chosen] == min(ranks.values())


def test_of_equal_shares_the_session_with_fewest_unanswered_is_chosen() -> None:
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
    """3:1, in a cluster of any size, and with any order of binds."""
    weights = [3] * (size // 2) + [1] * (size // 2) if in_a_row else [3, 1] * (size // 2)
    cluster = cluster_of()
    weight_of = {session(): weight for weight in weights}
    for each, weight in weight_of.items():
        cluster.add(each, weight)
    messages = size * 100
    given = (cluster.session() for _ in range(messages))
    chosen = Counter(weight_of[each] for each in given if each is not None)
    assert chosen[3] == pytest.approx(messages * 3 / 4, rel=0.03)
    assert chosen[1] == pytest.approx(messages / 4, rel=0.03)


def test_a_session_that_had_no_room_does_not_make_up_for_missed_messages() -> None:
    a, b = session(), session()
    cluster = cluster_of(a, b)
    b.writable = False
    assert [cluster.session() for _ in range(50)] == [a] * 50
    b.writable = True
    assert Counter(cluster.session() for _ in range(20))[b] <= 11


def test_messages_of_one_cluster_do_not_change_a_turn_in_another() -> None:
    a, b = session(), session()
    own, shared = cluster_of(a), cluster_of(a, b)
    for _ in range(100):
        own.session()
    assert Counter(shared.session() for _ in range(20)) == {a: 10, b: 10}


# The sessions looked at


@given(st.integers(1, 60), st.data())
def test_a_choice_looks_at_sixteen_sessions_and_once_at_more_without_room(
    size: int, data: st.DataObject
) -> None:
    """Any of them may have room, and this changes."""
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
        assert looks <= 10 * VIEW_SIZE + size


@pytest.mark.parametrize("size", [17, 100])
def test_more_are_looked_at_until_one_has_room(size: int) -> None:
    _, sessions = crowd(size)
    for free in (0, size // 2, size - 1):
        for at, each in enumerate(sessions):
            each.writable = at == free
        assert cluster_of(*sessions).session() is sessions[free]


@pytest.mark.parametrize("size", [17, 100, 1000])
def test_each_session_of_a_large_cluster_has_a_turn(size: int) -> None:
    cluster, sessions = crowd(size)
    assert {cluster.session() for _ in range(size * 2)} == set(sessions)


@pytest.mark.parametrize("size", [17, 100, 1000])
def test_many_stalled_sessions_do_not_hide_one_with_room(size: int) -> None:
    """It is found after some messages, and then for each message."""
    cluster, sessions = crowd(size)
    *stalled, free = sessions
    for each in stalled:
        each.writable = False
    for _ in range(size):
        cluster.session()
    assert [cluster.session() for _ in range(size)] == [free] * size


@pytest.mark.parametrize("size", [2, 16, 17, 100])
def test_stalled_sessions_that_recover_are_chosen_again(size: int) -> None:
    cluster, sessions = crowd(size)
    for each in sessions:
        each.writable = False
    assert [cluster.session() for _ in range(size)] == [None] * size
    for each in sessions:
        each.writable = True
    assert {cluster.session() for _ in range(size * 4)} == set(sessions)


def test_a_large_cluster_that_is_small_again_is_looked_at_whole() -> None:
    """The one session that recovers gets the very next message."""
    cluster, sessions = crowd(40)
    for each in sessions:
        each.writable = False
    assert [cluster.session() for _ in range(40)] == [None] * 40
    for each in sessions[VIEW_SIZE:]:
        cluster.remove(each)
    for each in sessions[:VIEW_SIZE]:
        each.writable = True
        assert cluster.session() is each
        each.writable = False


def test_a_stalled_session_that_was_removed_is_not_chosen_again() -> None:
    cluster, sessions = crowd(40)
    for each in sessions:
        each.writable = False
    assert [cluster.session() for _ in range(40)] == [None] * 40
    for each in sessions:
        cluster.remove(each)
        each.writable = True
    assert cluster.session() is None


class Clusters(RuleBasedStateMachine):
    """Sessions come, go, stall and recover; a small cluster finds every session with room."""

    @initialize()
    def begin(self) -> None:
        self.cluster = cluster_of()
        self.sessions: list[Seen] = []

    @rule(weight=st.integers(1, 3), count=st.integers(1, 9))
    def add(self, weight: int, count: int) -> None:
        for _ in range(count):
            self.sessions.append(session(window=3))
            self.cluster.add(self.sessions[-1], weight)

    @rule()
    def add_again(self) -> None:
        for each in self.sessions[:3]:
            self.cluster.add(each, 2)

    @precondition(lambda self: self.sessions)
    @rule(data=st.data(), count=st.integers(1, 9))
    def remove(self, data: st.DataObject, count: int) -> None:
        for _ in range(min(count, len(self.sessions))):
            gone = self.sessions.pop(data.draw(st.integers(0, len(self.sessions) - 1)))
            self.cluster.remove(gone)
            self.cluster.remove(gone)

    @rule(data=st.data())
    def stall_and_recover(self, data: st.DataObject) -> None:
        for each in self.sessions:
            each.writable = data.draw(st.booleans())

    @rule(count=st.integers(1, 20))
    def choose(self, count: int) -> None:
        for _ in range(count):
            chosen = self.cluster.session()
            if chosen is not None:
                assert chosen in self.sessions
                assert chosen.has_room
                take(chosen)
            elif len(self.sessions) <= VIEW_SIZE:
                assert not any(each.has_room for each in self.sessions)

    @rule()
    def answer(self) -> None:
        for each in self.sessions:
            each.outstanding.drain()

    @invariant()
    def has_its_sessions(self) -> None:
        assert set(self.cluster) == set(self.sessions)
        assert len(self.cluster) == len(self.sessions)
        assert all(each in self.cluster for each in self.sessions)


TestClusters = Clusters.TestCase


# Its accounts


def test_an_empty_cluster_has_no_session() -> None:
    assert cluster_of().session() is None


def test_a_cluster_of_accounts_has_their_receivers_also_those_that_bind_later() -> None:
    one, other = fakes.account("one"), fakes.account("other")
    early, late = FakeSession(), FakeSession()
    one.add(early)
    cluster = Cluster.of((one, other))
    other.add(late)
    assert list(cluster.accounts) == [one, other]
    assert set(cluster) == {early, late}
    one.remove(early)
    assert set(cluster) == {late}


def test_a_cluster_shows_its_accounts_without_their_passwords() -> None:
    cluster = Cluster.of((fakes.account("acme", b"p4ss"), fakes.account("other", b"p4ss")))
    assert repr(cluster) == "<Cluster of acme, other, 0 sessions>"
    assert repr(cluster_of(session())) == "<Cluster of no account, 1 sessions>"
