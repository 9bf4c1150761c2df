"""Which servers of Redis the settings describe, and what a node is called there."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

from smppgate.gate.redis_stores import node_name, ways
from smppgate.gate.stores import make_store
from smppgate.settings import Settings
from smppgate.store.redis.access import Access
from smppgate.store.redis.sentinel import Fixed, Sentinels
from tests.gate.test_stores import CHANCE, SECRET, settings
from tests.store.fakes import ThreadedClock


def in_redis(name: str = "", **more: Any) -> Settings:
    return settings(name, kind="redis", **({"url": "redis://cache/1"} | more))


def test_a_server_by_its_url() -> None:
    store = in_redis(url=f"rediss://gate:{SECRET}@cache:6380/2", patience=0.5).store
    ((name, way),) = ways(store, ThreadedClock())
    assert name == "Redis at cache:6380"
    assert isinstance(way.source, Fixed)
    assert str(way.source) == "cache:6380"
    assert way.access == Access("gate", SECRET, 2)
    assert (way.patience, way.replicas) == (0.5, 0)


def test_servers_in_the_order_of_the_settings(tmp_path: Path) -> None:
    """All nodes must have the same; a password in a file is that of all."""
    file = tmp_path / "secret"
    file.write_text(SECRET)
    urls = ["redis://b:1", "redis://a:2/3", "redis://[::1]"]
    found = list(ways(in_redis(url=urls, password_file=str(file)).store, ThreadedClock()))
    assert [name for name, _ in found] == ["Redis at b:1", "Redis at a:2", "Redis at [::1]:6379"]
    assert [way.access.password for _, way in found] == [SECRET] * 3
    assert [way.access.database for _, way in found] == [0, 3, 0]


def test_a_master_that_sentinels_know(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET)
    store = settings(
        kind="redis", sentinels=["a:1", "b:2"], sentinel_master="m", password_file=str(file)
    ).store
    ((name, way),) = ways(store, ThreadedClock())
    assert name == "Redis master m"
    assert isinstance(way.source, Sentinels)
    assert (way.access.password, way.replicas) == (SECRET, 1)


def test_no_wall_clock_tells_whether_an_answer_is_late() -> None:
    reactor: Any = ThreadedClock()
    reactor.seconds = time.time
    made: Any = make_store(
        settings(kind="redis", sentinels=["a:1"], sentinel_master="m"), reactor, CHANCE
    )
    (server,) = made._servers
    assert server._clock.seconds is time.monotonic
    assert server._way.source._clock.seconds is time.monotonic


def test_no_password_is_in_a_repr() -> None:
    store = in_redis(url=f"redis://gate:{SECRET}@cache").store
    assert SECRET not in repr(list(ways(store, ThreadedClock())))


def test_a_node_has_another_name_in_each_run() -> None:
    """That of its [peers], else that of its host, with chance behind it."""
    first, second = (node_name(in_redis("a"), CHANCE) for _ in range(2))
    assert first != second
    assert {name[:2] for name in (first, second)} == {b"a-"}
    assert len(first) == len("a-") + 8
    assert node_name(in_redis(), CHANCE).startswith(f"{socket.gethostname()}-".encode())
