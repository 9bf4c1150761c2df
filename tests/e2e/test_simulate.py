"""``smppgate simulate`` as a program, on real sockets."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from smppgate.txsmpp.codec import decode, encode
from smppgate.txsmpp.frame import FrameBuffer
from smppgate.txsmpp.pdu import BindTransceiver, DeliverSm, Pdu, SubmitSm

PATIENCE = 30.0
"""Seconds after which what should have happened is taken for hung."""

COMMAND = [sys.executable, "-m", "smppgate", "simulate"]


@pytest.fixture
def smsc() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A simulator that listens, and its port."""
    arguments = [*COMMAND, "--listen", "tcp:0:interface=127.0.0.1", "--report", "0.1"]
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        line = running.stdout.readline()
        listens = re.fullmatch(r"SMSC smsc listens on 127\.0\.0\.1:(\d+)\n", line)
        try:
            assert listens is not None, line
            yield running, int(listens[1])
        finally:
            running.kill()


def exchange(port: int, bind: Pdu, request: Pdu) -> list[Pdu]:
    """Bind, and send ``request`` only then; gives bind_resp, resp and receipt."""
    buffer = FrameBuffer()
    received: list[Pdu] = []
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as sock:
        for pdu, answers in ((bind, 1), (request, 3)):
            sock.sendall(encode(pdu))
            while len(received) < answers:
                octets = sock.recv(65536)
                assert octets
                received += [decode(frame.octets) for frame in buffer.receive(octets)]
    return received


def test_it_answers_reports_and_ends_with_ctrl_c(
    smsc: tuple[subprocess.Popen[str], int],
) -> None:
    running, port = smsc
    bind = BindTransceiver(sequence_number=1, system_id=b"acme", interface_version=0x34)
    submit = SubmitSm(sequence_number=2, registered_delivery=1, short_message=b"hello")
    *_, receipt = exchange(port, bind, submit)
    assert isinstance(receipt, DeliverSm)
    assert receipt.short_message.startswith(b"id:00000001 ")
    assert running.stdout is not None
    assert running.stderr is not None
    while "  1 taken  " not in running.stdout.readline():
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    assert running.wait(PATIENCE) == 130
    assert running.stderr.read() == ""


def test_a_port_in_use_is_told_in_one_line(smsc: tuple[subprocess.Popen[str], int]) -> None:
    _, port = smsc
    arguments = [*COMMAND, "--listen", f"tcp:{port}:interface=127.0.0.1"]
    second = subprocess.run(
        arguments, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert second.returncode == 1
    assert second.stdout == ""
    assert second.stderr.startswith("smppgate simulate: Couldn't listen on 127.0.0.1:")
    assert second.stderr.count("\n") == 1


def test_a_file_makes_it_fail_in_its_ways(tmp_path: Path) -> None:
    """Every message is undelivered, with an id as long as can be."""
    file = tmp_path / "smsc.toml"
    listen = 'listen = "tcp:0:interface=127.0.0.1"'
    file.write_text(f"{listen}\nid_length = 64\nstate = {{ UNDELIV = 100 }}\n")
    with subprocess.Popen(
        [*COMMAND, "--file", str(file)], stdout=subprocess.PIPE, text=True
    ) as running:
        try:
            assert running.stdout is not None
            port = int(running.stdout.readline().rpartition(":")[2])
            bind = BindTransceiver(sequence_number=1, system_id=b"acme", interface_version=0x34)
            submit = SubmitSm(sequence_number=2, registered_delivery=1, short_message=b"hello")
            *_, receipt = exchange(port, bind, submit)
        finally:
            running.kill()
    assert isinstance(receipt, DeliverSm)
    assert receipt.short_message.startswith(b"id:" + b"0" * 63 + b"1 ")
    assert b"stat:UNDELIV err:001" in receipt.short_message
