"""The tutorial's commands, one after the other, with the file that it makes."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from tests.docs.blocks import ROOT, all_blocks
from tests.e2e.ports import free_port
from tests.e2e.program import RunningProgram, launched, until_done
from tests.e2e.wire import PATIENCE

PORTS = ("2775", "3001", "3002")
READY = {"simulate": "listens on", "run": "bound at"}
"""What a command that goes on says when the next one may come."""


def steps() -> Iterator[tuple[str, str]]:
    """Each command, and each piece of TOML, which is to be added to the file."""
    for block in all_blocks(ROOT / "docs" / "tutorial.md"):
        if block.language == "toml":
            yield "toml", block.text
        else:
            for line in block.text.splitlines():
                if line.startswith("$ "):
                    yield "command", line.removeprefix("$ ")


def replaced(text: str, ports: Mapping[str, int]) -> str:
    for shown, port in ports.items():
        text = text.replace(f":{shown}", f":{port}")
    return text


def command(text: str) -> list[str]:
    program, *words = shlex.split(text.removesuffix("&"))
    assert program == "smppgate"
    return [sys.executable, "-m", "smppgate", *words]


def done(folder: Path, text: str) -> str:
    """What it says, when it has ended without fault."""
    process = launched(folder, command(text))
    try:
        told, _ = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode == 0, f"{text}:\n{told}"
    return told


def test_every_step_does_what_it_says(tmp_path: Path) -> None:
    """Those that go on, with an & behind them, are up before the next one."""
    file = tmp_path / "smppgate.toml"
    ports = {shown: free_port() for shown in PORTS}
    said: dict[str, str] = {}
    with ExitStack() as stack:
        for kind, shown in steps():
            text = replaced(shown, ports)
            if kind == "toml":
                file.write_text(f"{file.read_text()}\n{text}")
            elif text.endswith("&"):
                program = RunningProgram(launched(tmp_path, command(text)))
                stack.enter_context(until_done(program, READY[command(text)[3]]))
            else:
                said[text] = done(tmp_path, text)
                file.write_text(replaced(file.read_text(), ports))
    (sent,) = (told for text, told in said.items() if text.startswith("smppgate send"))
    assert "DELIVRD" in sent
    assert re.search(r"^beta +ready", said["smppgate smscs"], re.MULTILINE), said
    assert "beta" in said["smppgate status"] or "2" in said["smppgate status"]
