"""Messages at full rate for a minute, none of which gets its receipt: what the store makes of it.

Every one of them asked for a receipt, so the gate has to keep a return path for each, as fast as
they come, and to go on doing so: a store that only puts off what it has to do slows down, or
forgets.
"""

from __future__ import annotations

import time

from attrs import evolve, field, frozen

from benchmarks.bench import Bench, Shape
from benchmarks.gate_process import Accounts, GateOptions
from benchmarks.gate_state import StoreState, paths_kept, store_state
from benchmarks.machine import CoreUsage, require_disk
from benchmarks.measurement import GATE, Timing, between, no_collections
from benchmarks.pauses import late_ms, own_ms, pauses_since
from benchmarks.process import Program

SECONDS = 60.0
LEAST_RATIO = 0.85
"""What the rate at the end is to be of that at the beginning."""

_SHAPE = Shape(16, 50)
_EDGE_SECONDS = 10.0


@frozen
class SustainedFound:
    """Rates in messages a second, memory of the gate in 10^6 octets.

    ``told`` is ids that ESMEs were given, ``kept`` return paths that the gate has at the end, and
    ``forgotten`` those that it dropped to make room, as it says itself. ``late_ms`` is the longest
    pause of its reactor, ``own_ms`` the longest for which its thread was at work.
    """

    seconds: float
    edge_seconds: float
    first_rate: float
    last_rate: float
    told: int
    kept: int
    forgotten: int
    rss_before_mb: float
    rss_mb: float
    late_ms: float
    own_ms: float
    others: float
    faults: dict[str, int] = field(factory=dict)

    @property
    def ratio(self) -> float:
        """The rate at the end over that at the beginning."""
        return self.last_rate / self.first_rate if self.first_rate else 0.0


def measure_sustained(
    core: int, timing: Timing, options: GateOptions, seconds: float
) -> SustainedFound:
    """Submit for so long, and ask the gate in the end what it has kept.

    Raises ProgramError where temporary files are in memory: the disk is what is measured.
    """
    require_disk()
    bench = Bench(_SHAPE, Accounts())
    with (
        between(bench, GATE, core, evolve(options, probed=True)) as (_, program),
        no_collections(),
    ):
        if program is None:
            raise ValueError("what is sustained is measured through a program")
        found = _found(bench, program, core, timing, seconds)
        if errors := program.errors():
            bench.ledger.faults["errors in the log"] = errors
        return evolve(found, faults=dict(bench.ledger.faults))


def _found(
    bench: Bench, program: Program, core: int, timing: Timing, seconds: float
) -> SustainedFound:
    """What is found; faults are not all known yet."""
    rss_before = program.rss_mb
    bench.start()
    bench.run(timing.warmup)
    usage = CoreUsage(core, lambda: program.cpu_seconds)
    began = time.monotonic()
    edge = min(_EDGE_SECONDS, seconds / 3)
    rates = [_rate(bench, each) for each in (edge, seconds - 2 * edge, edge)]
    pauses, others, rss = pauses_since(program.folder, began), usage.others(), program.rss_mb
    bench.drain()
    state = store_state(bench.loop, program)
    bench.ledger.faults.update(faults_of(state))
    return SustainedFound(
        seconds=seconds,
        edge_seconds=edge,
        first_rate=rates[0],
        last_rate=rates[-1],
        told=bench.tally.answered,
        kept=paths_kept(state),
        forgotten=state["forgotten"],
        rss_before_mb=rss_before,
        rss_mb=rss,
        late_ms=late_ms(pauses),
        own_ms=own_ms(pauses),
        others=others,
    )


def _rate(bench: Bench, seconds: float) -> float:
    before, began = bench.tally, time.perf_counter()
    bench.run(seconds)
    return (bench.tally - before).answered / (time.perf_counter() - began)


def faults_of(state: StoreState) -> dict[str, int]:
    """What should not have happened in the store; what it forgot is a target, no fault."""
    named = {"lost": "return paths lost", "failures": "failures of the store"}
    return {what: state[name] for name, what in named.items() if state.get(name)}


def line(found: SustainedFound) -> str:
    """What was found, in one line."""
    state = f"  FAULTS {found.faults}" if found.faults else ""
    return (
        f"sustained {found.seconds:.0f} s: {found.first_rate:,.0f}/s in the first "
        f"{found.edge_seconds:.0f} s, {found.last_rate:,.0f}/s in the last: {found.ratio:.3f}; "
        f"{found.told:,} ids told, {found.kept:,} return paths kept, {found.forgotten:,} "
        f"forgotten; RSS {found.rss_before_mb:.0f} MB, then {found.rss_mb:.0f} MB; reactor late "
        f"{found.late_ms:.1f} ms at most, at work {found.own_ms:.1f} ms; others used "
        f"{found.others:.0%} of the core{state}"
    )
