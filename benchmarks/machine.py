"""The machine and the versions a result is true of, and its cores."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from attrs import frozen

from benchmarks.haproxy import installed
from benchmarks.process import ProgramError

_FILES_WANTED = 16384
MOUNTS = Path("/proc/mounts")
_IN_MEMORY = {"tmpfs", "ramfs"}
_TICKS = os.sysconf("SC_CLK_TCK")


@frozen
class Cores:
    """Which core runs the program under measurement, and which the generator."""

    program: int
    generator: int

    @property
    def shared(self) -> bool:
        """Whether there is but one: the figures then say little."""
        return self.program == self.generator


def pin_generator() -> Cores:
    """Keep this process on the last core it may use; programs are to have the first."""
    usable = sorted(os.sched_getaffinity(0))
    cores = Cores(program=usable[0], generator=usable[-1])
    os.sched_setaffinity(0, {cores.generator})
    return cores


class CoreUsage:
    """What a core does from now on beside those it is meant for.

    :param own: gives the processor time, in seconds, of what is meant to run there.
    """

    def __init__(self, core: int, own: Callable[[], float]) -> None:
        self._core = core
        self._own = own
        self._began = self._now()

    def others(self) -> float:
        """The share of the core that something else used."""
        wall, own, all_ = (now - then for now, then in zip(self._now(), self._began, strict=True))
        return max(0.0, all_ - own) / wall

    def _now(self) -> tuple[float, float, float]:
        return time.perf_counter(), self._own(), _core_seconds(self._core)


def _core_seconds(core: int) -> float:
    """Seconds for which that core did anything for anybody, since the machine was started."""
    lines = Path("/proc/stat").read_text().splitlines()
    fields = next(line for line in lines if line.startswith(f"cpu{core} ")).split()
    # user, nice, system, idle, iowait, irq, softirq, steal; guests are in user already.
    user, nice, system, _, _, irq, softirq, steal = map(int, fields[1:9])
    return (user + nice + system + irq + softirq + steal) / _TICKS


def is_in_memory(folder: Path) -> bool:
    """Whether files there are kept in memory, not on a disk."""
    mounts = [line.split() for line in MOUNTS.read_text().splitlines()]
    # Of several at one place the last one counts.
    kinds = {Path(point): kind for _, point, kind, *_ in mounts}
    place = folder.resolve()
    return next(kinds[each] for each in (place, *place.parents) if each in kinds) in _IN_MEMORY


def require_disk() -> None:
    """Raise ProgramError where temporary files are in memory: the disk is what is measured."""
    folder = tempfile.gettempdir()
    if is_in_memory(Path(folder)):
        raise ProgramError(f"{folder} is in memory: let TMPDIR be on a disk")


def own_rss_mb() -> float:
    """Resident memory of this process in units of 10^6 octets."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024 / 1e6


def allow_many_files() -> int:
    """Raise the limit of open files, for children too, as far as is allowed; gives the limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft = _FILES_WANTED if hard == resource.RLIM_INFINITY else min(_FILES_WANTED, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft


def description() -> dict[str, str]:
    """Processor, system and versions, by name."""
    return {
        **hardware(),
        "python": platform.python_version(),
        "twisted": _version("twisted"),
        "smppgate": _version("smppgate"),
        "haproxy": _haproxy_version(),
    }


def hardware() -> dict[str, str]:
    """Processor and system, by name."""
    return {
        "cpu": _cpu_model(),
        "cores": str(os.cpu_count()),
        "kernel": platform.release(),
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "from the source tree"


def _haproxy_version() -> str:
    program = installed()
    if program is None:
        return "not installed"
    said = subprocess.run([program, "-v"], capture_output=True, text=True, check=False).stdout
    return said.split()[2] if len(said.split()) > 2 else "unknown"
