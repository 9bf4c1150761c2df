"""Millions of live return paths in the store: how long a lookup takes, and how much memory."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from attrs import field, frozen

from benchmarks.checkout import ROOT
from benchmarks.process import ProgramError, running
from smppgate.store import Limits

RETURN_PATHS = 10_000_000
LOOKUPS = 20_000

LIMITS = Limits(return_paths=2 * RETURN_PATHS)
"""The gate's own but for the room that old return paths have: none has to go meanwhile."""

_LONGEST_SECONDS = 3600.0
_LOOK_SECONDS = 0.2


@frozen
class PathLookups:
    """What the store's process found.

    ``rss_mb`` and ``disk_mb`` are 10^6 octets, at the end; ``kept_per_second`` is how fast it took
    return paths in; ``pause_ms`` is the longest pause of the reactor, by what was done meanwhile;
    latencies are microseconds from asking to the answer; ``others`` is the share of the core that
    something else used during lookups.
    """

    paths: int
    kept_per_second: float
    lookups: int
    latency_us: dict[str, float]
    pause_ms: dict[str, float]
    others: float
    rss_mb: float
    disk_mb: float
    faults: dict[str, int] = field(factory=dict)


def measure_return_paths(
    core: int, paths: int = RETURN_PATHS, lookups: int = LOOKUPS
) -> PathLookups:
    """Fill a file, open a store on it in a process on ``core``, and look return paths up there.

    Raises ProgramError when that does not end well.
    """
    kept = min(paths, LIMITS.recent)
    with tempfile.TemporaryDirectory(prefix="smppgate-bench-") as name:
        directory = Path(name)
        state, result = str(directory / "state"), directory / "found.json"
        run_module(core, directory, "benchmarks.return_paths_fill", state, paths - kept)
        counts = (paths - kept, kept, lookups)
        run_module(core, directory, "benchmarks.return_paths_process", state, result, *counts)
        return PathLookups(**json.loads(result.read_text()))


def run_module(core: int, directory: Path, module: str, *arguments: object) -> None:
    """Run a module on ``core`` to its end; raises ProgramError if that is an error."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    with running(command, core, directory, ROOT) as program:
        end = time.monotonic() + _LONGEST_SECONDS
        while program.running and time.monotonic() < end:
            time.sleep(_LOOK_SECONDS)
        if program.status:
            raise ProgramError(f"{module}: {program.said()}")
