"""Two gates that are peers: what one takes from an SMSC comes to the ESME of the other."""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from attrs import define

from tests.e2e import test_tls
from tests.e2e.ports import free_port
from tests.e2e.twistd import ACCOUNTS, RunningGate, running, settings
from tests.e2e.wire import (
    BIND_RECEIVER,
    BIND_TRANSMITTER,
    DELIVER_SM,
    RESP,
    SUBMIT_SM,
    Pdu,
    Smsc,
    Wire,
    answer,
    bound,
    delivered,
    id_of,
    message_body,
    pdu,
    receipt_body,
    submitted,
)

SECRET = "never-to-be-shown"
certificate = test_tls.certificate
OK, UNDELIVERED = 0x00, 0x64

QUEUED = ACCOUNTS.replace('["4477009*"]', '["4477009*"]\nqueue = true')


@define
class Site:
    """One of two gates: where its peer binds, and its link of the SMSC that both have."""

    name: str
    folder: Path
    port: int
    config: str
    gate: RunningGate
    link: Wire


Places = dict[str, tuple[str, str]]
"""Node → where it listens for its peers, and where these bind."""


def by_tcp() -> Places:
    ports = {"a": free_port(), "b": free_port()}
    return {
        name: (f"tcp:{port}:interface=127.0.0.1", f"tcp:127.0.0.1:{port}")
        for name, port in ports.items()
    }


def peers_of(name: str, places: Places) -> str:
    lines = [
        f'[peers]\nname = "{name}"\nsecret = "{SECRET}"\nendpoint = "{places[name][0]}"',
        *(f'[[peer]]\nname = "{each}"\nendpoint = "{at}"' for each, (_, at) in places.items()),
    ]
    return "\n".join(lines) + "\n"


@contextmanager
def two_sites(
    folder: Path, places: Places | None = None, **more: str
) -> Iterator[tuple[Site, Site]]:
    """Two gates that are bound at each other, both with a link to one SMSC."""
    places = places if places is not None else by_tcp()
    with ExitStack() as stack:
        smsc = stack.enter_context(Smsc())
        sites = []
        for name in places:
            own = folder / name
            own.mkdir()
            port = free_port()
            config = settings(port, {"alpha": smsc.port}, **more) + peers_of(name, places)
            gate = stack.enter_context(running(own, config, port))
            sites.append(Site(name, own, port, config, gate, smsc.link()))
        for site in sites:
            site.gate.wait_for_log("bound, both ways")
        yield sites[0], sites[1]


def brought(link: Wire, esme: Wire, body: bytes, number: int = 500) -> bytes:
    """Bring a message from an SMSC to this ESME, which takes it, and its resp back.

    The SMSC sends it again where it is not taken: what the gate with the ESME has told may be on
    the way still.
    """
    for each in range(number, number + 100):
        link.send(pdu(DELIVER_SM, each, body))
        while True:
            ready, _, _ = select.select([link.sock, esme.sock], [], [], 30.0)
            assert ready
            if esme.sock in ready:
                got = esme.receive_message()
                assert got.command_id == DELIVER_SM, got
                answer(esme, got, b"\0")
                assert link.receive_message() == Pdu(DELIVER_SM | RESP, OK, each, b"\0")
                return got.body
            refusal = link.receive_message()
            assert refusal[:3] == (DELIVER_SM | RESP, UNDELIVERED, each), refusal
            break
    raise AssertionError("it is not brought")


def refusal(link: Wire, body: bytes, number: int = 900) -> int:
    """The status that the SMSC is told."""
    link.send(pdu(DELIVER_SM, number, body))
    got = link.receive_message()
    assert got[:1] + got[2:3] == (DELIVER_SM | RESP, number), got
    return got.status


def test_a_receipt_at_one_gate_comes_to_the_esme_at_the_other(tmp_path: Path) -> None:
    """Under the id that the ESME was given there, and the SMSC hears that the ESME has it."""
    with two_sites(tmp_path) as (a, b):
        esme = bound(a.port)
        given = submitted(esme, a.link, b"4F")
        assert brought(b.link, esme, receipt_body(b"4F")) == receipt_body(given)
        assert esme.is_quiet()


@pytest.mark.parametrize("kind", ["unix", "tls"])
def test_peers_may_be_reached_otherwise(tmp_path: Path, certificate: Path, kind: str) -> None:
    """By UNIX sockets, and by TLS."""
    if kind == "unix":
        places = {n: (f"unix:{tmp_path}/{n}.sock", f"unix:{tmp_path}/{n}.sock") for n in "ab"}
    else:
        files = f"privateKey={certificate}/key.pem:certKey={certificate}/cert.pem"
        ports = {"a": free_port(), "b": free_port()}
        places = {
            name: (
                f"ssl:{port}:interface=127.0.0.1:{files}",
                f"tls:localhost:{port}:trustRoots={certificate}/trusted",
            )
            for name, port in ports.items()
        }
    with two_sites(tmp_path, places) as (a, b):
        esme = bound(a.port)
        given = submitted(esme, a.link, b"4F")
        assert brought(b.link, esme, receipt_body(b"4F")) == receipt_body(given)


def test_a_message_leaves_by_the_link_of_the_other_gate(tmp_path: Path) -> None:
    """While its own gate has none: the answer comes back, and its receipt too."""
    with two_sites(tmp_path) as (a, b):
        esme = bound(a.port)
        a.link.sock.close()
        a.gate.wait_for_log("SMSC alpha transceiver 1", 2)
        given = submitted(esme, b.link, b"4F")
        assert given == b"alpha4F"
        assert brought(b.link, esme, receipt_body(b"4F")) == receipt_body(given)


def test_many_messages_at_once_leave_by_the_link_of_the_other_gate(tmp_path: Path) -> None:
    """As they are; each is answered as the SMSC answers it, and its receipt comes back."""
    invalid = 0x0B
    bodies = [message_body(text=b"number %d" % at, registered=1) for at in range(10)]
    with two_sites(tmp_path) as (a, b):
        esme = bound(a.port)
        a.link.sock.close()
        a.gate.wait_for_log("SMSC alpha transceiver 1", 2)
        esme.send(b"".join(pdu(SUBMIT_SM, at, body) for at, body in enumerate(bodies, 100)))
        asked = [b.link.receive_message() for _ in bodies]
        assert [each.body for each in asked] == bodies
        statuses = [invalid if at == 4 else OK for at in range(10)]
        b.link.send(
            b"".join(
                pdu(SUBMIT_SM | RESP, each.number, b"" if status else b"A%d\0" % at, status)
                for at, (each, status) in enumerate(zip(asked, statuses, strict=True))
            )
        )
        answers = {each.number: each for each in (esme.receive_message() for _ in bodies)}
        assert [answers[at].status for at in range(100, 110)] == statuses
        given = [id_of(answers[at]) for at in range(100, 110) if at != 104]
        assert given == [b"alphaA%d" % at for at in range(10) if at != 4]
        assert brought(b.link, esme, receipt_body(b"A7")) == receipt_body(b"alphaA7")


def test_a_message_at_one_gate_comes_to_the_esme_at_the_other(tmp_path: Path) -> None:
    """Octet for octet; and what the ESME answers is what the SMSC hears."""
    with two_sites(tmp_path) as (a, b):
        esme = bound(a.port, command=BIND_RECEIVER)
        body = message_body(text=b"to the other side")
        assert brought(b.link, esme, body) == body
        b.link.send(pdu(DELIVER_SM, 77, body))
        answer(esme, esme.receive_message(), b"\0", 0x45)
        assert b.link.receive_message()[:3] == (DELIVER_SM | RESP, 0x45, 77)


def test_a_receipt_that_overtakes_its_answer_waits_at_the_other_gate(tmp_path: Path) -> None:
    """The id comes first, on a session of its own."""
    with two_sites(tmp_path) as (a, b):
        sender = bound(a.port, command=BIND_TRANSMITTER)
        receiver = bound(a.port, command=BIND_RECEIVER)
        brought(b.link, receiver, message_body(text=b"b knows of the receiver"))
        sender.send(pdu(SUBMIT_SM, 1, message_body(registered=1)))
        request = a.link.receive_message()
        b.link.send(pdu(DELIVER_SM, 7, receipt_body(b"4F")))
        assert b.link.is_quiet()
        assert receiver.is_quiet()
        answer(a.link, request, b"4F\0")
        given = id_of(sender.receive_message())
        got = receiver.receive_message()
        assert got.body == receipt_body(given)
        answer(receiver, got, b"\0")
        assert b.link.receive_message() == Pdu(DELIVER_SM | RESP, OK, 7, b"\0")


def test_the_session_that_is_near_is_chosen(tmp_path: Path) -> None:
    """An account that is bound at both gates is sent messages where they come."""
    with two_sites(tmp_path) as (a, b):
        at_a, at_b = bound(a.port), bound(b.port)
        for link, near, far in ((a.link, at_a, at_b), (b.link, at_b, at_a)):
            body = message_body(text=b"near")
            assert delivered(link, near, body) == body
            assert far.is_quiet()


def test_a_receipt_comes_to_the_gate_where_its_message_was_sent(tmp_path: Path) -> None:
    """Though the account is bound where it comes, too."""
    with two_sites(tmp_path) as (a, b):
        at_a, at_b = bound(a.port), bound(b.port)
        given = submitted(at_a, a.link, b"4F")
        assert brought(b.link, at_a, receipt_body(b"4F")) == receipt_body(given)
        assert at_b.is_quiet()


def test_what_is_nowhere_waits_where_it_came(tmp_path: Path) -> None:
    """In the queue of the account; and is brought to the other gate when the ESME binds there."""
    with two_sites(tmp_path, esmes=QUEUED) as (a, b):
        body = message_body(text=b"later")
        assert refusal(b.link, body) == OK
        esme = bound(a.port)
        got = esme.receive_message()
        assert got.body == body
        answer(esme, got, b"\0")
        assert esme.is_quiet()


def test_a_gate_that_is_dead_is_missed_and_comes_back(tmp_path: Path) -> None:
    """Meanwhile a receipt of a message of its own is refused and not given to anybody else."""
    with two_sites(tmp_path) as (a, b):
        esme, other = bound(a.port), bound(b.port, b"bolt", b"hidden")
        given = submitted(esme, a.link, b"4F")
        a.gate.kill()
        b.gate.wait_for_log("peer a gone")
        assert refusal(b.link, receipt_body(b"4F", b"4988001")) == UNDELIVERED
        assert other.is_quiet()
        with running(a.folder, a.config, a.port):
            b.gate.wait_for_log("bound, both ways", 2)
            again = bound(a.port)
            got = brought(b.link, again, receipt_body(b"4F", b"4988001"))
            assert got == receipt_body(given, b"4988001")
            assert other.is_quiet()


def test_the_secret_is_in_no_log(tmp_path: Path) -> None:
    """Nor in what a peer is told that has another one."""
    with two_sites(tmp_path) as (a, b):
        other = a.config.replace(SECRET, f"{SECRET}-2")
        own = tmp_path / "c"
        own.mkdir()
        port = free_port()
        for old, new in ((a.port, port), (_port_of(a.config), free_port())):
            other = other.replace(f"tcp:{old}", f"tcp:{new}")
        with running(own, other, port) as impostor:
            impostor.wait_for_log("peer b refused")
            b.gate.wait_for_log("no [[peer]] has this name and secret")
        for gate in (a.gate, b.gate, impostor):
            assert SECRET not in gate.log


def _port_of(config: str) -> int:
    after = config.partition('secret = "')[2].partition('endpoint = "tcp:')[2]
    return int(after.partition(":")[0])
