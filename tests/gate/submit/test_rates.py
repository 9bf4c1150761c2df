"""Rates of accounts, sessions, SMSCs and links: who waits for whom, and what an ESME hears."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.esmes.account import Account
from smppgate.routing.limits.esme_limits import EsmeRates, SessionLimit
from smppgate.routing.limits.token_bucket import Rate
from smppgate.routing.smscs.rate_limits import SmscRates
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.pdu import QuerySm, SmeAddress, SubmitMulti
from tests.routing import fakes
from tests.routing.fakes import FakeSession, Gate, said

HOLD = 5.0


class Limited(Gate):
    """A gate with a link to ``alpha``, whose messages wait up to `HOLD` seconds."""

    def __init__(self, window: int = 1000, **options: Any) -> None:
        super().__init__(tags=True, **options)
        self.pool.hold = HOLD
        self.first = self.link(window=window)

    @property
    def room(self) -> Any:
        return self.router.waiting_room

    def limited(
        self,
        rate: float = 0.0,
        session_rate: float = 0.0,
        burst: float = 1.0,
        rejects: bool = False,
        of: Account[FakeSession] | None = None,
    ) -> FakeSession:
        """A session, of ``acme`` by default, that may send so many messages a second."""
        account = of if of is not None else self.acme
        esme = self.esme(account)
        esme.window = 1000
        both = [Rate(each, burst) if each else None for each in (rate, session_rate)]
        esme.rates = EsmeRates(both[0], both[1], rejects)
        esme.limit = SessionLimit(account.limit)
        return esme

    def limit(self, smsc: Smsc, rate: float = 0.0, link_rate: float = 0.0) -> None:
        """Have ``smsc`` sent so many messages a second."""
        both = [Rate(each, max(1.0, each / 10)) if each else None for each in (rate, link_rate)]
        rates = SmscRates(*both) if rate or link_rate else None
        smsc.change_rates(rates, self.router.refills, self.now)

    def submits(self, esme: FakeSession, *numbers: int) -> None:
        """An ESME sends messages under these numbers, which are their texts too."""
        for number in numbers:
            self.forward(esme, fakes.submit(number, b"%d" % number))

    def turn(self, seconds: float = 0.0) -> None:
        """So much time passes, in turns of the reactor."""
        until = self.now + seconds
        self.clock.advance(0.0)
        while self.now < until:
            self.clock.advance(min(0.01, until - self.now))

    def is_empty(self) -> bool:
        """Whether nothing waits, and nothing is counted as if it did."""
        room = self.room
        tables = (room._rooms, room._rate_rooms, room._sessions, room._holdings, room._deadlines)
        return not any((len(room), room.octets, self.pool.waiting, *map(len, tables)))


def texts(link: FakeSession) -> list[int]:
    """The messages that a link was sent."""
    return [int(frame.octets.split(b"\0")[-1][1:]) for frame in link.requests]


# An account over its rate


def test_a_message_over_the_rate_waits_until_its_account_has_a_token() -> None:
    gate = Limited()
    esme = gate.limited(rate=2.0)
    gate.submits(esme, 1, 2, 3)
    assert texts(gate.first) == [1]
    assert gate.router.statistics().over_rate == 2
    gate.turn(0.45)
    assert texts(gate.first) == [1]
    gate.turn(0.1)
    assert texts(gate.first) == [1, 2]
    gate.turn(0.5)
    assert texts(gate.first) == [1, 2, 3]
    assert gate.is_empty()
    assert not len(gate.router.refills)


def test_it_waits_for_a_token_of_its_session() -> None:
    gate = Limited()
    one, two = gate.limited(session_rate=2.0), gate.limited(session_rate=2.0)
    gate.submits(one, 1, 2)
    gate.submits(two, 11, 12)
    assert texts(gate.first) == [1, 11]
    gate.turn(0.6)
    assert sorted(texts(gate.first)) == [1, 2, 11, 12]
    assert gate.is_empty()


def test_with_reject_it_is_answered_0x58_at_once() -> None:
    gate = Limited()
    esme = gate.limited(rate=2.0, rejects=True)
    gate.submits(esme, 1, 2)
    assert said(esme) == [(2, 0x58)]
    assert esme.unanswered == 1
    gate.turn(0.5)
    gate.submits(esme, 3)
    assert texts(gate.first) == [1, 3]


def test_where_nothing_waits_it_is_answered_0x58_at_once() -> None:
    gate = Limited()
    gate.pool.hold = 0.0
    esme = gate.limited(rate=2.0)
    gate.submits(esme, 1, 2)
    assert said(esme) == [(2, 0x58)]


def test_at_the_end_of_hold_it_is_answered_0x58() -> None:
    gate = Limited()
    esme = gate.limited(rate=0.1)
    gate.submits(esme, 1, 2)
    gate.turn(HOLD - 0.1)
    assert said(esme) == []
    gate.turn(0.2)
    assert said(esme) == [(2, 0x58)]
    assert gate.is_empty()
    assert not len(gate.router.refills)


def test_over_its_rate_an_account_hears_0x58_also_when_no_smsc_is_up() -> None:
    gate = Gate(tags=True)
    gate.pool.hold = HOLD
    limited = Limited.limited(gate, rate=0.19)  # type: ignore[arg-type]
    other = gate.esme(gate.other)
    gate.forward(limited, fakes.submit(1))
    gate.forward(other, fakes.submit(1))
    gate.clock.pump([0.1] * 49)
    gate.forward(limited, fakes.submit(2))
    gate.clock.pump([0.1] * 51)
    assert said(limited) == [(1, 0x58), (2, 0x58)]
    assert said(other) == [(1, 0x08)]


def test_one_accounts_rate_delays_no_other() -> None:
    gate = Limited()
    slow, other = gate.limited(rate=1.0), gate.esme(gate.other, window=100)
    gate.submits(slow, *range(1, 50))
    gate.submits(other, *range(101, 111))
    assert texts(gate.first) == [1, *range(101, 111)]


def test_a_message_does_not_overtake_those_of_its_session() -> None:
    """Neither where a token has come, nor on the way from one room to the other."""
    gate = Limited()
    esme = gate.limited(rate=10.0)
    gate.submits(esme, 1, 2, 3)
    gate.clock.advance(0.1)
    gate.submits(esme, 4)
    gate.turn(1.0)
    assert texts(gate.first) == [1, 2, 3, 4]


def test_with_a_token_it_waits_for_an_smsc_like_any_other() -> None:
    gate = Limited(window=1)
    esme = gate.limited(rate=2.0)
    gate.submits(esme, 1, 2)
    gate.turn(1.0)
    assert (texts(gate.first), gate.pool.waiting) == ([1], 1)
    gate.answer(gate.first, 0, b"id\0")
    gate.turn()
    assert texts(gate.first) == [1, 2]
    assert gate.is_empty()


def test_sessions_of_an_account_take_turns() -> None:
    gate = Limited()
    one, two = gate.limited(rate=10.0), gate.limited(rate=10.0)
    gate.submits(one, 1, 2, 3, 4)
    gate.submits(two, 11, 12)
    gate.turn(1.0)
    assert texts(gate.first) == [1, 2, 11, 3, 12, 4]


def test_a_session_over_its_own_rate_leaves_the_tokens_of_its_account_to_others() -> None:
    gate = Limited()
    slow, fast = gate.limited(10.0, 1.0), gate.limited(10.0, 10.0)
    gate.submits(slow, 1, 2, 3)
    gate.submits(fast, 11, 12, 13, 14)
    gate.turn(0.5)
    assert texts(gate.first) == [1, 11, 12, 13, 14]
    gate.turn(2.0)
    assert texts(gate.first)[5:] == [2, 3]


def test_a_submit_multi_takes_a_token_for_each_destination() -> None:
    gate = Limited()
    esme = gate.limited(rate=10.0)
    addresses = tuple(SmeAddress(destination_addr=b"4477%d" % at) for at in range(4))
    multi = SubmitMulti(source_addr=b"1000", dest_address=addresses)
    gate.forward(esme, fakes.frame_of(multi, 1))
    gate.submits(esme, 2)
    gate.turn(0.35)
    assert len(gate.first.requests) == 1
    gate.turn(0.1)
    assert [frame.command_id for frame in gate.first.requests] == [
        CommandId.SUBMIT_MULTI,
        CommandId.SUBMIT_SM,
    ]


def test_a_query_takes_no_token() -> None:
    gate = Limited()
    gate.limit(gate.alpha, rate=0.1)
    esme = gate.limited(rate=0.1)
    gate.submits(esme, 1)
    gate.answer(gate.first, 0, b"id\0")
    told = esme.answers[0].octets[16:-1]
    query = QuerySm(message_id=told, source_addr=b"1000")
    for number in (2, 3):
        gate.forward(esme, fakes.frame_of(query, number))
    assert [frame.command_id for frame in gate.first.requests[1:]] == [CommandId.QUERY_SM] * 2


def test_what_waits_for_a_token_is_dropped_when_its_session_ends() -> None:
    gate = Limited()
    esme = gate.limited(rate=1.0)
    gate.submits(esme, 1, 2, 3)
    esme.lose()
    gate.router.esme_ended(esme)  # type: ignore[arg-type]
    assert esme.unanswered == 1
    assert gate.is_empty()
    assert not len(gate.router.refills)
    gate.turn(3.0)
    assert texts(gate.first) == [1]


def test_when_the_gate_stops_it_is_answered() -> None:
    gate = Limited()
    esme = gate.limited(rate=1.0)
    gate.submits(esme, 1, 2)
    gate.router.close()
    assert said(esme) == [(2, 0x08)]
    assert gate.is_empty()


def test_when_there_is_no_memory_the_newest_is_answered_0x58() -> None:
    gate = Limited(hold_octets=2500)
    esme = gate.limited(rate=1.0)
    gate.submits(esme, 1, 2, 3, 4)
    assert said(esme) == [(4, 0x58)]


def test_a_rate_that_is_taken_away_lets_all_go() -> None:
    gate = Limited()
    esme = gate.limited(rate=0.1)
    gate.submits(esme, 1, 2, 3)
    esme.rates = None
    gate.room.rearrange()
    gate.submits(esme, 4)
    gate.turn()
    assert texts(gate.first) == [1, 2, 3, 4]
    assert gate.is_empty()


def test_another_rate_counts_for_what_waits() -> None:
    gate = Limited()
    esme = gate.limited(rate=0.1)
    gate.submits(esme, 1, 2, 3)
    esme.rates = EsmeRates(Rate(10.0, 1.0), None, False)
    gate.room.rearrange()
    gate.turn(0.25)
    assert texts(gate.first) == [1, 2, 3]


# An SMSC that has been sent what it may be sent


def test_an_smsc_is_sent_no_more_than_its_rate() -> None:
    gate = Limited()
    gate.limit(gate.alpha, rate=50.0)
    esme = gate.esme(window=1000)
    gate.submits(esme, *range(1, 101))
    assert texts(gate.first) == [1]
    gate.turn(1.0)
    assert 49 <= len(gate.first.requests) <= 51
    gate.turn(1.0)
    assert texts(gate.first) == list(range(1, len(gate.first.requests) + 1))
    assert 99 <= len(gate.first.requests) <= 100


def test_a_rate_of_a_half_sends_one_message_in_two_seconds() -> None:
    gate = Limited()
    gate.limit(gate.alpha, rate=0.5)
    esme = gate.esme(window=1000)
    gate.submits(esme, 1, 2, 3)
    counts = []
    for _ in range(4):
        counts.append(len(gate.first.requests))
        gate.turn(1.0)
    assert counts == [1, 1, 2, 2]


def test_while_it_is_paused_another_takes_the_messages() -> None:
    gate = Limited()
    gate.limit(gate.alpha, rate=1.0)
    second = gate.link(gate.beta)
    gate.submits(gate.esme(window=100), *range(1, 11))
    assert (len(gate.first.requests), len(second.requests)) == (1, 9)
    assert gate.router.statistics().paused == 1


def test_a_rate_of_each_link_counts_for_each() -> None:
    gate = Limited()
    second = gate.link(gate.alpha)
    gate.limit(gate.alpha, link_rate=10.0)
    gate.submits(gate.esme(window=1000), *range(1, 51))
    gate.turn(1.05)
    assert all(10 <= len(link.requests) <= 11 for link in (gate.first, second))


def test_a_message_that_is_tried_again_takes_a_token_of_the_other() -> None:
    gate = Limited()
    second = gate.link(gate.beta)
    gate.limit(gate.beta, rate=1.0)
    esme = gate.esme(window=1000)
    gate.submits(esme, 1)
    gate.answer(gate.first, 0x08)
    assert texts(second) == [1]
    gate.submits(esme, 2, 3)
    assert (texts(gate.first), texts(second)) == ([1, 2, 3], [1])


def test_the_end_of_hold_while_it_is_paused_is_0x58() -> None:
    gate = Limited()
    gate.limit(gate.alpha, rate=0.1)
    esme = gate.esme(window=1000)
    gate.submits(esme, 1, 2)
    gate.turn(HOLD + 0.1)
    assert said(esme) == [(2, 0x58)]


def test_no_timer_is_left_when_the_gate_has_stopped() -> None:
    gate = Limited()
    gate.router.startService()
    gate.limit(gate.alpha, rate=0.1)
    gate.submits(gate.limited(rate=0.1), 1, 2)
    gate.router.stopService()
    left = [each for each in gate.clock.getDelayedCalls() if each.active()]
    assert left == []


def test_an_smsc_that_is_removed_waits_for_no_token() -> None:
    gate = Limited()
    gate.limit(gate.alpha, rate=0.1)
    gate.submits(gate.esme(), 1)
    assert len(gate.router.refills) == 1
    gate.router.remove_smsc(gate.alpha)
    assert not len(gate.router.refills)


@pytest.mark.parametrize("rate", [50.0, 1000.0])
def test_one_timer_serves_all_limits(rate: float) -> None:
    gate = Limited()
    gate.limit(gate.alpha, rate=rate, link_rate=rate)
    before = len(gate.clock.getDelayedCalls())
    for account in (gate.acme, gate.other):
        gate.submits(gate.limited(rate=rate, session_rate=rate, of=account), *range(1, 20))
    # Beside it the one for deadlines, and the end of this turn.
    assert len(gate.clock.getDelayedCalls()) - before <= 3


ACTS = st.one_of(
    st.tuples(st.just("submit"), st.integers(0, 2), st.integers(1, 4)),
    st.tuples(st.just("wait"), st.sampled_from([0.0, 0.03, 0.4, 1.7]), st.just(0)),
    st.tuples(st.just("answer"), st.integers(0, 1), st.sampled_from([0, 0, 0x45])),
    st.tuples(st.just("lose"), st.integers(0, 2), st.just(0)),
    st.tuples(st.just("limit"), st.sampled_from([0.0, 0.7, 5.0, 300.0]), st.booleans()),
    st.tuples(st.just("rates"), st.integers(0, 2), st.sampled_from([0.0, 0.7, 5.0, 300.0])),
    st.tuples(st.just("hold"), st.integers(0, 1), st.booleans()),
)


@given(st.lists(ACTS, max_size=60))
def test_whatever_happens_all_is_answered_in_time_and_in_order(acts: list[Any]) -> None:
    """And when nothing waits any more, nothing waits for tokens for long."""
    world = _Acting()
    for kind, one, two in acts:
        getattr(world, kind)(one, two)
    world.check_order()
    world.settle()
    gate = world.gate
    assert gate.is_empty()
    assert not any(esme.unanswered for esme in world.esmes if not esme.has_ended)
    gate.turn(0.7)
    gate.limit(gate.alpha)
    assert not len(gate.router.refills)


class _Acting:
    """A gate with two links and three sessions, and what may happen to them."""

    def __init__(self) -> None:
        self.gate = gate = Limited(window=5)
        self.links = [gate.first, gate.link(gate.beta, window=3)]
        self.esmes = [gate.limited(rate=3.0, burst=2.0), gate.limited(session_rate=3.0)]
        self.esmes.append(gate.limited(rate=2.0, rejects=True, of=gate.other))
        self._numbers = [0, 0, 0]

    def submit(self, whose: int, count: int) -> None:
        for _ in range(count if not self.esmes[whose].has_ended else 0):
            self._numbers[whose] += 1
            self.gate.submits(self.esmes[whose], 10_000 * (whose + 1) + self._numbers[whose])

    def wait(self, seconds: float, _: int) -> None:
        self.gate.turn(seconds)

    def answer(self, which: int, status: int) -> None:
        _answer(self.links[which], status, self.gate)

    def lose(self, whose: int, _: int) -> None:
        esme: Any = self.esmes[whose]
        if not esme.has_ended:
            esme.lose()
            self.gate.router.esme_ended(esme)

    def limit(self, rate: float, overall: bool) -> None:
        self.gate.limit(self.gate.alpha, *((rate, 0.0) if overall else (0.0, rate)))

    def rates(self, whose: int, per_second: float) -> None:
        rate = Rate(per_second, max(1.0, per_second)) if per_second else None
        self.esmes[whose].rates = EsmeRates(rate, rate, False) if rate else None
        self.gate.room.rearrange()

    def hold(self, _: int, is_held: bool) -> None:
        link: Any = self.gate.first
        self.gate.alpha.hold(link, is_held)

    def check_order(self) -> None:
        """Of a session, what came first was sent first."""
        for link in self.links:
            for whose in (1, 2, 3):
                mine = [text for text in texts(link) if text // 10_000 == whose]
                assert mine == sorted(mine)

    def settle(self) -> None:
        """All links work, and the time of everything is over."""
        self.hold(0, False)
        for _ in range(30):
            self.gate.turn(0.5)
            for link in self.links:
                _answer(link, 0, self.gate)


def _answer(link: FakeSession, status: int, gate: Limited) -> None:
    """All that a link was sent and that is not answered."""
    for frame in list(link.requests):
        if link.outstanding.awaits(fakes.resp(frame)):
            body = b"id%d\0" % frame.sequence_number if not status else b""
            link.reply(frame, status, body, gate.now)
