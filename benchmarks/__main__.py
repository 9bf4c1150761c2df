"""``python -m benchmarks``: measure, show, write JSON.

Exit status 0 when all was measured and every message answered exactly once, whether or not the
targets were met; 1 after faults; 2 when something could not be measured.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
from pathlib import Path

from rich.console import Console

from benchmarks import machine, rows
from benchmarks.gate_process import ROOT, STORES, GateOptions
from benchmarks.haproxy import installed
from benchmarks.idle import measure_idle
from benchmarks.measurement import DIRECT, GATE, HAPROXY, Timing
from benchmarks.process import ProgramError
from benchmarks.report import Report, line
from benchmarks.routes import measure_routes

_THROUGHS = (DIRECT, HAPROXY, GATE)
_SHAPE = re.compile(r"[1-9]\d*x[1-9]\d*")


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; gives the exit status."""
    options = _parser().parse_args(arguments)
    # Wide enough for the table where the output is a file.
    console = Console() if sys.stdout.isatty() else Console(width=150)
    if HAPROXY in options.through and not installed():
        console.print("haproxy is not installed: nothing to compare with")
        options.through = tuple(t for t in options.through if t != HAPROXY)
    machine.allow_many_files()
    # Leave by way of every finally, so that no program under measurement stays behind.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    chosen = {name: value for name, value in vars(options).items() if name != "json"}
    report = Report(machine.description(), chosen)
    try:
        _measure(report, options, console)
    except ProgramError as error:
        console.print(f"not measured: {error}", markup=False)
        return 2
    finally:
        report.show(console)
        report.write(options.json)
    return 1 if report.faults else 0


def _measure(report: Report, options: argparse.Namespace, console: Console) -> None:
    cores = machine.pin_generator()
    if cores.shared:
        console.print("one core for both sides: these figures are of little use")
    plan = rows.Plan(
        core=cores.program,
        timing=Timing(options.warmup, options.seconds),
        rounds=options.rounds,
        receipts_asked=options.receipts_asked,
        throughs=options.through,
        options=GateOptions(store=options.store),
        told=lambda name, measurement: console.print(line(name, measurement), markup=False),
    )
    for name in options.rows:
        _measure_row(name, plan, report)


def _measure_row(name: str, plan: rows.Plan, report: Report) -> None:
    if name == rows.IDLE:
        report.idle = measure_idle(plan.core, plan.options)
    elif name == rows.ROUTES:
        report.routes = measure_routes(plan.core)
    elif name in (rows.SCALE, rows.SCALE_TO_ESMES):
        report.scales.append(plan.scale_row(name))
    elif name == rows.RECEIPTS:
        report.rows.append(plan.receipts_row())
    elif name == rows.STEADY:
        report.rows.append(plan.steady_row())
    else:
        report.rows.append(plan.shape_row(name))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="The gate on one core; ESMEs and SMSCs, simulated, on another.",
    )
    add = parser.add_argument
    add(
        "--rows",
        type=_rows,
        default=rows.DEFAULT,
        metavar="ROW,...",
        help=f"of {', '.join(rows.ALL)}; or any other SESSIONSxWINDOW (all but {rows.ROUTES})",
    )
    add(
        "--through",
        type=_throughs,
        default=_THROUGHS,
        metavar="WHAT,...",
        help=f"what stands between: {', '.join(_THROUGHS)}",
    )
    add("--seconds", type=_seconds, default=5.0, help="counted for each measurement (%(default)s)")
    add("--warmup", type=_seconds, default=1.0, help="seconds before that (%(default)s)")
    add(
        "--rounds",
        type=int,
        choices=range(1, 100),
        default=1,
        metavar="N",
        help="measure each row so often and take the median (%(default)s)",
    )
    add(
        "--json",
        type=Path,
        default=ROOT / "benchmarks" / "results" / "latest.json",
        metavar="FILE",
        help="where results are written (benchmarks/results/latest.json)",
    )
    add(
        "--receipts-asked",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="ask a receipt with each message: the gate then remembers its return path (default)",
    )
    add(
        "--store",
        choices=STORES,
        default=STORES[0],
        help="durability of the gate's SQLite store, or a store in memory (%(default)s)",
    )
    return parser


def _rows(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    for name in names:
        if name not in rows.ALL and not _SHAPE.fullmatch(name):
            raise argparse.ArgumentTypeError(f"no row {name!r}")
    return names


def _throughs(text: str) -> tuple[str, ...]:
    wanted = text.split(",")
    if not set(wanted) <= set(_THROUGHS):
        raise argparse.ArgumentTypeError(f"not of {', '.join(_THROUGHS)}: {text!r}")
    return tuple(through for through in _THROUGHS if through in wanted)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= 600:
        raise argparse.ArgumentTypeError("more than 0, at most 600")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
