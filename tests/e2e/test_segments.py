"""Return paths in segments: what becomes of files that are cut, damaged, full or gone."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.test_store import linked
from tests.e2e.twistd import free_port, running, settings
from tests.e2e.wire import (
    DELIVER_SM,
    RESP,
    Smsc,
    Wire,
    bound,
    delivered,
    pdu,
    receipt_body,
    submitted,
)


def youngest(folder: Path) -> Path:
    """The segment that was written to last."""
    return max((folder / "paths").glob("*.log"))


def check(link: Wire, esme: Wire, given: dict[bytes, bytes]) -> None:
    """Each receipt comes home."""
    for own, message_id in given.items():
        assert delivered(link, esme, receipt_body(own)) == receipt_body(message_id)


def is_unknown(link: Wire, own: bytes) -> bool:
    """Whether the gate knows no message of this id of the SMSC's."""
    link.send(pdu(DELIVER_SM, 7, receipt_body(own)))
    return link.receive_message()[:3] == (DELIVER_SM | RESP, 0x64, 7)


@pytest.mark.parametrize("cut", [1, 7, 20])
def test_a_record_that_is_cut_off_is_not_taken_and_those_before_it_are(
    tmp_path: Path, cut: int
) -> None:
    """As after a loss of power in the middle of a write."""
    port = free_port()
    with Smsc() as smsc:
        config = settings(port, {"alpha": smsc.port})
        with running(tmp_path, config, port) as gate:
            link, esme = linked(gate, smsc), bound(port)
            given = {own: submitted(esme, link, own) for own in (b"1", b"2")}
            submitted(esme, link, b"torn")
            gate.kill()
        segment = youngest(tmp_path / "state")
        os.truncate(segment, segment.stat().st_size - cut)
        with running(tmp_path, config, port) as gate:
            link, esme = linked(gate, smsc), bound(port)
            assert f"octets of {segment.name} are no return paths" in gate.log
            assert is_unknown(link, b"torn")
            check(link, esme, given)
            given[b"3"] = submitted(esme, link, b"3")
            gate.kill()
        with running(tmp_path, config, port) as gate:
            link, esme = linked(gate, smsc), bound(port)
            check(link, esme, given)
            assert "Traceback" not in gate.log


def test_a_record_with_a_flipped_bit_is_not_taken_and_the_others_are(tmp_path: Path) -> None:
    port = free_port()
    with Smsc() as smsc:
        config = settings(port, {"alpha": smsc.port})
        with running(tmp_path, config, port) as gate:
            link, esme = linked(gate, smsc), bound(port)
            given = {own: submitted(esme, link, own) for own in (b"4F01", b"4F02", b"4F03")}
            gate.kill()
        segment = youngest(tmp_path / "state")
        octets = bytearray(segment.read_bytes())
        octets[octets.index(b"4F02")] ^= 0x10
        segment.write_bytes(octets)
        with running(tmp_path, config, port) as gate:
            link, esme = linked(gate, smsc), bound(port)
            assert is_unknown(link, b"4F02")
            del given[b"4F02"]
            check(link, esme, given)
            assert "Traceback" not in gate.log


@pytest.mark.parametrize("gone", ["file", "folder"])
def test_what_disappears_is_written_again(tmp_path: Path, gone: str) -> None:
    """Messages go on, and what memory has is on disk a moment later."""
    port = free_port()
    with Smsc() as smsc:
        config = settings(port, {"alpha": smsc.port})
        with running(tmp_path, config, port) as gate:
            link, esme = linked(gate, smsc), bound(port)
            given = {own: submitted(esme, link, own) for own in (b"1", b"2")}
            segment = youngest(tmp_path / "state")
            if gone == "file":
                segment.unlink()
            else:
                shutil.rmtree(segment.parent)
            given[b"3"] = submitted(esme, link, b"3")
            gate.wait_for_log("is gone")
            given[b"4"] = submitted(esme, link, b"4")
            check(link, esme, given)
            gate.kill()
        with running(tmp_path, config, port) as gate:
            link, esme = linked(gate, smsc), bound(port)
            check(link, esme, given)
            assert "Traceback" not in gate.log


@contextmanager
def small_disk(folder: Path, octets: int) -> Iterator[None]:
    """A file system of this size at ``folder``; skips the test where none can be mounted."""
    folder.mkdir(mode=0o700)
    command = ["mount", "-t", "tmpfs", "-o", f"size={octets},mode=700", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except OSError as error:
        pytest.skip(f"nothing can be mounted here: {error}")
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_disk_that_is_full_costs_no_message(tmp_path: Path) -> None:
    """It is told once; what was missed is written when there is room, and survives a kill."""
    port, state = free_port(), tmp_path / "state"
    with small_disk(state, 2 << 20), Smsc() as smsc:
        config = settings(port, {"alpha": smsc.port})
        with running(tmp_path, config, port) as gate:
            link, esme = linked(gate, smsc), bound(port)
            given = {b"before": submitted(esme, link, b"before")}
            filler = state / "filler"
            with filler.open("wb", buffering=0) as stream:
                try:
                    while True:
                        stream.write(bytes(4096))
                except OSError:
                    pass
            # What is left of the last page takes some of them.
            for number in range(200):
                own = b"full-%d" % number
                given[own] = submitted(esme, link, own)
            gate.wait_for_log("Messages are forwarded all the same")
            assert gate.log.count("Messages are forwarded all the same") == 1
            check(link, esme, {own: given[own] for own in (b"before", b"full-7", b"full-199")})
            filler.unlink()
            gate.wait_for_log("works again")
            given[b"after"] = submitted(esme, link, b"after")
            gate.kill()
        with running(tmp_path, config, port) as gate:
            link, esme = linked(gate, smsc), bound(port)
            check(link, esme, given)
            assert "Traceback" not in gate.log
