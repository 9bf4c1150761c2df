"""Limits that several gates have together: how much gets through, and how it is divided."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from twisted.internet import task

from smppgate.gate.submit.rate_shares import BLOCK, RateShares
from smppgate.gate.submit.refill_timer import RefillTimer
from smppgate.routing.esmes.account import Account, AccountPolicy
from smppgate.routing.limits.esme_limits import EsmeRates, SessionLimit
from smppgate.routing.limits.token_bucket import Rate
from smppgate.routing.smscs.rate_limits import SmscRates
from smppgate.routing.smscs.smsc import Smsc
from smppgate.store import Limits, MemoryStore
from smppgate.store.interface import LEAST_PART, WHOLE
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock
from tests.routing.fakes import FakeSession
from tests.shared_store import Master, SharedStore

RATE = Rate(50.0, 5.0)

STEP = 0.01
"""Seconds between two moments at which messages come."""


class Gate:
    """What a gate has of one account.

    :ivar went: when its messages have gone.
    """

    def __init__(self, clock: Any, master: Master, rate: Rate) -> None:
        self.clock = Clock.of(clock)
        self.store = SharedStore(clock, Limits(), master)
        self.shares = RateShares(self.clock, Batch(clock), self.store)
        self.rates = EsmeRates(rate, None, True)
        self.account: Account[Any] = Account("acme", AccountPolicy(rates=self.rates))
        self.limit = SessionLimit(self.account.limit)
        self.went: list[float] = []
        self.shares.start()
        self.bind()

    def bind(self) -> None:
        """A session is bound."""
        self.account.add(FakeSession())
        self.shares.account_changed(self.account)

    def unbind(self) -> None:
        """All sessions end."""
        self.account.sessions.clear()
        self.shares.account_changed(self.account)

    def submit(self, count: int) -> None:
        """So many messages come, and those over the rate are refused."""
        now = self.clock.monotonic()
        self.went += [now for _ in range(count) if self.limit.admits(self.rates, now, 1)]


class World:
    """Some gates that have one limit together."""

    def __init__(self, count: int, per_second: float, burst: float) -> None:
        self.clock = task.Clock()
        self.rate = Rate(per_second, burst)
        master = Master(self.clock.callLater, lambda: 0.001)
        self.gates = [Gate(self.clock, master, self.rate) for _ in range(count)]
        self.run(1.0)

    def run(self, seconds: float, *per_second: float) -> list[int]:
        """So many messages a second come to each gate; gives how many of each have gone."""
        before = [len(gate.went) for gate in self.gates]
        owed = [0.0] * len(self.gates)
        for _ in range(round(seconds / STEP)):
            for at, each in enumerate(per_second):
                owed[at] += each * STEP
                self.gates[at].submit(int(owed[at]))
                owed[at] -= int(owed[at])
            self.clock.advance(STEP)
        gone = [len(gate.went) for gate in self.gates]
        return [now - then for now, then in zip(gone, before, strict=True)]

    def check(self) -> None:
        """In no time went more than the rate allows, but for a block and a message for each."""
        all_went = sorted(time for gate in self.gates for time in gate.went)
        spare = self.rate.burst + self.rate.per_second * BLOCK + len(self.gates)
        for seconds in (0.1, 1.0, 5.0):
            first = 0
            for place, now in enumerate(all_went):
                while all_went[first] < now - seconds:
                    first += 1
                count = place - first + 1
                assert count <= self.rate.per_second * seconds + spare, (seconds, now)


@pytest.mark.parametrize("count", [2, 8])
@pytest.mark.parametrize(("per_second", "burst"), [(1000.0, 1000.0), (200.0, 20.0), (50.0, 1.0)])
def test_one_that_has_all_the_traffic_gets_all_of_the_rate(
    count: int, per_second: float, burst: float
) -> None:
    """Nearly: what the others keep to be ready is little."""
    world = World(count, per_second, burst)
    world.run(2.0, 2 * per_second)
    (gone, *others) = world.run(10.0, 2 * per_second)
    assert gone >= 0.95 * 10 * per_second
    assert others == [0] * (count - 1)
    world.check()


def test_what_is_below_the_rate_goes_however_it_is_divided() -> None:
    """Where it comes steadily."""
    world = World(3, 1000.0, 100.0)
    world.run(1.0, 600, 200, 100)
    assert world.run(5.0, 600, 200, 100) == [3000, 1000, 500]
    world.check()


def test_all_that_want_everything_get_the_same() -> None:
    """One after the other: the first gives half of what it has."""
    world = World(2, 1000.0, 100.0)
    world.run(2.0, 5000)
    world.run(1.0, 5000, 5000)
    one, other = world.run(5.0, 5000, 5000)
    assert one == pytest.approx(other, rel=0.02)
    assert one + other >= 4750
    world.check()


def test_who_wants_little_gets_it_beside_one_that_wants_all() -> None:
    """And the other gets the rest."""
    world = World(2, 1000.0, 100.0)
    world.run(2.0, 5000, 10)
    much, little = world.run(10.0, 5000, 10)
    assert little >= 90
    assert much >= 9000
    world.check()


def test_traffic_that_moves_takes_its_rate_along() -> None:
    """Within half a second."""
    world = World(3, 1000.0, 100.0)
    for turn in range(9):
        wanted = [0.0, 0.0, 0.0]
        wanted[turn % 3] = 5000.0
        world.run(0.5, *wanted)
        assert world.run(1.0, *wanted)[turn % 3] >= 950
    world.check()


@pytest.mark.parametrize("per_second", [1.0, 5.0])
def test_a_rate_of_few_messages_is_reached_too(per_second: float) -> None:
    """Whichever gate they come to."""
    world = World(4, per_second, per_second)
    gone = 0
    for turn in range(200):
        wanted = [0.0] * 4
        wanted[turn % 4] = 100.0
        gone += sum(world.run(0.5, *wanted))
    assert 0.8 * 100 * per_second <= gone <= 101 * per_second + 4
    world.check()


def test_a_store_that_does_not_answer_leaves_each_what_it_has() -> None:
    """However much it wants."""
    world = World(2, 1000.0, 100.0)
    world.run(2.0, 300, 200)
    for gate in world.gates:
        gate.store.is_answered = False
    assert sum(world.run(5.0, 300, 200)) == 2500
    world.run(5.0, 5000, 5000)
    world.check()


def test_what_a_gate_had_that_has_ended_goes_to_the_others() -> None:
    world = World(2, 1000.0, 100.0)
    world.run(2.0, 5000, 5000)
    world.gates[1].store.gone()
    world.run(0.5, 5000)
    assert world.run(5.0, 5000)[0] >= 4750


def test_an_account_without_sessions_gives_its_part_back() -> None:
    """And begins with the least when it has one again."""
    world = World(2, 1000.0, 100.0)
    one, other = world.gates
    world.run(1.0, 5000, 5000)
    other.unbind()
    assert len(other.shares) == 0
    assert other.account.limit.part == LEAST_PART / WHOLE
    world.run(1.0, 5000)
    assert one.account.limit.part > 0.95
    world.run(1.0)
    other.bind()
    assert other.account.limit.part == LEAST_PART / WHOLE
    world.run(0.3)
    assert other.account.limit.part > 0.45


def test_one_that_uses_a_limit_anew_has_what_the_others_leave_before_it_takes_any() -> None:
    """As soon as the store has answered."""
    world = World(2, 1000.0, 100.0)
    one, other = world.gates
    one.unbind()
    other.unbind()
    world.run(1.0)
    one.bind()
    world.clock.advance(0.0)
    world.clock.advance(0.001)
    world.clock.advance(0.001)
    assert one.account.limit.part > 0.95
    assert one.clock.monotonic() * 1000 % 100 == pytest.approx(2.0)


def test_one_that_stops_in_the_same_turn_tells_nothing() -> None:
    world = World(1, 1000.0, 100.0)
    (gate,) = world.gates
    told: list[Mapping[str, int]] = []
    gate.unbind()
    gate.store.lease = told.append  # type: ignore[method-assign]
    gate.bind()
    gate.shares.stop()
    world.run(1.0)
    assert told == []


def test_an_account_that_was_there_for_a_moment_is_told_to_nobody() -> None:
    world = World(1, 1000.0, 100.0)
    (gate,) = world.gates
    told: list[Mapping[str, int]] = []
    gate.store.lease = told.append  # type: ignore[method-assign]
    gate.unbind()
    gate.bind()
    gate.unbind()
    world.run(1.0)
    assert told == [{"account acme": 0}]


def test_an_account_that_is_there_anew_has_the_limit_alone() -> None:
    """Sessions of the one before are still on their way out."""
    world = World(1, 1000.0, 100.0)
    (gate,) = world.gates
    assert gate.account.limit.part > 0.95
    again: Account[Any] = Account("acme", gate.account.policy)
    again.add(FakeSession())
    gate.shares.account_changed(again)
    world.run(1.0)
    parts = gate.account.limit.part, again.limit.part
    assert parts[0] == LEAST_PART / WHOLE
    assert parts[1] > 0.95
    gate.unbind()
    assert again.limit.part == parts[1]


# SMSCs


def limited(shares: RateShares, clock: Any, rates: SmscRates | None) -> Callable[[Any], Smsc]:
    def change(smsc: Smsc) -> Smsc:
        smsc.change_rates(rates, RefillTimer(clock), clock.monotonic())
        shares.smsc_changed(smsc)
        return smsc

    return change


def test_an_smsc_has_a_part_while_it_has_a_rate() -> None:
    """A reload gives it one, another one, and none."""
    world = World(1, 1000.0, 100.0)
    (gate,) = world.gates
    change = limited(gate.shares, gate.clock, SmscRates(RATE, None))
    smsc = change(Smsc("alpha"))
    assert smsc.limits is not None
    overall = smsc.limits.overall
    assert overall.part == LEAST_PART / WHOLE
    world.run(1.0)
    part = overall.part
    assert part > 0.95
    limited(gate.shares, gate.clock, SmscRates(Rate(80.0, 5.0), None))(smsc)
    assert overall.part == part
    limited(gate.shares, gate.clock, SmscRates(None, None, adapts=True))(smsc)
    assert (overall.part, len(gate.shares)) == (1.0, 1)
    change(smsc)
    assert overall.part == LEAST_PART / WHOLE
    limited(gate.shares, gate.clock, None)(smsc)
    assert len(gate.shares) == 1
    gate.shares.smsc_removed(smsc)


def test_an_smsc_that_is_there_anew_keeps_its_part_when_the_former_goes() -> None:
    world = World(1, 1000.0, 100.0)
    (gate,) = world.gates
    change = limited(gate.shares, gate.clock, SmscRates(RATE, None))
    former, anew = change(Smsc("alpha")), change(Smsc("alpha"))
    world.run(1.0)
    gate.shares.smsc_removed(former)
    world.run(1.0)
    assert anew.limits is not None
    assert anew.limits.overall.part > 0.95


def test_an_smsc_that_throttles_is_sent_less_than_its_part() -> None:
    """By what this process has sent it."""
    world = World(1, 1000.0, 100.0)
    (gate,) = world.gates
    smsc = limited(gate.shares, gate.clock, SmscRates(Rate(100.0, 10.0), None, adapts=True))(
        Smsc("alpha")
    )
    assert smsc.limits is not None
    overall = smsc.limits.overall
    overall.apportion(0.5, gate.clock.monotonic())
    for _ in range(20):
        world.clock.advance(0.1)
        overall.take(2, gate.clock.monotonic())
    now = gate.clock.monotonic()
    assert overall.throttled(now)
    assert overall.slowed_to(now) == pytest.approx(18, rel=0.15)
    assert overall.limited_by in ("", "adaptive_rate")
    assert overall.bucket is not None
    assert overall.bucket._per_second == pytest.approx(overall.slowed_to(now))


def test_what_an_smsc_takes_is_known_still_with_another_part() -> None:
    world = World(1, 1000.0, 100.0)
    (gate,) = world.gates
    smsc = limited(gate.shares, gate.clock, SmscRates(Rate(100.0, 10.0), None, adapts=True))(
        Smsc("alpha")
    )
    assert smsc.limits is not None
    overall = smsc.limits.overall
    for _ in range(20):
        world.clock.advance(0.1)
        overall.take(2, gate.clock.monotonic())
    now, part = gate.clock.monotonic(), overall.part
    overall.throttled(now)
    before = overall.slowed_to(now)
    assert before == pytest.approx(18, rel=0.15)
    overall.apportion(part / 8, now)
    assert overall.slowed_to(now) == pytest.approx(before / 8)
    assert overall.bucket is not None
    assert overall.bucket._per_second == pytest.approx(before / 8)
    overall.apportion(part, now)
    assert overall.slowed_to(now) == pytest.approx(before)


# The only gate


def test_in_the_only_process_nothing_is_divided() -> None:
    """No timer runs, and every limit is whole."""
    clock = task.Clock()
    shares = RateShares(Clock.of(clock), Batch(clock), MemoryStore(clock, Limits()))
    account: Account[Any] = Account("acme", AccountPolicy(rates=EsmeRates(RATE, None, True)))
    account.add(FakeSession())
    shares.start()
    shares.account_changed(account)
    assert (account.limit.part, len(shares), clock.getDelayedCalls()) == (1.0, 0, [])
    account.sessions.clear()
    shares.account_changed(account)
    shares.stop()
