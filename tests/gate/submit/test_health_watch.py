"""Members of a running router are ejected and come back; messages go on to others."""

from __future__ import annotations

from typing import Any, cast

import pytest

from smppgate.gate.relay.events import Listener
from smppgate.routing.smscs.health.policy import HealthPolicy, RetryPolicy
from smppgate.txsmpp.sequence import Request
from tests.routing import fakes
from tests.routing.fakes import FakeSession, Gate, said


class Ails(Gate):
    """A gate that ejects, with a link to each of two SMSCs."""

    def __init__(self, **retry: Any) -> None:
        super().__init__()
        self.pool.health.policy = HealthPolicy(max_errors=5)
        self.pool.health.retry = RetryPolicy(**retry)
        self.first, self.second = self.link(), self.link(self.beta)
        self.acme_session = self.esme(window=1000)
        self.router.health.start()
        self._number = 0

    def submits(self, count: int = 1) -> None:
        """The ESME sends messages."""
        for _ in range(count):
            self._number += 1
            self.forward(self.acme_session, fakes.submit(self._number))

    def fails(self, link: FakeSession, status: int = 0x45) -> None:
        """What is open on a link is answered with an error."""
        self.answers(link, status)

    def answers(self, link: FakeSession, status: int = 0) -> None:
        """What is open on a link is answered."""
        body = b"id\0" if not status else b""
        for number in list(link.outstanding.requests):
            request = next(r for r in link.requests if r.sequence_number == number)
            link.reply(request, status, body, self.now)

    def loses(self, link: FakeSession) -> None:
        """A link is lost: the router knows before what is open on it has failed."""
        self.router.smsc_lost(cast(Any, link), "lost")
        link.lose()

    def ejects(self) -> None:
        """The first SMSC fails five times in a row, and is ejected."""
        self.submits(10)
        self.fails(self.first, 0x08)
        self.answers(self.second)
        assert self.ejected == ["alpha"]

    @property
    def ejected(self) -> list[str]:
        """The SMSCs that the pool has ejected."""
        members = self.pool.members
        return [each.smsc.name for each in members if each.health.ejection is not None]


def test_a_member_that_fails_in_a_row_gets_no_more_messages() -> None:
    gate = Ails(statuses=frozenset())
    gate.ejects()
    before = len(gate.first.requests)
    gate.submits(6)
    assert len(gate.first.requests) == before
    assert gate.router.events.ejected == 1


def test_it_comes_back_by_the_timer_and_then_gets_messages_again() -> None:
    gate = Ails(statuses=frozenset())
    gate.ejects()
    for _ in range(30):
        gate.clock.advance(1.0)
    assert gate.ejected == []
    assert gate.pool.members[0].factor == pytest.approx(0.1)
    for _ in range(12):
        gate.clock.advance(1.0)
    before = len(gate.first.requests)
    gate.submits(4)
    assert len(gate.first.requests) == before + 2


def test_an_errors_weight_keeps_one_that_fails_fast_from_having_least_to_do() -> None:
    """It has 10 errors, so the other is chosen until it has 10 requests."""
    gate = Ails(statuses=frozenset())
    gate.pool.health.policy = HealthPolicy(max_errors=0)
    gate.submits(20)
    gate.fails(gate.first)
    gate.answers(gate.second)
    before = len(gate.first.requests)
    gate.submits(10)
    assert len(gate.first.requests) == before
    for _ in range(10):
        gate.clock.advance(1.0)
    assert gate.alpha.errors == 0
    gate.submits(4)
    assert len(gate.first.requests) == before + 4


def test_timeouts_count() -> None:
    gate = Ails()
    gate.submits(10)
    gate.answers(gate.second)
    gate.first.expire(gate.now)
    assert gate.ejected == ["alpha"]


def test_link_losses_count_if_requests_are_lost() -> None:
    gate = Ails()
    for _ in range(5):
        gate.loses(gate.link())
    assert gate.ejected == []
    for _ in range(5):
        link = gate.link(window=1)
        link.send_request(Request(4, gate.now), fakes.submit().octets)
        gate.loses(link)
    assert gate.ejected == ["alpha"]


def test_an_ejected_member_is_back_at_once_if_the_other_is_lost() -> None:
    gate = Ails(statuses=frozenset())
    gate.ejects()
    gate.loses(gate.second)
    assert gate.ejected == []
    gate.submits()
    assert len(gate.first.outstanding) == 1


def test_a_member_that_was_lost_with_requests_starts_slowly() -> None:
    """As it does behind an ejection: which of the two comes first is chance."""
    gate = Ails()
    gate.submits(2)
    gate.loses(gate.first)
    member = gate.pool.members[0]
    assert member.factor == 1.0
    gate.link()
    assert member.factor == pytest.approx(0.1)
    for _ in range(5):
        gate.clock.advance(1.0)
    assert member.factor == pytest.approx(0.55)
    for _ in range(6):
        gate.clock.advance(1.0)
    assert member.factor == 1.0


def test_one_that_loses_a_link_of_several_or_an_idle_one_does_not() -> None:
    gate = Ails()
    gate.loses(gate.first)
    gate.first = gate.link()
    gate.link()
    gate.submits(4)
    gate.loses(gate.first)
    gate.link()
    assert gate.pool.members[0].factor == 1.0


def test_what_is_told_of_it() -> None:
    told: list[tuple[Any, ...]] = []

    class Listening(Listener):
        def ejected(self, *what: Any) -> None:
            told.append(what)

    gate = Ails(statuses=frozenset())
    gate.router.events.attach(Listening())
    gate.ejects()
    gate.router.health.end(gate.alpha, "the operator says so")
    assert told == [
        ("main", "alpha", "5 faults in a row", 30.0),
        ("main", "alpha", "the operator says so", 0.0),
    ]


def test_a_stop_leaves_no_timer() -> None:
    gate = Ails()
    gate.router.health.stop()
    assert gate.clock.getDelayedCalls() == []


# What is tried again


def test_a_message_is_sent_max_attempts_times_and_the_last_answer_is_told() -> None:
    gate = Ails(max_attempts=1)
    gate.submits()
    gate.fails(gate.first, 0x08)
    assert gate.second.requests == []
    assert said(gate.acme_session) == [(1, 0x08)]


def test_it_is_tried_again_on_what_the_pool_says() -> None:
    gate = Ails(statuses=frozenset({0x45}))
    gate.submits()
    gate.fails(gate.first, 0x45)
    assert len(gate.second.requests) == 1
    gate.fails(gate.second, 0x0B)
    assert said(gate.acme_session) == [(1, 0x0B)]


def test_the_only_members_answer_is_told() -> None:
    gate = Ails(statuses=frozenset({0x45}))
    gate.loses(gate.second)
    gate.submits()
    gate.fails(gate.first, 0x45)
    assert said(gate.acme_session) == [(1, 0x45)]


def test_what_is_over_the_budget_is_not_tried_again() -> None:
    """A hundred in ten seconds are allowed."""
    gate = Ails()
    gate.pool.health.policy = HealthPolicy(max_errors=0)
    for _ in range(105):
        gate.submits()
        link = gate.first if len(gate.first.outstanding) else gate.second
        other = gate.second if link is gate.first else gate.first
        gate.fails(link, 0x08)
        gate.answers(other)
    assert gate.router.events.retried == 100
    assert gate.pool.health.budget.refused == 5
    assert [status for _, status in said(gate.acme_session)].count(0x08) == 5


def test_what_was_lost_with_its_link_is_answered() -> None:
    gate = Ails()
    gate.submits()
    gate.loses(gate.first)
    assert gate.second.requests == []
    assert said(gate.acme_session) == [(1, 0x08)]


def test_what_was_lost_with_its_link_is_sent_again_where_the_pool_resubmits() -> None:
    gate = Ails(resubmits=True)
    gate.submits()
    gate.loses(gate.first)
    assert len(gate.second.requests) == 1
    gate.answers(gate.second)
    assert said(gate.acme_session) == [(1, 0)]


def test_it_may_go_to_the_same_smsc_on_another_link() -> None:
    gate = Ails(resubmits=True)
    gate.loses(gate.second)
    other = gate.link()
    gate.submits(2)
    gate.loses(gate.first)
    assert len(other.requests) == 2


def test_what_was_not_answered_in_time_is_not_sent_again() -> None:
    gate = Ails(resubmits=True)
    gate.submits()
    gate.first.expire(gate.now)
    assert gate.second.requests == []
    assert said(gate.acme_session) == [(1, 0x08)]


def test_pools_of_one_smsc_are_judged_by_their_own_messages() -> None:
    """What it takes for one pool does not make up for what it refuses of another's."""
    gate = Ails()
    only: Any = gate.router.pools["beta"]
    session = gate.esme(gate.other, window=1000)
    session.pool = only
    for number in range(1, 31):
        gate.forward(session, fakes.submit(number))
        gate.answers(gate.second)
    seats = {pool: gate.router.pools[pool].seat_of(gate.beta) for pool in ("main", "beta")}
    taken = {pool: seat.taken for pool, seat in seats.items() if seat is not None}
    assert taken == {"main": 0, "beta": 30}
