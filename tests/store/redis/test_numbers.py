"""Numbers in Redis: none is given out twice, whatever becomes of the server."""

from __future__ import annotations

from smppgate.store.redis.names import Names
from smppgate.store.redis.numbers import RedisNumbers
from smppgate.store.redis.ports import Unreached
from smppgate.store.redis.slots import Slots
from tests.store.fakes import BEGUN, clock_at
from tests.store.redis.model import ModelRedis, ModelServer


class Site:
    """Two nodes that reserve numbers."""

    def __init__(self, replicas: int = 0, lag: float = 0.0) -> None:
        self.clock = clock_at(BEGUN)
        self.redis = ModelRedis(self.clock.seconds, replicas, lag)
        self.nodes = [
            RedisNumbers(
                Slots([ModelServer(self.redis, self.clock, wait_replicas=replicas)]), Names(b"")
            )
            for _ in range(2)
        ]

    def reserve(self, node: int, count: int) -> object:
        """What is given, or why not."""
        given: list[object] = []
        self.nodes[node].reserve_numbers(count).addBoth(given.append)
        self.clock.pump([0.01] * 60)
        (first,) = given
        return getattr(first, "value", first)


def test_numbers_of_all_nodes_follow_one_another() -> None:
    site = Site()
    first = site.reserve(0, 10)
    assert isinstance(first, int)
    assert first > BEGUN * 1000
    assert [site.reserve(node, 5) for node in (1, 0, 1)] == [first + 10, first + 15, first + 20]


def test_they_leap_where_those_given_out_were_lost() -> None:
    site = Site()
    last = site.reserve(0, 1000)
    site.redis.restart_empty()
    site.clock.pump([0.1] * 20)
    first = site.reserve(1, 1)
    assert isinstance(first, int)
    assert isinstance(last, int)
    assert first >= last + 1000


def test_a_node_that_knows_more_than_the_server_is_believed() -> None:
    site = Site()
    known = site.reserve(0, 10)
    assert isinstance(known, int)
    site.redis.call(b"SET", b"numbers", b"5")
    first = site.reserve(0, 1)
    assert isinstance(first, int)
    assert first > known + 9


def test_they_outlive_a_failover() -> None:
    site = Site(replicas=1, lag=0.05)
    first = site.reserve(0, 10)
    assert isinstance(first, int)
    site.redis.failover()
    site.clock.pump([0.1] * 20)
    assert site.reserve(1, 1) == first + 10


def test_it_fails_where_the_server_does_not_answer() -> None:
    site = Site()
    site.redis.freeze()
    assert isinstance(site.reserve(0, 1), Unreached)
