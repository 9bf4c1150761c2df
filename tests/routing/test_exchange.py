"""An answer leads to the origin's exchange under any sequence number, and each exchange ends once.

The second half runs a whole router through random events on its sessions.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from smppgate.routing.exchange import Exchange
from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId
from smppgate.txsmpp.errors import NoAnswer, SessionLost
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.sequence import MAX_SEQUENCE_NUMBER, Outstanding
from tests.routing import fakes
from tests.routing.fakes import FakeSession, Gate, said

TIMEOUT = 60.0


class Listener:
    """Records how exchanges end."""

    def __init__(self) -> None:
        self.outcomes: list[tuple[Any, ...]] = []
        self.released_ones: list[Exchange] = []

    def answered(self, exchange: Exchange, frame: Frame, now: float) -> None:
        self.outcomes.append(("answered", exchange, frame, now))

    def failed(self, exchange: Exchange, reason: NoAnswer) -> None:
        self.outcomes.append(("failed", exchange, reason))

    def answered_late(self, exchange: Exchange, frame: Frame, now: float) -> None:
        self.outcomes.append(("late", exchange, frame, now))

    def released(self, exchange: Exchange) -> None:
        self.released_ones.append(exchange)


def exchange_of(listener: Listener, frame: Frame, sent_at: float = 0.0) -> Exchange:
    return Exchange(listener, FakeSession(), frame, fakes.pool(), sent_at)


def test_a_new_exchange_has_its_request_and_no_smsc() -> None:
    frame, origin, pool = fakes.submit(77), FakeSession(), fakes.pool()
    exchange = Exchange(Listener(), origin, frame, pool, 12.5)
    assert exchange.command_id == CommandId.SUBMIT_SM
    assert exchange.sent_at == 12.5
    assert (exchange.origin, exchange.octets, exchange.pool) == (origin, frame.octets, pool)
    assert exchange.smsc is None
    assert exchange.tried == ()
    assert exchange.adapts is None


def test_an_exchange_is_slotted() -> None:
    """One is made for every message."""
    exchange = exchange_of(Listener(), fakes.submit())
    assert not hasattr(exchange, "__dict__")
    with pytest.raises(AttributeError):
        exchange.anything = 1  # type: ignore[attr-defined]


def test_the_correlator_learns_how_an_exchange_ended() -> None:
    listener, frame = Listener(), fakes.submit()
    exchange = exchange_of(listener, frame)
    answer, reason = fakes.resp(frame), SessionLost("lost")
    exchange.answered(answer, 1.0)
    exchange.failed(reason)
    exchange.answered_late(answer, 2.0)
    assert listener.outcomes == [
        ("answered", exchange, answer, 1.0),
        ("failed", exchange, reason),
        ("late", exchange, answer, 2.0),
    ]


@given(
    st.integers(MAX_SEQUENCE_NUMBER - 20, MAX_SEQUENCE_NUMBER),
    st.permutations(range(30)),
)
def test_exchanges_stay_matched_when_numbers_begin_again(first: int, order: list[int]) -> None:
    """Thirty at once across 0x7FFFFFFF, answered in any order: each gets its own answer."""
    listener = Listener()
    link = FakeSession(first=first)
    exchanges = [exchange_of(listener, fakes.submit(number)) for number in range(30)]
    for exchange in exchanges:
        link.send_request(exchange, exchange.octets)
    numbers = [frame.sequence_number for frame in link.requests]
    assert all(1 <= number <= MAX_SEQUENCE_NUMBER for number in numbers)
    assert len(set(numbers)) == 30
    for at in order:
        link.reply(link.requests[at], body=b"%d\0" % at)
    ended = {id(exchange): frame.octets[16:-1] for _, exchange, frame, _ in listener.outcomes}
    assert ended == {id(exchange): b"%d" % at for at, exchange in enumerate(exchanges)}
    assert not len(link.outstanding)


def test_numbers_in_use_are_passed_over_when_numbers_begin_again() -> None:
    """Of an unanswered request, and of one whose answer is late."""
    listener = Listener()
    outstanding = Outstanding(first=1)
    outstanding.counts_overdue = True
    late = exchange_of(listener, fakes.submit(), 0.0)
    waiting = exchange_of(listener, fakes.submit(), 9.0)
    assert outstanding.claim(late) == 1
    assert outstanding.claim(waiting) == 2
    assert outstanding.expire(5.0) == [late]
    outstanding.begin_at(MAX_SEQUENCE_NUMBER)
    numbers = [outstanding.claim(exchange_of(listener, fakes.submit(), 9.0)) for _ in range(3)]
    assert numbers == [MAX_SEQUENCE_NUMBER, 3, 4]
    assert len(outstanding) == 5
    assert outstanding.answered_late(fakes.resp(fakes.submit(1))) is late
    assert listener.released_ones == [late]
    assert outstanding.answered(fakes.resp(fakes.submit(2))) is waiting


# A whole router


class Exchanges(RuleBasedStateMachine):
    """Three ESMEs and two SMSCs, and all events that can happen on their sessions, in any order.

    Any request ever sent on a session may be answered: so some are answered twice and some late.
    """

    def __init__(self) -> None:
        super().__init__()
        self.gate = Gate()
        self.esmes = [self.gate.esme(), self.gate.esme(), self.gate.esme(self.gate.other)]
        first = MAX_SEQUENCE_NUMBER - 3
        self.links = [self.gate.link(smsc, 3, first=first) for smsc in self.gate.router.smscs]
        self.sent: dict[FakeSession, int] = {}
        self.relayed: Counter[tuple[bytes, str]] = Counter()
        self.counted: Counter[FakeSession] = Counter()

    @property
    def alive(self) -> list[FakeSession]:
        return self.esmes + self.links

    def _number(self, session: FakeSession) -> int:
        self.sent[session] = self.sent.get(session, 0) + 1
        return self.sent[session]

    @rule(which=st.integers(0, 2))
    def submit(self, which: int) -> None:
        esme = self.esmes[which]
        number = self._number(esme)
        text = b"%d %d" % (id(esme), number)
        self.gate.forward(esme, fakes.submit(number, text, registered_delivery=1))

    @precondition(lambda self: self.links)
    @rule(which=st.integers(0, 3), destination=st.sampled_from([b"1", b"2", b"3"]))
    def deliver(self, which: int, destination: bytes) -> None:
        link = self.links[which % len(self.links)]
        self.gate.deliver(link, fakes.deliver(destination, self._number(link)))

    @precondition(lambda self: any(session.requests for session in self.alive))
    @rule(
        which=st.integers(0, 9),
        at=st.integers(0, 50),
        status=st.sampled_from([0, 0x45, 0x08, 0x14, 0x58, 0x64]),
        kind=st.sampled_from(["resp", "resp", "resp", "generic_nack", "other"]),
    )
    def answer(self, which: int, at: int, status: int, kind: str) -> None:
        asked = [session for session in self.alive if session.requests]
        session = asked[which % len(asked)]
        # The latest are more likely: they are unanswered.
        request = session.requests[-1 - at % len(session.requests)]
        command = {"resp": request.command_id, "generic_nack": 0}.get(kind, CommandId.QUERY_SM)
        frame = fakes.raw(command | RESPONSE_BIT, status, request.sequence_number, b"id\0")
        session.hear(frame, self.gate.now)

    @rule(seconds=st.sampled_from([1.0, 25.0, TIMEOUT]))
    def wait(self, seconds: float) -> None:
        self.gate.clock.advance(seconds)
        for session in self.alive:
            session.expire(self.gate.now - TIMEOUT)

    @precondition(lambda self: self.links)
    @rule(which=st.integers(0, 3))
    def lose_link(self, which: int) -> None:
        self.gate.lose(self.links.pop(which % len(self.links)))

    @precondition(lambda self: len(self.links) < 4)
    @rule(to_beta=st.booleans(), window=st.integers(1, 3))
    def bind_link(self, to_beta: bool, window: int) -> None:
        gate = self.gate
        self.links.append(gate.link(gate.beta if to_beta else gate.alpha, window))

    @rule(which=st.integers(0, 2))
    def lose_esme(self, which: int) -> None:
        """Another session of the same account takes its place."""
        self.gate.lose(self.esmes[which])
        of = self.gate.other if which == 2 else self.gate.acme
        self.esmes[which] = self.gate.esme(of, window=4)

    @invariant()
    def each_request_is_answered_once_at_most(self) -> None:
        for session in dict.fromkeys((*self.alive, *self.sent)):
            numbers = [number for number, _ in said(session)]
            assert len(set(numbers)) == len(numbers)
            assert set(numbers) <= set(range(1, self.sent.get(session, 0) + 1))

    @invariant()
    def unanswered_requests_are_counted(self) -> None:
        for session in self.alive:
            assert session.unanswered == self.sent.get(session, 0) - len(session.answers)
        for smsc in self.gate.router.smscs:
            links = [link for link in self.links if link.smsc is smsc]
            assert smsc.outstanding == sum(len(link.outstanding) for link in links)
            assert smsc.capacity == sum(link.window for link in links)
            assert all(len(link.outstanding) <= link.window for link in links)
        submitted = sum(len(link.outstanding) - link.outstanding.overdue for link in self.links)
        delivered = sum(link.unanswered for link in self.links)
        assert self.gate.router.open_exchanges == submitted + delivered
        assert all(session.unanswered >= 0 for session in self.sent)

    @invariant()
    def no_smsc_gets_a_message_twice(self) -> None:
        for link in self.links:
            for frame in link.requests[self.counted[link] :]:
                self.relayed[frame.octets[16:], link.smsc.name] += 1
            self.counted[link] = len(link.requests)
        assert not self.relayed or max(self.relayed.values()) == 1

    def teardown(self) -> None:
        """In the end each request is answered exactly once, and no counter is left above 0."""
        self.gate.clock.advance(TIMEOUT)
        for session in self.alive:
            session.expire(self.gate.now)
            session.outstanding.release(self.gate.now)
        for session in self.alive:
            assert len(session.answers) == self.sent.get(session, 0)
            assert not len(session.outstanding)
        assert all(session.unanswered == 0 for session in self.sent)
        assert [smsc.outstanding for smsc in self.gate.router.smscs] == [0, 0]
        assert self.gate.router.open_exchanges == 0
        self._counts_add_up()

    def _counts_add_up(self) -> None:
        statistics = self.gate.router.statistics()
        ended = statistics.answered + statistics.failed
        refused = statistics.throttled + statistics.turned_down + statistics.undeliverable
        assert ended + refused == sum(self.sent.values())
        assert statistics.esme_sessions == len(self.esmes)
        assert statistics.smsc_links == len(self.links)


TestExchanges = Exchanges.TestCase
