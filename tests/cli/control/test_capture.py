"""Captures as files: whole blocks, readable by nobody else, and what was left out is told."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from smppgate.cli.control.capture import Blocks
from smppgate.observe.traffic.pcapng import PACKET, Pcapng, block, packet_block
from tests.cli.control.conftest import Command
from tests.cli.control.fake_gate import FakeGate

FORM = Pcapng(True, "smppgate")
HEAD = FORM.head()
PACKETS = [packet_block(b"x" * size, 1.5, True, "") for size in (1, 50, 7)]
WHOLE = HEAD + b"".join(PACKETS)


def streams(gate: FakeGate, octets: bytes) -> None:
    gate.answers["GET /capture"] = lambda request: request.stream(octets)


def test_blocks_are_cut_wherever_octets_are_split() -> None:
    for size in (1, 3, 13, 1000):
        blocks, found = Blocks(), list[bytes]()
        for at in range(0, len(WHOLE), size):
            found += blocks.taken(WHOLE[at : at + size])
        assert b"".join(found) == WHOLE
        assert (len(found), blocks.packets) == (5, 3)


def test_a_file_is_for_its_owner_alone(
    gate: FakeGate, command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    streams(gate, WHOLE)
    file = tmp_path / "x.pcapng"
    # One that was there before is written anew.
    file.write_bytes(b"old" * 1000)
    file.chmod(0o644)
    assert command("capture", "-w", str(file), "--seconds", "5") == 0
    assert file.read_bytes() == WHOLE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert capsys.readouterr().err == "smppgate capture: 3 packets\n"


def test_a_file_ends_in_front_of_a_block_that_would_be_too_much(
    gate: FakeGate, command: Command, tmp_path: Path
) -> None:
    streams(gate, WHOLE)
    file = tmp_path / "x.pcapng"
    size = len(HEAD) + len(PACKETS[0])
    assert command("capture", "-w", str(file), "--max-size", str(size + 20)) == 0
    assert file.read_bytes() == WHOLE[:size]


def test_standard_output_and_what_was_left_out(
    gate: FakeGate, command: Command, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    octets = WHOLE + FORM.left_out(1234, 2.0)
    streams(gate, octets)
    assert command("capture", "-w", "-") == 2
    told = capfdbinary.readouterr()
    assert told.out == octets
    assert b"3 packets; 1,234 PDUs left out" in told.err
    assert b"has ended the stream" in told.err


@pytest.mark.parametrize("octets", [b"no pcapng at all", block(PACKET, bytes(1 << 20))])
def test_what_is_no_capture(
    gate: FakeGate,
    command: Command,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    octets: bytes,
) -> None:
    streams(gate, octets)
    assert command("capture", "-w", str(tmp_path / "x.pcapng")) == 2
    assert "sends no pcapng" in capsys.readouterr().err


def test_a_file_that_cannot_be_written(gate: FakeGate, command: Command) -> None:
    streams(gate, WHOLE)
    assert command("capture", "-w", "/none/x.pcapng") == 1
