"""Redis is frozen, dead, or another one by now: nothing that was acknowledged is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.e2e.ports import free_port
from tests.e2e.test_peers import OK, QUEUED, Site, brought, two_sites
from tests.e2e.test_queue import put, take, texts
from tests.e2e.test_redis_nodes import ELSEWHERE, gone
from tests.e2e.test_store_in_redis import paths_in, store_in
from tests.e2e.twistd import running, settings, start
from tests.e2e.wire import Wire, bound, delivered, receipt_body, submitted
from tests.store.redis.real import RealRedis, RealSentinels, call, wait_until

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
        sentinels.await_failover(master.address)
        # With nobody who has it too nothing is taken into a queue.
        master.restart(replicaof=sentinels.master)
        for site in (a, b):
            site.gate.wait_for_log("works again")
        told |= acknowledged(sender, a.link, range(101, 111))
        wait_until(lambda: put(b.link, messages[40:41]) == [OK])
        assert put(b.link, messages[41:]) == [OK] * 19
        new = sentinels.master
        wait_until(lambda: len(call(new, "KEYS", "smppgate:p:*", password=PASSWORD)) == len(told))
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
