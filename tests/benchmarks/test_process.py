"""A program under measurement, as the kernel sees it."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from benchmarks.process import Program


def test_processor_time_is_exact() -> None:
    """The program's own clock, not the hundredths of a second of /proc/PID/stat."""
    child = cast("subprocess.Popen[bytes]", SimpleNamespace(pid=os.getpid()))
    program = Program(child, Path("/nowhere/output.log"))
    before = time.process_time()
    found = program.cpu_seconds
    assert before <= found <= time.process_time()
