"""A program under measurement: on a core of its own, watched through /proc, ended by its id."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from benchmarks.esme import HOST

_STOP_SECONDS = 10.0
_PATIENCE = 60.0

# Of a worker too, whose number stands behind the level.
_ERROR = re.compile(r"#(error|critical)( worker \d+)?\]")


class ProgramError(Exception):
    """The program under measurement does not run; the message has its last output."""


class Watched(Protocol):
    """What a measurement has to know of that which stands between; see `Program`."""

    @property
    def running(self) -> bool:
        """Whether it has not ended."""

    @property
    def cpu_seconds(self) -> float:
        """Processor time used so far."""

    @property
    def rss_mb(self) -> float:
        """Resident memory in units of 10^6 octets."""

    def said(self) -> str:
        """The end of what it wrote."""

    def errors(self) -> int:
        """How many errors it has logged."""


class Program:
    """A child process and what /proc says of it."""

    def __init__(self, child: subprocess.Popen[bytes], log: Path) -> None:
        self._child = child
        self._log = log
        self._proc = Path("/proc") / str(child.pid)
        self._clock = _processor_clock(child.pid)

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._child.poll() is None

    @property
    def status(self) -> int | None:
        """What it ended with, None while it runs."""
        return self._child.poll()

    @property
    def cpu_seconds(self) -> float:
        """Processor time used so far, user and system, by all its threads, ended ones too."""
        return time.clock_gettime(self._clock)

    @property
    def rss_mb(self) -> float:
        """Resident memory in units of 10^6 octets."""
        status = (self._proc / "status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024 / 1e6

    @property
    def folder(self) -> Path:
        """What it writes is beneath."""
        return self._log.parent

    @property
    def log(self) -> Path:
        """What it wrote."""
        return self._log

    def stay_on(self, core: int) -> None:
        """Run on no other core; at once after exec, threads that it starts later inherit this."""
        os.sched_setaffinity(self._child.pid, {core})

    def send_signal(self, number: signal.Signals) -> None:
        """Tell it something."""
        self._child.send_signal(number)

    def said(self) -> str:
        """The end of what it wrote."""
        return self._log.read_text(errors="replace")[-2000:]

    def awaited(self, what: re.Pattern[str], count: int) -> list[str]:
        """What the log says, once it does so many times; raises ProgramError."""
        by = time.monotonic() + _PATIENCE
        while len(found := what.findall(self._log.read_text(errors="replace"))) < count:
            if time.monotonic() > by:
                raise ProgramError(f"the log has {len(found)} lines like {what.pattern}")
            time.sleep(0.05)
        return found

    def errors(self) -> int:
        """How many errors it has logged, where it logs as Twisted does."""
        lines = self._log.read_text(errors="replace").splitlines()
        return sum(bool(_ERROR.search(line)) for line in lines)

    def kill(self) -> None:
        """SIGKILL: it has no time to do anything more."""
        self._child.kill()
        self._child.wait()

    def end(self) -> None:
        """SIGTERM, and SIGKILL if that is not heard; by its id alone."""
        if self.running:
            self._child.send_signal(signal.SIGTERM)
        try:
            self._child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()


def started(command: list[str], log: Path, cwd: Path) -> Program:
    """The command; its output goes to ``log``. The caller ends it."""
    with log.open("wb") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
        )
    return Program(child, log)


@contextlib.contextmanager
def running(command: list[str], core: int, directory: Path, cwd: Path) -> Iterator[Program]:
    """The command, on that core, until the block ends; its output goes to a file."""
    program = started(command, directory / "output.log", cwd)
    try:
        program.stay_on(core)
        yield program
    finally:
        program.end()


def processor_seconds(pid: int) -> float:
    """Processor time that a process of that id has used; see `Program.cpu_seconds`."""
    return time.clock_gettime(_processor_clock(pid))


def _processor_clock(pid: int) -> int:
    """The clock of the processor time of a process, which counts nanoseconds.

    /proc/PID/stat counts hundredths of a second: too coarse to see a few percent in. Python has
    no clock_getcpuclockid(3); this is how Linux numbers these clocks.
    """
    per_process_sched = 2
    return (~pid << 3) | per_process_sched


def free_port() -> int:
    """A loopback port that nothing listens on at the moment."""
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
