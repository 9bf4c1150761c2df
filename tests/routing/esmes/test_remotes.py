"""Sessions of other nodes among those that are bound here: the near ones come first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.esmes.account import VIEW_SIZE, Account, Cluster
from smppgate.routing.esmes.accounts import WILDCARD, Accounts
from smppgate.routing.esmes.ranges import RangeTable
from smppgate.routing.numbers import Pattern
from smppgate.routing.return_path.submitters import Submitters
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.sequence import Request
from tests.routing import fakes
from tests.routing.fakes import FakeSession


def near(window: int = 5) -> FakeSession:
    return FakeSession(window)


def far(window: int = 5) -> FakeSession:
    session = FakeSession(window)
    session.is_remote = True
    return session


def bound(*sessions: FakeSession) -> Account[FakeSession]:
    account = fakes.account()
    for session in sessions:
        account.add(session)
    return account


def take(session: FakeSession, count: int) -> None:
    for _ in range(count):
        session.outstanding.claim(Request(CommandId.DELIVER_SM, 0.0))


@given(st.integers(0, 3), st.integers(1, 3), st.integers(0, 8))
def test_a_near_session_is_chosen_as_long_as_one_has_room(
    near_ones: int, far_ones: int, messages: int
) -> None:
    here, there = [near(2) for _ in range(near_ones)], [far(2) for _ in range(far_ones)]
    account = bound(*there, *here)
    for _ in range(messages):
        chosen = account.receiver()
        if any(each.has_room for each in here):
            assert chosen in here
        elif any(each.has_room for each in there):
            assert chosen in there
        else:
            assert chosen is None
            break
        assert chosen is not None
        take(chosen, 1)


def test_a_far_session_is_never_chosen_where_only_near_ones_may_be() -> None:
    account = bound(near(1), far())
    take(account.sessions[0], 1)
    assert account.receivers.session_here() is None
    assert account.receiver() is account.remotes[0]
    account.add(other := near(1))
    assert account.receivers.session_here() is other


def test_the_load_is_shared_among_far_ones_too() -> None:
    there = [far() for _ in range(3)]
    account = bound(*there)
    chosen = [account.receiver() for _ in range(9)]
    assert [chosen.count(each) for each in there] == [3, 3, 3]


def test_many_of_both_kinds() -> None:
    """More than are looked at for one choice."""
    here = [near(0) for _ in range(2 * VIEW_SIZE)]
    there = [far(0) for _ in range(2 * VIEW_SIZE)]
    account = bound(*here, *there)
    assert account.receiver() is None
    there[-1].window = 5
    account.change(account.policy)
    assert account.receiver() is there[-1]


def test_far_sessions_are_receivers_and_hold_no_place() -> None:
    """Queues and clusters have them; `max_binds` and the list of sessions do not."""
    here, there = near(), far()
    account = bound(here, there)
    assert account.sessions == [here]
    assert account.remotes == [there]
    assert len(account.receivers) == 2
    assert list(account.receivers) == [here, there]
    assert there in account.receivers
    assert account.receivers.same(there) is there
    account.remove(there)
    account.remove(there)
    assert there not in account.receivers
    assert account.receivers.same(there) is None
    assert account.remotes == []
    assert account.receiver() is here


def test_one_that_has_ended_is_not_the_same() -> None:
    there = far()
    account = bound(there)
    there.has_ended = True
    assert account.receivers.same(there) is None


def test_a_cluster_of_several_accounts_has_their_far_sessions() -> None:
    there = far()
    account, other = bound(there), bound()
    cluster = Cluster.of((account, other))
    assert cluster.session() is there
    other.add(later := far())
    assert {cluster.session() for _ in range(4)} == {there, later}


# Ranges that their binds name


@pytest.mark.parametrize("text", ["44*", "447700900123", "^44[0-9]{3}$", "*"])
def test_ranges_are_told_as_they_are_looked_up(text: str) -> None:
    assert Pattern.of(str(Pattern.of(text))) == Pattern.of(text)
    table: RangeTable[FakeSession] = RangeTable()
    session = near()
    account = bound(session)
    assert table.joined(session) == ((), 0, 0)
    table.join(session, account, (text,), 1, 2)
    assert table.joined(session) == ((str(Pattern.of(text)),), 1, 2)
    table.leave(session)
    assert table.joined(session) == ((), 0, 0)


def test_a_far_session_serves_the_ranges_of_its_bind() -> None:
    table: RangeTable[FakeSession] = RangeTable()
    here, there = near(1), far()
    account = bound(here, there)
    for session in (there, here):
        table.join(session, account, ("44*",), 0, 0)
    cluster = table.cluster(b"447", 1, 1)
    assert cluster is not None
    assert cluster.session() is here
    take(here, 1)
    assert cluster.session() is there


# Accounts and tokens


def test_an_account_of_a_far_session() -> None:
    accounts = Accounts([fakes.account()])
    assert accounts.of_peer(b"acme") is accounts.named(b"acme")
    assert accounts.of_peer(b"nobody") is None


def test_a_derived_account_is_there_as_long_as_a_far_session_is() -> None:
    accounts = Accounts([fakes.account(WILDCARD)])
    account, there = accounts.of_peer(b"late"), far()
    assert account is not None
    assert accounts.named(b"late") is None
    account.add(there)
    assert accounts.named(b"late") is account
    assert accounts.of_peer(b"late") is account
    account.add(here := near())
    account.remove(here)
    assert accounts.named(b"late") is account
    account.remove(there)
    assert accounts.named(b"late") is None


def test_a_token_leads_to_a_far_session_as_long_as_it_is_known() -> None:
    submitters: Submitters[FakeSession] = Submitters(b"a/run")
    here, there = near(), far()
    submitters.add(here)
    there.token = b"b/run.1"
    submitters.add_remote(there)
    assert submitters.find(b"b/run.1") is there
    assert submitters.here(b"b/run.1") is None
    assert submitters.here(here.token) is here
    assert list(submitters.of_this_node) == [here]
    assert len(submitters) == 1
    submitters.remove_remote(there)
    submitters.remove_remote(there)
    assert submitters.find(b"b/run.1") is None
