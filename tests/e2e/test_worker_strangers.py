"""Limits for strangers, and sessions of an SMSC, at two workers: as those of one process."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.admin import Client
from tests.e2e.ports import free_port
from tests.e2e.test_guessing import told
from tests.e2e.test_strangers import connected_from, is_bound
from tests.e2e.test_workers import Gate, workers
from tests.e2e.test_workers_face import until
from tests.e2e.wire import BIND_RECEIVER, answer, bound, connect, pdu

OUTBIND = 0x0B


def reloaded(gate: Gate, before: str, after: str) -> None:
    """Reload with something else in the file."""
    times = gate.gate.log.count("the reload of")
    gate.change(before, after)
    gate.gate.wait_for_log("the reload of", times + 1)


def limit(gate: Gate, line: str) -> None:
    """Reload with a line more of the listener."""
    reloaded(gate, "[[esme]]", f"{line}\n[[esme]]")


def behind_balancer(gate: Gate) -> None:
    """Reload with PROXY headers."""
    reloaded(gate, f'"tcp:{gate.port}', f'"haproxy:tcp:{gate.port}')


def gets_in(port: int) -> bool:
    """Whether a connection from here is taken, and its bind accepted."""
    try:
        return is_bound(connect(port))
    except ConnectionError:
        return False


def test_an_address_has_so_many_connections_over_both_workers(tmp_path: Path) -> None:
    """However they are spread; what is cut is told of, and counted."""
    with workers(tmp_path) as gate:
        api = Client(tmp_path / "state/admin.sock")
        limit(gate, "max_per_address = 3")
        kept = [bound(gate.port) for _ in range(3)]
        assert all(connect(gate.port).is_closed() for _ in range(4))
        assert is_bound(connected_from(gate.port, "127.0.0.2"))
        gate.gate.wait_for_log("3 connections from its address are open")
        (listener,) = api.get("listeners")
        assert (listener["sessions"], listener["refused"]) == (4, 4)
        hit = 'smppgate_limit_hits_total{limit="connections"} 4.0'
        assert hit in api.ask("GET", "/metrics")[1].splitlines()
        kept[0].sock.close()
        until(lambda: gets_in(gate.port))
        assert connect(gate.port).is_closed()


def test_an_address_behind_a_balancer_has_as_many(tmp_path: Path) -> None:
    with workers(tmp_path) as gate:
        behind_balancer(gate)
        limit(gate, "max_per_address = 1")
        for host, is_taken in ((b"192.0.2.7", 1), (b"192.0.2.7", 0), (b"192.0.2.8", 1)):
            esme = connect(gate.port)
            esme.send(b"PROXY TCP4 %b 127.0.0.1 40312 2775\r\n" % host)
            assert is_bound(esme) if is_taken else esme.is_closed()
        gate.gate.wait_for_log("connection from 192.0.2.7:40312 closed")


def test_a_guesser_waits_whichever_worker_he_comes_to(tmp_path: Path) -> None:
    """Two guesses at each: one worker alone would let him go on."""
    with workers(tmp_path, gate="bind_delay = 1.0") as gate:
        behind_balancer(gate)
        for number in range(4):
            assert told(gate.port, b"192.0.2.66", b"guess%d" % number).status == 0x0E
        # Judged in the end, from there too.
        assert told(gate.port, b"192.0.2.66", b"secret").status == 0
        assert told(gate.port, b"192.0.2.7", b"secret").status == 0
        gate.gate.wait_for_log("of that name failed from there")
        assert "guess3" not in gate.gate.log


def test_sessions_of_an_smsc_are_so_many_over_both_workers(tmp_path: Path) -> None:
    """Two links, one session with outbind, and no more until one of them has gone."""
    port = free_port()
    smsc = f'sessions = 2\nsessions_total = 3\noutbind_listen = "tcp:{port}:interface=127.0.0.1"'
    with workers(tmp_path, smsc=smsc) as gate:
        first = connect(port)
        first.send(pdu(OUTBIND, 1, b"\0\0"))
        bind = first.receive()
        assert bind.command_id == BIND_RECEIVER
        answer(first, bind, b"smsc\0")
        # At the other worker.
        late = connect(port)
        late.send(pdu(OUTBIND, 1, b"\0\0"))
        assert late.is_closed()
        gate.gate.wait_for_log("SG-1103")
        gate.gate.wait_for_log("all sessions_total = 3 are in use")
        first.sock.close()
        until(lambda: asks_to_be_bound(port))


def asks_to_be_bound(port: int) -> bool:
    """Whether the gate binds after an outbind."""
    link = connect(port)
    link.send(pdu(OUTBIND, 1, b"\0\0"))
    try:
        return link.receive().command_id == BIND_RECEIVER
    except ConnectionError:
        return False
