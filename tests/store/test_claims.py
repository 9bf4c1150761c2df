"""`Claims`: one process at a time, the highest rank first, and none is forgotten."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from smppgate.store.claims import Change, Claims

A, B = b"one", b"two"


def test_the_first_has_it_and_the_others_wait_in_turn() -> None:
    claims: Claims[int] = Claims()
    assert claims.claim(A, 1, 0) == Change(granted=1)
    assert claims.claim(A, 2, 0) == Change()
    assert claims.claim(A, 3, 0) == Change()
    assert claims.claim(B, 3, 0) == Change(granted=3)
    assert claims.release(A, 1) == Change(granted=2)
    assert claims.release(A, 2) == Change(granted=3)
    assert claims.release(A, 3) == Change()
    assert (claims.holder(A), claims.holder(B)) == (None, 3)


def test_one_of_a_lower_rank_is_asked_once_to_let_go() -> None:
    claims: Claims[int] = Claims()
    claims.claim(A, 1, 0)
    claims.claim(A, 2, 0)
    assert claims.claim(A, 3, 2) == Change(wanted=1)
    assert claims.claim(A, 4, 2) == Change()
    assert claims.release(A, 1) == Change(granted=3)
    assert claims.release(A, 3) == Change(granted=4)
    assert claims.release(A, 4) == Change(granted=2)


def test_one_keeps_it_until_its_rank_is_lower() -> None:
    claims: Claims[int] = Claims()
    claims.claim(A, 1, 2)
    assert claims.claim(A, 2, 2) == Change()
    assert claims.claim(A, 1, 0) == Change(wanted=1)
    assert claims.release(A, 1) == Change(granted=2)


def test_one_that_waits_may_rise_and_stop_waiting() -> None:
    claims: Claims[int] = Claims()
    claims.claim(A, 1, 0)
    claims.claim(A, 2, 0)
    assert claims.claim(A, 2, 2) == Change(wanted=1)
    assert claims.release(A, 2) == Change()
    assert claims.release(A, 1) == Change()
    assert claims.holder(A) is None


def test_what_a_process_had_is_given_to_others_when_it_ends() -> None:
    claims: Claims[int] = Claims()
    claims.claim(A, 1, 2)
    claims.claim(B, 1, 2)
    claims.claim(A, 2, 0)
    assert claims.leave(1) == {A: Change(granted=2), B: Change()}
    assert claims.leave(1) == {A: Change()}


PROCESSES = st.integers(1, 4)


class Races(RuleBasedStateMachine):
    """Processes come and go; those that are asked to let go do so, some time."""

    def __init__(self) -> None:
        super().__init__()
        self.claims: Claims[int] = Claims()
        self.asking: dict[int, int] = {}
        self.holder: int | None = None
        self.is_asked = False

    def follow(self, change: Change[int]) -> None:
        if change.granted is not None:
            assert self.holder is None, "two have it"
            assert self.asking[change.granted] == max(self.asking.values())
            self.holder, self.is_asked = change.granted, False
        if change.wanted is not None:
            assert change.wanted == self.holder
            assert not self.is_asked, "it is asked twice"
            self.is_asked = True

    @rule(process=PROCESSES, rank=st.integers(0, 2))
    def claim(self, process: int, rank: int) -> None:
        self.asking[process] = rank
        self.follow(self.claims.claim(A, process, rank))

    @rule(process=PROCESSES, ends=st.booleans())
    def let_go(self, process: int, ends: bool) -> None:
        self.asking.pop(process, None)
        self.holder = None if self.holder == process else self.holder
        if ends:
            for change in self.claims.leave(process).values():
                self.follow(change)
        else:
            self.follow(self.claims.release(A, process))

    @invariant()
    def someone_has_it_if_anyone_asks(self) -> None:
        assert (self.holder is None) == (not self.asking)
        assert self.claims.holder(A) == self.holder

    @invariant()
    def none_waits_for_one_of_a_lower_rank_that_is_not_asked(self) -> None:
        if self.holder is not None:
            assert self.asking[self.holder] == max(self.asking.values()) or self.is_asked


TestRaces = Races.TestCase
