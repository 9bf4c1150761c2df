"""Millions of live routes in the store: how long a lookup takes, and how much memory."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from attrs import field, frozen

from benchmarks.gate_process import ROOT
from benchmarks.process import ProgramError, running

ROUTES = 10_000_000
LOOKUPS = 20_000

_FILL_AND_LOOK_SECONDS = 3600.0
_LOOK_SECONDS = 0.2


@frozen
class RouteLookups:
    """What the store's process found.

    ``rss_mb`` and ``disk_mb`` are 10^6 octets, at the end; ``pause_ms`` is the longest pause of
    the reactor, by what was done meanwhile; latencies are microseconds from asking to the answer.
    """

    routes: int
    fill_seconds: float
    lookups: int
    latency_us: dict[str, float]
    pause_ms: dict[str, float]
    rss_mb: float
    disk_mb: float
    faults: dict[str, int] = field(factory=dict)


def measure_routes(core: int, routes: int = ROUTES, lookups: int = LOOKUPS) -> RouteLookups:
    """Fill a store in a process of its own, on ``core``, and look routes up there.

    Raises ProgramError when that process does not end well.
    """
    with tempfile.TemporaryDirectory(prefix="smppgate-bench-") as name:
        directory = Path(name)
        result = directory / "found.json"
        arguments = [str(directory / "state"), str(routes), str(lookups), str(result)]
        command = [sys.executable, "-m", "benchmarks.routes_process", *arguments]
        with running(command, core, directory, ROOT) as program:
            end = time.monotonic() + _FILL_AND_LOOK_SECONDS
            while program.running and time.monotonic() < end:
                time.sleep(_LOOK_SECONDS)
            if not result.exists():
                raise ProgramError(f"routes: {program.said()}")
            return RouteLookups(**json.loads(result.read_text()))
