"""Captures of a running gate, read by tshark: nothing in them is malformed."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.e2e.program import RunningProgram, launched
from tests.e2e.wire import RESP, SUBMIT_SM, Smsc, bound
from tests.foreign.programs import before, found
from tests.foreign.test_tshark import SUBMITTED, delivered_bodies, talk


def told(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def commands_of(file: Path, ports: tuple[int, ...]) -> Counter[tuple[int, int]]:
    """Have tshark read it: (server's port, command_id) → PDUs. Fails at anything malformed."""
    ways = [word for port in ports for word in ("-d", f"tcp.port=={port},smpp")]
    checks = ("-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE")
    read = (found("tshark"), "-r", str(file), *ways, *checks)
    wrong = "_ws.malformed || _ws.expert.severity == error || tcp.analysis.flags"
    wrong += " || tcp.checksum.status == Bad || ip.checksum.status == Bad"
    assert not told(*read, "-Y", wrong, "-V")
    fields = ("-T", "fields", "-e", "tcp.srcport", "-e", "tcp.dstport", "-e", "smpp.command_id")
    counted: Counter[tuple[int, int]] = Counter()
    for line in told(*read, "-Y", "smpp", *fields).splitlines():
        source, target, ids = line.split("\t")
        (port,) = {int(source), int(target)} & set(ports)
        counted.update((port, int(each, 0)) for each in ids.split(","))
    return counted


def test_every_pdu_of_a_capture_is_decoded(tmp_path: Path) -> None:
    file = tmp_path / "all.pcapng"
    with Smsc() as smsc, before(tmp_path, {"alpha": smsc.port}) as gate:
        link = smsc.link()
        gate.wait_for_log("bound at")
        line = (sys.executable, "-m", "smppgate", "capture", "-w", str(file), "--seconds", "8")
        capture = RunningProgram(launched(tmp_path, [*line, "--socket", "state/admin.sock"]))
        gate.wait_for_log("capture everything")
        talk(bound(gate.port), link)
        assert capture.wait() == 0, capture.log
        counted = commands_of(file, (gate.port, smsc.port))
        relayed = Counter(command for command, _ in (*SUBMITTED, *delivered_bodies(b"")))
        relayed[SUBMIT_SM] += 2
        for port in (gate.port, smsc.port):
            assert {each: counted[port, each] for each in relayed} == relayed
            assert {each: counted[port, each | RESP] for each in relayed} == relayed
