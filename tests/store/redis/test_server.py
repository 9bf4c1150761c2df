"""A `RedisServer` on servers and Sentinels that are broken one way after the other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from smppgate.gate.redis_stores import tls_endpoints
from smppgate.gate.sessions.tls import ClientTls
from smppgate.settings import StoreTlsSettings
from smppgate.store.redis import server as module
from smppgate.store.redis.access import Access, Address
from smppgate.store.redis.connection import endpoints
from smppgate.store.redis.greeting import Unfit
from smppgate.store.redis.pipe import LATE
from smppgate.store.redis.ports import Refused, Server, Unreached
from smppgate.store.redis.sentinel import Fixed, Sentinels
from smppgate.store.redis.server import LONGEST, SHORTEST, RedisServer, Way
from smppgate.txsmpp.backoff import Backoff
from smppgate.txsmpp.clock import Clock
from tests.certificates import Pair
from tests.e2e.ports import free_port
from tests.fakes import outcomes
from tests.store.redis.real import RealRedis, RealSentinels
from tests.store.redis.scripts_of_tests import script
from tests.store.redis.turning import Turning, turning

pytestmark = pytest.mark.thorough

PATIENCE = 0.25
A_BIT = 3.0
"""Seconds that a busy machine may take longer than it should; test_pipe.py has the exact times."""

SET = script(b"redis.call('SET', KEYS[1], ARGV[1]); return {ARGV[1], 7}")
GET = script(b"return redis.call('GET', KEYS[1])")


class Heard:
    """What fails at present, and all that has failed."""

    def __init__(self) -> None:
        self.present: dict[str, str] = {}
        self.all: list[str] = []

    def failed(self, part: str, failure: Failure) -> None:
        assert failure.check(Unreached, Unfit), failure.getTraceback()
        self.present[part] = failure.getErrorMessage()
        self.all.append(failure.getErrorMessage())

    def worked(self, part: str) -> None:
        self.present.pop(part, None)


class Node:
    """A server as a node sees it, with its reactor."""

    def __init__(self, it: Turning, source: Any, **way: Any) -> None:
        self.it = it
        self.heard = Heard()
        clock = Clock.of(it.reactor)
        backoff = Backoff(SHORTEST, LONGEST, lambda: 0.5)
        connect = way.pop("connect", endpoints(it.reactor))
        self.way = Way(source, connect, patience=PATIENCE, **way)
        self.server: RedisServer = RedisServer("redis", self.way, clock, backoff, self.heard)
        self.as_port: Server = self.server
        self.changes: list[bool] = []
        self.server.follow(lambda: self.changes.append(self.server.is_up))

    def keep(self, key: bytes, value: bytes = b"value") -> Deferred[None]:
        return self.server.keep({key: value}, 60_000, {})

    def until_up(self) -> None:
        self.it.until(lambda: self.server.is_up)

    def timed(self, deferred: Deferred[Any]) -> tuple[Any, float]:
        """How it came out, and after how many seconds."""
        begun = time.monotonic()
        seen = outcomes(deferred)
        self.it.until(lambda: seen)
        result = seen[0].value if isinstance(seen[0], Failure) else seen[0]
        return result, time.monotonic() - begun


@contextmanager
def node_at(source: Any, **way: Any) -> Iterator[Node]:
    if isinstance(source, RealRedis):
        source = Fixed(Address(*source.address))
    with turning() as it:
        if isinstance(source, RealSentinels):
            source = _asked(source, it)
        if "tls" in way:
            tls = ClientTls("Redis", StoreTlsSettings(ca=way.pop("tls")))
            way["connect"] = tls_endpoints(it.reactor, tls)
        node = Node(it, source, **way)
        try:
            yield node
        finally:
            it.wait(node.server.close())


@contextmanager
def opened(source: Any, **way: Any) -> Iterator[Node]:
    with node_at(source, **way) as node:
        node.it.wait(node.server.open())
        assert node.server.is_up, node.heard.all
        yield node


def _asked(sentinels: RealSentinels, it: Turning) -> Sentinels:
    addresses = [Address(*address) for address in sentinels]
    return Sentinels(addresses, sentinels.name, Clock.of(it.reactor), endpoints(it.reactor))


# A server that works


def test_what_is_kept_is_found_and_ends() -> None:
    with RealRedis() as redis, opened(redis) as node:
        server, wait = node.server, node.it.wait
        wait(server.keep({b"a": b"1\r\n\xff", b"b": b""}, 50_000, {b"a": 9_000, b"none": 5}))
        assert wait(server.find([b"a", b"missing", b"b"])) == [b"1\r\n\xff", None, b""]
        assert wait(server.find([])) == []
        assert 8_000 < redis.call("PTTL", "a") <= 9_000
        assert 49_000 < redis.call("PTTL", "b") <= 50_000
        # A later end is not longer than the first, and what is set anew does not end.
        wait(server.keep({}, 1, {b"a": 30_000}))
        assert redis.call("PTTL", "a") <= 9_000
        wait(server.keep({b"a": b"2"}, 50_000, {}))
        assert redis.call("PTTL", "a") > 9_000
        assert not node.heard.all


def test_scripts_are_sent_to_a_server_that_has_forgotten_them() -> None:
    with RealRedis() as redis, opened(redis) as node:
        server, wait = node.server, node.it.wait
        for _ in range(2):
            for run in (server.run, server.run_safely):
                answers = [run(SET, [b"k"], [b"%d" % number]) for number in range(3)]
                assert [wait(answer) for answer in answers] == [
                    [b"0", 7],
                    [b"1", 7],
                    [b"2", 7],
                ]
                assert wait(run(GET, [b"k"], [])) == b"2"
                redis.call("SCRIPT", "FLUSH")


def test_an_answer_that_is_an_error_is_refused_and_the_server_stays_up() -> None:
    with RealRedis() as redis, opened(redis) as node:
        redis.call("LPUSH", "list", 1)
        for run in (node.server.run, node.server.run_safely):
            with pytest.raises(Refused, match="WRONGTYPE"):
                node.it.wait(run(GET, [b"list"], []))
        redis.call("CONFIG", "SET", "maxmemory", 1)
        with pytest.raises(Refused, match="OOM"):
            node.it.wait(node.keep(b"k"))
        assert node.server.is_up
        assert not node.heard.all


def test_tls_password_and_database(tmp_path: Path) -> None:
    pair = Pair("localhost")
    pair.write(tmp_path)
    authority = str(tmp_path / "cert.pem")
    access = Access(username="default", password="geheim", database=3)
    with RealRedis(tls=tmp_path, requirepass="geheim") as redis:
        source = Fixed(Address("localhost", redis.tls_port))
        with opened(source, tls=authority, access=access) as node:
            node.it.wait(node.keep(b"k"))
            assert redis.call("INFO", "keyspace").startswith(b"# Keyspace\r\ndb3:keys=1")
        with node_at(source, tls="", access=access) as node:
            node.it.wait(node.server.open())
            assert not node.server.is_up
            assert "certificate verify failed" in node.heard.present["redis"]
            assert "geheim" not in repr(node.way) + repr(node.heard.all)


# What an operator has to change


@pytest.mark.parametrize(
    ("options", "access", "reason"),
    [
        ({"requirepass": "right"}, Access(password="wrong"), "WRONGPASS"),
        ({"requirepass": "right"}, Access(), "NOAUTH"),
        ({}, Access(username="nobody", password="x"), "WRONGPASS"),
        ({}, Access(database=99), "DB index is out of range"),
        ({"cluster_enabled": "yes"}, Access(), "a Redis Cluster, which is not supported"),
        (
            {"maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"},
            Access(),
            "maxmemory-policy noeviction",
        ),
    ],
)
def test_a_server_that_must_not_be_used_as_it_is_says_why(
    options: dict[str, Any], access: Access, reason: str
) -> None:
    with RealRedis(**options) as redis, node_at(redis, access=access) as node:
        with pytest.raises(Unfit, match=reason):
            node.it.wait(node.server.open())
        assert not node.server.is_up


def test_a_user_needs_some_rights_and_all_are_tried_at_the_start() -> None:
    access = Access("gate", "geheim")
    rights = ["on", ">geheim", "~*", "+@all", "-@dangerous", "+info"]
    with RealRedis() as redis:
        redis.call("ACL", "SETUSER", "gate", *rights)
        with node_at(redis, access=access) as node, pytest.raises(Unfit, match=r"client\|kill"):
            node.it.wait(node.server.open())
        redis.call("ACL", "SETUSER", "gate", "+client|kill")
        with opened(redis, access=access) as node:
            first = node.server
            redis.freeze()
            node.it.until(lambda: not first.is_up)
            first.drop("a test says so")
            redis.thaw()
            node.until_up()


def test_a_policy_that_never_evicts_will_do() -> None:
    with RealRedis(maxmemory_policy="allkeys-lru") as redis, opened(redis) as node:
        assert not node.heard.all


def test_what_an_operator_has_to_change_later_is_a_fault() -> None:
    with RealRedis() as redis, opened(redis) as node:
        redis.restart(maxmemory="100mb", maxmemory_policy="allkeys-lru")
        node.it.until(lambda: "noeviction" in node.heard.present.get("redis", ""))
        assert not node.server.is_up
        redis.call("CONFIG", "SET", "maxmemory-policy", "noeviction")
        node.until_up()
        assert not node.heard.present


# A server that fails


def test_one_that_is_not_there_at_the_start_is_a_fault_and_is_found_later() -> None:
    with RealRedis() as redis:
        redis.kill()
        with node_at(redis) as node:
            node.it.wait(node.server.open())
            assert not node.server.is_up
            assert "refused" in node.heard.present["redis"].lower()
            redis.restart()
            node.until_up()
            node.it.wait(node.keep(b"k"))
            assert not node.heard.present


def test_one_that_is_frozen_at_the_start_is_a_fault_too() -> None:
    with RealRedis() as redis, node_at(redis) as node:
        redis.freeze()
        node.it.wait(node.server.open())
        assert not node.server.is_up
        node.it.until(lambda: node.heard.present == {"redis": LATE})
        redis.thaw()
        node.until_up()
        assert not node.heard.present


def test_after_a_long_silence_it_is_connected_to_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DEAD", 0.5)
    with RealRedis() as redis, opened(redis) as node:
        redis.freeze()
        node.it.until(lambda: "it has been silent for 0.5 s" in node.heard.all)
        redis.thaw()
        node.until_up()
        node.it.wait(node.keep(b"k"))


def test_one_batch_waits_for_a_frozen_server_and_the_next_ones_fail_at_once() -> None:
    with RealRedis() as redis, opened(redis) as node:
        server = node.server
        redis.freeze()
        asked: list[Deferred[Any]]
        asked = [node.keep(b"k", b"old"), server.find([b"k"]), server.run_safely(GET, [b"k"], [])]
        begun = time.monotonic()
        for deferred in asked:
            with pytest.raises(Unreached):
                node.it.wait(deferred)
        assert PATIENCE - 0.05 <= time.monotonic() - begun <= PATIENCE + A_BIT
        assert not server.is_up
        for deferred in (node.keep(b"k"), server.find([b"k"]), server.run(GET, [b"k"], [])):
            assert isinstance(outcomes(deferred)[0], Failure)
        redis.thaw()
        node.until_up()
        # What was late has been done, and comes before all that is asked now.
        assert node.it.wait(server.find([b"k"])) == [b"old"]
        assert node.changes == [True, False, True]


def test_an_idle_node_notices_that_its_server_is_frozen() -> None:
    with RealRedis() as redis, opened(redis) as node:
        redis.freeze()
        node.it.until(lambda: not node.server.is_up)
        redis.thaw()
        node.until_up()


def test_what_was_sent_to_a_frozen_server_is_not_done_after_new_connections() -> None:
    """The server has not read it when it is connected to anew."""
    with RealRedis() as redis, opened(redis) as node:
        redis.freeze()
        with pytest.raises(Unreached):
            node.it.wait(node.keep(b"k", b"old"))
        old = node.server._visit
        node.server.drop("as after a long silence")
        redis.thaw()
        node.until_up()
        node.it.wait(node.keep(b"k", b"new"))
        living = redis.call("CLIENT", "LIST").decode()
        assert old is not None
        assert not [number for number in old.ids if f"id={number} " in living]
        assert redis.call("GET", "k") == b"new"


def test_one_that_is_killed_is_found_again() -> None:
    with RealRedis(appendonly="yes", appendfsync="always") as redis, opened(redis) as node:
        node.it.wait(node.keep(b"k"))
        redis.kill()
        node.it.until(lambda: not node.server.is_up)
        redis.restart()
        node.until_up()
        assert node.it.wait(node.server.find([b"k"])) == [b"value"]


def test_a_master_that_becomes_a_replica_is_left() -> None:
    with RealRedis() as redis, RealRedis() as other, opened(redis) as node:
        redis.call("REPLICAOF", *other.address)
        with pytest.raises((Refused, Unreached)):
            node.it.wait(node.keep(b"k"))
        assert not node.server.is_up
        node.it.until(lambda: "replica at present" in node.heard.present.get("redis", ""))
        redis.call("REPLICAOF", "NO", "ONE")
        node.until_up()


def test_what_waits_fails_when_the_store_is_closed() -> None:
    with RealRedis() as redis, opened(redis) as node:
        redis.freeze()
        seen = outcomes(node.keep(b"k")) + outcomes(node.server.run_safely(GET, [b"k"], []))
        node.it.wait(node.server.close())
        assert not seen or isinstance(seen[0], Failure)
        assert not node.server.is_up
        assert not node.heard.all


# Replicas


def test_too_few_replicas_have_it_and_then_enough() -> None:
    with RealRedis() as master, master.replica() as replica, opened(master, replicas=1) as node:
        node.it.wait(node.keep(b"k"))
        assert replica.call("GET", "k") == b"value"
        assert node.it.wait(node.server.run_safely(SET, [b"s"], [b"1"])) == [b"1", 7]
        assert replica.call("GET", "s") == b"1"
        replica.freeze()
        error, seconds = node.timed(node.keep(b"late"))
        assert isinstance(error, Unreached)
        assert seconds <= PATIENCE + A_BIT
        assert not node.server.has_replicas
        # Only what must survive a failover fails, and at once.
        assert isinstance(outcomes(node.keep(b"k"))[0], Failure)
        assert isinstance(outcomes(node.server.run_safely(GET, [b"k"], []))[0], Failure)
        assert node.it.wait(node.server.run(GET, [b"late"], [])) == b"value"
        assert node.server.is_up
        assert list(node.heard.present) == ["replicas of redis"]
        replica.thaw()
        node.it.until(lambda: node.server.has_replicas)
        node.it.wait(node.keep(b"k", b"again"))
        assert not node.heard.present


class Moved:
    """Says where the master is by now."""

    def __init__(self, address: Any) -> None:
        self.address = Address(*address)

    async def find(self) -> Address:
        return self.address


def test_a_master_that_is_cut_off_from_its_replicas_is_left_for_one_of_them() -> None:
    with RealRedis() as master, master.replica() as replica:
        source = Moved(master.address)
        with opened(source, replicas=1) as node:
            replica.call("REPLICAOF", "NO", "ONE")
            error, _ = node.timed(node.keep(b"k"))
            assert isinstance(error, Unreached)
            assert node.server.address == master.address
            source.address = Address(*replica.address)
            node.it.until(lambda: node.server.address == replica.address)
            node.until_up()


# Sentinels


def test_a_failover_is_followed() -> None:
    with RealRedis() as master, master.replica() as replica, RealSentinels(master) as sentinels:
        sentinels.await_replicas(1)
        with opened(sentinels, replicas=1) as node:
            node.it.wait(node.keep(b"k"))
            sentinels.kill(0)
            master.kill()
            sentinels.fail_over()
            node.it.until(lambda: not node.server.is_up)
            node.until_up()
            assert node.server.address == replica.address
            assert node.it.wait(node.server.find([b"k"])) == [b"value"]
            assert not node.server.has_replicas


def test_a_frozen_master_is_left_when_the_sentinels_have_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "DEAD", 1000.0)
    with RealRedis() as master, master.replica() as replica, RealSentinels(master) as sentinels:
        sentinels.await_replicas(1)
        with opened(sentinels) as node:
            master.freeze()
            error, seconds = node.timed(node.keep(b"k"))
            assert isinstance(error, Unreached)
            assert seconds <= PATIENCE + A_BIT
            sentinels.fail_over()
            node.until_up()
            assert node.server.address == replica.address
            master.thaw()
            node.it.wait(node.keep(b"k"))
            assert replica.call("GET", "k") == b"value"


@pytest.mark.parametrize("replicas", [0, 1])
def test_a_master_that_lives_on_is_left_when_the_sentinels_have_another(replicas: int) -> None:
    """Though the node has nothing to keep, of which replicas might be missing."""
    with RealRedis() as master, master.replica() as replica, RealSentinels(master) as sentinels:
        sentinels.await_replicas(1)
        with opened(sentinels, replicas=replicas) as node:
            sentinels.fail_over()
            node.it.until(lambda: node.server.address == replica.address)
            assert b"role:master" in master.call("INFO", "replication")
            # As Sentinels do after ten seconds.
            master.call("REPLICAOF", *replica.address)
            # A replica that has just come is sent nothing for up to a second.
            node.it.until(lambda: node.timed(node.keep(b"k"))[0] is None)
            assert not node.heard.present


def test_sentinels_that_do_not_know_say_so() -> None:
    nobody = Address("127.0.0.1", free_port())
    with turning() as it:
        clock, connect = Clock.of(it.reactor), endpoints(it.reactor)
        sentinels = Sentinels([nobody], "other", clock, connect)
        with pytest.raises(Unreached, match=f"no Sentinel says where other is: {nobody}: .*refus"):
            it.wait(Deferred.fromCoroutine(sentinels.find()))
