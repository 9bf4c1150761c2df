"""A fair queue serves accounts by their shares, and each session in its order."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from smppgate.routing.limits.fair_queue import Entry, FairQueue


class Message(Entry):
    """One with a number."""

    __slots__ = ("number",)

    def __init__(
        self, account: str, session: str, number: int, share: int = 1, octets: int = 100
    ) -> None:
        super().__init__(account, (account, session), share, octets)
        self.number = number

    def __repr__(self) -> str:
        return f"{self.account}.{self.number}"


def filled(*messages: Message) -> FairQueue[Message]:
    queue: FairQueue[Message] = FairQueue()
    for message in messages:
        queue.add(message)
    return queue


def served(queue: FairQueue[Message]) -> list[str]:
    """The names of all, in the order in which they are taken."""
    return [repr(queue.take()) for _ in range(len(queue))]


def test_accounts_take_turns_whatever_each_has_waiting() -> None:
    queue = filled(*(Message("a", "1", n) for n in range(4)), Message("b", "1", 0))
    assert served(queue) == ["a.0", "b.0", "a.1", "a.2", "a.3"]


def test_an_account_has_as_many_in_a_row_as_its_share() -> None:
    queue = filled(
        *(Message("a", "1", n, share=3) for n in range(5)),
        *(Message("b", "1", n) for n in range(3)),
    )
    assert served(queue) == ["a.0", "a.1", "a.2", "b.0", "a.3", "a.4", "b.1", "b.2"]


def test_sessions_of_an_account_take_turns_and_each_is_first_in_first_out() -> None:
    queue = filled(
        Message("a", "1", 10), Message("a", "1", 11), Message("a", "1", 12), Message("a", "2", 20)
    )
    assert served(queue) == ["a.10", "a.20", "a.11", "a.12"]


def test_an_account_that_has_none_left_loses_the_rest_of_its_turn() -> None:
    queue = filled(Message("a", "1", 0, share=5), Message("b", "1", 0), Message("b", "1", 1))
    assert repr(queue.take()) == "a.0"
    queue.add(Message("a", "1", 1, share=5))
    assert served(queue) == ["b.0", "a.1", "b.1"]


def test_a_new_share_counts_from_the_next_entry_on() -> None:
    queue = filled(*(Message("a", "1", n) for n in range(2)), Message("b", "1", 0))
    queue.add(Message("a", "1", 2, share=2))
    assert served(queue) == ["a.0", "a.1", "b.0", "a.2"]


def test_the_head_stays_until_it_is_taken() -> None:
    message = Message("a", "1", 0)
    queue = filled(message)
    assert queue.head() is queue.head() is message
    assert queue.take() is message
    assert queue.head() is None


def test_nothing_can_be_taken_of_nothing() -> None:
    with pytest.raises(IndexError):
        FairQueue[Message]().take()


def test_what_is_not_there_cannot_be_removed() -> None:
    queue = filled(Message("a", "1", 0))
    with pytest.raises(KeyError):
        queue.remove(Message("a", "1", 0))


def test_the_heads_are_the_first_of_each_session() -> None:
    queue = filled(Message("a", "1", 0), Message("a", "1", 1), Message("a", "2", 2))
    assert [each.number for each in queue.heads()] == [0, 2]


def test_what_an_account_was_served_elsewhere_is_taken_off_its_turns() -> None:
    queue = filled(
        *(Message("a", "1", n, share=2) for n in range(4)),
        *(Message("b", "1", n) for n in range(4)),
    )
    for _ in range(3):
        queue.charge("a", 2)
    assert served(queue) == ["b.0", "a.0", "b.1", "a.1", "a.2", "b.2", "a.3", "b.3"]


def test_an_account_owes_a_turn_until_the_others_had_theirs() -> None:
    queue = filled(Message("b", "1", 0), Message("b", "1", 1), Message("c", "1", 0))
    queue.charge("a", 2)
    assert not queue.owes_turn("a")
    queue.charge("a", 2)
    assert queue.owes_turn("a")
    assert repr(queue.take()) == "b.0"
    assert queue.owes_turn("a")
    assert repr(queue.take()) == "c.0"
    assert not queue.owes_turn("a")
    assert served(queue) == ["b.1"]


def test_nobody_owes_where_nobody_else_waits() -> None:
    queue = filled(Message("a", "1", 0), Message("a", "1", 1))
    queue.charge("a", 1)
    queue.charge("gone", 1)
    assert served(queue) == ["a.0", "a.1"]
    queue.charge("a", 1)
    assert not queue.owes_turn("a")
    queue.add(Message("b", "1", 0))
    assert served(queue) == ["b.0"]


def test_debts_end_with_what_waits() -> None:
    message = Message("b", "1", 0)
    queue = filled(message)
    queue.charge("a", 1)
    queue.remove(message)
    queue.add(Message("a", "1", 0))
    queue.add(Message("b", "1", 1))
    assert served(queue) == ["a.0", "b.1"]


def test_the_middle_of_a_turn_goes_on() -> None:
    queue = filled(*(Message("a", "1", n, share=3) for n in range(5)), Message("b", "1", 0))
    assert repr(queue.take()) == "a.0"
    queue.charge("a", 3)
    assert served(queue) == ["a.1", "a.2", "b.0", "a.3", "a.4"]


def test_each_line_has_a_first() -> None:
    first = Message("a", "1", 0)
    queue = filled(first, Message("a", "1", 1))
    assert queue.first("a", first.session) is first
    assert queue.first("a", "2") is queue.first("b", first.session) is None


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 9), min_size=1))
def test_in_one_round_each_account_has_its_share(shares: dict[str, int]) -> None:
    """While all of them have enough waiting, from wherever in the round one begins to count."""
    queue = filled(
        *(Message(name, "1", n, share) for name, share in shares.items() for n in range(3 * share))
    )
    taken = [queue.take().account for _ in range(2 * sum(shares.values()))]
    for start in range(sum(shares.values())):
        round_ = Counter(taken[start : start + sum(shares.values())])
        assert round_ == Counter(shares)


class AsALine(RuleBasedStateMachine):
    """Against lists that are searched: counts, octets, and the order of each session."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: FairQueue[Message] = FairQueue()
        self.other: FairQueue[Message] = FairQueue()
        self.lines: dict[object, list[Message]] = {}
        self.number = 0

    def here(self) -> list[Message]:
        return [message for line in self.lines.values() for message in line]

    @rule(
        account=st.sampled_from("abc"),
        session=st.sampled_from("123"),
        share=st.integers(1, 4),
        octets=st.integers(1, 1000),
    )
    def add(self, account: str, session: str, share: int, octets: int) -> None:
        self.number += 1
        message = Message(account, session, self.number, share, octets)
        for queue in (self.queue, self.other):
            queue.add(message)
        self.lines.setdefault(message.session, []).append(message)

    @precondition(lambda self: self.here())
    @rule()
    def take(self) -> None:
        message = self.queue.take()
        assert self.other.take() is message, "the order depends on the calls alone"
        assert self.lines[message.session].pop(0) is message

    @precondition(lambda self: self.here())
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        message = data.draw(st.sampled_from(self.here()))
        for queue in (self.queue, self.other):
            queue.remove(message)
        self.lines[message.session].remove(message)

    @precondition(lambda self: self.here())
    @rule(data=st.data())
    def end_session(self, data: st.DataObject) -> None:
        session = data.draw(st.sampled_from([each.session for each in self.here()]))
        for message in self.lines.pop(session):
            for queue in (self.queue, self.other):
                queue.remove(message)

    @rule(account=st.sampled_from("abcd"), share=st.integers(1, 4))
    def charge(self, account: str, share: int) -> None:
        for queue in (self.queue, self.other):
            queue.charge(account, share)

    @rule(account=st.sampled_from("abcd"))
    def owes(self, account: str) -> None:
        others = {message.account for message in self.here()} - {account}
        assert others or not self.queue.owes_turn(account)

    @invariant()
    def counts_are_right(self) -> None:
        here = self.here()
        assert len(self.queue) == len(here)
        assert self.queue.octets == sum(message.octets for message in here)
        assert set(self.queue) == set(here)
        assert (self.queue.head() is None) == (not here)


TestAsALine = AsALine.TestCase
