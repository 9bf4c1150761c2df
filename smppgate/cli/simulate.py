"""``smppgate simulate``: runs a simulated SMSC and prints its statistics."""

from __future__ import annotations

import argparse
from functools import partial
from random import Random
from time import localtime, strftime

from attrs import frozen
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.internet.task import LoopingCall

from smppgate.cli.failures import USAGE, UsageError, fail
from smppgate.cli.option_file import OptionFileError, values
from smppgate.cli.running import run_until_done
from smppgate.cli.simulator import Behaviour, SimulatedSmsc, Statistics
from smppgate.cli.simulator.options import GENERAL, GROUPS, OPTIONS, behaviour

DESCRIPTION = """\
Be an SMSC: accept binds, answer submit_sm, data_sm, submit_multi, query_sm, cancel_sm and
replace_sm, and send receipts (to whoever of the same system_id is bound to receive) and
mobile-originated messages. It runs until Ctrl-C and tells every few seconds what it did. It can be
as bad as SMSCs are: slow, silent, throttling, refusing, losing messages and connections.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``smppgate simulate`` to ``parser``."""
    parser.description = DESCRIPTION
    parser.add_argument(
        "--file",
        metavar="FILE",
        help='a TOML file with options by their names, such as error_rate = "5%%"; those on the '
        "command line come first",
    )
    for option in GENERAL:
        option.add_to(parser)
    for title, options in GROUPS.items():
        group = parser.add_argument_group(title)
        for option in options:
            option.add_to(group)


@frozen
class Plan:
    """The checked arguments of a simulation."""

    behaviour: Behaviour
    listen: str
    report: float
    seed: int | None

    @classmethod
    def of(cls, args: argparse.Namespace) -> Plan:
        """The plan that the options of `add_arguments` describe.

        :raises OptionFileError: when the file cannot be used.
        :raises UsageError: when options contradict each other.
        """
        found = values(OPTIONS, vars(args), args.file)
        return cls(behaviour(found), found["listen"], found["report"], found["seed"])


def run(args: argparse.Namespace) -> int:
    """Run a simulated SMSC until a signal arrives; returns the exit status, 130 after Ctrl-C.

    :raises CannotListenError: when the port is in use.
    """
    try:
        plan = Plan.of(args)
    except OptionFileError as error:
        for line in error.errors:
            fail("simulate", f"{args.file}: {line}")
        return USAGE
    except UsageError as error:
        return fail("simulate", str(error), USAGE)
    return run_until_done(partial(simulate, plan))


async def simulate(plan: Plan, reactor: IReactorTime) -> int:
    """Run a simulated SMSC until the coroutine is cancelled."""
    # The random generator makes test traffic, not secrets.
    smsc = SimulatedSmsc(plan.behaviour, reactor, Random(plan.seed))  # noqa: S311
    try:
        listening = where(await smsc.listen(plan.listen))
        print(f"SMSC {smsc.behaviour.name.decode('latin-1')} listens on {listening}", flush=True)
        smsc.startService()
        reports = LoopingCall(Report(smsc, plan.report).print_line)
        reports.clock = reactor
        reports.start(plan.report, now=False)
        try:
            await Deferred[None]()
        finally:
            reports.stop()
    finally:
        await smsc.stopService()
    return 0


class Report:
    """Prints a line of statistics at each call of `print_line`.

    :param interval: seconds between two calls.
    """

    def __init__(self, smsc: SimulatedSmsc, interval: float) -> None:
        self._smsc = smsc
        self._interval = interval
        self._last = smsc.statistics()

    def print_line(self) -> None:
        """Print the line for the time since the previous call."""
        last, self._last = self._last, self._smsc.statistics()
        print(f"{strftime('%H:%M:%S', localtime())}  {self.line(last, self._last)}", flush=True)

    def line(self, before: Statistics, after: Statistics) -> str:
        """The line for the interval from ``before`` to ``after``."""
        counts = after.counts
        per_second = (counts.taken - before.counts.taken) / self._interval
        parts = [
            f"{after.sessions} sessions",
            f"{per_second:,.0f} messages/s",
            f"{counts.taken:,} taken",
            f"{counts.refused:,} refused",
            f"{counts.receipts:,} receipts",
            f"{counts.mobile_originated:,} MO",
            f"{counts.delivered:,} delivered",
        ]
        troubles = {
            "waiting": after.waiting,
            "to be repeated": counts.repeated,
            "not delivered": counts.delivery_failures,
            "dropped": counts.dropped,
            "left unanswered": counts.unanswered,
            "connections cut": counts.cut,
        }
        parts += [f"{number:,} {what}" for what, number in troubles.items() if number]
        return "  ".join(parts)


def where(listening: IAddress) -> str:
    """``HOST:PORT`` of an IP address; any other kind of address as Twisted writes it."""
    if isinstance(listening, IPv4Address | IPv6Address):
        return f"{listening.host}:{listening.port}"
    return str(listening)
