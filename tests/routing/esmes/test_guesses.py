"""How long binds wait after failures."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from smppgate.routing.esmes.guesses import (
    FREE_FAILURES,
    LIFETIME,
    MOST_NAMES,
    Guesses,
)

HERE, THERE = "192.0.2.7", "192.0.2.8"
LONGEST = 10.0


def failing(
    guesses: Guesses, times: int, address: str = HERE, name: bytes = b"acme", now: float = 0.0
) -> float:
    """Binds that fail, each as soon as it is judged; gives the time after the last."""
    for _ in range(times):
        wait = guesses.wait(address, name, now)
        assert wait is not None
        now += wait
        guesses.failed(address, name, now)
    return now


def test_the_wait_doubles_with_each_failure_up_to_the_longest() -> None:
    """The first failures are free."""
    guesses, now, waits = Guesses(LONGEST), 0.0, []
    for _ in range(10):
        wait = guesses.wait(HERE, b"acme", now)
        assert wait is not None
        waits.append(wait)
        now += wait
        guesses.failed(HERE, b"acme", now)
    assert waits == [0.0] * FREE_FAILURES + [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_an_account_is_not_locked_out() -> None:
    """From another address nothing waits, nor another name from the same one."""
    guesses = Guesses(LONGEST)
    now = failing(guesses, 20)
    assert guesses.wait(THERE, b"acme", now) == 0.0
    assert guesses.wait(HERE, b"bolt", now) == 0.0


def test_an_address_waits_after_ten_names_unless_a_session_from_it_is_bound() -> None:
    """Whatever the name; and again once the session has ended."""
    guesses = Guesses(LONGEST)
    for number in range(MOST_NAMES):
        assert guesses.wait(HERE, b"other", 0.0) == 0.0
        guesses.failed(HERE, b"%d" % number, 0.0)
    assert guesses.wait(HERE, b"other", 0.0)
    assert guesses.wait(THERE, b"other", 0.0) == 0.0
    guesses.bound(HERE, b"bolt")
    assert guesses.wait(HERE, b"other", 0.0) == 0.0
    guesses.lost(HERE)
    assert guesses.wait(HERE, b"other", 0.0) != 0.0


def test_the_right_password_ends_it() -> None:
    """For that name; the failures of others stay."""
    guesses = Guesses(LONGEST)
    now = max(failing(guesses, 5), failing(guesses, 5, name=b"bolt"))
    guesses.bound(HERE, b"acme")
    assert guesses.wait(HERE, b"acme", now) == 0.0
    assert guesses.wait(HERE, b"bolt", now) != 0.0
    assert guesses.failures(HERE, b"acme") == 0


def test_a_bind_that_cannot_wait_so_long_takes_no_turn() -> None:
    """It comes again and again, until the wait is short enough."""
    guesses = Guesses(LONGEST)
    now = failing(guesses, FREE_FAILURES + 4)
    waits = [guesses.wait(HERE, b"acme", now + at, by=now + at + 2.0) for at in range(8)]
    assert waits == [None] * 7 + [1.0]


def test_failures_are_forgotten() -> None:
    guesses = Guesses(LONGEST)
    now = failing(guesses, 5)
    assert guesses.wait(HERE, b"acme", now + LIFETIME) == 0.0


def test_0_lets_none_wait_and_a_peer_without_an_address_neither() -> None:
    """On a UNIX socket all would share one wait, and an account be locked out."""
    off, unix = Guesses(0.0), Guesses(LONGEST)
    assert failing(off, 50) == 0.0
    assert failing(unix, 50, address="") == 0.0
    assert len(off) == len(unix) == 0


@given(st.integers(1, 2000), st.integers(0, 5))
def test_of_many_at_once_few_are_judged(binds: int, spread: int) -> None:
    """A thousand connections guess no faster than one: the rest is not judged at all."""
    guesses = Guesses(LONGEST)
    now = failing(guesses, 8)
    waits = [guesses.wait(HERE, b"acme", now + at * spread / binds) for at in range(binds)]
    judged = [wait for wait in waits if wait is not None]
    assert len(judged) <= 3 + spread
    assert all(wait <= LONGEST for wait in judged)


class Tables(RuleBasedStateMachine):
    """Any addresses and names take bounded room, and no wait is longer than it may be."""

    def __init__(self) -> None:
        super().__init__()
        self.guesses = Guesses(LONGEST, most=5)
        self.now = 0.0
        self.bound_at: list[str] = []

    @rule(address=st.sampled_from("abcdefgh"), name=st.binary(max_size=2))
    def fail(self, address: str, name: bytes) -> None:
        self.guesses.failed(address, name, self.now)

    @rule(address=st.sampled_from("abcdefgh"), name=st.binary(max_size=2))
    def bind(self, address: str, name: bytes) -> None:
        self.guesses.bound(address, name)
        self.bound_at.append(address)
        assert self.guesses.wait(address, name, self.now) == 0.0

    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        if self.bound_at:
            address = data.draw(st.sampled_from(self.bound_at))
            self.bound_at.remove(address)
            self.guesses.lost(address)

    @rule(address=st.sampled_from("abcdefgh"), name=st.binary(max_size=2))
    def ask(self, address: str, name: bytes) -> None:
        wait = self.guesses.wait(address, name, self.now)
        assert wait is None or 0.0 <= wait <= LONGEST

    @rule(seconds=st.floats(0.0, 900.0))
    def pass_by(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def is_bounded(self) -> None:
        assert len(self.guesses) <= 10
        assert set(self.guesses._bound) == set(self.bound_at)


TestTables = Tables.TestCase


@given(st.lists(st.floats(0, 30), max_size=30))
def test_to_ask_for_the_turn_takes_none(pauses: list[float]) -> None:
    """Who asks as often as it likes has its turn when it was said, and not later."""
    guesses, now = Guesses(60.0), 0.0
    for pause in pauses:
        turn = now + guesses.turn("a", b"x", now)
        assert guesses.turn("a", b"x", turn) == 0.0
        now += pause
        if now >= turn:
            guesses.failed("a", b"x", now)
    guesses.forgive("a", b"x")
    assert guesses.turn("a", b"x", now) == 0.0
