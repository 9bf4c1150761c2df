"""The queue of what is to be sent later."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from smppgate.cli.simulator.agenda import MIN_DELAY, Agenda


def agenda_of(limit: int = 100) -> tuple[Agenda, Clock]:
    clock = Clock()
    return Agenda(clock, limit), clock


@given(delays=st.lists(st.integers(0, 30), max_size=60))
def test_everything_is_sent_once_in_order_of_time_and_of_coming(delays: list[int]) -> None:
    agenda, clock = agenda_of()
    sent: list[bytes] = []
    for number, delay in enumerate(delays):
        assert agenda.add(float(delay), sent.append, b"%d" % number)
        assert len(clock.getDelayedCalls()) == 1
    clock.pump([0.5] * 70)
    expected = sorted(range(len(delays)), key=lambda number: (delays[number], number))
    assert sent == [b"%d" % number for number in expected]
    assert (len(agenda), clock.getDelayedCalls()) == (0, [])


def test_nothing_is_sent_before_its_time() -> None:
    agenda, clock = agenda_of()
    sent: list[bytes] = []
    agenda.add(5.0, sent.append, b"later")
    agenda.add(2.0, sent.append, b"sooner")
    clock.advance(1.9)
    assert sent == []
    clock.advance(0.2)
    assert sent == [b"sooner"]
    clock.advance(2.7)
    assert sent == [b"sooner"]
    clock.advance(0.3)
    assert sent == [b"sooner", b"later"]


def test_what_is_sent_may_add_something() -> None:
    agenda, clock = agenda_of()
    sent: list[bytes] = []

    def send(octets: bytes) -> None:
        agenda.add(clock.seconds() + 1, sent.append, octets)

    agenda.add(1.0, send, b"a")
    clock.pump([1, MIN_DELAY, 1, MIN_DELAY])
    assert sent == [b"a"]


def test_what_fails_to_be_sent_keeps_nobody_else_from_it() -> None:
    agenda, clock = agenda_of()
    sent: list[bytes] = []

    def fail(octets: bytes) -> None:
        raise ValueError(octets)

    agenda.add(1.0, fail, b"a")
    agenda.add(1.0, sent.append, b"b")
    try:
        clock.advance(1)
    except ValueError:
        clock.advance(1)
    assert sent == [b"b"]


def test_a_full_agenda_takes_nothing() -> None:
    agenda, clock = agenda_of(1)
    sent: list[bytes] = []
    assert agenda.add(1.0, sent.append, b"a")
    assert agenda.is_full
    assert not agenda.add(0.5, sent.append, b"b")
    clock.advance(1)
    assert sent == [b"a"]
    assert not agenda.is_full


def test_a_closed_agenda_sends_and_takes_nothing() -> None:
    agenda, clock = agenda_of()
    sent: list[bytes] = []
    agenda.add(1.0, sent.append, b"a")
    agenda.close()
    assert not agenda.add(1.0, sent.append, b"b")
    assert clock.getDelayedCalls() == []
    clock.advance(2)
    assert sent == []
