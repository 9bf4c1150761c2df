"""A return path ends once, some time after its final receipt was delivered."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from smppgate.routing.return_path.ending import EndingPaths

KEYS = st.integers(0, 12).map(lambda number: b"%d" % number)


def test_a_return_path_ends_after_the_grace_and_no_sooner() -> None:
    ending = EndingPaths(grace=60.0)
    ending.add(b"1", 0.0)
    ending.add(b"2", 59.9)
    assert ending.take(59.9, 100) == []
    assert ending.take(60.0, 100) == [b"1"]
    assert ending.take(119.8, 100) == []
    assert ending.take(119.9, 100) == [b"2"]
    assert len(ending) == 0


def test_a_receipt_sent_again_lengthens_the_grace() -> None:
    ending = EndingPaths(grace=60.0)
    ending.add(b"1", 0.0)
    ending.add(b"1", 50.0)
    assert ending.take(109.0, 100) == []
    assert ending.take(110.0, 100) == [b"1"]


def test_the_return_path_of_a_new_message_stays() -> None:
    """The SMSC has given the same id again."""
    ending = EndingPaths(grace=60.0)
    ending.add(b"1", 0.0)
    ending.stay(b"1")
    assert ending.take(1000.0, 100) == []


def test_a_return_path_that_is_not_to_end_may_be_told_to_stay() -> None:
    ending = EndingPaths()
    ending.stay(b"1")
    assert len(ending) == 0


def test_beyond_the_limit_the_oldest_end_at_once() -> None:
    ending = EndingPaths(grace=60.0, limit=2)
    for key in (b"1", b"2"):
        ending.add(key, 0.0)
    assert not ending.is_over_limit
    ending.add(b"3", 0.0)
    assert ending.is_over_limit
    assert ending.take(0.0, 100) == [b"1"]
    assert not ending.is_over_limit
    assert len(ending) == 2


def test_a_key_that_is_added_again_moves_to_the_end() -> None:
    """Even if both happen at one time."""
    ending = EndingPaths(grace=60.0, limit=2)
    for key in (b"1", b"2", b"1"):
        ending.add(key, 0.0)
    assert ending.take(60.0, 100) == [b"2", b"1"]


def test_no_more_are_taken_than_asked_for() -> None:
    """The reactor waits for it, with any number of keys due."""
    ending = EndingPaths(grace=60.0)
    for number in range(1000):
        ending.add(b"%d" % number, 0.0)
    assert ending.take(1000.0, 300) == [b"%d" % number for number in range(300)]


class Ending(RuleBasedStateMachine):
    """Each key ends when it is due, or sooner because there are too many."""

    def __init__(self) -> None:
        super().__init__()
        self.ending = EndingPaths(grace=10.0, limit=5)
        self.now = 0.0
        self.due: dict[bytes, float] = {}

    @rule(key=KEYS, seconds=st.floats(0.0, 8.0))
    def add(self, key: bytes, seconds: float) -> None:
        self.now += seconds
        self.due.pop(key, None)
        self.due[key] = self.now + 10.0
        self.ending.add(key, self.now)

    @rule(most=st.integers(1, 4))
    def take(self, most: int) -> None:
        were_too_many = self.ending.is_over_limit
        over = self.ending.take(self.now, most)
        expected = [known for known, at in self.due.items() if at <= self.now]
        early = [known for known in over if known not in expected]
        assert [self.due[key] for key in over] == sorted(self.due.values())[: len(over)]
        assert not early or were_too_many
        for each in over:
            del self.due[each]
        if not self.ending.is_over_limit and len(over) < most:
            assert all(at > self.now for at in self.due.values())

    @rule(key=KEYS)
    def stay(self, key: bytes) -> None:
        self.ending.stay(key)
        self.due.pop(key, None)

    @invariant()
    def has_the_keys_that_are_to_end(self) -> None:
        assert len(self.ending) == len(self.due)


TestEnding = Ending.TestCase
