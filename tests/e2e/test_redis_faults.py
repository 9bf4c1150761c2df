"""Redis is frozen, dead, or another one by now: nothing that was acknowledged is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.admin import Client
from tests.e2e.ports import free_port
from tests.e2e.test_peers import OK, QUEUED, Site, brought, two_sites
from tests.e2e.test_queue import put, take, texts
from tests.e2e.test_redis_nodes import ELSEWHERE, gone
from tests.e2e.test_store_in_redis import paths_in, store_in
from tests.e2e.twistd import running, settings, start
from tests.e2e.wire import Wire, bound, delivered, receipt_body, submitted
from tests.store.redis.real import RealRedis, RealSentinels, wait_until
from tests.store.redis.secured import OF_SENTINELS, OF_SERVERS, Secured, secured

PASSWORD = "never-to-be-shown"


def own_id(number: int) -> bytes:
    """What an SMSC calls a message."""
    return b"%04X" % number


def acknowledged(esme: Wire, link: Wire, numbers: range) -> dict[bytes, bytes]:
    """Messages that an ESME has had answers to: the SMSC's own id → the ESME's."""
    return {own_id(n): submitted(esme, link, own_id(n), n) for n in numbers}


def all_come(link: Wire, esme: Wire, told: dict[bytes, bytes]) -> None:
    """Each of them has its receipt, under the id that the ESME was told."""
    for number, (own, given) in enumerate(told.items(), 1):
        got = brought(link, esme, receipt_body(own, ELSEWHERE), 1000 * number)
        assert got == receipt_body(given, ELSEWHERE)


def await_calm(*sites: Site) -> None:
    """Return when Redis has confirmed to each of them all that it keeps, and nothing fails.

    That a master has it is not enough: what its replica does not have yet may be lost with it.
    """
    clients = [Client(site.folder / "state" / "admin.sock") for site in sites]
    wait_until(lambda: all(_is_calm(client.get("store")) for client in clients))


def _is_calm(store: Mapping[str, Any]) -> bool:
    return not (store["fault"] or store["paths_on_disk"] or store["unsaved"])


def test_answers_come_while_redis_is_frozen(tmp_path: Path) -> None:
    """Their return paths go to it when it is thawed: the other node has them then."""
    with RealRedis() as redis, two_sites(tmp_path, store=store_in(redis)) as (a, b):
        esme = bound(a.port)
        told = acknowledged(esme, a.link, range(1, 11))
        redis.freeze()
        told |= acknowledged(esme, a.link, range(11, 31))
        a.gate.wait_for_log("SG-4401")
        assert delivered(a.link, esme, receipt_body(own_id(30))) == receipt_body(told[own_id(30)])
        redis.thaw()
        a.gate.wait_for_log("works again")
        wait_until(lambda: len(paths_in(redis)) == len(told))
        gone(a, b)
        all_come(b.link, bound(b.port), told)


def test_what_redis_has_not_confirmed_outlives_the_gate(tmp_path: Path) -> None:
    """Killed while Redis is dead and started again on its disk, it tells Redis; and is not missed
    when it is dead once more."""
    with RealRedis() as redis, two_sites(tmp_path, store=store_in(redis)) as (a, b):
        esme, stranger = bound(a.port), bound(b.port, b"bolt", b"hidden")
        redis.kill()
        told = acknowledged(esme, a.link, range(1, 21))
        gone(a, b)
        with running(a.folder, a.config, a.port) as again:
            again.wait_for_log("bound, both ways")
            redis.restart()
            again.wait_for_log("works again")
            wait_until(lambda: len(paths_in(redis)) == len(told))
            again.kill()
            b.gate.wait_for_log("peer a gone", 2)
            all_come(b.link, bound(b.port), told)
            assert stranger.is_quiet()


@contextmanager
def failing_over(
    folder: Path, more: str = ""
) -> Iterator[tuple[Site, Site, RealRedis, RealSentinels]]:
    """Two nodes whose Redis has a replica, and three Sentinels; gives the master too."""
    with ExitStack() as stack:
        master = stack.enter_context(RealRedis(requirepass=PASSWORD, masterauth=PASSWORD))
        replica = RealRedis(requirepass=PASSWORD, masterauth=PASSWORD, replicaof=master.address)
        stack.enter_context(replica)
        sentinels = stack.enter_context(RealSentinels(master, password=PASSWORD))
        sentinels.await_replicas(1)
        master.await_replicas()
        (folder / "redis.password").write_text(PASSWORD)
        places = ", ".join(f'"{host}:{port}"' for host, port in sentinels)
        store = (
            f'kind = "redis"\nsentinels = [{places}]\nsentinel_master = "{sentinels.name}"\n'
            f'password_file = "{folder / "redis.password"}"\n'
        )
        a, b = stack.enter_context(two_sites(folder, store=store, esmes=QUEUED))
        yield a, b, master, sentinels


def test_a_failover_loses_nothing(tmp_path: Path) -> None:
    """Return paths and queued messages that were acknowledged before it, meanwhile and after."""
    messages = texts(60)
    with failing_over(tmp_path) as (a, b, master, sentinels):
        sender = bound(a.port, b"bolt", b"hidden")
        assert put(b.link, messages[:40]) == [OK] * 40
        told = acknowledged(sender, a.link, range(1, 51))
        master.kill()
        told |= acknowledged(sender, a.link, range(51, 101))
        sentinels.fail_over()
        # With nobody who has it too nothing is taken into a queue.
        master.restart(replicaof=sentinels.master)
        told |= acknowledged(sender, a.link, range(101, 111))
        await_calm(a, b)
        assert put(b.link, messages[40:]) == [OK] * 20
        await_calm(a)
        gone(a, b)
        esme = bound(b.port)
        got = take(esme, 60)
        assert got == messages
        all_come(b.link, bound(b.port, b"bolt", b"hidden"), told)
        for site in (a, b):
            assert PASSWORD not in site.gate.log


def test_the_password_of_a_url_is_in_no_log(tmp_path: Path) -> None:
    """Nor in what the gate ends with that has a wrong one."""
    with RealRedis(requirepass=PASSWORD) as redis:
        url = f"redis://:{PASSWORD}@127.0.0.1:{redis.port}/0"
        store = f'kind = "redis"\nurl = "{url}"\n'
        with two_sites(tmp_path, store=store) as (a, b):
            esme = bound(a.port)
            assert submitted(esme, a.link, b"4F") == b"alpha4F"
            assert len(redis.call("KEYS", "smppgate:p:*")) == 1
        port = free_port()
        wrong = store.replace(PASSWORD, f"{PASSWORD}-2")
        gate = start(tmp_path, settings(port, {"alpha": 9}, store=wrong), port)
        assert gate.wait() == 1
        assert "SG-4001" in gate.log
        for log in (a.gate.log, b.gate.log, gate.log):
            assert PASSWORD not in log


def of_secured(servers: Secured) -> str:
    """The table of a node that comes in to these."""
    tls = servers.store["tls"]
    values = {key: value for key, value in servers.store.items() if value is not tls}
    return f"{_lines(values)}\n[store.tls]\n{_lines(tls)}\n"


def _lines(values: Mapping[str, Any]) -> str:
    return "\n".join(f"{key} = {json.dumps(value)}" for key, value in values.items())


def test_a_failover_with_tls_and_users_of_their_own(tmp_path: Path) -> None:
    """By Sentinels and servers that let in who has a certificate and a password.

    The first time the master is dead; then it comes back, in the place of one that lives on.
    """
    with (
        secured(tmp_path) as servers,
        two_sites(tmp_path, store=of_secured(servers)) as (a, b),
    ):
        esme = bound(a.port)
        told = acknowledged(esme, a.link, range(1, 21))
        servers.master.kill()
        told |= acknowledged(esme, a.link, range(21, 41))
        servers.sentinels.fail_over()
        servers.master.restart(replicaof=servers.replica.tls_address)
        await_calm(a, b)
        servers.sentinels.fail_over()
        told |= acknowledged(esme, a.link, range(41, 61))
        await_calm(a, b)
        gone(a, b)
        all_come(b.link, bound(b.port), told)
        for site in (a, b):
            assert OF_SERVERS not in site.gate.log
            assert OF_SENTINELS not in site.gate.log
