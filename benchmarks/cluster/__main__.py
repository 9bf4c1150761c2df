"""``python -m benchmarks.cluster``: start all, break one thing after the other, say what was lost.

Exit status 0 when nothing was lost, nothing was at a wrong account and each message was answered
once; 1 when something was; 2 when it could not be found out.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.cluster import redis_servers
from benchmarks.cluster.cluster import Cluster, Plan, running
from benchmarks.cluster.faults import FAULTS, Fault
from benchmarks.cluster.run import outcome
from benchmarks.process import ProgramError

_START_SECONDS = 60.0
_REDIS, _DISK = "redis", "disk"


def main(arguments: list[str] | None = None) -> int:
    """Run; gives the exit status."""
    options = _parsed(arguments)
    # Leave by way of every finally, so that no process stays behind.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    plan = Plan(options.rate, options.seed, is_shared=options.store == _REDIS)
    try:
        if plan.is_shared and not redis_servers.installed():
            raise ProgramError(
                "redis-server is not installed: `apt-get install redis-server` on Debian"
            )
        with _folder(options.keep) as folder, running(folder, plan, _START_SECONDS) as cluster:
            _say(f"three nodes serve {options.rate:g} messages a second ({folder})")
            faults = [_faults(cluster, fault, options.seconds) for fault in options.faults]
    except ProgramError as error:
        _say(f"not found out: {error}")
        return 2
    total = sum(sum(each.values()) for each in faults)
    _say("nothing was lost" if not total else f"FAULTS: {total:,}")
    return int(bool(total))


def _faults(cluster: Cluster, fault: Fault, seconds: float) -> dict[str, int]:
    """Break it, and say what became of everything."""
    _say(f"\n{fault.name}: {fault.text}")
    found = outcome(cluster, fault, seconds)
    for line in found.lines:
        _say(f"  {line}")
    if found.faults:
        _say(f"  FAULTS {found.faults}")
    cluster.recover(_START_SECONDS)
    return found.faults


def _say(line: str) -> None:
    print(line, flush=True)


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """Where all is kept, and afterwards too if that is wanted."""
    if keep is not None:
        keep.mkdir(parents=True)
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="smppgate-cluster-") as name:
        yield Path(name)


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = _parser()
    options = parser.parse_args(arguments)
    fit = [each for each in FAULTS.values() if options.store == _REDIS or not each.needs_redis]
    options.faults = options.faults or fit
    if unfit := [each.name for each in options.faults if each not in fit]:
        parser.error(f"--faults {','.join(unfit)} need --store {_REDIS}")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cluster",
        description="Three nodes, Redis with a replica and Sentinels, HAProxy, ESMEs and SMSCs on "
        "this machine; one thing after the other breaks.",
        epilog="exit status: 0 when nothing was lost; 1 when something was, or was at a wrong "
        "account, or was answered twice; 2 when that could not be found out.",
    )
    add = parser.add_argument
    add("--seconds", type=_seconds, default=60.0, help="of load for each fault (%(default)s)")
    add(
        "--faults",
        type=_chosen,
        metavar="FAULT,...",
        help=f"of {', '.join(FAULTS)} (all that the store has)",
    )
    add("--rate", type=_rate, default=200.0, help="messages a second (%(default)s)")
    add("--seed", type=int, default=1, help="what links receipts take (%(default)s)")
    add(
        "--store",
        choices=(_REDIS, _DISK),
        default=_REDIS,
        help="what nodes keep things in: with disk, each has its own (%(default)s)",
    )
    add("--keep", type=Path, metavar="DIR", help="a new folder in which logs and disks are left")
    return parser


def _chosen(text: str) -> list[Fault]:
    if unknown := [name for name in text.split(",") if name not in FAULTS]:
        raise argparse.ArgumentTypeError(f"no fault {', '.join(unknown)}")
    return [FAULTS[name] for name in text.split(",")]


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 10 <= seconds <= 600:
        raise argparse.ArgumentTypeError("from 10 to 600")
    return seconds


def _rate(text: str) -> float:
    rate = float(text)
    if not 6 <= rate <= 5000:
        raise argparse.ArgumentTypeError("from 6 to 5000")
    return rate


if __name__ == "__main__":
    sys.exit(main())
