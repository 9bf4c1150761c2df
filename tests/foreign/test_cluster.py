"""Nodes with Redis, Sentinels and HAProxy as they are: what breaks loses nothing."""

from __future__ import annotations

import subprocess
import sys

from tests.e2e.program import ROOT
from tests.foreign.programs import found

LONGEST = 300.0
"""Seconds; it takes a quarter of that."""


def test_nothing_is_lost_whatever_breaks() -> None:
    """`make cluster` says so, and ends with 0."""
    found("haproxy"), found("redis-server")
    faults = ("--seconds", "10", "--faults", "redis,queue")
    command = [sys.executable, "-m", "benchmarks.cluster", *faults]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=LONGEST, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing was lost" in done.stdout
