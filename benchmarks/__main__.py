"""``python -m benchmarks``: measure, show, write JSON.

Exit status 0 when all was measured and every message answered exactly once, whether or not the
targets were met; 1 after faults; 2 when something could not be measured; 3 when the gate is slower
than the one it was measured against.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from rich.console import Console

from benchmarks import comparison_report, machine, report, rows
from benchmarks.against import compare, measurer
from benchmarks.arguments import parsed
from benchmarks.attacks import measure_attacks
from benchmarks.checkout import HERE
from benchmarks.comparison import OTHER, THIS, ComparedRow
from benchmarks.comparison_report import ComparisonReport
from benchmarks.counts.measure import measure_counts
from benchmarks.floods import measure_floods
from benchmarks.flow.balancing import measure_balancing
from benchmarks.flow.found import Check, FlowFound
from benchmarks.flow.limits import measure_limits
from benchmarks.flow.neighbours import measure_neighbours
from benchmarks.flow.sick import measure_sick
from benchmarks.gate_process import GateOptions
from benchmarks.haproxy import installed
from benchmarks.idle import measure_idle
from benchmarks.killed import line as killed_line
from benchmarks.killed import measure_killed
from benchmarks.lookups import line as lookups_line
from benchmarks.lookups import measure_lookups
from benchmarks.measurement import HAPROXY, Timing
from benchmarks.operating import measure_operating
from benchmarks.peers import measure_hop
from benchmarks.process import ProgramError
from benchmarks.reloads import line as reloads_line
from benchmarks.reloads import measure_reloads
from benchmarks.report import Report
from benchmarks.sustained import line as sustained_line
from benchmarks.sustained import measure_sustained
from benchmarks.workers import measure_workers

# Not how it was measured: where that is written, and the other checkout, which has a place there.
_UNTOLD = {"json", "against"}


_FLOW: dict[str, Check] = {
    rows.NEIGHBOURS: measure_neighbours,
    rows.BALANCING: measure_balancing,
    rows.LIMITS: measure_limits,
    rows.SICK: measure_sick,
}


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; gives the exit status."""
    options = parsed(arguments)
    # Wide enough for the table where the output is a file.
    console = Console() if sys.stdout.isatty() else Console(width=150)
    if HAPROXY in options.through and not installed():
        console.print("haproxy is not installed: nothing to compare with")
        options.through = tuple(t for t in options.through if t != HAPROXY)
    machine.allow_many_files()
    # Leave by way of every finally, so that no program under measurement stays behind.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    found, measure = (_comparison if options.against else _alone)(options, console)
    try:
        measure()
    except ProgramError as error:
        console.print(f"not measured: {error}", markup=False)
        return 2
    finally:
        found.show(console)
        found.write(options.json)
    return found.status


def _alone(options: argparse.Namespace, console: Console) -> tuple[Report, Callable[[], None]]:
    """A report on this gate, and what fills it."""
    found = Report(machine.description(), _chosen(options))
    plan = _plan(
        options,
        console,
        lambda name, measurement: console.print(report.line(name, measurement), markup=False),
    )
    return found, partial(_measure, found, plan, options, console)


def _comparison(
    options: argparse.Namespace, console: Console
) -> tuple[ComparisonReport, Callable[[], None]]:
    """A report on this gate and another, and what fills it."""
    checkouts = {THIS: HERE, OTHER: options.against}
    found = ComparisonReport(
        machine.hardware(),
        _chosen(options),
        {side: checkout.description() for side, checkout in checkouts.items()},
        [ComparedRow(name) for name in options.rows],
    )
    # A round is told as a whole.
    plan = _plan(options, console, lambda _name, _measurement: None)
    return found, partial(
        compare,
        found.rows,
        options.rounds,
        measurer(plan, checkouts),
        lambda row: console.print(comparison_report.line(row), markup=False),
    )


def _plan(options: argparse.Namespace, console: Console, told: rows.Told) -> rows.Plan:
    cores = machine.pin_generator()
    if cores.shared:
        console.print("one core for both sides: these figures are of little use")
    return rows.Plan(
        core=cores.program,
        timing=Timing(options.warmup, options.seconds),
        rounds=options.rounds,
        receipts_asked=options.receipts_asked,
        throughs=options.through,
        options=GateOptions(
            store=options.store,
            rates=options.rates,
            metrics=options.metrics,
            message_log=options.message_log,
        ),
        told=told,
        rate=options.rate,
    )


def _chosen(options: argparse.Namespace) -> dict[str, Any]:
    return {name: value for name, value in vars(options).items() if name not in _UNTOLD}


def _measure(
    found: Report, plan: rows.Plan, options: argparse.Namespace, console: Console
) -> None:
    def tell(line: str) -> None:
        console.print(line, markup=False, soft_wrap=True)

    of_their_own = _of_their_own(found, plan, options, tell)
    for name in options.rows:
        if name in of_their_own:
            of_their_own[name]()
        elif name in rows.SCALES:
            found.scales.append(plan.scale_row(name))
        else:
            found.rows.append(plan.row(name))


def _of_their_own(
    found: Report, plan: rows.Plan, options: argparse.Namespace, tell: Callable[[str], None]
) -> dict[str, Callable[[], None]]:
    """What measures each row that is no comparison of rates."""
    core, timing, gate = plan.core, plan.timing, plan.options
    counts = partial(measure_counts, seconds=options.mixed, seed=options.seed)
    operating = partial(measure_operating, timing=timing, rate=plan.rate)
    hop = partial(measure_hop, timing=timing, rounds=plan.rounds)

    def idle() -> None:
        found.idle = measure_idle(core, gate)

    def reloads() -> None:
        found.reloads = measure_reloads(core, tell)
        tell(reloads_line(found.reloads))

    def flow(name: str, check: Check) -> None:
        found.flow.append(FlowFound(name, tell))
        check(core, gate, found.flow[-1])

    def sustained() -> None:
        found.sustained = measure_sustained(core, timing, gate, options.sustained)
        tell(sustained_line(found.sustained))

    def lookups() -> None:
        counts = options.paths, options.lookups
        found.lookups = measure_lookups(core, *counts, options.store)
        tell(lookups_line(found.lookups))

    def killed() -> None:
        found.killed = measure_killed(core, gate, options.kills, options.seed, tell)
        tell(killed_line(found.killed))

    return {
        rows.IDLE: idle,
        rows.FLOODS: lambda: measure_floods(core, timing, gate, found.floods, tell),
        rows.ATTACKS: lambda: measure_attacks(core, gate, found.attacks, tell),
        **{name: partial(flow, name, check) for name, check in _FLOW.items()},
        rows.COUNTS: partial(flow, rows.COUNTS, counts),
        rows.OPERATING: partial(flow, rows.OPERATING, operating),
        rows.WORKERS: partial(flow, rows.WORKERS, partial(measure_workers, timing=timing)),
        rows.HOP: partial(flow, rows.HOP, hop),
        rows.RELOADS: reloads,
        rows.SUSTAINED: sustained,
        rows.LOOKUPS: lookups,
        rows.KILLED: killed,
    }


if __name__ == "__main__":
    sys.exit(main())
