"""The Debian package: built, installed on this machine, used, and removed without a trace.

It takes root and Debian's tools. A machine that has the package already is left alone.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.program import ROOT, RunningProgram, launched, until_done
from tests.e2e.twistd import free_port, settings
from tests.e2e.wire import (
    RESP,
    SUBMIT_SM,
    Pdu,
    Smsc,
    answer,
    bound,
    hang_up,
    message_body,
    pdu,
)
from tests.packages.conftest import run

HOME = Path("/usr/lib/smppgate")
CONFIGURATION = Path("/etc/smppgate/smppgate.toml")
UNIT = Path("/usr/lib/systemd/system/smppgate.service")
PLACES = (HOME, CONFIGURATION.parent, UNIT, Path("/usr/bin/smppgate"))

# What it installs need not survive a loss of power.
DPKG = ("dpkg", "--force-unsafe-io")
_NEEDED = ("dpkg", "dpkg-deb", "getent", "groupadd", "gzip")


def _missing() -> str:
    if os.geteuid() != 0:
        return "takes root"
    if not Path("/usr/bin/python3").exists():
        return "no /usr/bin/python3"
    if any(place.exists() for place in PLACES):
        return "the package is installed already"
    return next((f"no {tool}" for tool in _NEEDED if shutil.which(tool) is None), "")


pytestmark = pytest.mark.skipif(bool(_missing()), reason=_missing() or "-")


@pytest.fixture(scope="module")
def installed(package: Path) -> Iterator[Path]:
    """Its program, while it is installed."""
    try:
        run(*DPKG, "--install", package)
        yield Path("/usr/bin/smppgate")
    finally:
        subprocess.run([*DPKG, "--purge", "smppgate"], check=False, capture_output=True)


def test_what_it_is(package: Path) -> None:
    fields = run("dpkg-deb", "--field", package)
    assert "Package: smppgate\n" in fields
    assert "python3 (<< 3." in fields
    listed = run("dpkg-deb", "--contents", package)
    for line in listed.splitlines():
        assert " root/root " in line
    for path in ("usr/share/man/man1/smppgate.1.gz", "usr/share/man/man5/smppgate.toml.5.gz"):
        assert f"./{path}\n" in listed
    assert "usr/share/bash-completion/completions/smppgate" in listed
    assert "usr/share/zsh/vendor-completions/_smppgate" in listed


def test_nothing_runs_and_the_configuration_is_private(installed: Path) -> None:
    """It is valid as it is; only root and the group may read it."""
    assert "valid" in run(installed, "check", CONFIGURATION)
    status = CONFIGURATION.stat()
    assert stat.S_IMODE(status.st_mode) == 0o640
    assert run("getent", "group", str(status.st_gid)).startswith("smppgate-config:")
    assert not Path("/var/lib/smppgate").exists()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")
def test_systemd_finds_nothing_wrong_with_the_unit(installed: Path) -> None:
    """Its programs and its pages of the manual are there too."""
    assert f"ExecStart={HOME}/bin/smppgate run" in UNIT.read_text()
    line = ["systemd-analyze", "verify"]
    line += ["--man=no"] if shutil.which("man") is None else []
    assert run(*line, UNIT) == ""


def test_a_message_is_relayed(installed: Path, tmp_path: Path) -> None:
    """By the gate that was installed, and by nothing of this checkout."""
    port = free_port()
    with Smsc() as smsc:
        (tmp_path / "smppgate.toml").write_text(settings(port, {"alpha": smsc.port}))
        line = ["env", "-u", "PYTHONPATH", str(installed), "run"]
        with until_done(RunningProgram(launched(tmp_path, line)), "listening on ") as gate:
            try:
                link = smsc.link()
                gate.wait_for_log("bound at")
                esme = bound(port)
                esme.send(pdu(SUBMIT_SM, 2, message_body()))
                answer(link, link.receive_message())
                assert esme.receive_message() == Pdu(SUBMIT_SM | RESP, 0, 2, b"alphaid\0")
                assert run(installed, "health", cwd=tmp_path) == "ready\n"
                modules = Path(f"/proc/{gate.process.pid}/maps").read_text()
                assert f"{HOME}/lib/" in modules
                assert str(ROOT) not in modules
            finally:
                hang_up()


def test_commands_ask_the_service_unless_a_gate_is_named(installed: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [str(installed), "status"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "/var/lib/smppgate/state/admin.sock" in done.stderr


def test_removed_it_leaves_its_configuration_and_purged_nothing(installed: Path) -> None:
    run(*DPKG, "--remove", "smppgate")
    assert not HOME.exists()
    assert CONFIGURATION.exists()
    run(*DPKG, "--purge", "smppgate")
    assert [place for place in PLACES if place.exists()] == []
    done = subprocess.run(["getent", "group", "smppgate-config"], check=False)
    assert done.returncode == 2
