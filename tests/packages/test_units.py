"""The units of systemd: what systemd itself says of them, and a listener that it hands over.

systemd's own programs are needed; a systemd that runs is not.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.ports import free_port
from tests.e2e.program import ROOT, RunningProgram, launched, until_done
from tests.e2e.twistd import settings
from tests.e2e.wire import RESP, SUBMIT_SM, Pdu, Smsc, bound, hang_up, message_body, pdu

UNITS = ("smppgate.service", "smppgate.socket")
MOST_EXPOSED = 2.0
"""Of 10; `systemd-analyze security` calls what is below OK."""

ANALYZE = shutil.which("systemd-analyze")
ACTIVATE = shutil.which("systemd-socket-activate")

needs_analyze = pytest.mark.skipif(ANALYZE is None, reason="no systemd-analyze")


def analyzed(*words: str) -> subprocess.CompletedProcess[str]:
    line = [str(ANALYZE), *words]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def exposure(unit: Path) -> float:
    told = analyzed("security", "--offline=true", "--no-pager", str(unit)).stdout
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", told)
    assert found is not None, told
    return float(found[1])


@needs_analyze
def test_a_gate_can_do_little_to_its_machine(tmp_path: Path) -> None:
    shipped = ROOT / "etc" / "smppgate.service"
    assert exposure(shipped) <= MOST_EXPOSED
    # It is the unit that is judged, and not the machine.
    bare = tmp_path / "smppgate.service"
    bare.write_text(
        re.sub(
            r"^(Protect|Private|Restrict|SystemCall|Capab).*\n",
            "",
            shipped.read_text(),
            flags=re.M,
        )
    )
    assert exposure(bare) > MOST_EXPOSED


@needs_analyze
def test_systemd_understands_all_of_it(tmp_path: Path) -> None:
    """Where the program is there; the pages of the manual are not installed here."""
    program = shutil.which("true")
    for name in UNITS:
        text = (ROOT / "etc" / name).read_text()
        text = text.replace("/opt/smppgate/bin/smppgate", str(program))
        (tmp_path / name).write_text(re.sub(r"^Documentation=.*\n", "", text, flags=re.M))
    done = analyzed("verify", *(str(tmp_path / name) for name in UNITS))
    assert (done.returncode, done.stderr) == (0, "")
    wrong = tmp_path / "smppgate.service"
    wrong.write_text(wrong.read_text().replace("ProtectClock=yes", "ProtectClok=yes"))
    assert "ProtectClok" in analyzed("verify", str(wrong)).stderr


def test_the_unit_has_what_the_program_counts_on() -> None:
    lines = (ROOT / "etc" / "smppgate.service").read_text().splitlines()
    for line in (
        "Type=notify",
        "DynamicUser=yes",
        "StateDirectory=smppgate",
        "WorkingDirectory=/var/lib/smppgate",
        "ProtectSystem=strict",
        "ExecReload=/bin/kill -HUP $MAINPID",
    ):
        assert line in lines
    # TLS cannot start with it: OpenSSL calls back into memory that is written at run time.
    assert not any(line.startswith("MemoryDenyWriteExecute") for line in lines)
    (watchdog,) = (line for line in lines if line.startswith("WatchdogSec="))
    assert int(watchdog.partition("=")[2]) >= 10


@pytest.mark.skipif(ACTIVATE is None, reason="no systemd-socket-activate")
def test_a_gate_listens_on_what_systemd_opened(tmp_path: Path) -> None:
    """As smppgate.socket says it: by its name, and a connection from before waits for it."""
    port = free_port()
    with Smsc() as smsc:
        config = settings(port, {"alpha": smsc.port})
        endpoint = f"tcp:{port}:interface=127.0.0.1"
        assert endpoint in config
        (tmp_path / "gate.toml").write_text(
            config.replace(endpoint, "systemd:domain=INET:name=smpp")
        )
        line = [str(ACTIVATE), "--listen", f"127.0.0.1:{port}", "--fdname", "smpp"]
        line += [f"--setenv=PYTHONPATH={os.pathsep.join([str(ROOT)])}"]
        line += [sys.executable, "-m", "smppgate", "run", "--config", str(tmp_path / "gate.toml")]
        program = RunningProgram(launched(tmp_path, line))
        with until_done(program, "Listening on"):
            try:
                esme = bound(port)
                link = smsc.link()
                program.wait_for_log("bound at")
                esme.send(pdu(SUBMIT_SM, 2, message_body()))
                request = link.receive_message()
                link.send(pdu(SUBMIT_SM | RESP, request.number, b"id\0"))
                assert esme.receive_message() == Pdu(SUBMIT_SM | RESP, 0, 2, b"alphaid\0")
            finally:
                hang_up()
