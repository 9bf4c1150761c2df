"""A gate of several processes: what users see of it, and what becomes of one that ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.e2e import test_tls
from tests.e2e.daemon import ENDED, KINDS, Notifications, command, daemon
from tests.e2e.ports import free_port
from tests.e2e.twistd import ACCOUNTS, TWISTD, RunningGate, settings
from tests.e2e.wire import (
    BIND_TRANSCEIVER,
    PATIENCE,
    RESP,
    SUBMIT_SM,
    UNBIND,
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
)

certificate = test_tls.certificate

POLL = 0.02
SERVES = re.compile(r"worker (\d+) serves, process (\d+)")


class Gate:
    """A gate with workers, and the SMSC alpha."""

    def __init__(self, gate: RunningGate, smsc: Smsc, config: Path) -> None:
        self.gate = gate
        self.smsc = smsc
        self.config = config
        self.links: list[Wire] = []

    @property
    def port(self) -> int:
        return self.gate.port

    def serving(self, times: int) -> None:
        """Wait until so many processes in all have begun to serve."""
        self.gate.wait_for_log(" serves, process ", times)

    def pids(self) -> dict[int, int]:
        """The last process of each worker."""
        return {int(number): int(pid) for number, pid in SERVES.findall(self.gate.log)}

    def meshed(self, workers: int, times: int = 1) -> None:
        """Wait until each worker has links with each other, so often."""
        self.gate.wait_for_log("bound, both ways", workers * (workers - 1) * times)

    def link_up(self, links: int) -> None:
        """Accept so many links."""
        self.links += [self.smsc.link() for _ in range(links)]
        self.gate.wait_for_log("bound at", len(self.links))

    def change(self, before: str, after: str) -> None:
        """Another file, which is read."""
        text = self.config.read_text()
        assert before in text
        self.config.write_text(text.replace(before, after, 1))
        self.gate.process.send_signal(signal.SIGHUP)


@contextmanager
def workers(
    folder: Path,
    count: int = 2,
    sessions: int = 2,
    kind: str = "twistd",
    gate: str = "",
    notifications: Notifications | None = None,
    **more: str,
) -> Iterator[Gate]:
    """A gate of so many workers whose SMSC has so many sessions, which are bound."""
    with ExitStack() as stack:
        smsc = stack.enter_context(Smsc())
        port = free_port()
        more.setdefault("smsc", f"sessions = {sessions}")
        text = settings(port, {"alpha": smsc.port}, gate=f"workers = {count}\n{gate}", **more)
        config = folder / "gate.toml"
        config.write_text(text)
        environment = notifications.environment if notifications is not None else None
        line = command(kind, config)
        running = stack.enter_context(daemon(folder, line, port, environment))
        found = Gate(running, smsc, config)
        found.link_up(sessions)
        found.serving(count)
        found.meshed(count)
        yield found


def is_running(pid: int) -> bool:
    """Whether there is such a process that is no zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def until_gone(*pids: int) -> None:
    by = time.monotonic() + PATIENCE
    while any(map(is_running, pids)):
        assert time.monotonic() < by
        time.sleep(POLL)


def sent(esme: Wire, links: list[Wire], message_id: bytes, number: int) -> tuple[bytes, Wire]:
    """Submit a message that wants a receipt; gives the id that the ESME has, and the link used."""
    esme.send(pdu(SUBMIT_SM, number, message_body(registered=1)))
    link = readable(*links)
    answer(link, link.receive_message(), message_id + b"\0")
    got = esme.receive_message()
    assert got[:3] == (SUBMIT_SM | RESP, 0, number), got
    return got.body.partition(b"\0")[0], link


def test_receipts_come_over_sessions_of_the_other_worker(tmp_path: Path) -> None:
    """Two ESMEs at two workers, and an SMSC with a link to each: any receipt on any link."""
    with workers(tmp_path) as gate:
        esmes = [bound(gate.port) for _ in range(2)]
        number = 0
        for esme in esmes * 3:
            for link in gate.links:
                number += 1
                message_id = b"%X" % (0xA0 + number)
                given, _ = sent(esme, gate.links, message_id, number)
                assert delivered(link, esme, receipt_body(message_id)) == receipt_body(given)


def test_one_link_is_enough_for_all_workers(tmp_path: Path) -> None:
    with workers(tmp_path, count=3, sessions=1) as gate:
        for number, esme in enumerate([bound(gate.port) for _ in range(3)], 1):
            given, link = sent(esme, gate.links, b"A%d" % number, number)
            receipt = receipt_body(b"A%d" % number)
            assert delivered(link, esme, receipt) == receipt_body(given)


def bound_again(port: int) -> Wire:
    """An ESME that comes back at once: its connection may be the last that a worker is handed."""
    while True:
        try:
            return bound(port)
        except ConnectionError:
            time.sleep(POLL)


@pytest.mark.parametrize("kind", KINDS)
def test_a_worker_that_is_killed_disturbs_no_other(tmp_path: Path, kind: str) -> None:
    """What is open in the other is answered, and what was lost is back at once."""
    with workers(tmp_path, kind=kind) as gate:
        first, second = (bound(gate.port) for _ in range(2))
        for number in range(101, 111):
            for esme in (first, second):
                esme.send(pdu(SUBMIT_SM, number, message_body()))
        requests = {link: [link.receive_message() for _ in range(10)] for link in gate.links}
        began = time.monotonic()
        os.kill(gate.pids()[1], signal.SIGKILL)
        lost, gone = readable(first, second), readable(*gate.links)
        assert lost.is_closed()
        assert gone.is_closed()
        back = bound_again(gate.port)
        assert time.monotonic() - began < 2.0
        kept = second if lost is first else first
        (link,) = (each for each in gate.links if each is not gone)
        for request in requests[link]:
            answer(link, request)
        answers = [kept.receive_message() for _ in range(10)]
        assert [(got.status, got.number) for got in answers] == [(0, n) for n in range(101, 111)]
        for number in range(1, 20):
            for esme in (kept, back):
                sent(esme, [link], b"%d" % number, number)


def test_a_worker_that_was_killed_is_started_again(tmp_path: Path) -> None:
    """It has its links again, and gets the connections that come now."""
    with workers(tmp_path) as gate:
        esmes = [bound(gate.port) for _ in range(2)]
        os.kill(gate.pids()[1], signal.SIGKILL)
        lost = readable(*esmes)
        assert lost.is_closed()
        gate.serving(3)
        gate.links.append(gate.smsc.link())
        gate.meshed(2, 2)
        assert "worker 1 ended by signal 9" in gate.gate.log
        assert "worker 2 ended" not in gate.gate.log
        new = [bound(gate.port), *(esme for esme in esmes if esme is not lost)]
        assert state(gate, 2) == {1: 1, 2: 1}
        assert all(esme.is_quiet() for esme in new)
        assert sum(not link.has_gone() for link in gate.links) == 2


def test_workers_end_when_their_master_is_killed(tmp_path: Path) -> None:
    with workers(tmp_path) as gate:
        esme = bound(gate.port)
        pids = gate.pids()
        gate.gate.kill()
        until_gone(*pids.values())
        while esme.receive().command_id == UNBIND:
            if esme.is_closed():
                break


def test_a_gate_starts_again_where_it_was_killed(tmp_path: Path) -> None:
    """On what was left; receipts of messages from before come to their ESME."""
    with workers(tmp_path) as gate:
        esme = bound(gate.port)
        given, _ = sent(esme, gate.links, b"AB", 1)
        gate.gate.kill()
        config, port, smsc_port = gate.config, gate.port, gate.smsc.port
        text = config.read_text()
    with Smsc() as smsc:
        config.write_text(text.replace(f"127.0.0.1:{smsc_port}", f"127.0.0.1:{smsc.port}"))
        with daemon(tmp_path, command("run", config), port) as running:
            again = Gate(running, smsc, config)
            again.link_up(2)
            again.serving(2)
            again.meshed(2)
            esmes = [bound(port) for _ in range(2)]
            again.links[0].send(pdu(0x05, 500, receipt_body(b"AB")))
            heir = readable(*esmes)
            got = heir.receive_message()
            assert got.body == receipt_body(given)
            answer(heir, got, b"\0")
            assert again.links[0].receive_message().status == 0
            assert len(list((tmp_path / "state").glob("worker-*.sock"))) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_stop_loses_nothing(tmp_path: Path, kind: str) -> None:
    """Requests that are open are answered, by way of other workers too; then all processes end."""
    with workers(tmp_path, kind=kind, sessions=1) as gate:
        (link,) = gate.links
        esmes = [bound(gate.port) for _ in range(2)]
        for number in range(1, 11):
            for esme in esmes:
                esme.send(pdu(SUBMIT_SM, number, message_body()))
        requests = [link.receive_message() for _ in range(20)]
        pids = gate.pids()
        gate.gate.process.send_signal(signal.SIGTERM)
        for esme in esmes:
            got = esme.receive_message()
            assert got.command_id == UNBIND
        for index, request in enumerate(requests):
            answer(link, request, b"%d\0" % index)
        for esme in esmes:
            answers = [esme.receive_message() for _ in range(10)]
            assert [(each.command_id, each.status) for each in answers] == [
                (SUBMIT_SM | RESP, 0)
            ] * 10
            assert sorted(each.number for each in answers) == [*range(1, 11)]
            esme.send(pdu(UNBIND | RESP, 1))
        unbind = link.receive_message()
        assert unbind.command_id == UNBIND
        answer(link, unbind, b"")
        assert gate.gate.wait() == ENDED[kind]
        until_gone(*pids.values())
        assert "SG-" not in gate.gate.log
        assert not list((tmp_path / "state").glob("worker-*.sock"))


def test_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    with workers(tmp_path, kind="run") as gate:
        bound(gate.port)
        gate.gate.process.send_signal(signal.SIGTERM)
        gate.gate.wait_for_log("stopping: ", 2)
        gate.gate.process.send_signal(signal.SIGTERM)
        assert gate.gate.wait() == 128 + signal.SIGTERM
        until_gone(*gate.pids().values())


def test_a_signal_to_the_whole_group_is_a_stop_in_order(tmp_path: Path) -> None:
    """As systemd sends it, or a terminal."""
    with workers(tmp_path, kind="run") as gate:
        esme = bound(gate.port)
        pids = gate.pids()
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
            for pid in pids.values():
                os.kill(pid, number)
        for pid in (*pids.values(), gate.gate.process.pid):
            os.kill(pid, signal.SIGTERM)
        got = esme.receive_message()
        assert got.command_id == UNBIND
        esme.send(pdu(UNBIND | RESP, got.number))
        for link in gate.links:
            unbind = link.receive_message()
            assert unbind.command_id == UNBIND
            link.send(pdu(UNBIND | RESP, unbind.number))
        assert gate.gate.wait() == 0
        until_gone(*pids.values())
        assert "SG-6002" not in gate.gate.log


MORE = '\n[[esme]]\nsystem_id = "more"\npassword = "pw"\n'


def test_a_reload_reaches_all_workers(tmp_path: Path) -> None:
    """Also one that starts later; what is refused changes nothing anywhere."""
    with workers(tmp_path, kind="run") as gate, Smsc() as beta:
        old = [bound(gate.port) for _ in range(2)]
        text = gate.config.read_text()
        gate.change("[store]", "[sotre]")
        gate.gate.wait_for_log("SG-5002")
        gate.config.write_text(text + MORE)
        gate.gate.process.send_signal(signal.SIGHUP)
        gate.gate.wait_for_log("the reload of")
        new = [bound(gate.port, b"more", b"pw") for _ in range(2)]
        assert gate.gate.log.count('reload: [[esme]] "more" added') == 1
        gate.change(
            "[[smsc]]",
            f'[[smsc]]\nname = "beta"\ntag = "beta"\nendpoint = "tcp:127.0.0.1:{beta.port}"\n'
            'system_id = "gate"\npassword = "pw"\nsessions = 2\n[[smsc]]',
        )
        added = [beta.link(), beta.link()]
        gate.gate.wait_for_log("bound at", 4)
        os.kill(gate.pids()[2], signal.SIGKILL)
        gate.serving(3)
        gate.links.append(gate.smsc.link())
        added.append(beta.link())
        gate.gate.wait_for_log("bound at", 6)
        again = bound(gate.port, b"more", b"pw")
        gate.gate.process.send_signal(signal.SIGUSR2)
        gate.gate.wait_for_log("connections=", 2)
        for esme in [*old, *new, again]:
            if not esme.has_gone():
                assert esme.is_quiet()
        # Each link is bound once, of all workers together.
        assert sum(not link.has_gone() for link in (*gate.links, *added)) == 4


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of hooks that can be imported and not be made."""
    (tmp_path / "own_hooks.py").write_text("def broken(context):\n    raise ValueError('no')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "own_hooks:broken"


def test_hooks_that_cannot_be_made_change_nothing_anywhere(tmp_path: Path, broken: str) -> None:
    with workers(tmp_path, kind="run") as gate:
        esmes = [bound(gate.port) for _ in range(2)]
        gate.config.write_text(gate.config.read_text() + MORE)
        gate.change("workers = 2", f'workers = 2\nhooks = "{broken}"')
        gate.gate.wait_for_log("SG-5002")
        assert "gate.hooks: fails: ValueError" in gate.gate.log
        stranger = connect(gate.port)
        stranger.send(pdu(BIND_TRANSCEIVER, 1, bind_body(b"more", b"pw")))
        assert stranger.receive().status != 0
        assert all(esme.is_quiet() for esme in esmes)


def test_listeners_come_and_go(tmp_path: Path) -> None:
    with workers(tmp_path) as gate:
        old, port = bound(gate.port), free_port()
        gate.change(f"tcp:{gate.port}:", f"tcp:{port}:")
        gate.gate.wait_for_log("the reload of")
        esmes = [bound(port) for _ in range(2)]
        with pytest.raises(ConnectionRefusedError):
            connect(gate.port)
        for number, esme in enumerate([old, *esmes], 1):
            sent(esme, gate.links, b"%d" % number, number)


def test_connections_over_the_limit_are_cut(tmp_path: Path) -> None:
    """That of the listener holds for all workers together."""
    with workers(tmp_path) as gate:
        gate.change("[[esme]]", "max_sessions = 3\n[[esme]]")
        gate.gate.wait_for_log("the reload of")
        kept = [bound(gate.port) for _ in range(3)]
        assert connect(gate.port).is_closed()
        gate.gate.wait_for_log("all 3 sessions of the listener are in use")
        kept[0].sock.close()
        for _ in range(200):
            late = connect(gate.port)
            late.send(pdu(BIND_TRANSCEIVER, 1, bind_body(b"acme", b"secret")))
            try:
                assert late.receive().status == 0
                break
            except ConnectionError:
                time.sleep(POLL)
        else:
            raise AssertionError("no connection has taken the place of the one that was closed")


def test_sessions_are_spread_evenly(tmp_path: Path) -> None:
    with workers(tmp_path, count=3, sessions=3) as gate:
        esmes = [bound(gate.port) for _ in range(9)]
        assert state(gate, 3) == {1: 3, 2: 3, 3: 3}
        assert all(esme.is_quiet() for esme in esmes)


def state(gate: Gate, workers: int) -> dict[int, int]:
    """The connections of each worker."""
    seen = gate.gate.log.count("connections=")
    gate.gate.process.send_signal(signal.SIGUSR2)
    gate.gate.wait_for_log("connections=", seen + workers)
    found = re.findall(r"worker (\d+): pid=\d+ connections=(\d+)", gate.gate.log)[-workers:]
    return {int(number): int(count) for number, count in found}


MANY = ACCOUNTS.replace('password = "secret"', 'password = "secret"\nmax_binds = 100')


def test_each_worker_may_accept_by_itself(tmp_path: Path) -> None:
    """A worker that is gone misses no connection: the master accepts in its place."""
    with workers(tmp_path, gate="reuse_port = true", esmes=MANY) as gate:
        port = gate.port
        esmes = [bound(port) for _ in range(16)]
        for number, esme in enumerate(esmes, 1):
            sent(esme, gate.links, b"%d" % number, number)
        os.kill(gate.pids()[1], signal.SIGKILL)
        gate.gate.wait_for_log("worker 1 ended")
        assert all(bound_again(port).is_quiet() for _ in range(16))
        kept = [esme for esme in esmes if not esme.has_gone()]
        assert 0 < len(kept) < 16, "chance is not that unfair"
        gate.serving(3)
        assert all(bound(port).is_quiet() for _ in range(16))
        assert all(esme.is_quiet() for esme in kept)


KINDS_OF_LISTENERS = ("unix", "ssl", "haproxy", "systemd", "table")


def place_of(kind: str, folder: Path, files: Path, port: int) -> str:
    """The lines of ``[[listen]]`` that say where."""
    tcp = f"{port}:interface=127.0.0.1"
    cert, key = f"{files}/cert.pem", f"{files}/key.pem"
    return {
        "unix": f'endpoint = "unix:{folder}/s"',
        "ssl": f'endpoint = "ssl:{tcp}:privateKey={key}:certKey={cert}"',
        "haproxy": f'endpoint = "haproxy:tcp:{tcp}"',
        "systemd": 'endpoint = "systemd:domain=INET:index=0"',
        "table": f'endpoint = "tcp:{tcp}"\n[listen.tls]\ncertificate = "{cert}"\nkey = "{key}"',
    }[kind]


def connected(kind: str, folder: Path, port: int) -> Wire:
    """A connection to a listener of that kind."""
    if kind == "unix":
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(PATIENCE)
        sock.connect(f"{folder}/s")
    else:
        sock = socket.create_connection(("127.0.0.1", port), PATIENCE)
    if kind in ("ssl", "table"):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        sock = context.wrap_socket(sock)
    wire = Wire(sock)
    if kind == "haproxy":
        wire.send(b"PROXY TCP4 192.0.2.77 127.0.0.1 5000 2775\r\n")
    return wire


@pytest.mark.parametrize("kind", KINDS_OF_LISTENERS)
def test_all_kinds_of_listeners(tmp_path: Path, certificate: Path, kind: str) -> None:
    with ExitStack() as stack:
        inherited = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        is_inherited = kind == "systemd"
        port = inherited.getsockname()[1] if is_inherited else free_port()
        smsc = stack.enter_context(Smsc())
        place = place_of(kind, tmp_path, certificate, port)
        text = settings(0, {"alpha": smsc.port}, gate="workers = 2")
        config = tmp_path / "gate.toml"
        config.write_text(text.replace('endpoint = "tcp:0:interface=127.0.0.1"', place))
        line, handed = command("run", config), inherited if is_inherited else None
        running = stack.enter_context(daemon(tmp_path, line, port, None, handed))
        link = smsc.link()
        running.wait_for_log("bound, both ways", 2)
        for number in (1, 2):
            esme = connected(kind, tmp_path, port)
            esme.send(pdu(BIND_TRANSCEIVER, 1, bind_body(b"acme", b"secret")))
            assert esme.receive().status == 0
            sent(esme, [link], b"%d" % number, number + 1)
        assert ("192.0.2.77" in running.log) is (kind == "haproxy")


def test_a_worker_that_cannot_start_ends_the_gate(tmp_path: Path, broken: str) -> None:
    for kind in KINDS:
        config = tmp_path / "gate.toml"
        config.write_text(
            settings(free_port(), {"alpha": 1}, gate=f'workers = 2\nhooks = "{broken}"')
        )
        with daemon(tmp_path, command(kind, config), 0) as gate:
            assert gate.wait() == 1
            assert "SG-6202" in gate.log
            assert "cannot start: gate.hooks: fails: ValueError" in gate.log


def test_a_port_that_is_taken_ends_the_gate_with_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config = tmp_path / "gate.toml"
        port = taken.getsockname()[1]
        config.write_text(settings(port, {"alpha": 1}, gate="workers = 2"))
        with daemon(tmp_path, command("run", config), port) as gate:
            assert gate.wait() == 1
            assert "cannot listen on" in gate.log
            assert "Traceback" not in gate.log


def test_systemd_hears_when_all_workers_serve(tmp_path: Path) -> None:
    with (
        Notifications() as notifications,
        workers(tmp_path, kind="run", notifications=notifications) as gate,
    ):
        notifications.wait_for("READY=1")
        notifications.wait_for("STATUS=0 ESMEs, 2 of 2 links, 2 of 2 workers")
        bound(gate.port)
        notifications.wait_for("STATUS=1 ESME, 2 of 2 links, 2 of 2 workers")
        gate.gate.process.send_signal(signal.SIGHUP)
        notifications.wait_for("RELOADING=1")
        notifications.wait_for("READY=1")


def test_the_log_says_which_worker(tmp_path: Path) -> None:
    """In text beside the namespace, in JSON as a field; each worker writes its own state."""
    with workers(tmp_path) as gate:
        bound(gate.port)
        gate.gate.process.send_signal(signal.SIGUSR2)
        gate.gate.wait_for_log("accounts acme: ", 2)
        told = re.findall(r"#info worker (\d)\] accounts acme: ", gate.gate.log)
        assert Counter(told) == {"1": 1, "2": 1}
        gate.config.write_text(gate.config.read_text() + '\n[log]\ndaemon_format = "json"\n')
        gate.gate.process.send_signal(signal.SIGHUP)
        gate.gate.wait_for_log("the reload of")
        bound(gate.port)
        gate.gate.wait_for_log('"worker":', 1)


def test_a_tac_file(tmp_path: Path) -> None:
    port = free_port()
    with Smsc() as smsc:
        config = tmp_path / "smppgate.toml"
        config.write_text(settings(port, {"alpha": smsc.port}, gate="workers = 2"))
        tac = Path(__file__).parents[2] / "etc" / "smppgate.tac"
        line = [
            *TWISTD,
            "-n",
            "--pidfile",
            str(tmp_path / "pid"),
            "--logfile",
            "-",
            "-y",
            str(tac),
        ]
        with daemon(tmp_path, line, port) as gate:
            link = smsc.link()
            gate.wait_for_log("bound, both ways", 2)
            for number in (1, 2):
                sent(bound(port), [link], b"%d" % number, number)
            assert gate.stop() == ENDED["twistd"]
