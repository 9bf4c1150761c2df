"""What no SMSC can take now waits: how long, in which order, and how it ends."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.gate.submit.room import OVERHEAD, Line
from smppgate.routing.admin_state import AdminState
from smppgate.routing.smscs.health.policy import RetryPolicy
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import BroadcastSm, CancelSm, DataSm, QuerySm
from smppgate.txsmpp.versions import V3_3, V5_0
from tests.routing import fakes
from tests.routing.fakes import FakeSession, Gate, said

HOLD = 5.0


class Waits(Gate):
    """A gate whose messages wait, with a link to ``alpha`` that has a window of 1."""

    def __init__(self, hold: float = HOLD, window: int = 1, **options: Any) -> None:
        super().__init__(tags=True, **options)
        self.pool.hold = hold
        self.first = self.link(window=window)

    @property
    def room(self) -> Any:
        """The waiting room."""
        return self.router.waiting_room

    def turn(self, seconds: float = 0.0) -> None:
        """A turn of the reactor ends, so much later."""
        self.clock.advance(seconds)

    def submits(self, esme: FakeSession, *numbers: int) -> None:
        """An ESME sends messages under these numbers, which are their texts too."""
        for number in numbers:
            self.forward(esme, fakes.submit(number, b"%d" % number))

    def answers(self, link: FakeSession, status: int = 0) -> None:
        """The latest on a link is answered, and the turn ends."""
        self.answer(link, status, b"id\0" if not status else b"")
        self.turn()

    def is_empty(self) -> bool:
        """Whether nothing waits, and nothing is counted as if it did."""
        room = self.room
        tables = (room._rooms, room._sessions, room._holdings, room._deadlines)
        counts = (len(room), room.octets, self.pool.waiting, *map(len, tables))
        nobody = all(each.waiters is None for each in self.router.smscs)
        return not any(counts) and nobody


def texts(link: FakeSession) -> list[int]:
    """The messages that a link was sent."""
    return [int(frame.octets.split(b"\0")[-1][1:]) for frame in link.requests]


# Being served


def test_what_no_smsc_can_take_waits_and_is_sent_as_soon_as_one_can() -> None:
    gate = Waits()
    esme = gate.esme()
    gate.submits(esme, 1, 2, 3)
    assert (texts(gate.first), said(esme), esme.unanswered) == ([1], [], 3)
    assert gate.router.open_exchanges == 3
    gate.answers(gate.first)
    assert texts(gate.first) == [1, 2]
    gate.answers(gate.first)
    gate.answers(gate.first)
    assert said(esme) == [(1, 0), (2, 0), (3, 0)]
    assert esme.unanswered == 0
    assert gate.is_empty()


def test_with_nobody_waiting_a_message_is_sent_at_once() -> None:
    gate = Waits(window=10)
    gate.submits(gate.esme(), 1)
    assert texts(gate.first) == [1]
    assert gate.router.events.waited == 0


def test_a_message_does_not_overtake_those_that_wait() -> None:
    """Not even where a place is free already, and handed on at the end of the turn."""
    gate = Waits()
    esme = gate.esme()
    gate.submits(esme, 1, 2)
    gate.answer(gate.first, 0, b"id\0")
    gate.submits(esme, 3)
    gate.turn()
    assert texts(gate.first) == [1, 2]


def test_the_window_of_its_session_bounds_what_waits() -> None:
    gate = Waits()
    esme = gate.esme(window=3)
    gate.submits(esme, 1, 2, 3, 4)
    assert said(esme) == [(4, 0x58)]
    assert len(gate.room) == 2


def test_it_waits_for_a_link_that_comes_up() -> None:
    gate = Gate(tags=True)
    gate.pool.hold = HOLD
    esme = gate.esme()
    gate.forward(esme, fakes.submit())
    gate.clock.advance(4.9)
    link = gate.link(gate.beta)
    gate.clock.advance(0.0)
    assert len(link.requests) == 1


def test_it_waits_for_an_smsc_that_is_ready_again() -> None:
    gate = Waits()
    gate.alpha.change_state(AdminState.DRAIN)
    gate.submits(gate.esme(), 1)
    assert texts(gate.first) == []
    gate.alpha.change_state(AdminState.READY)
    gate.turn()
    assert texts(gate.first) == [1]


def test_it_waits_for_a_window_that_grows() -> None:
    gate = Waits()
    gate.submits(gate.esme(), 1, 2)
    gate.first.window = 2
    gate.alpha.change_window(2)
    gate.turn()
    assert texts(gate.first) == [1, 2]


def test_it_has_the_place_of_one_that_is_given_up() -> None:
    """A response timeout after it timed out: see `Outstanding`."""
    gate = Waits(hold=100.0)
    gate.submits(gate.esme(), 1, 2)
    gate.turn(50.0)
    gate.first.expire(0.0)
    gate.turn()
    assert texts(gate.first) == [1]
    gate.first.outstanding.release(0.0)
    gate.turn()
    assert texts(gate.first) == [1, 2]


def test_it_goes_to_the_other_smsc_when_a_link_is_lost() -> None:
    gate = Waits()
    esme, beta = gate.esme(), gate.link(gate.beta, window=1)
    gate.submits(esme, 1, 2, 3)
    gate.lose(gate.first)
    gate.turn()
    assert [number for number, status in said(esme) if status == 0x08] in ([1], [2])
    gate.answers(beta)
    assert 3 in texts(beta)


def test_accounts_take_turns_by_their_shares() -> None:
    gate = Waits(hold=60.0)
    flood, quiet = gate.esme(window=100), gate.esme(gate.other)
    quiet.share = 2
    gate.submits(flood, *range(10, 20))
    gate.submits(quiet, 1, 2, 3, 4)
    for _ in range(9):
        gate.answers(gate.first)
    assert texts(gate.first) == [10, 11, 1, 2, 12, 3, 4, 13, 14, 15]


def test_pools_that_wait_for_one_smsc_take_turns() -> None:
    gate = Waits(hold=60.0)
    pool = fakes.pool(gate.alpha)
    pool.hold = 60.0
    one, other = gate.esme(), gate.esme()
    other.pool = pool
    gate.submits(one, 1, 2, 3)
    gate.submits(other, 11, 12, 13)
    for _ in range(5):
        gate.answers(gate.first)
    assert texts(gate.first) == [1, 2, 11, 3, 12, 13]


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=40))
def test_each_session_is_first_in_first_out(steps: list[tuple[int, bool]]) -> None:
    gate = Waits(window=2)
    sessions = [gate.esme(window=100), gate.esme(gate.other, window=100), gate.esme(window=100)]
    for number, (which, answers) in enumerate(steps):
        gate.submits(sessions[which], number * 3 + which)
        if answers and gate.first.requests and len(gate.first.outstanding):
            oldest = next(iter(gate.first.outstanding.requests))
            gate.first.reply(next(r for r in gate.first.requests if r[2] == oldest), 0, b"id\0")
            gate.turn()
    sent = texts(gate.first)
    for which in range(3):
        own = [number for number in sent if number % 3 == which]
        assert own == sorted(own)


# The end of hold


def test_when_hold_is_over_it_is_answered_0x58_where_a_member_takes_messages() -> None:
    gate = Waits()
    esme = gate.esme()
    gate.submits(esme, 1, 2)
    gate.turn(4.99)
    assert said(esme) == []
    gate.turn(0.01)
    assert said(esme) == [(2, 0x58)]
    assert esme.unanswered == 1
    assert gate.is_empty()
    statistics = gate.router.statistics()
    assert (statistics.waited, statistics.hold_expired) == (1, 1)


@pytest.mark.parametrize("state", [AdminState.DRAIN, AdminState.MAINT])
def test_where_no_member_takes_messages_it_is_answered_no_member_status(state: AdminState) -> None:
    gate = Waits(no_member_status=0x14)
    gate.alpha.change_state(state)
    esme = gate.esme()
    gate.submits(esme, 1)
    gate.turn(HOLD)
    assert said(esme) == [(1, 0x14)]


def test_a_member_that_does_not_know_the_command_does_not_count() -> None:
    gate = Waits()
    gate.alpha.commands = V3_3.commands
    esme = gate.esme()
    gate.forward(esme, fakes.frame_of(DataSm(destination_addr=b"4477")))
    gate.turn(HOLD)
    assert (said(esme), gate.first.requests) == ([(1, 0x08)], [])


def test_what_no_member_will_ever_take_does_not_wait() -> None:
    gate = Waits()
    gate.alpha.commands = gate.beta.commands = V3_3.commands
    esme = gate.esme()
    gate.forward(esme, fakes.frame_of(DataSm(destination_addr=b"4477")))
    assert said(esme) == [(1, 0x08)]


def test_with_a_hold_of_0_nothing_waits() -> None:
    gate = Waits(hold=0.0)
    esme = gate.esme()
    gate.submits(esme, 1, 2)
    assert said(esme) == [(2, 0x08)]


def test_nothing_is_sent_when_its_time_is_over() -> None:
    """The process was stopped: the turn that frees a place comes before the timer."""
    gate = Waits()
    esme = gate.esme()
    gate.submits(esme, 1, 2)
    gate.clock.rightNow += HOLD
    gate.answers(gate.first)
    assert texts(gate.first) == [1]
    assert sorted(said(esme)) == [(1, 0), (2, 0x58)]


def test_one_timer_serves_all_deadlines() -> None:
    gate = Waits()
    esme = gate.esme(window=100)
    gate.submits(esme, *range(1, 50))
    gate.turn()
    assert len(gate.clock.getDelayedCalls()) == 1
    for _ in range(40):
        gate.turn(0.1)
        gate.submits(esme, 50)
        gate.turn()
        assert len(gate.clock.getDelayedCalls()) == 1


def test_a_message_that_the_smsc_cannot_express_is_answered_when_its_turn_comes() -> None:
    gate = Waits()
    esme = gate.esme(version=V5_0)
    gate.submits(esme, 1)
    gate.forward(esme, fakes.frame_of(BroadcastSm(source_addr=b"1000"), 2))
    gate.answers(gate.first)
    assert said(esme) == [(1, 0), (2, 0x03)]
    assert gate.is_empty()


# What is tried again


def test_what_was_turned_down_waits_for_the_others_in_front_of_all() -> None:
    gate = Waits()
    esme, beta = gate.esme(), gate.link(gate.beta, window=1)
    gate.submits(esme, 1, 2, 3)
    (tried,) = texts(gate.first)
    gate.answers(gate.first, 0x58)
    assert texts(gate.first) == [tried, 3]
    gate.submits(esme, 4)
    gate.answers(beta)
    assert texts(beta) == [3 - tried, tried]
    assert 4 not in texts(gate.first)


def test_it_waits_for_no_member_that_is_down() -> None:
    """The ESME hears the status at once, as it would without the other member."""
    gate = Waits()
    esme = gate.esme()
    gate.submits(esme, 1)
    gate.answers(gate.first, 0x58)
    assert said(esme) == [(1, 0x58)]


def test_it_waits_until_a_second_of_the_time_to_answer_is_left() -> None:
    gate = Waits(hold=30.0)
    gate.beta.response_timeout = 10.0
    esme, beta = gate.esme(), gate.link(gate.beta, window=1)
    gate.submits(esme, 1, 2)
    gate.answers(gate.first, 0x58)
    gate.turn(8.9)
    assert said(esme) == []
    gate.turn(0.1)
    assert [status for _, status in said(esme)] == [0x58]
    assert len(beta.requests) == 1


@pytest.mark.parametrize(("refused", "told"), [(0x14, 0x14), (0x64, 0x64), (0x04, 0x08)])
def test_at_the_end_of_its_time_the_esme_hears_what_the_last_smsc_said(
    refused: int, told: int
) -> None:
    """Not that others were full; nor what is about the gate's own bind."""
    gate = Waits()
    gate.pool.health.retry = RetryPolicy(statuses=frozenset({refused}))
    esme, beta = gate.esme(), gate.link(gate.beta, window=1)
    gate.submits(esme, 1, 2)
    (tried,) = texts(gate.first)
    gate.answers(gate.first, refused)
    gate.turn(HOLD)
    assert said(esme) == [(tried, told)]
    assert len(beta.requests) == 1


def test_a_session_that_unbinds_hears_it_too() -> None:
    gate = Waits()
    esme = gate.esme()
    gate.link(gate.beta, window=1)
    gate.submits(esme, 1, 2)
    (tried,) = texts(gate.first)
    gate.answers(gate.first, 0x14)
    gate.router.esme_drained(esme)
    assert said(esme) == [(tried, 0x14)]


def test_it_does_not_wait_once_hold_is_over() -> None:
    gate = Waits()
    esme, beta = gate.esme(), gate.link(gate.beta, window=1)
    gate.submits(esme, 1, 2)
    gate.turn(HOLD)
    gate.answers(gate.first, 0x14)
    assert [status for _, status in said(esme)] == [0x14]
    assert len(beta.requests) == 1


# Memory


def octets_of(number: int) -> int:
    return len(fakes.submit(number, b"%d" % number).octets) + OVERHEAD


def test_when_memory_is_used_up_who_has_most_of_it_is_answered_newest_first() -> None:
    gate = Waits(hold_octets=3 * octets_of(11))
    flood, quiet = gate.esme(), gate.esme(gate.other)
    gate.submits(flood, 10, 11, 12, 13)
    assert said(flood) == []
    gate.submits(flood, 14)
    assert said(flood) == [(14, 0x58)]
    gate.submits(quiet, 21)
    assert said(flood) == [(14, 0x58), (13, 0x58)]
    assert said(quiet) == []
    assert gate.room.octets <= 3 * octets_of(11)


def test_less_memory_after_a_reload_is_kept_to() -> None:
    gate = Waits()
    esme = gate.esme()
    gate.submits(esme, 11, 12, 13)
    gate.router._options.hold_octets = octets_of(11)
    gate.room.rearrange()
    assert said(esme) == [(13, 0x58)]


def test_one_that_has_no_place_at_all_is_answered_at_once() -> None:
    gate = Waits(hold_octets=100)
    esme = gate.esme()
    gate.submits(esme, 1, 2)
    assert said(esme) == [(2, 0x58)]
    assert gate.is_empty()


# Ends


def test_a_session_that_ends_has_its_messages_dropped_unsent() -> None:
    gate = Waits()
    esme, other = gate.esme(), gate.esme()
    gate.submits(esme, 1, 2, 3)
    gate.submits(other, 4)
    gate.lose(esme)
    gate.router.esme_ended(esme)  # type: ignore[arg-type]
    gate.answers(gate.first)
    assert texts(gate.first) == [1, 4]
    assert said(esme) == []
    assert esme.unanswered == 0
    assert gate.router.statistics().dropped == 2


def test_a_session_whose_time_is_over_has_them_answered() -> None:
    gate = Waits()
    esme = gate.esme()
    gate.submits(esme, 1, 2)
    gate.router.esme_drained(esme)  # type: ignore[arg-type]
    assert said(esme) == [(2, 0x58)]
    assert gate.is_empty()


def test_a_gate_that_closes_answers_all_and_lets_nothing_wait() -> None:
    gate = Waits()
    esme, beta = gate.esme(), gate.link(gate.beta, window=1)
    gate.submits(esme, 1, 2, 3)
    gate.router.close()
    assert said(esme) == [(3, 0x08)]
    gate.answers(gate.first, 0x58)
    assert len(beta.requests) == 1
    assert sorted(said(esme)) == [(1, 0x58), (3, 0x08)]


def test_a_gate_that_has_stopped_has_no_timer() -> None:
    gate = Waits()
    gate.router.startService()
    gate.submits(gate.esme(), 1, 2)
    gate.turn()
    gate.router.stopService()
    assert gate.clock.getDelayedCalls() == []


# Requests about a message


class Asks(Waits):
    """A gate whose ``alpha`` has a message of ``asker``'s, and a full window."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.asker = self.esme()
        self.submitted(self.asker, self.first, b"1")
        self.submits(self.esme(self.other), 7)
        self.asker.answers.clear()
        self.first.requests.clear()

    def asks(self, number: int) -> None:
        """It queries that message."""
        pdu = QuerySm(message_id=b"alpha1", source_addr=b"1000")
        self.forward(self.asker, fakes.frame_of(pdu, number))


def kinds(frames: list[Frame]) -> list[int]:
    return [frame.command_id for frame in frames]


def test_a_query_waits_for_the_smsc_that_has_the_message() -> None:
    gate = Asks()
    gate.asks(5)
    assert said(gate.asker) == []
    assert gate.router.open_exchanges == 2
    gate.first.hear(Frame.of(fakes.raw(CommandId.SUBMIT_SM_RESP, 0, 2, b"id\0").octets))
    gate.turn()
    assert kinds(gate.first.requests) == [CommandId.QUERY_SM]
    gate.answers(gate.first)
    assert gate.asker.unanswered == 0
    assert gate.is_empty()


def test_it_holds_up_no_message() -> None:
    """Nor is it held up by those that wait for the pool."""
    gate = Asks()
    gate.asks(5)
    beta = gate.link(gate.beta)
    gate.submits(gate.asker, 6)
    assert kinds(beta.requests) == [CommandId.SUBMIT_SM]


def test_queries_of_one_session_keep_their_order() -> None:
    gate = Asks()
    gate.asks(5)
    gate.asks(6)
    gate.first.hear(fakes.raw(CommandId.SUBMIT_SM_RESP, 0, 2, b"id\0"))
    gate.asks(7)
    for _ in range(3):
        gate.turn()
        gate.answer(gate.first, 0, b"1\0\0\2\0")
    assert said(gate.asker) == [(5, 0), (6, 0), (7, 0)]


@pytest.mark.parametrize(("is_up", "status"), [(True, 0x58), (False, 0x08)])
def test_a_query_is_answered_at_the_end_of_hold(is_up: bool, status: int) -> None:
    gate = Asks()
    if not is_up:
        gate.lose(gate.first)
    gate.asks(5)
    gate.turn(HOLD)
    assert said(gate.asker) == [(5, status)]
    assert gate.asker.unanswered == 0


def test_a_cancel_of_all_waits_for_each_smsc_that_is_full() -> None:
    gate = Asks()
    beta = gate.link(gate.beta)
    pdu = CancelSm(source_addr=b"1000", destination_addr=b"447700900123")
    gate.forward(gate.asker, fakes.frame_of(pdu, 5))
    assert kinds(beta.requests) == [CommandId.CANCEL_SM]
    gate.answer(beta, 0x11)
    assert said(gate.asker) == []
    gate.turn(HOLD)
    assert said(gate.asker) == [(5, 0x11)]
    assert gate.asker.unanswered == 0


def test_a_cancel_of_all_whose_session_ends_leaves_nothing() -> None:
    gate = Asks()
    pdu = CancelSm(source_addr=b"1000", destination_addr=b"447700900123")
    gate.forward(gate.asker, fakes.frame_of(pdu, 5))
    gate.lose(gate.asker)
    gate.router.esme_ended(gate.asker)  # type: ignore[arg-type]
    assert gate.asker.unanswered == 0
    assert gate.is_empty()


# What is seen of it


def test_lines_say_what_waits_for_each_pool_and_smsc() -> None:
    gate = Asks()
    esme = gate.esme()
    gate.turn(10.0)
    gate.submits(esme, 1)
    gate.turn(1.0)
    gate.submits(esme, 2)
    gate.asks(5)
    query = len(fakes.frame_of(QuerySm(message_id=b"alpha1", source_addr=b"1000")).octets)
    assert gate.room.lines() == {
        gate.pool: Line(2, octets_of(1) + octets_of(2), 10.0),
        gate.alpha: Line(1, query + OVERHEAD, 11.0),
    }
    assert [gate.room.count_of(each) for each in (b"acme", b"other")] == [3, 0]
    statistics = gate.router.statistics()
    assert (statistics.waiting, statistics.waiting_octets) == (3, gate.room.octets)
