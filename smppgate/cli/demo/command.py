"""``smppgate demo``: its arguments, its course and its exit status."""

from __future__ import annotations

import argparse
from functools import partial
from random import Random
from time import monotonic

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall, deferLater

from smppgate.cli.demo.stage import RATE, SESSIONS, SMSCS, Stage
from smppgate.cli.demo.verdict import Outcome, shortcomings, summary
from smppgate.cli.demo.view import View, view
from smppgate.cli.failures import FAILED
from smppgate.cli.options import positive_seconds
from smppgate.cli.running import run_until_done

DESCRIPTION = """\
Show the gate at work: two simulated SMSCs, the gate, and two ESMEs that send messages and ask
for a receipt of each, all in this process, over real sockets of 127.0.0.1. Nothing needs to be
configured, and the ports are free ones.
Exit status: 0 when every message was answered exactly once with ESME_ROK and every receipt came
home to its own sender; 1 when not, and then it is told what is missing.
"""

_SETTLE_TIMEOUT = 10.0
"""Seconds that the last answers and receipts may take after the ESMEs have stopped sending."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``smppgate demo`` to ``parser``."""
    parser.description = DESCRIPTION
    parser.add_argument(
        "--seconds",
        metavar="N",
        type=positive_seconds,
        default=10.0,
        help="how long the ESMEs send (default: %(default)g)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        help="an integer for the SMSCs' chance, that is their jitter (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Run the demo; returns the exit status.

    :raises OSError: when loopback sockets are not available, or the gate does not bind.
    """
    print(introduction(), flush=True)
    return run_until_done(partial(demo, args.seconds, args.seed))


async def demo(seconds: float, seed: int, reactor: IReactorTime) -> int:
    """Run the demo, in which the ESMEs send for ``seconds``; returns the exit status."""
    # The random generator makes jitter, not secrets.
    stage = Stage(reactor, Random(seed))  # noqa: S311
    try:
        await stage.open()
        with view() as shown:
            await _show(stage, shown, seconds)
    finally:
        await stage.close()
    return report(
        Outcome(
            ledgers=stage.ledgers,
            taken=stage.taken,
            lost_sessions=stage.lost_sessions,
            open_exchanges=stage.open_exchanges,
            seconds=seconds,
        )
    )


def introduction() -> str:
    """The paragraph that explains the demo."""
    speeds = ", ".join(f"{name} in {b.latency * 1000:.0f} ms" for name, b in SMSCS.items())
    return (
        "two ESMEs → smppgate → two SMSCs\n"
        f"  acme and bolt send {RATE:,.0f} messages/s each over {SESSIONS} sessions each, both\n"
        "  under the same sequence numbers, and ask for a receipt of every message.\n"
        f"  The SMSCs answer out of order, {speeds}, and both hand\n"
        "  out the same message ids: the gate gives the next message to the one with\n"
        "  fewer unanswered, brings each answer back under the number it was asked under,\n"
        "  and each receipt home to its sender.\n"
    )


def report(outcome: Outcome) -> int:
    """Print the summary and the verdict; returns the exit status."""
    print()
    for line in summary(outcome):
        print(line)
    missing = shortcomings(outcome)
    if not missing:
        print(
            "OK: every message was answered exactly once, and every receipt came home to its "
            "own sender."
        )
        return 0
    print("FAILED:")
    for line in missing:
        print(f"  {line}")
    return FAILED


async def _show(stage: Stage, shown: View, seconds: float) -> None:
    started = monotonic()
    for esme in stage.esmes:
        esme.start()
    updates = LoopingCall(lambda: shown.update(stage, monotonic() - started))
    updates.clock = stage.reactor
    # An error ends the updates; the last update below raises it again.
    updates.start(shown.interval, now=False).addErrback(lambda _: None)
    try:
        await deferLater(stage.reactor, seconds)
        await stage.settle(_SETTLE_TIMEOUT)
    finally:
        if updates.running:
            updates.stop()
        shown.update(stage, monotonic() - started)
