"""Row ``workers``: what several workers cost beside one process, and how sessions are spread."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterable

from attrs import evolve

from benchmarks.bench import Bench, Shape
from benchmarks.flow.found import FlowFound
from benchmarks.gate_process import Accounts, GateOptions
from benchmarks.measurement import GATE, Timing, between, no_collections
from benchmarks.process import Program, processor_seconds

SHAPE = Shape(16, 50)
ROUNDS = 3
MOST_OF_ONE = 1.25
"""What a message may cost with two workers, of what it costs with one process."""

MANY = 8
_SERVES = re.compile(r"worker \d+ serves, process (\d+)")
_CONNECTIONS = re.compile(r"worker \d+: pid=\d+ connections=(\d+)")


def measure_workers(core: int, options: GateOptions, found: FlowFound, timing: Timing) -> None:
    """One process and two workers in turns, on one core; then many sessions of many workers."""
    costs: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(ROUNDS):
        for workers, measured in costs.items():
            measured.append(_cost(core, _of(options, workers), found, timing, workers))
    one, two = (sorted(measured)[ROUNDS // 2] for measured in costs.values())
    told = f"{two / one:.2f} x ({two:.1f} and {one:.1f} µs of processor a message)"
    what = "CPU a message, master and 2 workers, of one process"
    found.add(what, f"<= {MOST_OF_ONE} x", told, two <= MOST_OF_ONE * one)
    _spread(core, _of(options, MANY), found)


def _of(options: GateOptions, workers: int) -> GateOptions:
    # A link for each of two workers, and as many for one process: nothing is relayed.
    return evolve(options, gate=f"workers = {workers}\n", links=2)


def _cost(
    core: int, options: GateOptions, found: FlowFound, timing: Timing, workers: int
) -> float:
    """Microseconds of processor, of all processes, that a message takes."""
    bench = Bench(SHAPE, Accounts(), tagged=True)
    with between(bench, GATE, core, options, bind=False) as (ports, program), no_collections():
        assert program is not None
        pids = _workers(program, workers if workers > 1 else 0)
        bench.bind(ports)
        bench.start()
        bench.run(timing.warmup)
        before, used = bench.tally, _used(program, pids)
        bench.run(timing.seconds)
        used, tally = _used(program, pids) - used, bench.tally - before
        bench.drain()
        _note(found, bench, program)
    return used / tally.answered * 1e6


def _spread(core: int, options: GateOptions, found: FlowFound) -> None:
    bench = Bench(SHAPE, Accounts(), tagged=True)
    with between(bench, GATE, core, options, bind=False) as (ports, program):
        assert program is not None
        _workers(program, MANY)
        bench.bind(ports)
        counts = _connections(program)
        _note(found, bench, program)
    told = ", ".join(map(str, counts))
    what = f"{SHAPE.sessions} sessions of {MANY} workers"
    each = SHAPE.sessions // MANY
    found.add(what, f"{each} each", told, counts == [each] * MANY)


def _workers(program: Program, count: int) -> list[int]:
    """The processes of the workers, once so many serve."""
    return [int(pid) for pid in program.awaited(_SERVES, count)]


def _connections(program: Program) -> list[int]:
    """Of each worker, as the master counts them."""
    program.send_signal(signal.SIGUSR2)
    return [int(count) for count in program.awaited(_CONNECTIONS, MANY)]


def _used(program: Program, pids: Iterable[int]) -> float:
    return program.cpu_seconds + sum(map(processor_seconds, pids))


def _note(found: FlowFound, bench: Bench, program: Program) -> None:
    for what, count in bench.ledger.faults.items():
        found.note(what, count)
    if errors := program.errors():
        found.note("errors in the log", errors)
