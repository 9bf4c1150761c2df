"""`Claims`: one process at a time, the eager first, and none is forgotten."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from smppgate.store.claims import Change, Claims

A, B = b"one", b"two"


def test_the_first_has_it_and_the_others_wait_in_turn() -> None:
    claims: Claims[int] = Claims()
    assert claims.claim(A, 1, False) == Change(granted=1)
    assert claims.claim(A, 2, False) == Change()
    assert claims.claim(A, 3, False) == Change()
    assert claims.claim(B, 3, False) == Change(granted=3)
    assert claims.release(A, 1) == Change(granted=2)
    assert claims.release(A, 2) == Change(granted=3)
    assert claims.release(A, 3) == Change()
    assert (claims.holder(A), claims.holder(B)) == (None, 3)


def test_one_that_is_not_eager_is_asked_once_to_let_go() -> None:
    claims: Claims[int] = Claims()
    claims.claim(A, 1, False)
    claims.claim(A, 2, False)
    assert claims.claim(A, 3, True) == Change(wanted=1)
    assert claims.claim(A, 4, True) == Change()
    assert claims.release(A, 1) == Change(granted=3)
    assert claims.release(A, 3) == Change(granted=4)
    assert claims.release(A, 4) == Change(granted=2)


def test_one_that_is_eager_keeps_it_until_it_is_so_no_longer() -> None:
    claims: Claims[int] = Claims()
    claims.claim(A, 1, True)
    assert claims.claim(A, 2, True) == Change()
    assert claims.claim(A, 1, False) == Change(wanted=1)
    assert claims.release(A, 1) == Change(granted=2)


def test_one_that_waits_may_become_eager_and_stop_waiting() -> None:
    claims: Claims[int] = Claims()
    claims.claim(A, 1, False)
    claims.claim(A, 2, False)
    assert claims.claim(A, 2, True) == Change(wanted=1)
    assert claims.release(A, 2) == Change()
    assert claims.release(A, 1) == Change()
    assert claims.holder(A) is None


def test_what_a_process_had_is_given_to_others_when_it_ends() -> None:
    claims: Claims[int] = Claims()
    claims.claim(A, 1, True)
    claims.claim(B, 1, True)
    claims.claim(A, 2, False)
    assert claims.leave(1) == {A: Change(granted=2), B: Change()}
    assert claims.leave(1) == {A: Change()}


PROCESSES = st.integers(1, 4)


class Races(RuleBasedStateMachine):
    """Processes come and go; those that are asked to let go do so, some time."""

    def __init__(self) -> None:
        super().__init__()
        self.claims: Claims[int] = Claims()
        self.asking: dict[int, bool] = {}
        self.holder: int | None = None
        self.is_asked = False

    def follow(self, change: Change[int]) -> None:
        if change.granted is not None:
            assert self.holder is None, "two have it"
            eager = [process for process, is_eager in self.asking.items() if is_eager]
            assert change.granted in (eager or self.asking)
            self.holder, self.is_asked = change.granted, False
        if change.wanted is not None:
            assert change.wanted == self.holder
            assert not self.is_asked, "it is asked twice"
            self.is_asked = True

    @rule(process=PROCESSES, eager=st.booleans())
    def claim(self, process: int, eager: bool) -> None:
        self.asking[process] = eager
        self.follow(self.claims.claim(A, process, eager))

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
    def one_that_is_eager_does_not_wait_for_one_that_is_not(self) -> None:
        if self.holder is not None and any(self.asking.values()):
            assert self.asking[self.holder] or self.is_asked


TestRaces = Races.TestCase
