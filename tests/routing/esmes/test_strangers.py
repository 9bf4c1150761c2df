"""What a listener lets peers do that it does not know yet."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.esmes.strangers import StrangerLimits, Strangers

HERE, THERE = "192.0.2.7", "192.0.2.8"
LATE = float("inf")


def strangers(per_address: int = 0, unbound: int = 0, bind_rate: int = 0) -> Strangers:
    return Strangers(StrangerLimits(per_address, unbound, bind_rate))


def test_an_address_has_so_many_connections() -> None:
    """Another one has as many, and a place is free again when a connection is gone."""
    some = strangers(per_address=2)
    for session in ("a", "b"):
        assert some.refusal(HERE) == ""
        some.connected(session, HERE)
    assert some.refusal(HERE) == "2 connections from its address are open"
    assert some.refusal(THERE) == ""
    some.bound("a")
    assert some.refusal(HERE) != "", "one that is bound counts too"
    some.lost("a")
    assert some.refusal(HERE) == ""


def test_an_address_that_is_known_later_counts_from_then_on() -> None:
    """Behind a balancer; one that is over the limit does not count."""
    some = strangers(per_address=1)
    for session in ("a", "b"):
        assert some.refusal("") == ""
        some.connected(session, "")
    assert some.identified("a", HERE) == ""
    assert some.identified("b", HERE) == "1 connections from its address are open"
    some.lost("b")
    assert some.count(HERE) == 1


def test_so_many_may_be_without_a_bind() -> None:
    """Wherever they are; one that binds makes room."""
    some = strangers(unbound=2)
    some.connected("a", HERE)
    some.connected("b", THERE)
    assert some.refusal("") == "2 connections of the listener are not bound"
    some.bound("a")
    assert some.refusal("") == ""
    some.connected("c", "")
    some.lost("c")
    some.lost("b")
    assert some.unbound == 0


def test_binds_of_an_address_come_at_a_rate() -> None:
    """A second's worth of them at once, then each in its turn."""
    some = strangers(bind_rate=4)
    waits = [some.bind_wait(HERE, 10.0, LATE) for _ in range(8)]
    assert waits == [0, 0, 0, 0, 0.25, 0.5, 0.75, 1]
    assert some.bind_wait(THERE, 10.0, LATE) == 0
    assert some.bind_wait("", 10.0, LATE) == 0, "of an address that is not known none waits"
    assert some.delayed == 4
    assert [some.bind_wait(HERE, 20.0, LATE) for _ in range(5)] == [0, 0, 0, 0, 0.25]


def test_a_bind_that_would_wait_too_long_takes_no_turn() -> None:
    some = strangers(bind_rate=1)
    assert some.bind_wait(HERE, 0.0, 2.0) == 0
    assert some.bind_wait(HERE, 0.0, 2.0) == 1
    assert some.bind_wait(HERE, 0.0, 2.0) is None
    assert some.bind_wait(HERE, 1.0, 3.5) == 1


def test_addresses_that_bound_long_ago_are_forgotten() -> None:
    some = Strangers(StrangerLimits(bind_rate=1), most=3)
    for number in range(10):
        some.bind_wait(f"192.0.2.{number}", 0.0, LATE)
    assert len(some) == 3
    some.bind_wait(HERE, 100.0, LATE)
    assert len(some) == 1


EVENTS = st.lists(
    st.tuples(st.sampled_from("cibl"), st.integers(0, 9), st.sampled_from(["", HERE, THERE])),
    max_size=60,
)


@given(EVENTS, st.integers(0, 3), st.integers(0, 4))
def test_what_it_counts_is_what_there_is(
    events: list[tuple[str, int, str]], per_address: int, unbound: int
) -> None:
    """Whatever comes in whatever order; no limit is ever passed, and all is forgotten."""
    some = strangers(per_address, unbound)
    here: dict[int, str] = {}
    silent: set[int] = set()
    for kind, session, address in events:
        if kind == "c" and session not in here and not some.refusal(address):
            some.connected(session, address)
            here[session] = address
            silent.add(session)
        elif kind == "i" and here.get(session) == "" and not some.identified(session, address):
            here[session] = address
        elif kind == "b" and session in here:
            some.bound(session)
            silent.discard(session)
        elif kind == "l":
            some.lost(session)
            here.pop(session, None)
            silent.discard(session)
        for each in (HERE, THERE):
            count = sum(1 for where in here.values() if where == each)
            assert some.count(each) == count
            assert not per_address or count <= per_address
        assert some.unbound == len(silent)
        assert not unbound or len(silent) <= unbound
    for session in list(here):
        some.lost(session)
    assert (len(some), some.unbound) == (0, 0)


@given(
    st.integers(1, 20),
    st.lists(st.floats(0.0, 0.3), min_size=1, max_size=120),
    st.floats(0.5, 20.0),
)
def test_no_second_has_more_than_twice_the_rate(
    rate: int, pauses: list[float], patience: float
) -> None:
    """A second's worth at once, and a second's worth in turn; and none waits beyond its time."""
    some, now = strangers(bind_rate=rate), 0.0
    judged: list[float] = []
    for pause in pauses:
        now += pause
        wait = some.bind_wait(HERE, now, now + patience)
        if wait is not None:
            assert wait < patience
            judged.append(now + wait)
    assert judged == sorted(judged)
    for at in judged:
        assert sum(1 for each in judged if at <= each < at + 0.999) <= 2 * rate
