"""A program under measurement, as the kernel sees it."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from benchmarks import process
from benchmarks.process import Program, ProgramError


def test_processor_time_is_exact() -> None:
    """The program's own clock, not the hundredths of a second of /proc/PID/stat."""
    child = cast("subprocess.Popen[bytes]", SimpleNamespace(pid=os.getpid()))
    program = Program(child, Path("/nowhere/output.log"))
    before = time.process_time()
    found = program.cpu_seconds
    assert before <= found <= time.process_time()


def test_a_line_of_the_log_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "output.log"
    log.write_text("worker 1 serves\nworker 2 ser")
    child = cast("subprocess.Popen[bytes]", SimpleNamespace(pid=os.getpid()))
    program = Program(child, log)

    def more(_: float) -> None:
        log.write_text("worker 1 serves\nworker 2 serves\n")

    monkeypatch.setattr(time, "sleep", more)
    assert program.awaited(re.compile(r"worker (\d) serves"), 2) == ["1", "2"]
    monkeypatch.setattr(process, "_PATIENCE", 0.0)
    with pytest.raises(ProgramError, match="has 2 lines"):
        program.awaited(re.compile("serves"), 3)
