"""The gate as a daemon: signals, stops, log files and systemd, in both ways that it is started."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.e2e.daemon import ENDED, KINDS, Notifications, command, daemon
from tests.e2e.twistd import ACCOUNTS, RunningGate, free_port, settings
from tests.e2e.wire import (
    BIND_TRANSCEIVER,
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
    message_body,
    pdu,
)

PATIENT = "stop_timeout = 300.0\nunbind_timeout = 300.0"
"""More than any test waits."""

both_kinds = pytest.mark.parametrize("kind", KINDS)


@contextmanager
def relaying(folder: Path, kind: str, gate: str = "") -> Iterator[tuple[RunningGate, Wire, Path]]:
    """A gate bound to an SMSC; gives it, the SMSC's end, and its configuration."""
    with Smsc() as smsc:
        port, config = free_port(), folder / "gate.toml"
        config.write_text(settings(port, {"alpha": smsc.port}, gate=gate))
        with daemon(folder, command(kind, config), port) as running:
            link = smsc.link()
            running.wait_for_log("bound at")
            yield running, link, config


def serves(esme: Wire, link: Wire, number: int) -> bool:
    """Whether a message of the ESME's comes back answered."""
    esme.send(pdu(SUBMIT_SM, number, message_body()))
    answer(link, link.receive_message())
    return esme.receive_message() == Pdu(SUBMIT_SM | RESP, 0, number, b"alphaid\0")


def stopped(gate: RunningGate, *ends: Wire) -> int:
    """Answer the unbinds of a gate that stops, in this order; gives its exit code."""
    for end in ends:
        unbind = end.receive_message()
        assert unbind.command_id == UNBIND
        answer(end, unbind, b"")
    return gate.wait()


# Reload


@both_kinds
def test_sighup_reads_the_file_again(tmp_path: Path, kind: str) -> None:
    with relaying(tmp_path, kind) as (gate, link, config):
        esme = bound(gate.port)
        gate.process.send_signal(signal.SIGHUP)
        gate.wait_for_log(f"the reload of {config} is done")
        assert serves(esme, link, 2)


@both_kinds
def test_a_file_with_errors_changes_nothing_and_all_errors_are_told(
    tmp_path: Path, kind: str
) -> None:
    """One a line, at level error, with its path; then the file is mended."""
    with relaying(tmp_path, kind) as (gate, link, config):
        esme, good = bound(gate.port), config.read_text()
        bad = good.replace("[[listen]]", "[[listen]]\nmax_sesions = 5", 1)
        config.write_text(bad + 'windw = 3\nweight = "SECRET"\n')
        gate.process.send_signal(signal.SIGHUP)
        gate.wait_for_log("nothing is changed")
        for path in ("listen[0].max_sesions", "smsc[0].windw", "smsc[0].weight"):
            assert any("#error]" in line and f"{config}: {path}: " in line for line in lines(gate))
        assert "Traceback" not in gate.log
        assert "the reload of" not in gate.log
        assert serves(esme, link, 2)
        config.write_text(good)
        gate.process.send_signal(signal.SIGHUP)
        gate.wait_for_log("the reload of")


def lines(gate: RunningGate) -> list[str]:
    """The lines that it has logged."""
    return gate.log.splitlines()


@both_kinds
def test_a_file_that_has_vanished_is_an_error_like_any_other(tmp_path: Path, kind: str) -> None:
    with relaying(tmp_path, kind) as (gate, link, config):
        esme = bound(gate.port)
        config.unlink()
        gate.process.send_signal(signal.SIGHUP)
        gate.wait_for_log(f"{config}: cannot be read: No such file or directory")
        assert serves(esme, link, 2)


@both_kinds
def test_sighup_leaves_no_password_in_the_log(tmp_path: Path, kind: str) -> None:
    with relaying(tmp_path, kind) as (gate, _, config):
        config.write_text(config.read_text().replace('"secret"', '"SECRET"') + "[[smsc]]\n")
        gate.process.send_signal(signal.SIGHUP)
        gate.wait_for_log("nothing is changed")
        assert "SECRET" not in gate.log
        assert "pw-of" not in gate.log


# Log files and state


@both_kinds
def test_sigusr1_opens_the_log_file_anew_under_its_path(tmp_path: Path, kind: str) -> None:
    """As logrotate needs it: the file was moved before."""
    config, log = tmp_path / "gate.toml", tmp_path / "gate.log"
    config.write_text(settings(free_port(), {"alpha": free_port()}))
    with Notifications() as systemd:
        line = command(kind, config, str(log))
        with daemon(tmp_path, line, 0, systemd.environment) as gate:
            systemd.wait_for("READY=1")
            moved = log.rename(tmp_path / "gate.log.1")
            gate.process.send_signal(signal.SIGUSR1)
            gate.process.send_signal(signal.SIGTERM)
            assert gate.wait() == ENDED[kind]
    assert "listening on" in moved.read_text()
    assert "stopped" not in moved.read_text()
    assert "is opened anew" in log.read_text()
    assert "stopped" in log.read_text()
    assert sorted(path.name for path in tmp_path.glob("gate.log*")) == ["gate.log", "gate.log.1"]


@both_kinds
def test_the_log_is_json_from_its_first_line_to_its_last(tmp_path: Path, kind: str) -> None:
    """Over SIGUSR1; twistd's own lines too. Lines to act on have their codes."""
    config, log = tmp_path / "gate.toml", tmp_path / "gate.log"
    text = settings(free_port(), {"alpha": free_port()})
    config.write_text(text + '[log]\ndaemon_format = "json"\n')
    with Notifications() as systemd:
        line = command(kind, config, str(log))
        with daemon(tmp_path, line, 0, systemd.environment) as gate:
            systemd.wait_for("READY=1")
            moved = log.rename(tmp_path / "gate.log.1")
            gate.process.send_signal(signal.SIGUSR1)
            gate.process.send_signal(signal.SIGTERM)
            assert gate.wait() == ENDED[kind]
    before, after = ([json.loads(line) for line in path.open()] for path in (moved, log))
    for line in before + after:
        assert datetime.fromisoformat(line["time"]).tzinfo is UTC
        assert {"level", "namespace", "text"} < set(line)
    lost = next(line for line in before if line.get("code") == "SG-1001")
    assert (lost["link"], lost["level"]) == ("alpha transceiver 1", "warn")
    assert "secret" not in str(before)
    assert any("is opened anew" in line["text"] for line in after)
    assert any(line["text"] == "stopped" for line in after)


@both_kinds
def test_a_reload_changes_the_form_of_the_log_and_back(tmp_path: Path, kind: str) -> None:
    with relaying(tmp_path, kind) as (gate, _, config):
        text = config.read_text()
        config.write_text(text + '[log]\ndaemon_format = "json"\n')
        gate.process.send_signal(signal.SIGHUP)
        gate.wait_for_log(f'"text":"the reload of {config} is done"')
        config.write_text(text)
        gate.process.send_signal(signal.SIGHUP)
        gate.wait_for_log(f"#info] the reload of {config} is done")


@both_kinds
def test_the_log_has_what_its_level_says(tmp_path: Path, kind: str) -> None:
    config = tmp_path / "gate.toml"
    text = settings(free_port(), {"alpha": free_port()})
    config.write_text(text + '[log]\nlevel = "warn"\n')
    with daemon(tmp_path, command(kind, config), 0) as gate:
        gate.wait_for_log("#warn] SG-1001 SMSC alpha transceiver 1 not reached")
        assert "smppgate.gate.sessions.listeners" not in gate.log


@both_kinds
def test_sigusr2_writes_the_state_into_the_log(tmp_path: Path, kind: str) -> None:
    with relaying(tmp_path, kind) as (gate, _, _config):
        gate.process.send_signal(signal.SIGUSR2)
        for text in ("accounts acme: ", "accounts bolt: ", "smscs alpha: "):
            gate.wait_for_log(text)
        assert "secret" not in gate.log


# Stops


@both_kinds
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_signal_stops_in_order(tmp_path: Path, kind: str, number: signal.Signals) -> None:
    """ESMEs are unbound first, SMSCs last."""
    with relaying(tmp_path, kind, PATIENT) as (gate, link, _):
        esme = bound(gate.port)
        gate.process.send_signal(number)
        code = stopped(gate, esme, link)
        assert code == (0 if kind == "run" else -number)
        assert "stopped" in gate.log
        assert "Traceback" not in gate.log


@both_kinds
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_at_once(tmp_path: Path, kind: str, number: signal.Signals) -> None:
    """Although no peer has answered its unbind."""
    with relaying(tmp_path, kind, PATIENT) as (gate, link, _):
        esme = bound(gate.port)
        gate.process.send_signal(signal.SIGTERM)
        assert esme.receive_message().command_id == UNBIND
        gate.process.send_signal(number)
        assert esme.is_closed()
        code = gate.wait()
        assert code == (128 + number if kind == "run" else -signal.SIGTERM)
        assert "told again to stop" in gate.log
        assert "Traceback" not in gate.log
        link.sock.close()


def test_a_stop_takes_no_longer_than_stop_timeout(tmp_path: Path) -> None:
    """Peers say nothing, and a request is open: it is answered, and all is over in time."""
    with relaying(tmp_path, "run", "stop_timeout = 3.0") as (gate, link, _):
        esme = bound(gate.port)
        esme.send(pdu(SUBMIT_SM, 2, message_body()))
        link.receive_message()
        gate.process.send_signal(signal.SIGTERM)
        assert esme.receive_message().command_id == UNBIND
        assert esme.receive_message() == Pdu(SUBMIT_SM | RESP, 0x08, 2, b"")
        assert esme.is_closed()
        assert link.receive_message().command_id == UNBIND
        assert link.is_closed()
        assert gate.wait() == 0


# What `smppgate run` says when it cannot start


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    config = tmp_path / "gate.toml"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config.write_text(settings(port, {"alpha": free_port()}))
        with daemon(tmp_path, command("run", config), port) as gate:
            assert gate.wait() == 1
    (line,) = lines(gate)
    assert line.startswith(f"smppgate run: cannot listen on tcp:{port}:")


def test_all_errors_of_the_configuration_are_told(tmp_path: Path) -> None:
    config = tmp_path / "gate.toml"
    config.write_text(settings(free_port(), {"alpha": 1}) + 'windw = 3\nweight = "1"\n')
    with daemon(tmp_path, command("run", config), 0) as gate:
        assert gate.wait() == 1
    assert len(lines(gate)) == 2
    assert all(line.startswith(f"{config}: smsc[0].w") for line in lines(gate))


def test_a_log_file_that_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    config = tmp_path / "gate.toml"
    config.write_text(settings(free_port(), {"alpha": free_port()}))
    line = command("run", config, str(tmp_path / "nowhere" / "gate.log"))
    with daemon(tmp_path, line, 0) as gate:
        assert gate.wait() == 1
    assert len(lines(gate)) == 1
    assert "No such file or directory" in gate.log


def test_a_store_that_cannot_be_opened_ends_it_with_1(tmp_path: Path) -> None:
    config = tmp_path / "gate.toml"
    config.write_text(settings(free_port(), {"alpha": free_port()}))
    (tmp_path / "state").write_text("no folder")
    with daemon(tmp_path, command("run", config), 0) as gate:
        assert gate.wait() == 1
    assert "state" in gate.log
    assert "Traceback" not in gate.log


def test_a_pid_file_only_where_asked_for(tmp_path: Path) -> None:
    """It has the process while it runs; a second gate with it does not start."""
    config, pidfile = tmp_path / "gate.toml", tmp_path / "gate.pid"
    config.write_text(settings(free_port(), {"alpha": free_port()}))
    line = command("run", config, pidfile=str(pidfile))
    with daemon(tmp_path, line, 0) as gate:
        gate.wait_for_log("listening on")
        assert pidfile.read_text() == f"{gate.process.pid}\n"
        with daemon(tmp_path, line, 0) as second:
            assert second.wait() == 1
        assert f"process {gate.process.pid} is running" in second.log
        assert gate.stop() == 0
    assert not pidfile.exists()
    with daemon(tmp_path, command("run", config), 0) as gate:
        gate.wait_for_log("listening on")
        assert list(tmp_path.glob("*.pid")) == []


# systemd


@both_kinds
def test_systemd_is_told_of_start_reload_status_and_stop(tmp_path: Path, kind: str) -> None:
    config, port = tmp_path / "gate.toml", free_port()
    with Smsc() as smsc, Notifications() as systemd:
        config.write_text(settings(port, {"alpha": smsc.port}))
        with daemon(tmp_path, command(kind, config), port, systemd.environment) as gate:
            systemd.wait_for("READY=1")
            link, esme = smsc.link(), bound(port)
            systemd.wait_for("STATUS=1 ESME, 1 of 1 links")
            gate.process.send_signal(signal.SIGHUP)
            message = systemd.wait_for("RELOADING=1")
            name, _, value = message.splitlines()[1].partition("=")
            assert (name, value.isdecimal()) == ("MONOTONIC_USEC", True)
            systemd.wait_for("READY=1")
            config.write_text("no TOML")
            gate.process.send_signal(signal.SIGHUP)
            systemd.wait_for("RELOADING=1")
            systemd.wait_for("READY=1")
            gate.process.send_signal(signal.SIGTERM)
            systemd.wait_for("STOPPING=1")
            assert stopped(gate, esme, link) == ENDED[kind]


@both_kinds
def test_the_watchdog_hears_of_a_gate_that_lives(tmp_path: Path, kind: str) -> None:
    config = tmp_path / "gate.toml"
    config.write_text(settings(free_port(), {"alpha": free_port()}))
    with Notifications() as systemd:
        environment = {**systemd.environment, "WATCHDOG_USEC": "100000"}
        with daemon(tmp_path, command(kind, config), 0, environment) as gate:
            for _ in range(3):
                systemd.wait_for("WATCHDOG=1")
            assert gate.stop() == ENDED[kind]


@both_kinds
def test_a_restart_with_a_socket_of_systemds_refuses_nobody(tmp_path: Path, kind: str) -> None:
    """A connection that comes while no gate runs is served by the next one."""
    config = tmp_path / "gate.toml"
    with Smsc() as smsc, socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        text = settings(port, {"alpha": smsc.port}, esmes=ACCOUNTS)
        endpoint = f'"tcp:{port}:interface=127.0.0.1"'
        config.write_text(text.replace(endpoint, '"systemd:domain=INET:name=smpp"'))
        line = command(kind, config)
        with daemon(tmp_path, line, port, handed_over=listener) as gate:
            link, esme = smsc.link(), bound(port)
            gate.wait_for_log("bound at")
            assert serves(esme, link, 2)
            gate.process.send_signal(signal.SIGTERM)
            assert stopped(gate, esme, link) == ENDED[kind]
        waiting = connect(port)
        waiting.send(pdu(BIND_TRANSCEIVER, 1, bind_body(b"acme", b"secret")))
        kept = waiting.sock.dup()
        with daemon(tmp_path, line, port, handed_over=listener) as gate:
            link, esme = smsc.link(), Wire(kept)
            assert esme.receive().status == 0
            gate.wait_for_log("bound at")
            assert serves(esme, link, 2)
