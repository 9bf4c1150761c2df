"""`ModelRedis` fails as it is told to, and its scripts are Redis' (`test_conformance.py`)."""

from __future__ import annotations

from hashlib import sha1
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from smppgate.store.redis.ports import Refused, Server, Unreached
from smppgate.store.redis.script import Script
from tests.store.fakes import BEGUN, clock_at, result_of
from tests.store.redis.model import OOM, READONLY, ModelRedis, ModelServer
from tests.store.redis.model_data import RedisError


def script(text: str) -> Script:
    """One that is in no file."""
    made = Script.__new__(Script)
    octets = text.encode()
    object.__setattr__(made, "name", "test")
    object.__setattr__(made, "text", octets)
    object.__setattr__(made, "digest", sha1(octets, usedforsecurity=False).hexdigest().encode())
    return made


ADD = script("return redis.call('INCRBY', KEYS[1], ARGV[1])")


class Site:
    """A model, and two nodes' ways to it."""

    def __init__(self, replicas: int = 1, lag: float = 0.0) -> None:
        self.clock = clock_at(BEGUN)
        self.redis = ModelRedis(self.clock.seconds, replicas, lag)
        self.one, self.two = (
            ModelServer(self.redis, self.clock, wait_replicas=replicas) for _ in range(2)
        )
        self.heard: list[bool] = []
        self.one.follow(lambda: self.heard.append(self.one.is_up))

    def kept(self, server: ModelServer, value: bytes) -> Deferred[None]:
        return server.keep({b"k": value}, 5000, {})

    def pass_by(self, seconds: float) -> None:
        self.clock.pump([0.01] * round(100 * seconds))

    def outcome(self, deferred: Deferred[Any]) -> Any:
        self.pass_by(0.3)
        try:
            return result_of(deferred)
        except (Unreached, Refused) as error:
            return type(error)


def as_server(server: ModelServer) -> Server:
    """For mypy: it is one."""
    return server


def test_what_is_asked_for_is_done() -> None:
    site = Site()
    kept = site.kept(site.one, b"v")
    found, run = site.two.find([b"k", b"l"]), site.two.run_safely(ADD, [b"n"], [3])
    assert [site.outcome(it) for it in (kept, found, run)] == [None, [b"v", None], 3]
    site.pass_by(5.0)
    assert site.outcome(site.two.find([b"k"])) == [None]


def test_ends_are_noted() -> None:
    site = Site()
    site.one.keep({b"k": b"v", b"l": b"w"}, 60_000, {b"k": 100})
    site.pass_by(0.2)
    assert site.outcome(site.one.find([b"k", b"l"])) == [None, b"w"]


def test_a_frozen_one_does_it_later() -> None:
    site = Site()
    site.redis.freeze()
    assert site.outcome(site.kept(site.one, b"v")) is Unreached
    assert (site.one.is_up, site.two.is_up, site.heard) == (False, True, [False])
    assert site.outcome(site.one.find([b"k"])) is Unreached
    site.redis.thaw()
    site.pass_by(0.3)
    assert (site.heard, site.one.late) == ([False, True], 1)
    assert site.outcome(site.one.find([b"k"])) == [b"v"]


def test_one_node_alone_is_cut_off() -> None:
    site = Site()
    site.one.cut()
    assert site.outcome(site.kept(site.one, b"v")) is Unreached
    assert site.outcome(site.kept(site.two, b"w")) is None
    site.one.heal()
    site.pass_by(0.3)
    assert site.outcome(site.two.find([b"k"])) == [b"v"]


def test_a_failover_loses_what_was_not_waited_for() -> None:
    site = Site(lag=0.1)
    assert site.outcome(site.one.run_safely(ADD, [b"n"], [1])) == 1
    site.one.run(ADD, [b"n"], [1])
    answered = site.one.run_safely(ADD, [b"n"], [1])
    site.pass_by(0.05)
    assert site.redis.call(b"GET", b"n") == b"3"
    site.redis.failover()
    assert site.outcome(answered) is Unreached
    site.pass_by(0.3)
    assert site.outcome(site.one.run_safely(ADD, [b"n"], [1])) == 2
    site.redis.failover()
    assert site.redis.call(b"GET", b"n") == b"2"


def test_a_replica_that_is_cut_off_confirms_nothing() -> None:
    site = Site()
    site.redis.cut_replica()
    assert site.outcome(site.kept(site.one, b"v")) is Unreached
    assert site.one.is_up
    assert site.outcome(site.one.find([b"k"])) == [b"v"]
    assert site.outcome(site.kept(site.one, b"x")) is Unreached
    assert site.outcome(site.one.find([b"k"])) == [b"v"]
    site.redis.join_replica()
    site.pass_by(0.3)
    assert site.heard == [True, True]
    site.redis.failover()
    assert site.redis.call(b"GET", b"k") == b"v"
    site.pass_by(0.3)
    site.redis.cut_replica()
    site.redis.call(b"SET", b"k", b"w")
    site.redis.failover()
    assert site.redis.call(b"GET", b"k") == b"v"


def test_one_that_is_down_is_looked_for() -> None:
    site = Site()
    answered = site.kept(site.one, b"v")
    site.redis.stop()
    assert site.outcome(answered) is Unreached
    site.pass_by(1.0)
    assert site.heard == [False]
    site.redis.start()
    site.pass_by(0.3)
    assert site.heard == [False, True]
    site.redis.call(b"SET", b"k", b"v")
    site.redis.restart_empty()
    site.pass_by(0.3)
    assert site.outcome(site.one.find([b"k"])) == [None]


def test_a_replica_that_is_cut_off_has_not_confirmed_what_was_on_its_way() -> None:
    site = Site(lag=0.1)
    failures: list[Failure] = []
    site.one.run_safely(ADD, [b"n"], [1]).addErrback(failures.append)
    site.pass_by(0.05)
    site.redis.cut_replica()
    site.pass_by(0.01)
    site.redis.join_replica(0.1)
    site.pass_by(0.08)
    assert [failure.type for failure in failures] == [Unreached]
    site.redis.failover()
    assert site.redis.call(b"GET", b"n") is None


def test_one_that_is_full_deletes_and_a_replica_does_not() -> None:
    site = Site()
    site.redis.call(b"SET", b"k", b"v")
    site.redis.refuse(OOM)
    assert site.outcome(site.kept(site.one, b"w")) is Refused
    assert site.heard == []
    half = script("redis.call('DEL', KEYS[1]); return redis.call('SET', KEYS[1], 'x')")
    assert site.outcome(site.one.run_safely(half, [b"k"], [])) == b"OK"
    site.redis.refuse(READONLY)
    assert site.outcome(site.one.run_safely(half, [b"k"], [])) is Refused
    assert site.heard == [False]
    site.redis.refuse("")
    site.pass_by(0.3)
    assert site.outcome(site.one.find([b"k"])) == [b"x"]


def test_a_node_that_has_gone_leaves_nothing() -> None:
    site = Site()
    site.kept(site.one, b"v")
    site.redis.freeze()
    site.kept(site.two, b"v")
    site.pass_by(0.3)
    for server in (site.one, site.two):
        server.close()
    assert site.clock.getDelayedCalls() == []


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("return {1, 2.9, -2.9, 'x', true, {3}, nil, 4}", [1, 2, -2, b"x", 1, [3]]),
        ("return {false, 1}", [None, 1]),
        ("return redis.call('GET', 'none')", None),
        ("return redis.call('GET', 'none') == false", 1),
        ("return redis.call('SET', 'k', 'v').ok", b"OK"),
        ("return redis.status_reply('FINE')", b"FINE"),
        ("redis.call('SET', 'k', 1.5); return redis.call('GET', 'k')", b"1.5"),
        ("redis.call('SET', 'k', 1e15 + 1); return redis.call('GET', 'k')", b"1000000000000001"),
        ("return redis.pcall('GET').err ~= nil", 1),
        ("local t = redis.call('TIME'); return t[1]", b"1800000000"),
        ("return #KEYS + #ARGV", 0),
    ],
)
def test_types_are_converted(text: str, answer: object) -> None:
    assert Site().redis.run(script(text), []) == answer


@pytest.mark.parametrize(
    "text",
    [
        "return redis.call('GET')",
        "return redis.call('NONE', 'k')",
        "redis.call('SET', 'k', 'v'); return redis.call('HGET', 'k', 'f')",
        "return redis.error_reply('WRONG')",
        "x = 1",
        "return x",
        "return 1 + {}",
        "return redis.call('SET', 'k', {})",
        "error('no')",
        "return os.time()",
        "this is no Lua",
    ],
)
def test_errors_are_told(text: str) -> None:
    with pytest.raises(RedisError):
        Site().redis.run(script(text), [])
