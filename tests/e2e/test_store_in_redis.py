"""Gates whose store is in Redis: what one keeps the other has, and Redis may be away meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.daemon import ENDED
from tests.e2e.ports import free_port
from tests.e2e.test_peers import OK, QUEUED, brought, two_sites
from tests.e2e.test_queue import put, take, texts
from tests.e2e.twistd import running, settings, start
from tests.e2e.wire import (
    BIND_TRANSCEIVER,
    Smsc,
    bind_body,
    bound,
    connect,
    delivered,
    pdu,
    receipt_body,
    submitted,
)
from tests.store.redis.real import RealRedis, wait_until

BIND_FAILED = 0x0D
SECRET = "never-to-be-shown"


@pytest.fixture
def redis() -> Iterator[RealRedis]:
    with RealRedis() as server:
        yield server


def store_in(server: RealRedis, more: str = "") -> str:
    return f'kind = "redis"\nurl = "{server.url}"\n{more}'


def paths_in(server: RealRedis) -> list[bytes]:
    found: list[bytes] = server.call("KEYS", "smppgate:p:*")
    return found


def bind_status(port: int) -> int:
    """What the bind of acme is answered."""
    with connect(port) as esme:
        esme.send(pdu(BIND_TRANSCEIVER, 1, bind_body(b"acme", b"secret")))
        return esme.receive().status


def until_bound(port: int) -> None:
    """Bind until there is a place."""
    wait_until(lambda: bind_status(port) == OK)


def test_a_receipt_after_a_restart(tmp_path: Path, redis: RealRedis) -> None:
    """Return paths are in Redis: the gate may be killed, and its folder be another."""
    with Smsc() as smsc:
        port = free_port()
        config = settings(port, {"alpha": smsc.port}, store=store_in(redis))
        with running(tmp_path, config, port) as gate:
            link = smsc.link()
            gate.wait_for_log("bound at")
            esme = bound(port)
            given = submitted(esme, link, b"4F")
            assert delivered(link, esme, receipt_body(b"4F")) == receipt_body(given)
            second = submitted(esme, link, b"50")
            gate.kill()
        elsewhere = tmp_path / "other"
        elsewhere.mkdir()
        with running(elsewhere, config, port) as gate:
            link = smsc.link()
            gate.wait_for_log("bound at")
            esme = bound(port)
            assert delivered(link, esme, receipt_body(b"50")) == receipt_body(second)


def test_a_queue_outlives_the_gate(tmp_path: Path, redis: RealRedis) -> None:
    """Messages for an ESME that is away wait in Redis, and come in their order."""
    messages = texts(50)
    with Smsc() as smsc:
        port = free_port()
        config = settings(port, {"alpha": smsc.port}, esmes=QUEUED, store=store_in(redis))
        with running(tmp_path, config, port) as gate:
            link = smsc.link()
            gate.wait_for_log("bound at")
            assert put(link, messages) == [OK] * 50
            gate.kill()
        with running(tmp_path, config, port) as gate:
            smsc.link()
            gate.wait_for_log("bound at")
            esme = bound(port)
            assert take(esme, 50) == messages
            assert esme.is_quiet()


def test_what_comes_at_one_node_waits_for_the_esme_at_another(
    tmp_path: Path, redis: RealRedis
) -> None:
    """It is one queue, whichever node is there when the ESME binds."""
    messages = texts(20)
    with two_sites(tmp_path, esmes=QUEUED, store=store_in(redis)) as (a, b):
        assert put(b.link, messages[:10]) == [OK] * 10
        assert put(a.link, messages[10:]) == [OK] * 10
        b.gate.kill()
        esme = bound(a.port)
        assert take(esme, 20) == messages
        assert esme.is_quiet()


def test_a_receipt_of_a_node_that_is_dead(tmp_path: Path, redis: RealRedis) -> None:
    """Comes by another, to the ESME that has bound there, under the id that it knows."""
    with two_sites(tmp_path, store=store_in(redis)) as (a, b):
        esme = bound(a.port)
        given = submitted(esme, a.link, b"4F")
        a.gate.kill()
        b.gate.wait_for_log("peer a gone")
        again = bound(b.port)
        assert brought(b.link, again, receipt_body(b"4F", b"4988001")) == receipt_body(
            given, b"4988001"
        )


def test_max_binds_hold_over_nodes(tmp_path: Path, redis: RealRedis) -> None:
    """A session here leaves no place for one there, until it ends."""
    esmes = '[[esme]]\nsystem_id = "acme"\npassword = "secret"\nmax_binds = 1\n'
    with two_sites(tmp_path, esmes=esmes, store=store_in(redis)) as (a, b):
        first = bound(a.port)
        assert bind_status(b.port) == BIND_FAILED
        first.sock.close()
        until_bound(b.port)


def test_redis_may_be_away(tmp_path: Path, redis: RealRedis) -> None:
    """At the start, and later: messages are relayed, and return paths go to it afterwards."""
    redis.kill()
    with Smsc() as smsc:
        port = free_port()
        config = settings(port, {"alpha": smsc.port}, store=store_in(redis))
        with running(tmp_path, config, port) as gate:
            gate.wait_for_log("SG-4401")
            link = smsc.link()
            gate.wait_for_log("bound at")
            esme = bound(port)
            given = submitted(esme, link, b"4F")
            assert delivered(link, esme, receipt_body(b"4F")) == receipt_body(given)
            submitted(esme, link, b"50")
            redis.restart()
            gate.wait_for_log("works again")
            wait_until(lambda: len(paths_in(redis)) == 2)


def test_a_stop_while_redis_is_frozen(tmp_path: Path, redis: RealRedis) -> None:
    """Takes no longer, and nothing is lost: the next start passes on what Redis did not have."""
    with Smsc() as smsc:
        port = free_port()
        config = settings(port, {"alpha": smsc.port}, store=store_in(redis))
        with running(tmp_path, config, port) as gate:
            link = smsc.link()
            gate.wait_for_log("bound at")
            esme = bound(port)
            redis.freeze()
            for number in range(1, 21):
                submitted(esme, link, b"%02d" % number, number)
            assert gate.stop() == ENDED["twistd"]
            assert "SG-4005" not in gate.log
        redis.restart()
        assert paths_in(redis) == []
        with running(tmp_path, config, port):
            wait_until(lambda: len(paths_in(redis)) == 20)


def test_a_redis_that_throws_keys_away_is_not_used(tmp_path: Path) -> None:
    """The gate ends, and says what to do."""
    with RealRedis(maxmemory="64mb", maxmemory_policy="allkeys-lru") as redis:
        port = free_port()
        gate = start(tmp_path, settings(port, {"alpha": 9}, store=store_in(redis)), port)
        assert gate.wait() == 1
        assert "SG-4001" in gate.log
        assert "maxmemory-policy noeviction" in gate.log


def test_a_password_that_redis_refuses(tmp_path: Path) -> None:
    """The gate ends, and says why; neither password is in its log."""
    with RealRedis(requirepass=SECRET) as redis:
        port = free_port()
        url = f"redis://:not-{SECRET}@127.0.0.1:{redis.port}/0"
        store = f'kind = "redis"\nurl = "{url}"'
        gate = start(tmp_path, settings(port, {"alpha": 9}, store=store), port)
        assert gate.wait() == 1
        assert f"SG-4001 the store cannot be opened: Redis at 127.0.0.1:{redis.port}" in gate.log
        assert "refuses the user name or password" in gate.log
        assert SECRET not in gate.log
