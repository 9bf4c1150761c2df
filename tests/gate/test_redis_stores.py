"""Which servers of Redis the settings describe, and what a node is called there."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.endpoints import HostnameEndpoint

from smppgate.gate.redis_stores import node_name, ways
from smppgate.gate.sessions.tls import ClientTls, ClientTlsEndpoint
from smppgate.gate.stores import make_store, store_tls
from smppgate.settings import Settings
from smppgate.store.redis.access import Access, Address
from smppgate.store.redis.connection import Endpoints
from smppgate.store.redis.sentinel import Fixed, Sentinels
from smppgate.store.redis.server import Way
from tests.gate.test_stores import CHANCE, SECRET, settings
from tests.store.fakes import ThreadedClock


def in_redis(name: str = "", **more: Any) -> Settings:
    return settings(name, kind="redis", **({"url": "redis://cache/1"} | more))


def by_sentinels(**more: Any) -> Settings:
    return settings(kind="redis", sentinels=["a:1", "b:2"], sentinel_master="m", **more)


def found(made: Settings) -> dict[str, Way]:
    return dict(ways(made.store, ThreadedClock(), store_tls(made)))


def tls_of(connect: Endpoints) -> ClientTls | None:
    """What makes its connections; None without TLS."""
    endpoint: Any = connect(Address("cache", 1))
    if isinstance(endpoint, HostnameEndpoint):
        return None
    assert isinstance(endpoint, ClientTlsEndpoint)
    assert endpoint._host == "cache"
    return endpoint._tls


def test_a_server_by_its_url() -> None:
    ((name, way),) = found(
        in_redis(url=f"rediss://gate:{SECRET}@cache:6380/2", patience=0.5)
    ).items()
    assert name == "Redis at cache:6380"
    assert isinstance(way.source, Fixed)
    assert str(way.source) == "cache:6380"
    assert way.access == Access("gate", SECRET, 2)
    assert (way.patience, way.replicas) == (0.5, 0)


def test_servers_in_the_order_of_the_settings(tmp_path: Path) -> None:
    """All nodes must have the same; a user, or a password in a file, is that of all."""
    file = tmp_path / "secret"
    file.write_text(SECRET)
    urls = ["redis://b:1", "redis://a:2/3", "rediss://[::1]"]
    servers = found(in_redis(url=urls, username="gate", password_file=str(file)))
    assert list(servers) == ["Redis at b:1", "Redis at a:2", "Redis at [::1]:6379"]
    accesses = [way.access for way in servers.values()]
    assert accesses == [Access("gate", SECRET, database) for database in (0, 3, 0)]
    assert [tls_of(way.connect) is not None for way in servers.values()] == [False, False, True]


def test_a_master_that_sentinels_know(tmp_path: Path) -> None:
    """The password is told to those that ask for one."""
    file = tmp_path / "secret"
    file.write_text(SECRET)
    ((name, way),) = found(by_sentinels(username="gate", password_file=str(file))).items()
    assert name == "Redis master m"
    assert isinstance(way.source, Sentinels)
    assert (way.access, way.replicas) == (Access("gate", SECRET), 1)
    assert (way.source._access, way.source._reserve) == (Access(), Access(password=SECRET))
    assert tls_of(way.connect) is tls_of(way.source._connect) is None


def test_sentinels_with_a_password_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OF_REDIS", SECRET)
    monkeypatch.setenv("OF_SENTINELS", "other")
    made = by_sentinels(
        sentinel_username="asker",
        password_env="OF_REDIS",
        sentinel_password_env="OF_SENTINELS",
    )
    (way,) = found(made).values()
    source: Any = way.source
    assert (way.access, source._access) == (Access("", SECRET), Access("asker", "other"))
    assert source._reserve == Access()


@pytest.mark.parametrize("both", [True, False])
def test_tls_by_sentinels(both: bool) -> None:
    """Its files are those that the gate looks at."""
    made = by_sentinels(tls={"server_name": "redis.example", "sentinels": both})
    tls = store_tls(made)
    ((_, way),) = ways(made.store, ThreadedClock(), tls)
    assert tls_of(way.connect) is tls
    source: Any = way.source
    assert tls_of(source._connect) is (tls if both else None)
    assert tls.settings.server_name == "redis.example"


def test_no_wall_clock_tells_whether_an_answer_is_late() -> None:
    reactor: Any = ThreadedClock()
    reactor.seconds = time.time
    made: Any = make_store(by_sentinels(), reactor, CHANCE)
    (server,) = made._servers
    assert server._clock.seconds is time.monotonic
    assert server._way.source._clock.seconds is time.monotonic


def test_no_password_is_in_a_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OF_REDIS", SECRET)
    for made in (
        in_redis(url=f"redis://gate:{SECRET}@cache"),
        by_sentinels(password_env="OF_REDIS", sentinel_password_env="OF_REDIS"),
    ):
        assert SECRET not in repr(found(made))
        assert SECRET not in repr(made)


def test_a_node_has_another_name_in_each_run() -> None:
    """That of its [peers], else that of its host, with chance behind it."""
    first, second = (node_name(in_redis("a"), CHANCE) for _ in range(2))
    assert first != second
    assert {name[:2] for name in (first, second)} == {b"a-"}
    assert len(first) == len("a-") + 8
    assert node_name(in_redis(), CHANCE).startswith(f"{socket.gethostname()}-".encode())
