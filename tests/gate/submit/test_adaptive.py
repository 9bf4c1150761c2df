"""An SMSC that throttles is slowed, and its ESMEs hear nothing of that."""

from __future__ import annotations

from typing import Any

from smppgate.routing.limits.token_bucket import Rate
from smppgate.routing.smscs.rate_limits import SmscRates
from tests.gate.submit.test_rates import HOLD, Limited, texts
from tests.gate.submit.test_related import part
from tests.routing import fakes
from tests.routing.fakes import FakeSession, said

THROTTLED, QUEUE_FULL = 0x58, 0x14


class Adapting(Limited):
    """A gate whose SMSC ``alpha`` is slowed where it throttles."""

    def __init__(self, rate: float = 0.0, window: int = 10, **options: Any) -> None:
        super().__init__(window, **options)
        overall = Rate(rate, max(1.0, rate / 10)) if rate else None
        rates = SmscRates(overall, None, adapts=True)
        self.alpha.change_rates(rates, self.router.refills, self.now)

    @property
    def limit_now(self) -> float:
        assert self.alpha.limits is not None
        return self.alpha.limits.overall.slowed_to(self.now)

    def answers(self, link: FakeSession, status: int = 0) -> None:
        """The oldest message on a link is answered."""
        frame = next(f for f in link.requests if link.outstanding.awaits(fakes.resp(f)))
        body = b"id%d\0" % frame.sequence_number if not status else b""
        link.reply(frame, status, body, self.now)


class Taking:
    """What an SMSC takes: a bucket of its own, and 0x58 for what is over it.

    :ivar taken: when it took each message; ``refused``: how many it did not take.
    """

    def __init__(self, gate: Adapting, rate: float, burst: float) -> None:
        self._gate, self._rate, self._burst = gate, rate, burst
        self._tokens, self._at = burst, gate.now
        self.taken: list[float] = []
        self.refused = 0

    def answer(self) -> None:
        """Answer what is open."""
        gate = self._gate
        self._tokens = min(self._burst, self._tokens + (gate.now - self._at) * self._rate)
        self._at = gate.now
        while len(gate.first.outstanding):
            if self._tokens >= 1:
                self._tokens -= 1
                self.taken.append(gate.now)
                gate.answers(gate.first)
            else:
                self.refused += 1
                gate.answers(gate.first, THROTTLED)
        # All of them are answered: the next ones need not be looked for among thousands.
        gate.first.requests.clear()


def test_a_message_that_is_throttled_is_sent_again_and_the_esme_hears_nothing() -> None:
    gate = Adapting()
    esme = gate.esme(window=100)
    gate.submits(esme, 1, 2, 3)
    gate.answers(gate.first, THROTTLED)
    assert said(esme) == []
    assert gate.limit_now == 2.7
    gate.answers(gate.first)
    gate.answers(gate.first)
    gate.turn(0.5)
    assert texts(gate.first) == [1, 2, 3, 1]
    gate.answers(gate.first)
    assert said(esme) == [(2, 0), (3, 0), (1, 0)]
    assert gate.is_empty()


def test_it_is_in_front_of_what_waits() -> None:
    gate = Adapting(window=2)
    esme = gate.esme(window=100)
    gate.submits(esme, 1, 2, 3, 4)
    gate.answers(gate.first, THROTTLED)
    gate.answers(gate.first, QUEUE_FULL)
    gate.turn(3.0)
    assert texts(gate.first)[2:4] == [1, 2]


def test_it_goes_to_another_that_has_room() -> None:
    gate = Adapting()
    second = gate.link(gate.beta)
    gate.submits(gate.esme(), 1)
    gate.answers(gate.first, THROTTLED)
    assert texts(second) == [1]


def test_another_that_turns_it_down_leaves_the_first_to_it() -> None:
    """To be throttled was no attempt."""
    gate = Adapting()
    second = gate.link(gate.beta)
    esme = gate.esme()
    gate.submits(esme, 1)
    gate.answers(gate.first, THROTTLED)
    gate.answers(second, 0x08)
    gate.turn(2.0)
    assert texts(gate.first) == [1, 1]
    gate.answers(gate.first)
    assert said(esme) == [(1, 0)]


def test_at_the_end_of_hold_the_esme_hears_0x58() -> None:
    gate = Adapting()
    esme = gate.esme(window=100)
    gate.submits(esme, 1, 2)
    for _ in range(120):
        while len(gate.first.outstanding):
            gate.answers(gate.first, QUEUE_FULL)
        gate.turn(0.05)
    assert sorted(number for number, _ in said(esme)) == [1, 2]
    assert {status for _, status in said(esme)} <= {THROTTLED, QUEUE_FULL}
    assert gate.now >= HOLD
    assert gate.is_empty()


def test_where_nothing_waits_the_esme_hears_it_at_once() -> None:
    gate = Adapting()
    gate.pool.hold = 0.0
    esme = gate.esme()
    gate.submits(esme, 1)
    gate.answers(gate.first, THROTTLED)
    assert said(esme) == [(1, THROTTLED)]
    assert gate.limit_now == 1.0


def test_a_part_that_is_throttled_when_its_time_is_nearly_over_is_not_sent_again() -> None:
    gate = Adapting()
    gate.pool.hold = gate.alpha.response_timeout
    esme = gate.esme()
    for number in (1, 2):
        gate.forward(esme, part(number))
    gate.turn(gate.alpha.response_timeout - 0.5)
    gate.answers(gate.first, THROTTLED)
    gate.turn()
    assert len(gate.first.requests) == 2
    assert said(esme) == [(1, THROTTLED)]


def test_without_adaptive_rate_the_esme_hears_it_at_once() -> None:
    gate = Limited()
    gate.limit(gate.alpha, rate=100.0)
    esme = gate.esme()
    gate.submits(esme, 1)
    gate.answer(gate.first, THROTTLED)
    assert said(esme) == [(1, THROTTLED)]


def test_what_has_ended_is_not_put_back() -> None:
    gate = Adapting()
    esme = gate.esme()
    gate.submits(esme, 1)
    esme.lose()
    gate.answers(gate.first, THROTTLED)
    assert gate.is_empty()
    gate.turn(3.0)
    assert texts(gate.first) == [1]


def test_other_errors_slow_nothing() -> None:
    gate = Adapting()
    gate.submits(gate.esme(), 1, 2)
    gate.answers(gate.first, 0x08)
    gate.answers(gate.first, 0x45)
    assert gate.limit_now == 0.0


def test_an_smsc_that_takes_30_a_second_gets_that_and_no_esme_hears_of_it() -> None:
    """An ESME with a window of 100 sends as fast as it can, for two minutes."""
    gate = Adapting()
    esme = gate.esme()
    esme.window = 100
    smsc, number = Taking(gate, 30.0, 30.0), 0
    while gate.now < 120.0:
        while esme.unanswered < 100:
            number += 1
            gate.submits(esme, number)
        gate.clock.advance(0.01)
        smsc.answer()
        gate.clock.advance(0.0)
    assert {status for _, status in said(esme)} == {0}
    for begin in range(30, 110, 10):
        count = sum(1 for at in smsc.taken if begin <= at < begin + 10)
        assert 250 <= count <= 310
    # A few in each ten seconds tell it how far it may go.
    assert smsc.refused < 0.05 * len(smsc.taken)


def test_its_rate_is_never_exceeded() -> None:
    gate = Adapting(rate=10.0)
    esme = gate.esme()
    esme.window = 1000
    gate.submits(esme, *range(1, 200))
    sent = []
    for _ in range(400):
        gate.turn(0.05)
        sent.append(len(gate.first.requests))
        while len(gate.first.outstanding):
            gate.answers(gate.first, THROTTLED if len(sent) == 40 else 0)
    assert all(later - now <= 10 + 1 + 1 for now, later in zip(sent, sent[20:], strict=False))


def test_a_reload_that_takes_it_away_ends_the_limit() -> None:
    gate = Adapting()
    gate.submits(gate.esme(), 1)
    gate.answers(gate.first, THROTTLED)
    assert gate.limit_now
    gate.turn()
    assert gate.alpha.limits is not None
    assert gate.alpha.limits.limited_by == "adaptive_rate"
    gate.limit(gate.alpha, rate=5.0)
    assert gate.limit_now == 0.0
    gate.limit(gate.alpha)
    assert gate.alpha.capacity == 10
