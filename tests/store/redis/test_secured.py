"""A store whose Sentinels and servers have TLS, and ask for a certificate and a password."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from smppgate.gate.stores import make_store
from smppgate.settings import parse
from smppgate.store import IStore, StoreError
from tests.settings import documents
from tests.store.redis.secured import Secured, secured
from tests.store.redis.turning import Turning, turning

pytestmark = pytest.mark.thorough


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Secured]:
    with secured(tmp_path) as servers:
        yield servers


def made(it: Turning, folder: Path, table: dict[str, Any]) -> Any:
    """The store of a gate that has this table."""
    document = {"gate": {"state_dir": str(folder / "state")}, "store": table}
    settings = parse(documents.toml(documents.minimal() | document))
    return make_store(settings, it.reactor, Random())


def fault_of(it: Turning, store: Any) -> str:
    """What an operator is told of a store that is open and reaches nothing."""
    it.wait(store.open())
    it.until(lambda: store.statistics().fault)
    fault: str = store.statistics().fault
    assert not store.statistics().servers_up
    it.wait(store.close())
    return fault


def test_it_works_and_finds_the_next_master(servers: Secured, tmp_path: Path) -> None:
    """With what `docs/redis.md` gives the users of nodes."""
    with turning() as it:
        store: Any = made(it, tmp_path, servers.store)
        it.wait(store.open())
        it.wait(store.keep({b"k": b"1"}))
        assert it.wait(store.admit(b"acme", 1))
        assert (store.statistics().fault, store.statistics().unconfirmed) == ("", 0)
        servers.master.kill()
        it.until(lambda: not store.statistics().servers_up)
        servers.sentinels.fail_over()
        it.until(lambda: store.statistics().servers_up)
        assert servers.replica.call("EXISTS", "smppgate:p:k") == 1
        assert it.wait(store.find([b"k"])).paths == {b"k": b"1"}
        it.wait(store.close())


def test_certificates_that_no_authority_has_signed(servers: Secured, tmp_path: Path) -> None:
    del servers.store["tls"]["ca"]
    with turning() as it:
        store = made(it, tmp_path, servers.store)
        assert "certificate verify failed" in fault_of(it, store)


def test_a_node_without_a_certificate_is_told_why(servers: Secured, tmp_path: Path) -> None:
    servers.store["tls"] = {"ca": servers.store["tls"]["ca"]}
    with turning() as it:
        store = made(it, tmp_path, servers.store)
        assert "certificate required" in fault_of(it, store)


def test_a_certificate_for_another_name(servers: Secured, tmp_path: Path) -> None:
    servers.store["tls"]["server_name"] = "redis.example"
    with turning() as it:
        store = made(it, tmp_path, servers.store)
        assert "redis.example" in fault_of(it, store)
    servers.store["tls"]["server_name"] = "localhost"
    with turning() as it:
        store = made(it, tmp_path, servers.store)
        it.wait(store.open())
        assert store.statistics().servers_up
        it.wait(store.close())


@pytest.mark.parametrize("key", ["password_file", "sentinel_password_file"])
def test_a_wrong_password_ends_the_start(servers: Secured, tmp_path: Path, key: str) -> None:
    (tmp_path / "wrong").write_text("wrong")
    servers.store[key] = str(tmp_path / "wrong")
    with turning() as it:
        store: IStore = made(it, tmp_path, servers.store)
        with pytest.raises(StoreError, match="WRONGPASS"):
            it.wait(store.open())
