"""Reloads in a row under a steady load with receipts: what others notice, and how long it pauses.

The gate reads file after file by SIGHUP, each as soon as the one before is applied. The same load
without reloads, in the same run before them and after them, says what the machine itself does.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from sys import executable

from attrs import field, frozen

from benchmarks import esme
from benchmarks.checkout import ROOT
from benchmarks.churn import Churn
from benchmarks.measurement import percentiles
from benchmarks.process import Program, ProgramError, free_port, running
from benchmarks.reload_bench import ACCOUNTS, ReloadBench

RELOADS = 200
MOST_PAUSE_MS = 20.0
FLAT_MB = 8.0
"""How much memory the second half of the reloads may add."""

_WARMUP_SECONDS = 5.0
_QUIET_SECONDS = 30.0
_LOOK_SECONDS = 0.05
_START_SECONDS = 30.0
_RELOAD_SECONDS = 60.0
_SETTLE_SECONDS = 2.0

_GATE = """[gate]
name = "bench"
stop_timeout = 1.0
state_dir = "{state}"
[store]
return_paths = 50000
return_paths_in_memory = 20000
receipted_ttl = 1.0
"""
"""With few return paths the store comes to a rest while it is warmed up."""


@frozen
class Pause:
    """The reactor came late; seconds.

    ``cpu`` is processor time that its thread had meanwhile.
    """

    at: float
    late: float
    cpu: float

    @property
    def own_ms(self) -> float:
        """How much of it the reactor was at work: not what waited for the machine, or a thread."""
        return min(self.late, self.cpu) * 1e3


@frozen
class Phase:
    """What was found with reloads, or without: latencies in microseconds, pauses in ms."""

    seconds: float
    rate: float
    latency_us: dict[str, float]
    late_ms: float
    own_ms: float


@frozen
class ReloadsFound:
    """What was found; ``rss_mb`` is before the first reload, and after each."""

    quiet: list[Phase]
    reloading: Phase
    rss_mb: list[float]
    extra_taken: int
    faults: dict[str, int] = field(factory=dict)

    @property
    def grown_mb(self) -> float:
        """Memory that the second half of the reloads added."""
        half = self.rss_mb[len(self.rss_mb) // 2 :]
        return max(half) - half[0]

    @property
    def others_ms(self) -> float:
        """The longest pause of the gate's own doing without reloads."""
        return max(phase.own_ms for phase in self.quiet)


class _Run:
    """A gate under load, and its files."""

    def __init__(self, bench: ReloadBench, program: Program, pauses: Path) -> None:
        self._bench = bench
        self._program = program
        self._pauses = pauses
        self._log = program.log.open("rb")
        self._done = 0
        self.rss_mb: list[float] = []

    def phase(self, work: Callable[[], None]) -> Phase:
        """What is found while ``work`` is done."""
        bench = self._bench
        bench.forget_latencies()
        began, before = time.monotonic(), bench.tally
        work()
        seconds = time.monotonic() - began
        pauses = [each for each in _pauses(self._pauses) if each.at - each.late > began]
        return Phase(
            seconds=seconds,
            rate=(bench.tally - before).answered / seconds,
            latency_us=percentiles(bench.ledger.latencies),
            late_ms=max((each.late * 1e3 for each in pauses), default=0.0),
            own_ms=max((each.own_ms for each in pauses), default=0.0),
        )

    def reload(self, files: list[Path], config: Path) -> None:
        """Have the gate read one file after the other."""
        self.rss_mb.append(self._program.rss_mb)
        for file in files:
            os.replace(file, config)
            self._program.send_signal(signal.SIGHUP)
            self._await_reload()
            self.rss_mb.append(self._program.rss_mb)

    def _await_reload(self) -> None:
        end = time.monotonic() + _RELOAD_SECONDS
        wanted = self._done + 1
        while self._done < wanted:
            self._bench.run(_LOOK_SECONDS)
            # Only what is new: the whole log would keep the generator from its pace.
            self._done += self._log.read().count(b"is done")
            if not self._program.running or time.monotonic() > end:
                raise ProgramError(f"a reload was not done: {self._program.said()}")


def measure_reloads(core: int, tell: Callable[[str], None]) -> ReloadsFound:
    """Load a gate, reload it, and look at what comes of that."""
    bench = ReloadBench()
    with tempfile.TemporaryDirectory(prefix="smppgate-bench-") as name:
        folder = Path(name)
        config, pauses = folder / "gate.toml", folder / "pauses"
        port = free_port()
        gate = _GATE.format(state=folder / "state")
        churn = Churn(port, free_port(), bench.smsc_ports, ACCOUNTS, bench.busy, gate)
        config.write_text(churn.text(0))
        # Made ahead: to write a file takes longer than the pauses that are looked for. With the
        # last one the SMSC that comes and goes is there, to send what receipts it owes.
        files = [folder / f"{turn}.toml" for turn in range(1, RELOADS + 2)]
        for turn, file in enumerate(files, 1):
            file.write_text(churn.text(turn))
        command = [executable, "-m", "benchmarks.probed_gate", str(pauses), "run"]
        command += ["--config", str(config)]
        with (
            running(command, core, folder, ROOT) as program,
            contextlib.closing(bench),
            _no_collections(),
        ):
            _start(bench, program, port)
            run = _Run(bench, program, pauses)
            bench.run(_WARMUP_SECONDS)
            quiet = [run.phase(lambda: bench.run(_QUIET_SECONDS))]
            tell(_phase_line("without reloads", quiet[0]))
            reloading = run.phase(lambda: run.reload(files[:RELOADS], config))
            tell(_phase_line(f"{RELOADS} reloads", reloading))
            run.reload(files[RELOADS:], config)
            bench.run(_SETTLE_SECONDS)
            quiet.append(run.phase(lambda: bench.run(_QUIET_SECONDS)))
            tell(_phase_line("without reloads", quiet[1]))
            bench.drain()
            if errors := program.errors():
                bench.ledger.faults["errors in the log"] = errors
            return ReloadsFound(
                quiet, reloading, run.rss_mb, bench.extra_taken, dict(bench.ledger.faults)
            )


def _start(bench: ReloadBench, program: Program, port: int) -> None:
    try:
        esme.connect_when_up(port, lambda: program.running, _START_SECONDS).close()
        bench.await_gate(_START_SECONDS)
        bench.bind([port])
    except (esme.BindError, OSError) as error:
        raise ProgramError(f"{error}\n{program.said()}") from error
    bench.start()


def _pauses(file: Path) -> list[Pause]:
    lines = file.read_text().splitlines()
    return [Pause(*map(float, line.split())) for line in lines if line.count(" ") == 2]


@contextlib.contextmanager
def _no_collections() -> Iterator[None]:
    # A collection in the generator is a pause that would be told of the gate.
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _phase_line(name: str, phase: Phase) -> str:
    ranks = ", ".join(f"{rank} {us / 1e3:.2f}" for rank, us in phase.latency_us.items())
    return (
        f"{name:16} {phase.seconds:4.0f} s, {phase.rate:6,.0f}/s; latency ms {ranks}; reactor "
        f"late {phase.late_ms:.1f} ms at most, {phase.own_ms:.1f} ms of it the gate's own"
    )


def line(found: ReloadsFound) -> str:
    """What was found, in one line."""
    at = [0, len(found.rss_mb) // 4, len(found.rss_mb) // 2, -1]
    rss = ", ".join(f"{found.rss_mb[place]:.0f}" for place in at)
    state = f"  FAULTS {found.faults}" if found.faults else "  no faults"
    return (
        f"{RELOADS} reloads: RSS {rss} MB (before, after a quarter, a half, all), "
        f"{found.grown_mb:+.1f} MB in the second half; the SMSC that came and went took "
        f"{found.extra_taken:,} messages;{state}"
    )
