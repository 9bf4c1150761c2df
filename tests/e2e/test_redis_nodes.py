"""Two gates that share a Redis: whatever one has told an ESME, the other knows as well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.ports import free_port
from tests.e2e.test_peers import OK, QUEUED, Site, brought, by_tcp, peers_of, refusal, two_sites
from tests.e2e.test_store_in_redis import store_in
from tests.e2e.twistd import RunningGate, running, settings
from tests.e2e.wire import (
    QUERY_SM,
    RESP,
    UNBIND,
    Pdu,
    Smsc,
    Wire,
    answer,
    bound,
    pdu,
    receipt_body,
    submitted,
)
from tests.store.redis.real import RealRedis, wait_until

ELSEWHERE = b"4988001"
"""Where a receipt is for whose number is of another account than the message's."""

LINKED = "SMSC alpha transceiver 1 bound"


@pytest.fixture
def redis() -> Iterator[RealRedis]:
    with RealRedis() as server:
        yield server


def gone(site: Site, other: Site) -> None:
    """Kill a node, and wait until the other knows."""
    site.gate.kill()
    other.gate.wait_for_log(f"peer {site.name} gone")


def hung_up(*esmes: Wire) -> None:
    """ESMEs end their sessions, and the gate has let them go."""
    for esme in esmes:
        esme.send(pdu(UNBIND, 99))
        assert esme.receive_message() == Pdu(UNBIND | RESP, OK, 99, b"")


@pytest.mark.parametrize("at", ["a", "b", "both"])
def test_a_receipt_at_the_other_node_while_both_are_there(
    tmp_path: Path, redis: RealRedis, at: str
) -> None:
    """Comes to its account where that is bound, under the id that it knows, and to nobody else."""
    with two_sites(tmp_path, store=store_in(redis)) as (a, b):
        sender, stranger = bound(a.port), bound(b.port, b"bolt", b"hidden")
        given = submitted(sender, a.link, b"4F")
        esme = sender
        if at != "a":
            esme = bound(b.port)
        if at == "b":
            hung_up(sender)
        if at == "both":
            esme, other = sender, esme
        got = brought(b.link, esme, receipt_body(b"4F", ELSEWHERE))
        assert got == receipt_body(given, ELSEWHERE)
        assert stranger.is_quiet()
        assert esme.is_quiet()
        if at == "both":
            assert other.is_quiet()


@pytest.mark.parametrize("is_dead", [False, True])
def test_a_receipt_for_nobody_waits_and_comes_at_the_other_node(
    tmp_path: Path, redis: RealRedis, is_dead: bool
) -> None:
    """Where the node lives that had the message, and where it does not."""
    with two_sites(tmp_path, esmes=QUEUED, store=store_in(redis)) as (a, b):
        sender, stranger = bound(a.port), bound(b.port, b"bolt", b"hidden")
        given = submitted(sender, a.link, b"4F")
        hung_up(sender)
        if is_dead:
            gone(a, b)
        until_taken(b.link, receipt_body(b"4F", ELSEWHERE))
        esme = bound(b.port)
        got = esme.receive_message()
        assert got.body == receipt_body(given, ELSEWHERE)
        answer(esme, got, b"\0")
        assert esme.is_quiet()
        assert stranger.is_quiet()


def until_taken(link: Wire, body: bytes) -> None:
    """The SMSC sends it again until it is taken: what the other node knew may be on its way."""
    wait_until(lambda: refusal(link, body) == OK)


@pytest.mark.parametrize("is_dead", [False, True])
def test_a_message_of_one_node_is_queried_at_the_other(
    tmp_path: Path, redis: RealRedis, is_dead: bool
) -> None:
    """By the id that the ESME was told; the SMSC is asked for its own."""
    esmes = '[[esme]]\nsystem_id = "acme"\npassword = "secret"\nqueries = true\n'
    with two_sites(tmp_path, esmes=esmes, store=store_in(redis)) as (a, b):
        sender = bound(a.port)
        given = submitted(sender, a.link, b"4F")
        if is_dead:
            gone(a, b)
        esme = bound(b.port)
        esme.send(pdu(QUERY_SM, 2, given + b"\0\1\0011234\0"))
        query = b.link.receive_message()
        assert (query.command_id, query.body) == (QUERY_SM, b"4F\0\1\0011234\0")
        answer(b.link, query, b"4F\0\0\2\0")
        assert esme.receive_message() == Pdu(QUERY_SM | RESP, OK, 2, given + b"\0\0\2\0")


def test_an_account_that_is_elsewhere_by_now_has_its_receipts(
    tmp_path: Path, redis: RealRedis
) -> None:
    """All that one node has acknowledged comes by the other when the first is dead."""
    with two_sites(tmp_path, store=store_in(redis)) as (a, b):
        sender = bound(a.port)
        told = [submitted(sender, a.link, b"%04X" % n, n) for n in range(1, 101)]
        gone(a, b)
        esme, stranger = bound(b.port), bound(b.port, b"bolt", b"hidden")
        for number, given in enumerate(told, 1):
            body = receipt_body(b"%04X" % number, ELSEWHERE)
            assert brought(b.link, esme, body, 1000 * number) == receipt_body(given, ELSEWHERE)
        assert stranger.is_quiet()


def test_an_smsc_has_no_more_links_than_it_allows_all_nodes(
    tmp_path: Path, redis: RealRedis
) -> None:
    """The node without one relays to the other, and has its link when that is dead."""
    with ExitStack() as stack:
        smsc = stack.enter_context(Smsc())
        places = by_tcp()
        gates: dict[str, tuple[int, RunningGate]] = {}
        for name in places:
            own = tmp_path / name
            own.mkdir()
            port = free_port()
            config = settings(
                port, {"alpha": smsc.port}, store=store_in(redis), smsc="sessions_total = 1"
            )
            gate = stack.enter_context(running(own, config + peers_of(name, places), port))
            gates[name] = port, gate
        link = smsc.link()
        for _, gate in gates.values():
            gate.wait_for_log("bound, both ways")
        wait_until(lambda: any(LINKED in gate.log for _, gate in gates.values()))
        has = next(name for name, (_, gate) in gates.items() if LINKED in gate.log)
        port, waits = next(it for name, it in gates.items() if name != has)
        esme = bound(port)
        assert submitted(esme, link, b"4F") == b"alpha4F"
        assert LINKED not in waits.log
        gates[has][1].kill()
        assert submitted(esme, smsc.link(), b"50", 2) == b"alpha50"
