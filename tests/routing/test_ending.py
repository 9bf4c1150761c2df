"""Routes of messages that are done with end once, some time after their final receipt."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from smppgate.routing.ending import EndingRoutes

KEYS = st.integers(0, 12).map(lambda number: b"%d" % number)


def test_a_route_ends_after_the_grace_and_no_sooner() -> None:
    ending = EndingRoutes(grace=60.0)
    assert ending.add(b"1", 0.0) == []
    assert ending.add(b"2", 59.9) == []
    assert ending.add(b"3", 60.0) == [b"1"]
    assert ending.add(b"4", 119.9) == [b"2"]
    assert len(ending) == 2


def test_a_receipt_sent_again_lengthens_the_grace() -> None:
    ending = EndingRoutes(grace=60.0)
    ending.add(b"1", 0.0)
    ending.add(b"1", 50.0)
    assert ending.add(b"2", 70.0) == []
    assert ending.add(b"3", 110.0) == [b"1"]


def test_the_route_of_a_new_message_stays() -> None:
    """The SMSC has given its id anew."""
    ending = EndingRoutes(grace=60.0)
    ending.add(b"1", 0.0)
    ending.stay(b"1")
    assert ending.add(b"2", 1000.0) == []


def test_what_does_not_end_may_stay() -> None:
    ending = EndingRoutes()
    ending.stay(b"1")
    assert len(ending) == 0


def test_beyond_the_limit_the_oldest_ends_at_once() -> None:
    ending = EndingRoutes(grace=60.0, limit=2)
    assert ending.add(b"1", 0.0) == []
    assert ending.add(b"2", 0.0) == []
    assert ending.add(b"3", 0.0) == [b"1"]
    assert len(ending) == 2


def test_one_call_ends_no_more_than_some_hundred() -> None:
    """However long nothing was added: the reactor waits for it."""
    ending = EndingRoutes(grace=60.0)
    for number in range(1000):
        ending.add(b"%d" % number, 0.0)
    assert 1 <= len(ending.add(b"last", 1000.0)) <= 500


class Ending(RuleBasedStateMachine):
    """Each key ends when it is due and only then, or because there are too many."""

    def __init__(self) -> None:
        super().__init__()
        self.ending = EndingRoutes(grace=10.0, limit=5)
        self.now = 0.0
        self.due: dict[bytes, float] = {}

    @rule(key=KEYS, seconds=st.floats(0.0, 8.0))
    def add(self, key: bytes, seconds: float) -> None:
        self.now += seconds
        self.due.pop(key, None)
        self.due[key] = self.now + 10.0
        over = self.ending.add(key, self.now)
        expected = [known for known, at in self.due.items() if at <= self.now]
        if not expected and len(self.due) > 5:
            expected = [next(iter(self.due))]
        assert over == expected
        for each in over:
            del self.due[each]

    @rule(key=KEYS)
    def stay(self, key: bytes) -> None:
        self.ending.stay(key)
        self.due.pop(key, None)

    @invariant()
    def it_is_bounded(self) -> None:
        assert len(self.ending) == len(self.due) <= 5


TestEnding = Ending.TestCase
