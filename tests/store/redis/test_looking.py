"""How a `RedisServer` looks for a master, on a clock that does not run by itself."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from smppgate.store.redis.access import Address
from smppgate.store.redis.path_commands import command
from smppgate.store.redis.pipe import LATE
from smppgate.store.redis.ports import Unreached
from smppgate.store.redis.sentinel import Fixed, Sentinels
from smppgate.store.redis.server import ATTEMPT, OPENING, RedisServer, Way
from smppgate.txsmpp.backoff import Backoff
from tests.fakes import outcomes
from tests.store.redis.endpoint_in_memory import InMemory
from tests.store.redis.test_server import Heard

MASTER = Address("10.0.0.9", 6379)
INFO = b"redis_version:7.2.4\r\nrole:master\r\n"
ID = command(b"CLIENT", b"ID")
ANSWERS = {
    command(b"PING"): b"+PONG\r\n",
    command(b"INFO"): b"$%d\r\n%b\r\n" % (len(INFO), INFO),
}


class World:
    """A server at a place that is silent or refuses."""

    def __init__(self, with_sentinels: bool = False, **place: bool) -> None:
        self.clock = Clock()
        self.place = InMemory(self.clock, **place)
        self.heard = Heard()
        source: Any = Fixed(MASTER)
        if with_sentinels:
            source = Sentinels([MASTER] * 2, "gates", self.clock, lambda _: self.place)
        way = Way(source, lambda _: self.place)
        backoff = Backoff(0.05, 1.0, lambda: 1.0)
        self.server = RedisServer("redis", way, self.clock, backoff, self.heard)

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.05)):
            self.clock.advance(0.05)

    def close(self) -> None:
        """Nothing is left of it."""
        outcomes(self.server.close())
        self.clock.advance(0)
        assert not self.clock.getDelayedCalls()
        assert not any(it.connected for it in self.place.transports)


@pytest.mark.parametrize("with_sentinels", [False, True])
@pytest.mark.parametrize("place", [{}, {"silent": True}, {"refuses": True}])
@pytest.mark.parametrize("seconds", [0.0, 0.3, 2.1, 7.0])
def test_it_is_closed_at_any_time_with_all_that_it_has(
    with_sentinels: bool, place: dict[str, bool], seconds: float
) -> None:
    world = World(with_sentinels, **place)
    opened = outcomes(world.server.open())
    world.pass_time(seconds)
    assert bool(opened) == (seconds > OPENING)
    world.close()
    assert opened == [None]
    connections = len(world.place.transports)
    world.pass_time(20)
    assert len(world.place.transports) == connections


def test_the_start_waits_for_it_a_while_and_the_fault_is_told() -> None:
    world = World(silent=True)
    opened = outcomes(world.server.open())
    world.pass_time(OPENING - 0.1)
    assert not opened
    world.pass_time(0.2)
    assert opened == [None]
    world.pass_time(ATTEMPT)
    assert world.heard.present == {"redis": LATE}
    world.close()


def test_what_is_asked_of_one_that_is_not_up_fails_at_once() -> None:
    world = World(refuses=True)
    outcomes(world.server.open())
    failed: list[Deferred[Any]]
    failed = [world.server.keep({b"k": b"v"}, 1, {}), world.server.find([b"k"])]
    assert all(outcomes(it)[0].check(Unreached) for it in failed)
    assert outcomes(world.server.keep({}, 1, {})) == [None]
    assert outcomes(world.server.find([])) == [[]]
    world.close()


def test_tries_are_further_and_further_apart() -> None:
    world = World(refuses=True)
    outcomes(world.server.open())
    world.pass_time(0.2)
    tries = len(world.heard.all)
    assert tries == 3
    world.pass_time(5)
    assert 5 <= len(world.heard.all) - tries <= 7
    world.close()


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_connection_that_is_lost_while_others_are_greeted_is_made_anew(is_lost: bool) -> None:
    world = World()
    outcomes(world.server.open())
    connections = tuple(world.place.transports)
    while not world.server.is_up and len(world.place.transports) == len(connections):
        for number, transport in enumerate(connections):
            asked = transport.take()
            if asked:
                transport.deliver(ANSWERS.get(asked, b":7\r\n"))
            if asked == ID and is_lost and not number:
                transport.lose()
        world.pass_time(0.05)
    assert world.server.is_up != is_lost
    assert world.heard.all == (["the connection is lost"] if is_lost else [])
    world.close()
