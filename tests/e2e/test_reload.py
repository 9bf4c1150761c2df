"""The gate is changed while it runs, by a SIGHUP, in both ways that it is started.

Each reload happens across an open message of the account calm, which is checked afterwards: its
sessions are asked for nothing, unbound from nothing, and no answer is lost or comes twice.
"""

from __future__ import annotations

import signal
import ssl
from pathlib import Path
from random import Random

import pytest

from tests.certificates import Pair
from tests.e2e.crowd import Center, Crowd, Submitter
from tests.e2e.daemon import KINDS, command, daemon
from tests.e2e.ports import free_port
from tests.e2e.reloading import Document, changing
from tests.e2e.test_queue import put, take, texts
from tests.e2e.test_tls import tls_to
from tests.e2e.wire import (
    BIND_TRANSCEIVER,
    DELIVER_SM,
    RESP,
    SUBMIT_SM,
    UNBIND,
    Pdu,
    Smsc,
    Wire,
    answer,
    bind_body,
    bound,
    connect,
    delivered,
    message_body,
    pdu,
    readable,
    receipt_body,
    submitted,
)

both_kinds = pytest.mark.parametrize("kind", KINDS)
# What reads a file and applies it is the same in both; those of `both_kinds` show that it is used.
one_kind = pytest.mark.parametrize("kind", KINDS[-1:])

UNKNOWN, THROTTLED, AWAY = 0x0F, 0x58, 0x64
DELIVER_RESP, UNBIND_RESP, SUBMIT_RESP = DELIVER_SM | RESP, UNBIND | RESP, SUBMIT_SM | RESP

OF_ACME = b"4477009001"


def bind_status(port: int, system_id: bytes, password: bytes = b"secret") -> int:
    """What the gate answers this bind."""
    esme = connect(port)
    esme.send(pdu(BIND_TRANSCEIVER, 1, bind_body(system_id, password)))
    return esme.receive().status


def submit(esme: Wire, *numbers: int) -> None:
    """Submit a message under each of these numbers, in one go."""
    esme.send(b"".join(pdu(SUBMIT_SM, number, message_body()) for number in numbers))


def served(esme: Wire, number: int, *links: Wire) -> Wire:
    """Submit a message, which one of ``links`` answers; gives the link."""
    submit(esme, number)
    link = readable(*links)
    answer(link, link.receive_message())
    assert esme.receive_message()[:3] == (SUBMIT_RESP, 0, number)
    return link


def unbound(end: Wire) -> None:
    """Nothing but an unbind of the gate's comes next; it is answered, and the gate closes."""
    got = end.receive_message()
    assert got.command_id == UNBIND, got
    answer(end, got, b"")
    assert end.is_closed()


# Accounts


@both_kinds
def test_an_account_comes_and_goes(tmp_path: Path, kind: str) -> None:
    """It can bind from then on. Removed, its session has its answers and is unbound."""
    with Smsc() as smsc, changing(tmp_path, kind, alpha=smsc) as gate:
        link, port = smsc.link(), gate.gate.port
        gate.gate.wait_for_log("alpha transceiver 1 bound at")
        assert bind_status(port, b"bolt") == UNKNOWN
        gate.document.add_account("bolt", address_ranges=["4988*"])
        gate.reload('[[esme]] "bolt" added')
        bolt = bound(port, b"bolt")
        assert served(bolt, 2, link) is link
        delivered(link, bolt, message_body(b"4988001"))
        submit(bolt, 3, 4)
        requests = [link.receive_message() for _ in range(2)]
        del gate.document.esme["bolt"]
        gate.reload('[[esme]] "bolt" removed')
        assert bind_status(port, b"bolt") == UNKNOWN
        for request in requests:
            answer(link, request)
        # The unbind need not be the last of them: it ends the flow of requests, not of answers.
        got = [bolt.receive_message() for _ in range(3)]
        answers = [each[:3] for each in got if each.command_id != UNBIND]
        assert answers == [(SUBMIT_RESP, 0, 3), (SUBMIT_RESP, 0, 4)]
        answer(bolt, next(each for each in got if each.command_id == UNBIND), b"")
        assert bolt.is_closed()
        link.send(pdu(DELIVER_SM, 8, message_body(b"4988001")))
        assert link.receive_message() == Pdu(DELIVER_RESP, AWAY, 8, b"")


@one_kind
def test_a_password_counts_at_the_next_bind(tmp_path: Path, kind: str) -> None:
    with changing(tmp_path, kind) as gate:
        port, acme = gate.gate.port, bound(gate.gate.port)
        gate.document.esme["acme"]["password"] = "changed"
        gate.reload('[[esme]] "acme": password changed, at the next bind')
        assert '"changed"' not in gate.gate.log
        assert served(acme, 2, gate.calm.link) is gate.calm.link
        assert bind_status(port, b"acme", b"secret") != 0
        assert bind_status(port, b"acme", b"changed") == 0


@one_kind
def test_window_ranges_and_pool_count_at_once(tmp_path: Path, kind: str) -> None:
    """For a session that is bound. Where more is open already, it stays so."""
    with Smsc() as smsc, Smsc() as other, changing(tmp_path, kind, alpha=smsc, beta=other) as gate:
        links = smsc.link(), other.link()
        gate.gate.wait_for_log("bound at", 3)
        acme, document = bound(gate.gate.port), gate.document
        document.pool |= {"one": {"members": ["alpha"]}, "two": {"members": ["beta"]}}
        document.esme["acme"]["pool"] = "one"
        gate.reload('[[pool]] "one" added')
        submit(acme, 2, 3, 4)
        requests = [links[0].receive_message() for _ in range(3)]
        document.esme["acme"] |= {"window": 2, "pool": "two", "address_ranges": ["4988*"]}
        gate.reload('[[esme]] "acme": pool')
        submit(acme, 5)
        assert acme.receive_message()[:3] == (SUBMIT_RESP, THROTTLED, 5)
        for request in requests[:2]:
            answer(links[0], request)
            assert acme.receive_message().status == 0
        assert served(acme, 6, *links) is links[1]
        answer(links[0], requests[2])
        assert acme.receive_message()[:3] == (SUBMIT_RESP, 0, 4)
        delivered(links[1], acme, message_body(b"4988001"))
        links[1].send(pdu(DELIVER_SM, 9, message_body(OF_ACME)))
        assert links[1].receive_message() == Pdu(DELIVER_RESP, AWAY, 9, b"")


# SMSCs


@one_kind
def test_an_smsc_comes_and_weights_change(tmp_path: Path, kind: str) -> None:
    """A session that is bound has its messages taken by the new SMSC, as often as weights say."""

    def prepare(document: Document) -> None:
        document.pool["main"]["balance"] = "round_robin"

    with Smsc() as smsc, Smsc() as new, changing(tmp_path, kind, prepare, alpha=smsc) as gate:
        first, acme, document = smsc.link(), bound(gate.gate.port), gate.document
        gate.gate.wait_for_log("bound at", 2)
        assert served(acme, 2, first) is first
        document.add_smsc("beta", new.port)
        document.pool["main"]["members"] = ["alpha", "beta"]
        gate.reload('[[smsc]] "beta" added')
        second = new.link()
        gate.gate.wait_for_log("bound at", 3)
        taken = [served(acme, number, first, second) for number in range(3, 11)]
        assert (taken.count(first), taken.count(second)) == (4, 4)
        document.smsc["beta"]["weight"] = 3
        gate.reload('[[smsc]] "beta": weight')
        taken = [served(acme, number, first, second) for number in range(11, 19)]
        assert (taken.count(first), taken.count(second)) == (2, 6)


@one_kind
def test_an_smsc_that_is_removed_answers_all_and_is_unbound(tmp_path: Path, kind: str) -> None:
    """With a hundred requests open; its receipts are taken meanwhile."""
    with Smsc() as smsc, Smsc() as other, changing(tmp_path, kind, alpha=smsc, beta=other) as gate:
        link, second, document = smsc.link(), other.link(), gate.document
        gate.gate.wait_for_log("bound at", 3)
        document.pool["main"]["members"] = ["alpha"]
        gate.reload()
        acme = bound(gate.gate.port)
        given = submitted(acme, link, b"4F")
        numbers = [*range(2, 102)]
        submit(acme, *numbers)
        requests = [link.receive_message() for _ in numbers]
        del document.smsc["alpha"]
        document.pool["main"]["members"] = ["beta"]
        gate.reload('[[smsc]] "alpha" removed')
        for request in requests[:50]:
            answer(link, request)
        assert sorted(acme.receive_message().number for _ in range(50)) == numbers[:50]
        assert served(acme, 200, second) is second
        assert delivered(link, acme, receipt_body(b"4F")) == receipt_body(given)
        for request in requests[50:]:
            answer(link, request)
        got = [acme.receive_message() for _ in range(50)]
        assert [each[:3] for each in got] == [(SUBMIT_RESP, 0, n) for n in numbers[50:]]
        unbound(link)
        assert acme.is_quiet()
        assert served(acme, 201, second) is second


@one_kind
def test_links_go_to_another_endpoint_one_after_the_other(tmp_path: Path, kind: str) -> None:
    """The second link stays until the first is bound anew; each is unbound with nothing open."""

    def prepare(document: Document) -> None:
        document.smsc["alpha"]["sessions"] = 2

    with Smsc() as old, Smsc() as new, changing(tmp_path, kind, prepare, alpha=old) as gate:
        links = [old.link(), old.link()]
        gate.gate.wait_for_log("bound at", 3)
        acme = bound(gate.gate.port)
        submit(acme, 2)
        busy = readable(*links)
        request = busy.receive_message()
        gate.document.smsc["alpha"]["endpoint"] = f"tcp:127.0.0.1:{new.port}"
        gate.reload('[[smsc]] "alpha": endpoint')
        answer(busy, request)
        assert acme.receive_message()[:3] == (SUBMIT_RESP, 0, 2)
        first = readable(*links)
        unbound(first)
        links.remove(first)
        # Its successor is not bound yet: all goes to the one that is left.
        accepted = new.accept()
        bind = accepted.receive()
        assert [served(acme, n, *links) for n in (3, 4)] == links * 2
        answer(accepted, bind, b"smsc\0")
        unbound(links[0])
        pair = [accepted, new.link()]
        gate.gate.wait_for_log("bound at", 5)
        assert {served(acme, n, *pair) for n in (5, 6)} == set(pair)


@one_kind
def test_an_smsc_renamed_is_warned_of(tmp_path: Path, kind: str) -> None:
    with Smsc() as smsc, changing(tmp_path, kind, alpha=smsc) as gate:
        link, document = smsc.link(), gate.document
        gate.gate.wait_for_log("bound at", 2)
        document.smsc["omega"] = {**document.smsc.pop("alpha"), "tag": "omega"}
        document.pool["main"]["members"] = ["omega"]
        gate.reload('warning: [[smsc]] "alpha" seems to be called "omega" now')
        unbound(link)
        new, acme = smsc.link(), bound(gate.gate.port)
        gate.gate.wait_for_log("omega transceiver 1 bound at")
        assert served(acme, 2, new) is new


# Listeners


@one_kind
def test_listeners_come_and_go_and_sessions_stay(tmp_path: Path, kind: str) -> None:
    with changing(tmp_path, kind) as gate:
        port, document = free_port(), gate.document
        endpoint = document.listen_on(port)
        gate.reload(f"listening on {endpoint}")
        acme = bound(port)
        assert served(acme, 2, gate.calm.link) is gate.calm.link
        del document.listen[endpoint]
        gate.reload(f"no longer listening on {endpoint}")
        with pytest.raises(ConnectionRefusedError):
            connect(port)
        assert served(acme, 3, gate.calm.link) is gate.calm.link
        document.listen_on(port)
        gate.reload()
        assert served(bound(port), 2, gate.calm.link) is gate.calm.link
        assert served(acme, 4, gate.calm.link) is gate.calm.link


def shown_by(session: Wire) -> bytes | None:
    """The certificate of the peer."""
    assert isinstance(session.sock, ssl.SSLSocket)
    return session.sock.getpeercert(binary_form=True)


@one_kind
def test_a_certificate_is_renewed(tmp_path: Path, kind: str) -> None:
    """For new connections; one that cannot be used changes nothing."""
    old, new, port = Pair("localhost"), Pair("localhost"), free_port()
    keys = old.write(tmp_path)

    def prepare(document: Document) -> None:
        document.listen[f"ssl:{port}:{keys}:interface=127.0.0.1"] = {}

    with changing(tmp_path, kind, prepare) as gate:
        acme = tls_to(port)
        assert shown_by(acme) == old.der
        acme.send(pdu(BIND_TRANSCEIVER, 1, bind_body(b"acme", b"secret")))
        assert acme.receive().status == 0
        new.write(tmp_path)
        gate.reload("new certificate of ")
        assert shown_by(tls_to(port)) == new.der
        assert served(acme, 2, gate.calm.link) is gate.calm.link
        (tmp_path / "cert.pem").write_bytes(old.certificate)
        gate.refuse_reload("listen[1].endpoint: ")
        assert shown_by(tls_to(port)) == new.der


# Files that are wrong, or ask for more than a reload


@both_kinds
def test_a_file_with_errors_changes_nothing(tmp_path: Path, kind: str) -> None:
    """Not even what is right in it. All errors are told, each with its place, on its line."""
    with changing(tmp_path, kind) as gate:
        document, acme = gate.document, bound(gate.gate.port)
        document.add_account("bolt", windw=3)
        document.esme["acme"]["window"] = 0
        document.smsc["calm"]["endpoint"] = "tcp"
        gate.refuse_reload(
            "esme[1].window: must be at least 1", "esme[2].windw: ", "smsc[0].endpoint: "
        )
        del document.esme["bolt"]["windw"]
        document.esme["acme"] |= {"window": 1, "pool": "nowhere"}
        document.smsc["calm"]["endpoint"] = f"tcp:127.0.0.1:{free_port()}"
        document.pool["main"]["members"] = ["nobody"]
        gate.refuse_reload("esme[1].pool: ", "pool[0].members")
        assert bind_status(gate.gate.port, b"bolt") == UNKNOWN
        assert served(acme, 2, gate.calm.link) is gate.calm.link


@both_kinds
def test_what_needs_a_restart_is_told_and_the_rest_is_applied(tmp_path: Path, kind: str) -> None:
    with changing(tmp_path, kind) as gate:
        document, acme = gate.document, bound(gate.gate.port)
        document.gate["message_ids"] = "original"
        document.store["return_paths"] = 500
        document.smsc["calm"]["tag"] = "other"
        document.esme["acme"]["window"] = 1
        gate.reload("waits for a restart: ")
        for key in ("message_ids", "return_paths", "tag"):
            lines = [line for line in gate.gate.log.splitlines() if "waits for a restart" in line]
            assert any(key in line for line in lines), lines
        submit(acme, 2, 3)
        assert acme.receive_message()[:3] == (SUBMIT_RESP, THROTTLED, 3)
        answer(gate.calm.link, gate.calm.link.receive_message())
        assert acme.receive_message() == Pdu(SUBMIT_RESP, 0, 2, b"calmid\0")


# Accounts that are gone, and what is theirs


@one_kind
def test_the_queue_of_an_account_that_is_removed_waits_for_it(tmp_path: Path, kind: str) -> None:
    """It is told of at the reload and at each start, and delivered when the account returns."""

    def prepare(document: Document) -> None:
        document.esme["acme"]["queue"] = True

    told = "7 messages are queued for ESME acme, which has no queue"
    with changing(tmp_path, kind, prepare) as gate:
        document, link = gate.document, gate.calm.link
        assert put(link, texts(7)) == [0] * 7
        account = document.esme.pop("acme")
        gate.reload(told)
        assert put(link, texts(1)) == [AWAY]
        gate.gate.kill()
        with daemon(tmp_path, command(kind, gate.file), gate.gate.port) as again:
            again.wait_for_log(told)
            document.esme["acme"] = account
            gate.file.write_text(document.text())
            again.process.send_signal(signal.SIGHUP)
            again.wait_for_log("the reload of")
            assert take(bound(again.port), 7) == texts(7)


@one_kind
@pytest.mark.parametrize("unmatched", ["reject", "ack"])
def test_receipts_of_an_account_that_is_removed(tmp_path: Path, kind: str, unmatched: str) -> None:
    """They go as `unmatched_receipts` says, and never by the number that they are for."""

    def prepare(document: Document) -> None:
        document.gate["unmatched_receipts"] = unmatched
        document.add_account("heir", address_ranges=["1234"])

    with changing(tmp_path, kind, prepare) as gate:
        document, link, heir = gate.document, gate.calm.link, bound(gate.gate.port, b"heir")
        acme = bound(gate.gate.port)
        given = [submitted(acme, link, b"4F"), submitted(acme, link, b"5F", 2)]
        settings = document.esme.pop("acme")
        gate.reload('[[esme]] "acme" removed')
        unbound(acme)
        link.send(pdu(DELIVER_SM, 8, receipt_body(b"4F")))
        status = AWAY if unmatched == "reject" else 0
        assert link.receive_message()[:3] == (DELIVER_RESP, status, 8)
        assert heir.is_quiet()
        document.esme["acme"] = settings
        gate.reload('[[esme]] "acme" added')
        assert delivered(link, bound(gate.gate.port), receipt_body(b"5F")) == receipt_body(
            given[1]
        )


# Under load

RELOADS = 6


def change_at_random(document: Document, random: Random, ports: list[int]) -> None:
    """Add, change and remove what the crowd has nothing to do with, or does not notice."""
    for name in ("extra1", "extra2", "extra3"):
        if document.esme.pop(name, None) is None:
            document.add_account(name, address_ranges=[f"55{random.randrange(1000)}*"])
    document.esme["acme"] |= {
        "window": random.randrange(50, 100),
        "address_ranges": [f"4477{random.randrange(1000)}*"],
        "weight": random.randrange(1, 5),
    }
    for name in ("alpha", "beta"):
        document.smsc[name]["weight"] = random.randrange(1, 5)
        document.smsc[name]["window"] = random.randrange(50, 200)
    document.pool["main"]["balance"] = random.choice(["round_robin", "least_outstanding"])
    if document.smsc.pop("gamma", None) is None:
        # Nobody listens there: it never takes a message.
        document.add_smsc("gamma", ports[0])
    members = document.pool["main"]["members"] = ["alpha", "beta"]
    members += ["gamma"] if "gamma" in document.smsc else []
    endpoint = f"tcp:{ports[1]}:interface=127.0.0.1"
    if document.listen.pop(endpoint, None) is None:
        document.listen[endpoint] = {}


@one_kind
def test_a_crowd_notices_nothing(tmp_path: Path, kind: str) -> None:
    """Of reloads in a row: each message is answered once, and has its receipt once."""
    random, ports = Random(4), [free_port(), free_port()]
    smscs = Smsc(), Smsc()
    with changing(tmp_path, kind, alpha=smscs[0], beta=smscs[1]) as gate:
        centers = [Center(random, overtaking=0.0), Center(random, overtaking=0.0)]
        for smsc, center in zip(smscs, centers, strict=True):
            center.join(smsc.link())
        gate.gate.wait_for_log("bound at", 3)
        senders = [Submitter(b"acme", serial, 1 << 30, window=4) for serial in (1, 2)]
        for sender in senders:
            sender.join(bound(gate.gate.port))
        crowd = Crowd([*centers, *senders])
        for _ in range(RELOADS):
            change_at_random(gate.document, random, ports)
            gate.ask_reload()
            crowd.run(lambda: gate.is_reloaded)
            gate.calm.check(gate.calm.ask())
        for sender in senders:
            sender.count = 0
        crowd.run(lambda: crowd.is_done)
        assert all(peer.wire is not None for peer in crowd.peers)
        assert not any(peer.refused for peer in (*senders, *centers))
        given = [given for sender in senders for given in sender.given.values()]
        told = [told.message_id for sender in senders for told in sender.told]
        assert len(given) == sum(center.taken for center in centers) > RELOADS
        assert sorted(told) == sorted(given)
        assert len({*given}) == len(given)
