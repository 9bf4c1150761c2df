"""Guessed passwords: each try waits longer, and the account is bound from elsewhere meanwhile."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.twistd import free_port, running, settings
from tests.e2e.wire import BIND_TRANSCEIVER, RESP, Pdu, Smsc, bind_body, connect, pdu


def told(port: int, address: bytes, password: bytes) -> Pdu:
    """The answer to a bind of acme's from this address, behind a balancer."""
    esme = connect(port)
    esme.send(b"PROXY TCP4 %b 127.0.0.1 40312 2775\r\n" % address)
    esme.send(pdu(BIND_TRANSCEIVER, 1, bind_body(b"acme", password)))
    return esme.receive()


def test_a_guesser_waits_and_the_account_does_not(tmp_path: Path) -> None:
    """The log says why."""
    with Smsc() as smsc:
        port = free_port()
        config = settings(port, {"alpha": smsc.port}, gate="bind_delay = 1.0").replace(
            f'"tcp:{port}:interface=127.0.0.1"', f'"haproxy:tcp:{port}:interface=127.0.0.1"'
        )
        with running(tmp_path, config, port) as gate:
            for number in range(5):
                got = told(port, b"192.0.2.66", b"guess%d" % number)
                assert (got.command_id, got.status) == (BIND_TRANSCEIVER | RESP, 0x0E)
            assert told(port, b"192.0.2.7", b"secret").status == 0
            # Judged in the end, from there too.
            assert told(port, b"192.0.2.66", b"secret").status == 0
            gate.stop()
            assert "192.0.2.66" in gate.log
            assert "waits" in gate.log
            assert "guess4" not in gate.log
