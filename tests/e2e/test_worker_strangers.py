"""Limits for strangers, at a gate of two workers: as those of one process."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.admin import Client
from tests.e2e.test_guessing import told
from tests.e2e.test_strangers import connected_from, is_bound
from tests.e2e.test_workers import Gate, workers
from tests.e2e.test_workers_face import until
from tests.e2e.wire import bound, connect


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
