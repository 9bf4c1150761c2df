"""An account chooses among the sessions bound to it that can receive."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.esmes.account import Account
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.states import State
from tests.routing import fakes
from tests.routing.fakes import FakeSession


def bound(count: int, window: int = 5) -> tuple[Account[FakeSession], list[FakeSession]]:
    account = fakes.account()
    sessions = [FakeSession(window) for _ in range(count)]
    for session in sessions:
        account.add(session)
    return account, sessions


@given(st.integers(1, 6), st.integers(1, 4))
def test_receivers_are_used_in_turn(count: int, rounds: int) -> None:
    account, sessions = bound(count)
    chosen = [account.receiver() for _ in range(count * rounds)]
    assert [chosen.count(session) for session in sessions] == [rounds] * count


def test_the_receiver_with_the_least_used_window_is_next() -> None:
    account, (busy, idle) = bound(2)
    busy.outstanding.claim(Request(CommandId.DELIVER_SM, 0.0))
    assert [account.receiver() for _ in range(3)] == [idle] * 3


def test_full_receivers_are_passed_over() -> None:
    account, (first, second, third) = bound(3)
    first.writable = False
    third.window = 0
    assert [account.receiver() for _ in range(4)] == [second] * 4


def test_none_receives_when_all_are_full() -> None:
    account, _ = bound(3, window=0)
    assert account.receiver() is None


def test_a_transmitter_does_not_receive() -> None:
    account = fakes.account()
    account.add(FakeSession(state=State.BOUND_TX))
    assert account.receiver() is None
    assert len(account.sessions) == 1
    assert len(account.receivers) == 0


def test_a_session_that_ended_receives_no_more() -> None:
    account, (first, second) = bound(2)
    account.remove(first)
    account.remove(first)
    assert [account.receiver() for _ in range(3)] == [second] * 3
    account.remove(second)
    assert account.receiver() is None
    assert not account.sessions


def test_removing_a_session_that_was_not_added_changes_nothing() -> None:
    account, sessions = bound(1)
    account.remove(FakeSession())
    assert account.sessions == sessions


def test_a_session_that_waits_for_an_smsc_is_counted_and_receives_nothing() -> None:
    account, session = fakes.account(), FakeSession(state=State.OPEN)
    account.add(session)
    assert account.sessions == [session]
    assert account.receiver() is None
    session.session._enter(State.BOUND_TRX)
    account.add(session)
    assert account.sessions == [session]
    assert account.receiver() is session
