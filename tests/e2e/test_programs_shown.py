"""Programs that the documentation shows are typed, and do what they are shown for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, Block, blocks
from tests.e2e.ports import free_port
from tests.e2e.program import RunningProgram, launched, until_done
from tests.e2e.twistd import settings
from tests.e2e.wire import PATIENCE

SHOWN = blocks("python")
OF_PEERS = ("3001", "2775")
"""Ports that programs connect to, where they name one: the simulated SMSC is on them."""

SERVICES = "# mypy: disallow-untyped-calls=False\n"
"""Twisted's services are not annotated: setup.cfg has this for the modules that start some."""


def test_there_are_some() -> None:
    assert {"README.md", "docs/settings.md"} <= {block.place.partition(":")[0] for block in SHOWN}


def typed(folder: Path, *texts: str) -> subprocess.CompletedProcess[str]:
    """What mypy says of these programs, by the rules of the project's own code."""
    files = []
    for number, text in enumerate(texts):
        files.append(folder / f"shown_{number}.py")
        files[-1].write_text(f"{SERVICES}{text}")
    line = [sys.executable, "-m", "mypy", *map(str, files)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)


def test_mypy_finds_nothing_in_them(tmp_path: Path) -> None:
    examples = [path.read_text("utf-8") for path in sorted(ROOT.glob("examples/*.py"))]
    done = typed(tmp_path, *(block.text for block in SHOWN), *examples)
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy_finds_what_is_wrong_in_one(tmp_path: Path) -> None:
    wrong = "from smppgate.txsmpp import SubmitSm\n\nSubmitSm(short_message='text')\n"
    assert "arg-type" in typed(tmp_path, wrong).stdout


@pytest.mark.parametrize("block", SHOWN, ids=lambda block: block.place)
def test_they_run_to_their_ends(block: Block, tmp_path: Path) -> None:
    """With a simulated SMSC, and with `smppgate.toml` in the folder."""
    port = free_port()
    (tmp_path / "smppgate.toml").write_text(settings(free_port(), {"alpha": port}))
    text = block.text
    for shown in OF_PEERS:
        text = text.replace(f"127.0.0.1:{shown}", f"127.0.0.1:{port}")
    (tmp_path / "shown.py").write_text(text)
    line = [sys.executable, "-m", "smppgate", "simulate", "--listen"]
    smsc = RunningProgram(launched(tmp_path, [*line, f"tcp:{port}:interface=127.0.0.1"]))
    with until_done(smsc, "listens on"):
        process = launched(tmp_path, [sys.executable, "shown.py"])
        try:
            told, _ = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert process.returncode == 0, told
    assert "Traceback" not in told
    if "print(" in text:
        assert told.strip()
