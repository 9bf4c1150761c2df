"""The ways to run the gate, each as a user would."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from shutil import copy

import pytest

from tests.e2e.program import ROOT
from tests.e2e.twistd import TWISTD, free_port, running, running_command, settings, start
from tests.e2e.wire import PATIENCE, RESP, SUBMIT_SM, Pdu, Smsc, bound, message_body, pdu


def test_twistd_tells_of_the_plugin() -> None:
    """`twistd --help` shows the command with its description."""
    told = subprocess.run([*TWISTD, "--help"], capture_output=True, text=True, check=False)
    assert "SMPP load balancer and message router" in told.stdout


def test_a_port_in_use_is_told_in_one_line(tmp_path: Path) -> None:
    """What, where and why; no traceback, and the process ends."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        gate = start(tmp_path, settings(port, {"alpha": free_port()}), port)
        assert gate.wait() == 1
    assert f"cannot listen on tcp:{port}:interface=127.0.0.1" in gate.log
    assert "Address already in use" in gate.log
    assert "Traceback" not in gate.log


def test_the_tac_file(tmp_path: Path) -> None:
    """`twistd -ny etc/smppgate.tac` runs the gate that SMPPGATE_CONFIG describes."""
    with Smsc() as smsc:
        port = free_port()
        config = tmp_path / "gate.toml"
        config.write_text(settings(port, {"alpha": smsc.port}))
        pidfile = ["--pidfile", str(tmp_path / "twistd.pid"), "--logfile", "-"]
        command = [*TWISTD, *pidfile, "-ny", str(ROOT / "etc" / "smppgate.tac")]
        environment = {"SMPPGATE_CONFIG": str(config)}
        with running_command(tmp_path, command, port, environment) as gate:
            link = smsc.link()
            gate.wait_for_log("bound at")
            esme = bound(port)
            esme.send(pdu(SUBMIT_SM, 1, message_body()))
            request = link.receive_message()
            link.send(pdu(SUBMIT_SM | RESP, request.number, b"id\0"))
            assert esme.receive_message() == Pdu(SUBMIT_SM | RESP, 0, 1, b"alphaid\0")


def test_the_example_of_embedding() -> None:
    """examples/embed.py sends its own message through the router and tells the answer."""
    with Smsc() as smsc:
        process = subprocess.Popen(
            [
                sys.executable,
                str(ROOT / "examples" / "embed.py"),
                f"tcp:127.0.0.1:{smsc.port}",
                f"tcp:{free_port()}:interface=127.0.0.1",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        link = smsc.link()
        request = link.receive_message()
        assert request.body.endswith(b"hello from inside")
        link.send(pdu(SUBMIT_SM | RESP, request.number, b"embedded\0"))
        unbind = link.receive_message()
        link.send(pdu(unbind.command_id | RESP, unbind.number))
        told, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, told
        assert "embedded" in told


@pytest.mark.parametrize("name", ["minimal.toml", "smppgate.toml"])
def test_the_configurations_that_are_shipped(tmp_path: Path, name: str) -> None:
    """Each runs as it is, but for the ports, which are the kernel's here."""
    with Smsc() as smsc:
        port = free_port()
        for beside in (ROOT / "etc").glob("*.txt"):
            copy(beside, tmp_path)
        config = (ROOT / "etc" / name).read_text()
        config = config.replace("tcp:2775:", f"tcp:{port}:")
        for shipped in (3001, 3002):
            config = config.replace(f"127.0.0.1:{shipped}", f"127.0.0.1:{smsc.port}")
        with running(tmp_path, config, port) as gate:
            smsc.link()
            gate.wait_for_log("bound at")
            assert bound(port)
