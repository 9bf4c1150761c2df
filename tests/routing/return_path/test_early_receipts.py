"""A receipt that waits for its return path leaves once: with it, or when its time is over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from smppgate.routing.return_path.early_receipts import EarlyReceipts

KEYS = st.sampled_from([b"1", b"2", b"3", b"4"])


def test_a_receipt_leaves_with_any_of_its_keys_and_only_once() -> None:
    early: EarlyReceipts[str] = EarlyReceipts()
    early.add("one", [b"1", b"01", b"A"], 0.0)
    assert early.arrived(b"2") == []
    assert early.arrived(b"01") == ["one"]
    assert early.arrived(b"1") == early.arrived(b"A") == early.arrived(b"01") == []
    assert early.overdue(1e9) == []
    assert len(early) == 0


def test_a_key_may_be_named_twice() -> None:
    """An id may be the same in two notations, as one of digits only is in both cases."""
    early: EarlyReceipts[str] = EarlyReceipts()
    early.add("one", [b"1", b"A", b"1"], 0.0)
    assert early.arrived(b"1") == ["one"]
    assert early.arrived(b"1") == early.arrived(b"A") == []


def test_several_receipts_for_one_key_leave_in_the_order_they_came() -> None:
    """An intermediate receipt comes before the final one."""
    early: EarlyReceipts[str] = EarlyReceipts()
    for name in ("first", "second", "third"):
        early.add(name, [b"1"], 0.0)
    assert early.arrived(b"1") == ["first", "second", "third"]


def test_a_receipt_leaves_after_its_patience_and_no_sooner() -> None:
    early: EarlyReceipts[str] = EarlyReceipts(patience=5.0)
    early.add("one", [b"1"], 10.0)
    early.add("two", [b"2"], 11.0)
    assert early.overdue(14.9) == []
    assert early.overdue(15.0) == ["one"]
    assert early.arrived(b"1") == []
    assert early.overdue(16.0) == ["two"]


def test_beyond_the_limit_none_is_taken_until_one_has_left() -> None:
    early: EarlyReceipts[str] = EarlyReceipts(limit=2)
    assert early.add("one", [b"1"], 0.0)
    assert early.add("two", [b"2"], 0.0)
    assert not early.add("three", [b"3"], 0.0)
    assert early.arrived(b"3") == []
    early.arrived(b"1")
    assert early.add("three", [b"3"], 0.0)
    assert list(early) == ["two", "three"]


def test_octets_are_bounded_too() -> None:
    """Those of the receipt and of its keys."""
    early: EarlyReceipts[str] = EarlyReceipts(most_octets=100)
    assert early.add("one", [b"1" * 10, b"2" * 10], 0.0, 40)
    assert not early.add("two", [b"3"], 0.0, 40)
    assert early.add("two", [], 0.0, 40)
    assert early.octets == 100
    early.arrived(b"1" * 10)
    assert early.octets == 40


@given(st.lists(st.integers(), unique=True))
def test_the_same_receipt_may_wait_twice(numbers: list[int]) -> None:
    """The SMSC sends a receipt again that was not answered; each is answered."""
    early: EarlyReceipts[int] = EarlyReceipts()
    for number in numbers + numbers:
        early.add(number, [b"%d" % number], 0.0)
    for number in numbers:
        assert early.arrived(b"%d" % number) == [number, number]


class Waiting(RuleBasedStateMachine):
    """Beside a plain list that does the same in a simple way."""

    def __init__(self) -> None:
        super().__init__()
        self.early: EarlyReceipts[int] = EarlyReceipts(limit=6, patience=5.0)
        self.now = 0.0
        self.count = 0
        self.plain: list[tuple[int, set[bytes], float]] = []

    @rule(keys=st.lists(KEYS, min_size=1, max_size=3, unique=True))
    def add(self, keys: list[bytes]) -> None:
        self.count += 1
        taken = self.early.add(self.count, keys, self.now)
        assert taken is (len(self.plain) < 6)
        if taken:
            self.plain.append((self.count, set(keys), self.now + 5.0))

    @rule(key=KEYS)
    def arrive(self, key: bytes) -> None:
        assert self.early.arrived(key) == [n for n, keys, _ in self.plain if key in keys]
        self.plain = [waiting for waiting in self.plain if key not in waiting[1]]

    @rule(seconds=st.floats(0.0, 4.0), limit=st.one_of(st.none(), st.integers(0, 3)))
    def wait(self, seconds: float, limit: int | None) -> None:
        self.now += seconds
        expected = [n for n, _, at in self.plain if at <= self.now][:limit]
        assert self.early.overdue(self.now, limit) == expected
        self.plain = [waiting for waiting in self.plain if waiting[0] not in expected]

    @rule(part=st.integers(1, 4), limit=st.integers(0, 3))
    def take(self, part: int, limit: int) -> None:
        """Take out the receipts whose return path cannot come any more."""
        expected = [n for n, _, _ in self.plain if n % part == 0][:limit]
        assert self.early.take(lambda n: n % part == 0, limit) == expected
        self.plain = [waiting for waiting in self.plain if waiting[0] not in expected]

    @invariant()
    def has_the_waiting_receipts(self) -> None:
        assert list(self.early) == [number for number, _, _ in self.plain]
        assert len(self.early) == len(self.plain)

    def teardown(self) -> None:
        """No key is kept of receipts that have left."""
        self.early.overdue(float("inf"))
        assert not self.early._by_key
        assert self.early.octets == 0


TestWaiting = Waiting.TestCase
