"""Row ``hop``: what it costs that ESMEs are at one node and the links to SMSCs at another."""

from __future__ import annotations

import statistics
from collections.abc import Callable

from attrs import evolve, frozen

from benchmarks.bench import Shape
from benchmarks.flow.found import FlowFound
from benchmarks.gate_process import Accounts, GateOptions
from benchmarks.measurement import (
    GATE,
    Measurement,
    Timing,
    bench_of,
    measure,
    measured,
    served,
)
from benchmarks.two_nodes import NODES, two_nodes

SHAPE = Shape(16, 50)
PACED = evolve(SHAPE, rate=5000)
WITH_RECEIPTS = (evolve(SHAPE, receipts=True), evolve(PACED, receipts=True))
"""What is told, and not judged: receipts come back over the hop."""

LEAST_RATE = 100_000
MOST_CPU_US = 10.0
"""Of both nodes, for a message and its answer."""
MOST_ADDED_US = 300.0
"""What the hop may add to the median latency of a message."""

Through = Callable[[Shape], Measurement]


@frozen
class Turns:
    """The same traffic through one gate and through two nodes, by turns."""

    one: list[Measurement]
    two: list[Measurement]

    def pair(self, figure: Callable[[Measurement], float]) -> tuple[float, float]:
        """The median of a figure, of each."""
        one, two = (statistics.median(map(figure, each)) for each in (self.one, self.two))
        return one, two

    def added(self, figure: Callable[[Measurement], float]) -> float:
        """By how much the second has more than the first of its turn, in the median."""
        turns = zip(self.one, self.two, strict=True)
        return statistics.median(figure(two) - figure(one) for one, two in turns)


def measure_hop(
    core: int, options: GateOptions, found: FlowFound, timing: Timing, rounds: int
) -> None:
    """Messages and their answers, as fast as they go and at a steady rate; then with receipts."""

    def one(shape: Shape) -> Measurement:
        return measure(shape, GATE, core, timing, _accounts(shape), _of(options, shape))

    def two(shape: Shape) -> Measurement:
        return _through_both(shape, core, timing, _of(options, shape))

    def turns(shape: Shape) -> Turns:
        return _by_turns(shape, (one, two), found, rounds)

    _judge_load(turns(SHAPE), found)
    _judge_latency(turns(PACED), found)
    for shape in WITH_RECEIPTS:
        turns(shape)


def _through_both(shape: Shape, core: int, timing: Timing, options: GateOptions) -> Measurement:
    bench = bench_of(shape, _accounts(shape), tagged=True)
    with (
        two_nodes(bench.smsc_ports, core, bench.accounts, options) as (port, nodes),
        served(bench, NODES, [port], nodes),
    ):
        return measured(bench, NODES, core, nodes, timing)


def _by_turns(
    shape: Shape, throughs: tuple[Through, Through], found: FlowFound, rounds: int
) -> Turns:
    turns = Turns([], [])
    for _ in range(rounds):
        for through, measurements in zip(throughs, (turns.one, turns.two), strict=True):
            measurement = through(shape)
            measurements.append(measurement)
            found.tell(_line(shape, measurement))
            _note(measurement, found)
    return turns


def _note(measurement: Measurement, found: FlowFound) -> None:
    for what, count in measurement.faults.items():
        found.note(f"{measurement.through}: {what}", count)


def _judge_load(turns: Turns, found: FlowFound) -> None:
    (one_rate, rate), (one_cpu, cpu) = turns.pair(_rate), turns.pair(_cpu_us)
    what = f"{SHAPE} over a hop, both nodes on one core: messages a second"
    told = f"{rate:,.0f} ({one_rate:,.0f} through one gate)"
    found.add(what, f">= {LEAST_RATE:,}", told, rate >= LEAST_RATE)
    what = f"{SHAPE} over a hop: CPU of both nodes a message"
    told = f"{cpu:.1f} µs ({one_cpu:.1f} of one gate)"
    found.add(what, f"<= {MOST_CPU_US:.0f} µs", told, cpu <= MOST_CPU_US)


def _judge_latency(turns: Turns, found: FlowFound) -> None:
    added, (one, two) = turns.added(_median_us), turns.pair(_median_us)
    told = f"{added:.0f} µs ({two:.0f} and {one:.0f})"
    what = f"{PACED.rate:,} messages a second: median latency that a hop adds"
    found.add(what, f"<= {MOST_ADDED_US:.0f} µs", told, added <= MOST_ADDED_US)


def _line(shape: Shape, measurement: Measurement) -> str:
    """One measurement, when it is done."""
    others = "" if measurement.others is None else f", others {measurement.others:.0%}"
    line = (
        f"{shape}{f' at {shape.rate:,} a second' * bool(shape.rate)}, {measurement.through}: "
        f"{measurement.rate:,.0f} a second, {_cpu_us(measurement):.1f} µs of processor a message, "
        f"p50 {_median_us(measurement):,.0f} µs{others}"
    )
    receipts = measurement.receipts
    if receipts is None:
        return line
    median = receipts.latency_us.get("p50", 0.0)
    return f"{line}; receipts {receipts.rate:,.0f} a second, p50 {median:,.0f} µs"


def _rate(measurement: Measurement) -> float:
    return measurement.rate


def _cpu_us(measurement: Measurement) -> float:
    return measurement.cpu_us or 0.0


def _median_us(measurement: Measurement) -> float:
    return measurement.latency_us.get("p50", 0.0)


def _of(options: GateOptions, shape: Shape) -> GateOptions:
    return evolve(options, pairs=shape.receipts)


def _accounts(shape: Shape) -> Accounts:
    return Accounts(max_binds=max(100, shape.sessions), window=max(100, shape.window))
