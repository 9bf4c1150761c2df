"""A master that lives on when Sentinels have put another in its place."""

from __future__ import annotations

from math import inf

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from smppgate.store.redis.access import Address
from smppgate.store.redis.ports import Unreached
from smppgate.store.redis.server import RedisServer, Way
from smppgate.store.redis.succession import EVERY
from smppgate.txsmpp.backoff import Backoff
from tests.fakes import outcomes
from tests.store.redis.talking import TalkingRedis, ToTalkingRedis
from tests.store.redis.test_server import Heard

OLD, NEW = Address("old", 6379), Address("new", 6379)


class World:
    """A node with nothing to keep, two masters, each with a replica, and what Sentinels say.

    :ivar named: the master; None where no Sentinel answers.
    :ivar is_slow: whether what is asked for waits.
    """

    def __init__(self, replicas: int) -> None:
        self.clock = Clock()
        self.masters = {it: TalkingRedis(self.clock, replicas=1) for it in (OLD, NEW)}
        self.named: Address | None = OLD
        self.is_slow = False
        self.asked: list[float] = []
        self.waiting: list[Deferred[Address]] = []
        self.heard = Heard()
        way = Way(self, lambda at: ToTalkingRedis(self.masters[at]), replicas=replicas)
        backoff = Backoff(0.05, 1.0, lambda: 0.5)
        self.server = RedisServer("redis", way, self.clock, backoff, self.heard)
        opened = outcomes(self.server.open())
        self.pass_by(0.1)
        assert opened == [None]
        assert self.server.address == OLD

    async def find(self) -> Address:
        """See `Source.find`."""
        self.asked.append(self.clock.seconds())
        if self.is_slow:
            self.waiting.append(Deferred())
            return await self.waiting[-1]
        if self.named is None:
            raise Unreached("no Sentinel answers")
        return self.named

    def pass_by(self, seconds: float) -> None:
        self.clock.pump([0.005] * round(200 * seconds))

    def fail_over(self) -> None:
        """By order: the old master goes on, the new one has no replica before that is one."""
        self.masters[OLD].model.cut_replica()
        self.masters[NEW].model.cut_replica()
        self.named = NEW

    @property
    def is_at_the_new_one(self) -> bool:
        return self.server.is_up and self.server.address == NEW


@pytest.mark.parametrize("replicas", [0, 1])
def test_it_is_left_though_nothing_fails(replicas: int) -> None:
    world = World(replicas)
    world.pass_by(5)
    world.fail_over()
    world.pass_by(2 * EVERY)
    assert world.is_at_the_new_one
    assert world.server.has_replicas is (not replicas)
    world.masters[NEW].model.join_replica()
    world.pass_by(1)
    assert world.server.has_replicas
    assert not world.heard.present


def test_one_that_has_its_replicas_is_not_left_for_the_word_of_a_sentinel_that_is_behind() -> None:
    world = World(replicas=1)
    world.named = NEW
    world.pass_by(5)
    assert world.server.address == OLD
    assert not world.heard.all


def test_nor_for_sentinels_that_say_nothing() -> None:
    world = World(replicas=0)
    world.named = None
    world.pass_by(5)
    assert world.server.is_up
    world.fail_over()
    world.pass_by(2 * EVERY)
    assert world.is_at_the_new_one


def test_sentinels_are_asked_seldom_while_all_is_well_and_often_while_it_is_not() -> None:
    world = World(replicas=1)
    world.asked.clear()
    world.pass_by(10)
    assert 9 <= len(world.asked) <= 11
    world.masters[OLD].model.lag = inf
    outcomes(world.server.keep({b"k": b"v"}, 1000, {}))
    world.pass_by(1)
    world.asked.clear()
    world.pass_by(10)
    assert len(world.asked) >= 38


def test_what_was_asked_before_the_connections_were_lost_counts_no_more() -> None:
    """The answer may be older than they are."""
    world = World(replicas=0)
    world.is_slow = True
    world.pass_by(2 * EVERY)
    world.is_slow = False
    world.masters[OLD].stop()
    world.masters[OLD].start()
    world.pass_by(1)
    (waiting,) = world.waiting
    waiting.callback(NEW)
    world.pass_by(1)
    assert world.server.is_up
    assert world.server.address == OLD
    assert world.heard.all == ["the connection is lost"]


@pytest.mark.parametrize("is_slow", [False, True])
def test_nothing_is_asked_when_the_store_is_closed(is_slow: bool) -> None:
    world = World(replicas=0)
    world.is_slow = is_slow
    world.pass_by(2 * EVERY)
    world.server.close()
    world.asked.clear()
    world.pass_by(5)
    assert not world.asked
    assert not world.heard.all
    assert not world.clock.getDelayedCalls()
