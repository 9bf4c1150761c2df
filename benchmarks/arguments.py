"""The benchmark's arguments, all checked before anything is measured."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any, Final

from benchmarks import checkout, comparison, killed, lookups, rows, sustained
from benchmarks.checkout import ROOT, Checkout, CheckoutError
from benchmarks.counts import measure as counts
from benchmarks.gate_process import STORES
from benchmarks.measurement import DIRECT, GATE, HAPROXY

_THROUGHS = (DIRECT, HAPROXY, GATE)
_SHAPE = re.compile(r"[1-9]\d*x[1-9]\d*")
_LEAST_RATE, _MOST_RATE = 1000, 1_000_000
_RESULTS = ROOT / "benchmarks" / "results"

_ALONE: Final[dict[str, Any]] = {
    "rows": rows.DEFAULT,
    "through": _THROUGHS,
    "seconds": 5.0,
    "rounds": 1,
    "json": _RESULTS / "latest.json",
}
_AGAINST: Final[dict[str, Any]] = {
    "rows": comparison.ROWS,
    "through": (GATE,),
    "seconds": 3.0,
    "rounds": comparison.LEAST_ROUNDS,
    "json": _RESULTS / "against.json",
}

_STATUSES = """\
exit status: 0 when all was measured, whether or not targets were met; 1 after faults; 2 when
something could not be measured, or these arguments are wrong; 3 when the gate is slower than
the one it was measured against."""


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """All options with their defaults, which depend on ``--against``.

    Ends the process with status 2 and a reason when they are wrong.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.against and (reason := _contradiction(options)):
        parser.error(reason)
    for name, value in (_AGAINST if options.against else _ALONE).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    return options


def _contradiction(options: argparse.Namespace) -> str:
    """Why this cannot be had with ``--against``; empty if it can."""
    alone = [name for name in options.rows or () if name in rows.ALONE]
    if alone:
        return f"--rows {','.join(alone)} cannot be compared with --against"
    if options.rounds and options.rounds < comparison.LEAST_ROUNDS:
        return f"--rounds {options.rounds}: --against needs at least {comparison.LEAST_ROUNDS}"
    if options.through:
        return "--through has no meaning with --against: what is compared are two gates"
    return ""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="The gate on one core; ESMEs and SMSCs, simulated, on another.",
        epilog=_STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_what(parser)
    _add_how(parser)
    _add_of_rows(parser)
    return parser


def _add_what(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--rows",
        type=_rows,
        metavar="ROW,...",
        help=f"of {', '.join(rows.ALL)}; or any other SESSIONSxWINDOW (all but "
        f"{', '.join(rows.ON_DEMAND)}; {','.join(comparison.ROWS)} with --against)",
    )
    add(
        "--through",
        type=_throughs,
        metavar="WHAT,...",
        help=f"what stands between: {', '.join(_THROUGHS)} (all)",
    )
    add(
        "--against",
        type=_checkout,
        metavar="DIR",
        help="compare with the gate of another checkout of the project, which has its own .venv",
    )
    add(
        "--json",
        type=Path,
        metavar="FILE",
        help="where results are written (benchmarks/results/latest.json, or against.json there)",
    )


def _add_how(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--seconds", type=_seconds, help="counted for each measurement (5; 3 with --against)")
    add("--warmup", type=_seconds, default=1.0, help="seconds before that (%(default)s)")
    add(
        "--rounds",
        type=int,
        choices=range(1, 100),
        metavar="N",
        help="measure each row so often and take the median (1; at least 7 with --against)",
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
    add(
        "--rates",
        action="store_true",
        help="accounts, sessions, SMSCs and links have rates that nothing reaches: what they cost",
    )
    add(
        "--metrics",
        action="store_true",
        help="everything is counted: what it costs",
    )
    add(
        "--message-log",
        action="store_true",
        help="each message has a line in the message log: what that costs",
    )


def _add_of_rows(parser: argparse.ArgumentParser) -> None:
    """What is for one row each."""
    add = parser.add_argument
    add(
        "--rate",
        type=_rate,
        default=rows.STEADY_RATE,
        help=f"messages a second in rows {rows.STEADY} and {rows.OPERATING}, whole thousands "
        "(%(default)s)",
    )
    add(
        "--sustained",
        type=_seconds,
        default=sustained.SECONDS,
        metavar="SECONDS",
        help=f"how long row {rows.SUSTAINED} goes on (%(default)s)",
    )
    add(
        "--mixed",
        type=_seconds,
        default=counts.SECONDS,
        metavar="SECONDS",
        help=f"how long the traffic of row {rows.COUNTS} goes on (%(default)s)",
    )
    add(
        "--paths",
        type=_count,
        default=lookups.PATHS,
        metavar="N",
        help=f"return paths in the store of row {rows.LOOKUPS} (%(default)s)",
    )
    add(
        "--lookups",
        type=_count,
        default=lookups.LOOKUPS,
        metavar="N",
        help=f"how many of each kind row {rows.LOOKUPS} makes (%(default)s)",
    )
    add(
        "--kills",
        type=_count,
        default=killed.KILLS,
        metavar="N",
        help=f"how many gates row {rows.KILLED} kills (%(default)s)",
    )
    add(
        "--seed",
        type=int,
        default=killed.SEED,
        help=f"what the moments of row {rows.KILLED}, and the traffic of row "
        f"{rows.COUNTS}, follow from (%(default)s)",
    )


def _checkout(text: str) -> Checkout:
    try:
        return checkout.other(Path(text))
    except CheckoutError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


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


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"at least 1, not {text}")
    return count


def _rate(text: str) -> int:
    rate = int(text)
    if rate % _LEAST_RATE or not _LEAST_RATE <= rate <= _MOST_RATE:
        raise argparse.ArgumentTypeError(f"whole thousands up to {_MOST_RATE}, not {text}")
    return rate


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= 600:
        raise argparse.ArgumentTypeError("more than 0, at most 600")
    return seconds
