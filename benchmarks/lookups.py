"""A store that is filled through `IStore`, started again, and asked: the default one."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from attrs import field, frozen

from benchmarks.checkout import ROOT
from benchmarks.machine import require_disk
from benchmarks.process import ProgramError, running

PATHS = 200_000
LOOKUPS = 2_000

NOTATIONS = 60
"""Ids that are looked for at once where a receipt's own is not known, see `smppgate.routing`."""

RATE = 150_000
"""Return paths a second that are kept: more than a gate on one core has messages."""


_LONGEST_SECONDS = 3600.0
_LOOK_SECONDS = 0.2


@frozen
class LookupsFound:
    """What the processes of the store found; memory and disk in 10^6 octets.

    ``kept_per_second`` is how fast it took return paths in, of `RATE`; ``late_ms`` the longest
    pause of the reactor meanwhile and ``own_ms`` the longest for which the process was at work;
    ``others`` the share of the core that something else used. ``start_seconds`` is how long the
    store took to open again. ``exact_us`` and ``notations_us`` are microseconds from asking to the
    answer, for one id and for `NOTATIONS`.
    """

    paths: int
    kept_per_second: float
    late_ms: float
    own_ms: float
    others: float
    rss_keeping_mb: float
    disk_mb: float
    start_seconds: float
    lookups: int
    exact_us: dict[str, float]
    notations_us: dict[str, float]
    rss_mb: float
    faults: dict[str, int] = field(factory=dict)


def measure_lookups(core: int, paths: int, lookups: int, store: str) -> LookupsFound:
    """Keep so many return paths in one process on ``core``, and look them up in the next.

    Raises ProgramError when that does not end well, or temporary files are not on a disk.
    """
    require_disk()
    with tempfile.TemporaryDirectory(prefix="smppgate-bench-") as name:
        directory = Path(name)
        figures: dict[str, Any] = {}
        faults: Counter[str] = Counter()
        for what in ("keep", "look"):
            file = directory / f"{what}.json"
            arguments = (what, store, directory / "state", file, paths, lookups)
            run_module(core, directory, "benchmarks.lookups_process", *arguments)
            found = json.loads(file.read_text())
            faults.update(found.pop("faults"))
            figures |= found
        return LookupsFound(paths=paths, lookups=lookups, faults=dict(faults), **figures)


def line(found: LookupsFound) -> str:
    """What was found, in one line."""
    exact, notations = (
        ", ".join(f"{rank} {us:,.0f}" for rank, us in latencies.items())
        for latencies in (found.exact_us, found.notations_us)
    )
    state = f"  FAULTS {found.faults}" if found.faults else ""
    return (
        f"{found.paths:,} return paths kept at {found.kept_per_second:,.0f}/s: reactor late "
        f"{found.late_ms:.1f} ms at most, at work {found.own_ms:.1f} ms, others used "
        f"{found.others:.0%} of the core; {found.disk_mb:,.0f} MB on disk; started again in "
        f"{found.start_seconds:.2f} s; lookups µs: one id {exact}; {NOTATIONS} ids {notations}; "
        f"RSS {found.rss_keeping_mb:.0f} MB keeping, {found.rss_mb:.0f} MB looking up{state}"
    )


def run_module(core: int, directory: Path, module: str, *arguments: object) -> None:
    """Run a module on ``core`` to its end; raises ProgramError if that is an error."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    with running(command, core, directory, ROOT) as program:
        end = time.monotonic() + _LONGEST_SECONDS
        while program.running and time.monotonic() < end:
            time.sleep(_LOOK_SECONDS)
        if program.status:
            raise ProgramError(f"{module}: {program.said()}")
