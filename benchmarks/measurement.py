"""One measurement: a shape of traffic, through one thing or nothing, for a bounded time."""

from __future__ import annotations

import contextlib
import gc
import os
import time
from collections.abc import Iterator, Sequence

from attrs import evolve, field, frozen

from benchmarks import esme
from benchmarks.bench import Bench, Shape
from benchmarks.gate_process import Accounts, GateOptions, gate
from benchmarks.haproxy import haproxy
from benchmarks.machine import CoreUsage
from benchmarks.process import Program, ProgramError, Watched
from benchmarks.receipt_bench import ReceiptBench

DIRECT, HAPROXY, GATE = "direct", "haproxy", "gate"

_START_SECONDS = 30.0


@frozen
class Timing:
    """Seconds before counting begins, and seconds counted."""

    warmup: float = 1.0
    seconds: float = 5.0


@frozen
class ReceiptFlow:
    """Receipts and their answers per second, and how long these took in microseconds."""

    rate: float
    latency_us: dict[str, float]


@frozen
class Measurement:
    """What one measurement found.

    ``rate`` is round trips (request and answer) per second; latencies are microseconds;
    ``cpu_us`` is processor time of the program between, microseconds per round trip. Where
    receipts flow, a message is two round trips, its own and its receipt's; it counts once.
    ``others`` is the share of the program's core, or of the generator's if it is more, that
    something else used: with more than a few percent, rates and latencies say more of that than
    of the program.
    """

    through: str
    rate: float
    latency_us: dict[str, float]
    cpu_us: float | None
    rss_mb: float | None
    answered: int
    others: float | None = None
    receipts: ReceiptFlow | None = None
    faults: dict[str, int] = field(factory=dict)

    @property
    def busy(self) -> float | None:
        """The share of its core that the program used.

        Well under 1 with many requests outstanding means that the generator was the slower one.
        """
        return None if self.cpu_us is None else self.cpu_us * self.rate / 1e6


@contextlib.contextmanager
def between(
    bench: Bench, through: str, core: int, options: GateOptions, *, bind: bool = True
) -> Iterator[tuple[list[int], Program | None]]:
    """``through`` put before the bench's SMSCs, on ``core``, and the ESME sessions bound over it.

    Gives the ports for ESMEs and the program. Raises ProgramError, with the program's output,
    when it does not come up.
    """
    with (
        _program(bench, through, core, options) as (ports, program),
        served(bench, through, ports, program, bind=bind),
    ):
        yield ports, program


@contextlib.contextmanager
def served(
    bench: Bench, through: str, ports: list[int], program: Watched | None, *, bind: bool = True
) -> Iterator[None]:
    """The bench's sessions over what listens on ``ports``, and has links to its SMSCs by now.

    Raises ProgramError, with the program's output, when it does not come up.
    """
    # The sessions are closed before the program is told to end: nobody answers its unbinds.
    with contextlib.closing(bench):
        try:
            if program is not None:
                esme.connect_when_up(ports[0], lambda: program.running, _START_SECONDS).close()
            if through not in (DIRECT, HAPROXY):
                bench.await_gate(_START_SECONDS)
            if bind:
                bench.bind(ports)
            yield
        except (esme.BindError, OSError) as error:
            said = program.said() if program else ""
            raise ProgramError(f"{through}: {error}\n{said}") from error


@contextlib.contextmanager
def _program(
    bench: Bench, through: str, core: int, options: GateOptions
) -> Iterator[tuple[list[int], Program | None]]:
    if through == DIRECT:
        yield bench.smsc_ports, None
    elif through == HAPROXY:
        with haproxy(bench.smsc_ports, core) as (port, program):
            yield [port], program
    else:
        with gate(bench.smsc_ports, core, bench.accounts, options) as (port, program):
            yield [port], program


def measure(
    shape: Shape,
    through: str,
    core: int,
    timing: Timing,
    accounts: Accounts,
    options: GateOptions,
) -> Measurement:
    """Bind, warm up, count, drain, check."""
    bench = bench_of(shape, accounts, tagged=through == GATE)
    with between(bench, through, core, options) as (_, program):
        return measured(bench, through, core, program, timing)


def bench_of(shape: Shape, accounts: Accounts, tagged: bool) -> Bench:
    """What traffic of this shape is made with."""
    kind = ReceiptBench if shape.receipts else Bench
    return kind(shape, accounts, tagged)


def measured(
    bench: Bench, through: str, core: int, program: Watched | None, timing: Timing
) -> Measurement:
    """Warm up, count, drain, check; all is bound."""
    with no_collections():
        bench.start()
        bench.run(timing.warmup)
        measurement = _counted(bench, through, core, program, timing.seconds)
        bench.drain()
        if program is not None and (errors := program.errors()):
            bench.ledger.faults["errors in the log"] = errors
        return evolve(measurement, faults=dict(bench.ledger.faults))


def _counted(
    bench: Bench, through: str, core: int, program: Watched | None, seconds: float
) -> Measurement:
    """What is found within so many seconds from now; faults are not known before the drain."""
    bench.forget_latencies()
    before, began = bench.tally, time.perf_counter()
    cpu, usages = _cpu(program), _usages(core, program)
    bench.run(seconds)
    seconds = time.perf_counter() - began
    cpu = _cpu(program) - cpu
    others = max((usage.others() for usage in usages), default=None)
    tally = bench.tally - before
    receipts = ReceiptFlow(tally.receipts / seconds, percentiles(bench.receipt_ledger.latencies))
    return Measurement(
        through=through,
        rate=tally.answered / seconds,
        latency_us=percentiles(bench.ledger.latencies),
        cpu_us=cpu / tally.answered * 1e6 if program and tally.answered else None,
        rss_mb=program.rss_mb if program else None,
        answered=tally.answered,
        others=others,
        receipts=receipts if bench.shape.receipts else None,
    )


def _usages(core: int, program: Watched | None) -> list[CoreUsage]:
    """What to look at for others: both cores, or nothing where they are one."""
    mine = max(os.sched_getaffinity(0))
    if mine == core:
        return []
    usages = [CoreUsage(mine, time.process_time)]
    return usages if program is None else [*usages, CoreUsage(core, lambda: program.cpu_seconds)]


def percentiles(nanoseconds: Sequence[int]) -> dict[str, float]:
    """p50, p90, p99, p99.9 and max in microseconds; empty if there is nothing to rank."""
    ranked = sorted(nanoseconds)
    if not ranked:
        return {}
    last = len(ranked) - 1
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
    return {name: ranked[round(share * last)] / 1e3 for name, share in shares.items()}


def _cpu(program: Watched | None) -> float:
    return program.cpu_seconds if program else 0.0


@contextlib.contextmanager
def no_collections() -> Iterator[None]:
    """No garbage collection in the generator: a pause there would be told of the gate."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
