"""The servers of tests do as they are told."""

from __future__ import annotations

import pytest

from tests.store.redis.line import RedisSaysNo
from tests.store.redis.real import RealRedis, RealSentinels

pytestmark = pytest.mark.thorough


def test_a_server_keeps_what_its_options_say_and_is_started_again() -> None:
    with RealRedis(appendonly="yes", appendfsync="always") as redis:
        redis.call("SET", b"a", b"\xff\r\n1")
        redis.kill()
        redis.restart()
        assert redis.call("MGET", "a", "b") == [b"\xff\r\n1", None]
        redis.call("LPUSH", "list", 1)
        with pytest.raises(RedisSaysNo, match="WRONGTYPE"):
            redis.call("INCR", "list")


def test_sentinels_put_a_replica_in_the_place_of_the_master_when_they_are_told_to() -> None:
    with RealRedis() as master, master.replica() as replica, RealSentinels(master) as sentinels:
        sentinels.await_replicas(1)
        sentinels.fail_over()
        assert sentinels.master == replica.address
        assert b"role:master" in replica.call("INFO", "replication")
        assert b"role:master" in master.call("INFO", "replication"), "it lives on"


def test_sentinels_make_the_replica_of_a_dead_master_the_next() -> None:
    with (
        RealRedis() as master,
        master.replica() as replica,
        RealSentinels(master, down_after=500) as sentinels,
    ):
        sentinels.await_replicas(1)
        assert sentinels.master == master.address
        master.kill()
        sentinels.await_failover(master.address)
        assert sentinels.master == replica.address
