"""Reloads in a row under a steady load with receipts: what others notice, and how long it pauses.

The gate reads file after file by SIGHUP, each as soon as the one before is applied. The same load
without reloads, in the same run before them and after them, says what the machine itself does.
"""

from __future__ import annotations

import contextlib
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from sys import executable

from attrs import evolve, field, frozen

from benchmarks import esme
from benchmarks.checkout import ROOT
from benchmarks.churn import Churn
from benchmarks.measurement import no_collections, percentiles
from benchmarks.pauses import PAUSES, late_ms, own_ms, pauses_since
from benchmarks.process import Program, ProgramError, free_port, running
from benchmarks.reload_bench import ACCOUNTS, ReloadBench

RELOADS = 200
UPHEAVALS = 5
"""How often all accounts change, go, and come back, without load."""

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
class Phase:
    """What was found with reloads, or without: latencies in microseconds, pauses in ms."""

    seconds: float
    rate: float
    latency_us: dict[str, float]
    late_ms: float
    own_ms: float


@frozen
class ReloadsFound:
    """What was found; ``rss_mb`` is before the first reload under load, and after each.

    ``alone`` is without load: reloads that change all accounts. Only they can have kept the
    reactor then; under load a pause of the machine's is followed by a turn with all that came
    meanwhile.
    """

    alone: Phase
    quiet: list[Phase]
    reloading: Phase
    rss_mb: list[float]
    extra_taken: int = 0
    faults: dict[str, int] = field(factory=dict)

    @property
    def grown_mb(self) -> float:
        """Memory that the second half of the reloads added."""
        half = self.rss_mb[len(self.rss_mb) // 2 :]
        return max(half) - half[0]

    @property
    def quiet_ms(self) -> float:
        """The longest pause of the gate's own under load without reloads."""
        return max(phase.own_ms for phase in self.quiet)


@frozen
class _Files:
    """The file that the gate reads, and those that are put into its place.

    They are made ahead: to write one takes longer than the pauses that are looked for.
    """

    config: Path
    upheavals: list[Path]
    turns: list[Path]

    @classmethod
    def written(cls, folder: Path, port: int, bench: ReloadBench) -> _Files:
        """All of them, in ``folder``."""
        gate = _GATE.format(state=folder / "state")
        churn = Churn(port, free_port(), bench.smsc_ports, ACCOUNTS, bench.busy, gate)
        files = cls(
            folder / "gate.toml",
            [folder / f"upheaval{n}.toml" for n in range(3 * UPHEAVALS)],
            [folder / f"turn{n}.toml" for n in range(1, RELOADS + 2)],
        )
        files.config.write_text(churn.text(0))
        texts = churn.upheavals() * UPHEAVALS
        for turn in range(1, RELOADS + 2):
            texts.append(churn.text(turn))
        for file, text in zip([*files.upheavals, *files.turns], texts, strict=True):
            file.write_text(text)
        return files


class _Run:
    """A gate under load, and its files."""

    def __init__(self, bench: ReloadBench, program: Program, config: Path) -> None:
        self.bench = bench
        self._program = program
        self._config = config
        self._log = program.log.open("rb")
        self._done = 0
        self.rss_mb: list[float] = []

    def phase(self, work: Callable[[], None]) -> Phase:
        """What is found while ``work`` is done."""
        bench = self.bench
        bench.forget_latencies()
        began, before = time.monotonic(), bench.tally
        work()
        seconds = time.monotonic() - began
        pauses = pauses_since(self._program.folder, began)
        return Phase(
            seconds=seconds,
            rate=(bench.tally - before).answered / seconds,
            latency_us=percentiles(bench.ledger.latencies),
            late_ms=late_ms(pauses),
            own_ms=own_ms(pauses),
        )

    def reload(self, files: list[Path]) -> None:
        """Have the gate read one file after the other."""
        self.rss_mb.append(self._program.rss_mb)
        for file in files:
            file.replace(self._config)
            self._program.send_signal(signal.SIGHUP)
            self._await_reload()
            self.rss_mb.append(self._program.rss_mb)

    def _await_reload(self) -> None:
        end = time.monotonic() + _RELOAD_SECONDS
        wanted = self._done + 1
        while self._done < wanted:
            self.bench.run(_LOOK_SECONDS)
            # Only what is new: the whole log would keep the generator from its pace.
            self._done += self._log.read().count(b"is done")
            if not self._program.running or time.monotonic() > end:
                raise ProgramError(f"a reload was not done: {self._program.said()}")


def measure_reloads(core: int, tell: Callable[[str], None]) -> ReloadsFound:
    """Reload a gate, load it, reload it under load, and look at what comes of that."""
    bench = ReloadBench()
    with tempfile.TemporaryDirectory(prefix="smppgate-bench-") as name:
        folder, port = Path(name), free_port()
        files = _Files.written(folder, port, bench)
        command = [executable, "-m", "benchmarks.probed_gate", str(folder / PAUSES), "run"]
        command += ["--config", str(files.config)]
        with (
            running(command, core, folder, ROOT) as program,
            contextlib.closing(bench),
            no_collections(),
        ):
            _bind(bench, program, port)
            found = _found(_Run(bench, program, files.config), files, tell)
            bench.drain()
            if errors := program.errors():
                bench.ledger.faults["errors in the log"] = errors
            return evolve(found, extra_taken=bench.extra_taken, faults=dict(bench.ledger.faults))


def _found(run: _Run, files: _Files, tell: Callable[[str], None]) -> ReloadsFound:
    """What is found in phase after phase; faults are not known before the drain."""
    bench = run.bench

    def phase(name: str, work: Callable[[], None]) -> Phase:
        found = run.phase(work)
        tell(_phase_line(name, found))
        return found

    def quiet() -> Phase:
        return phase("without reloads", lambda: bench.run(_QUIET_SECONDS))

    bench.run(_SETTLE_SECONDS)
    alone = phase("without load", lambda: run.reload(files.upheavals))
    run.rss_mb.clear()
    bench.start()
    bench.run(_WARMUP_SECONDS)
    before = quiet()
    reloading = phase(f"{RELOADS} reloads", lambda: run.reload(files.turns[:-1]))
    # With the last one the SMSC that comes and goes is there, to send what receipts it owes.
    run.reload(files.turns[-1:])
    bench.run(_SETTLE_SECONDS)
    return ReloadsFound(alone, [before, quiet()], reloading, run.rss_mb)


def _bind(bench: ReloadBench, program: Program, port: int) -> None:
    try:
        esme.connect_when_up(port, lambda: program.running, _START_SECONDS).close()
        bench.await_gate(_START_SECONDS)
        bench.bind([port])
    except (esme.BindError, OSError) as error:
        raise ProgramError(f"{error}\n{program.said()}") from error


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
