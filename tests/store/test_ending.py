"""A return path ends once, some time after its final receipt was delivered."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from smppgate.store.ending import SIZE_OF_ENTRY, EndingPaths

KEYS = st.integers(0, 12).map(lambda number: b"%d" % number)


def test_a_return_path_ends_when_it_is_due_and_no_sooner() -> None:
    ending = EndingPaths()
    ending.add(b"1", 60.0)
    ending.add(b"2", 119.9)
    assert ending.take(60.0, 100) == []
    assert ending.take(61.0, 100) == [b"1"]
    assert ending.take(119.9, 100) == []
    assert ending.take(120.9, 100) == [b"2"]
    assert (len(ending), ending.octets) == (0, 0)


def test_an_end_that_is_noted_again_is_the_one_that_counts() -> None:
    ending = EndingPaths()
    ending.add(b"1", 60.0)
    ending.add(b"1", 110.0)
    assert ending.take(110.0, 100) == []
    assert ending.take(111.0, 100) == [b"1"]


def test_the_return_path_of_a_new_message_stays() -> None:
    """The SMSC has given the same id again."""
    ending = EndingPaths()
    ending.add(b"1", 60.0)
    ending.stay(b"1")
    assert ending.take(1000.0, 100) == []


def test_a_return_path_that_is_not_to_end_may_be_told_to_stay() -> None:
    ending = EndingPaths()
    ending.stay(b"1")
    assert (len(ending), ending.octets) == (0, 0)


def test_without_room_none_ends_early() -> None:
    """What is noted ends in its time; what is not stays, as if it had had no receipt."""
    ending = EndingPaths(limit=2 * SIZE_OF_ENTRY)
    assert [ending.add(key, 60.0) for key in (b"1", b"2", b"3")] == [True, True, False]
    assert ending.take(60.0, 100) == []
    assert ending.take(61.0, 100) == [b"1", b"2"]
    assert ending.add(b"3", 121.0)


def test_without_room_no_return_path_ends_by_an_earlier_receipt() -> None:
    ending = EndingPaths(limit=1)
    ending.add(b"1", 60.0)
    ending.limit = 0
    assert not ending.add(b"1", 110.0)
    assert ending.take(1000.0, 100) == []


def test_a_hundred_thousand_receipts_an_hour_have_room() -> None:
    """With the longest keys that there usually are, and two for each message."""
    ending = EndingPaths()
    for number in range(100_000):
        due = 3600.0 + number * 3600.0 / 100_000
        assert ending.add(b"%064d" % number, due)
        assert ending.add(b"beside %064d" % number, due)
    assert ending.take(3600.0, 100) == []
    assert len(ending) == 200_000


def test_a_key_that_is_added_again_moves_to_the_end() -> None:
    """Even if both happen at one time."""
    ending = EndingPaths()
    for key in (b"1", b"2", b"1"):
        ending.add(key, 60.0)
    assert ending.take(61.0, 100) == [b"2", b"1"]


def test_no_more_are_taken_than_asked_for() -> None:
    """The reactor waits for it, with any number of keys due."""
    ending = EndingPaths()
    for number in range(1000):
        ending.add(b"%d" % number, 60.0)
    assert ending.take(1000.0, 300) == [b"%d" % number for number in range(300)]


class Ending(RuleBasedStateMachine):
    """Each key ends when it is due, in order, and none sooner."""

    def __init__(self) -> None:
        super().__init__()
        self.ending = EndingPaths(limit=5 * SIZE_OF_ENTRY)
        self.now = 0.0
        self.due: dict[bytes, float] = {}

    @rule(key=KEYS, seconds=st.floats(0.0, 8.0))
    def add(self, key: bytes, seconds: float) -> None:
        self.now += seconds
        self.due.pop(key, None)
        if self.ending.add(key, self.now + 10.0):
            self.due[key] = self.now + 10.0

    @rule(most=st.integers(1, 4))
    def take(self, most: int) -> None:
        over = self.ending.take(self.now, most)
        assert over == list(self.due)[: len(over)]
        assert all(self.due.pop(key) <= self.now for key in over)
        if len(over) < most:
            assert all(at > self.now - 1.0 for at in self.due.values())

    @rule(key=KEYS)
    def stay(self, key: bytes) -> None:
        self.ending.stay(key)
        self.due.pop(key, None)

    @invariant()
    def has_the_keys_that_are_to_end(self) -> None:
        assert len(self.ending) == len(self.due)
        assert self.ending.octets == sum(SIZE_OF_ENTRY + len(key) for key in self.due)


TestEnding = Ending.TestCase
