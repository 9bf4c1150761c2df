"""Peers that the gate does not know yet, and what its listener lets them do."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

from tests.e2e.twistd import RunningGate, free_port, running, settings
from tests.e2e.wire import (
    BIND_TRANSCEIVER,
    PATIENCE,
    RESP,
    Smsc,
    Wire,
    bind_body,
    connect,
    pdu,
)

BIND = pdu(BIND_TRANSCEIVER, 1, bind_body(b"acme", b"secret"))


def config(port: int, smsc: Smsc, limits: str, endpoint: str = "tcp") -> str:
    """A gate with these limits of its listener."""
    text = settings(port, {"alpha": smsc.port}).replace("[[esme]]", f"{limits}\n[[esme]]", 1)
    return text.replace('endpoint = "tcp:', f'endpoint = "{endpoint}:', 1)


def connected_from(port: int, host: str) -> Wire:
    """A connection from another address of this machine."""
    return Wire(socket.create_connection(("127.0.0.1", port), PATIENCE, (host, 0)))


def is_bound(wire: Wire) -> bool:
    """Whether a bind on this connection is accepted."""
    wire.send(BIND)
    return wire.receive()[:2] == (BIND_TRANSCEIVER | RESP, 0)


def reload(folder: Path, gate: RunningGate, text: str) -> None:
    (folder / "gate.toml").write_text(text)
    gate.process.send_signal(signal.SIGHUP)
    gate.wait_for_log("reload: ")


def test_strangers_at_one_address_leave_room_for_others(tmp_path: Path) -> None:
    """They are closed at once, and told of; a reload lets more of them in."""
    with Smsc() as smsc:
        port = free_port()
        with running(tmp_path, config(port, smsc, "max_per_address = 3"), port) as gate:
            strangers = [connect(port) for _ in range(3)]
            refused = [connect(port) for _ in range(5)]
            assert all(each.is_closed() for each in refused)
            assert is_bound(connected_from(port, "127.0.0.2"))
            strangers[0].sock.close()
            gate.wait_for_log("ended without a bind")
            assert is_bound(connect(port))
            assert connect(port).is_closed()
            gate.wait_for_log("3 connections from its address are open")
            reload(tmp_path, gate, config(port, smsc, "max_per_address = 4"))
            assert is_bound(connect(port))
            gate.process.send_signal(signal.SIGUSR2)
            gate.wait_for_log("sessions=5 unbound=2 refused=6")


def test_strangers_that_do_not_bind_are_so_many_and_no_more(tmp_path: Path) -> None:
    with Smsc() as smsc:
        port = free_port()
        with running(tmp_path, config(port, smsc, "max_unbound = 2"), port) as gate:
            assert is_bound(connect(port))
            first, _second = connect(port), connected_from(port, "127.0.0.2")
            assert connected_from(port, "127.0.0.3").is_closed()
            assert is_bound(first)
            assert is_bound(connected_from(port, "127.0.0.3"))
            gate.wait_for_log("2 connections of the listener are not bound")


def test_behind_a_balancer_the_peers_own_address_counts(tmp_path: Path) -> None:
    """That in the PROXY header."""
    with Smsc() as smsc:
        port = free_port()
        text = config(port, smsc, "max_per_address = 1", "haproxy:tcp")
        with running(tmp_path, text, port) as gate:
            for host, is_taken in ((b"192.0.2.7", 1), (b"192.0.2.7", 0), (b"192.0.2.8", 1)):
                esme = connect(port)
                esme.send(b"PROXY TCP4 %b 127.0.0.1 40312 2775\r\n" % host)
                assert is_bound(esme) if is_taken else esme.is_closed()
            gate.wait_for_log("connection from 192.0.2.7:40312 closed")


def test_binds_of_one_address_take_turns(tmp_path: Path) -> None:
    """All are accepted in the end: none of an aggregator's sessions is turned away."""
    with Smsc() as smsc:
        port = free_port()
        with running(tmp_path, config(port, smsc, "bind_rate = 5"), port) as gate:
            esmes = [connect(port) for _ in range(10)]
            for esme in esmes:
                esme.send(BIND)
            assert all(esme.receive()[:2] == (BIND_TRANSCEIVER | RESP, 0) for esme in esmes)
            gate.wait_for_log("waits 0.2 s: many binds come from there")
