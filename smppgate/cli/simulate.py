"""``smppgate simulate``: runs a simulated SMSC and prints its statistics."""

from __future__ import annotations

import argparse
from functools import partial
from random import Random
from time import localtime, strftime

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.internet.task import LoopingCall

from smppgate.cli.options import (
    address,
    command_status,
    count,
    listening_endpoint,
    octets,
    password,
    percentage,
    positive_seconds,
    rate,
    seconds,
    system_id,
)
from smppgate.cli.running import run_until_done
from smppgate.cli.simulator import Behaviour, SimulatedSmsc, Statistics

DESCRIPTION = """\
Be an SMSC: accept binds, answer submit_sm, data_sm, submit_multi, query_sm, cancel_sm and
replace_sm, and send receipts (to whoever of the same system_id is bound to receive) and
mobile-originated messages. It runs until Ctrl-C and tells every few seconds what it did.
"""

# Half of the 64 octets of a message_id, SMPP v3.4 §5.2.23; the rest is for the number.
_id_prefix = octets(32)

_DEFAULT = Behaviour()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``smppgate simulate`` to ``parser``."""
    parser.description = DESCRIPTION
    parser.add_argument(
        "--listen",
        metavar="ENDPOINT",
        type=listening_endpoint,
        default="tcp:3001:interface=127.0.0.1",
        help="Twisted server endpoint; with port 0 the kernel picks one (default: %(default)s)",
    )
    parser.add_argument(
        "--report",
        metavar="SECONDS",
        type=positive_seconds,
        default=5.0,
        help="time between two lines of statistics (default: %(default)g)",
    )
    parser.add_argument(
        "--seed", type=int, help="an integer that makes all chance come out the same again"
    )
    _add_bind(parser.add_argument_group("binds"))
    _add_answers(parser.add_argument_group("answers"))
    _add_deliveries(parser.add_argument_group("receipts and mobile-originated messages"))


def behaviour(args: argparse.Namespace) -> Behaviour:
    """The behaviour that the arguments describe."""
    return Behaviour(
        name=args.name,
        system_id=args.system_id,
        password=args.password,
        latency=args.latency,
        jitter=args.jitter,
        error_rate=args.error_rate,
        error_statuses=tuple(args.error_status or _DEFAULT.error_statuses),
        receipts=args.receipts,
        receipt_delay=args.receipt_delay,
        mo_rate=args.mo_rate,
        mo_destinations=tuple(args.mo_destination or _DEFAULT.mo_destinations),
        id_prefix=args.id_prefix,
        hexadecimal_ids=args.id_format == "hex",
        window=args.window,
        queue=args.queue,
    )


def run(args: argparse.Namespace) -> int:
    """Run a simulated SMSC until a signal arrives; returns the exit status, 130 after Ctrl-C.

    :raises CannotListenError: when the port is in use.
    """
    return run_until_done(partial(simulate, args))


async def simulate(args: argparse.Namespace, reactor: IReactorTime) -> int:
    """Run a simulated SMSC until the coroutine is cancelled."""
    # The random generator makes test traffic, not secrets.
    smsc = SimulatedSmsc(behaviour(args), reactor, Random(args.seed))  # noqa: S311
    try:
        listening = where(await smsc.listen(args.listen))
        print(f"SMSC {smsc.behaviour.name.decode('latin-1')} listens on {listening}", flush=True)
        smsc.startService()
        reports = LoopingCall(Report(smsc, args.report).print_line)
        reports.clock = reactor
        reports.start(args.report, now=False)
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
        }
        parts += [f"{number:,} {what}" for what, number in troubles.items() if number]
        return "  ".join(parts)


def where(listening: IAddress) -> str:
    """``HOST:PORT`` of an IP address; any other kind of address as Twisted writes it."""
    if isinstance(listening, IPv4Address | IPv6Address):
        return f"{listening.host}:{listening.port}"
    return str(listening)


def _add_bind(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--system-id", metavar="NAME", type=system_id, help="who may bind (default: anyone)"
    )
    group.add_argument(
        "--password",
        metavar="PASSWORD",
        type=password,
        help="the password to bind with (default: any)",
    )
    group.add_argument(
        "--name",
        metavar="NAME",
        type=system_id,
        default=_DEFAULT.name,
        help="the system_id that the SMSC calls itself by (default: smsc)",
    )


def _add_answers(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--latency",
        metavar="SECONDS",
        type=seconds,
        default=_DEFAULT.latency,
        help="from a message to its answer (default: at once)",
    )
    group.add_argument(
        "--jitter",
        metavar="SECONDS",
        type=seconds,
        default=_DEFAULT.jitter,
        help="latency may be that much more or less, so that answers change places (default: 0)",
    )
    group.add_argument(
        "--error-rate",
        metavar="PERCENT",
        type=percentage,
        default=_DEFAULT.error_rate,
        help="how many messages are refused (default: 0)",
    )
    group.add_argument(
        "--error-status",
        metavar="STATUS",
        type=command_status,
        action="append",
        help="what they are refused with, by name or number; given more than once, one of them "
        "by chance (default: ESME_RSUBMITFAIL)",
    )
    group.add_argument(
        "--id-prefix",
        metavar="TEXT",
        type=_id_prefix,
        default=_DEFAULT.id_prefix,
        help="what each message_id begins with (default: nothing)",
    )
    group.add_argument(
        "--id-format",
        choices=("hex", "decimal"),
        default="hex",
        help="how the number in a message_id is written (default: %(default)s)",
    )


def _add_deliveries(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--receipts",
        metavar="PERCENT|all",
        type=percentage,
        default=_DEFAULT.receipts,
        help="how many of the messages that ask for a receipt get one (default: all)",
    )
    group.add_argument(
        "--receipt-delay",
        metavar="SECONDS",
        type=seconds,
        default=_DEFAULT.receipt_delay,
        help="from a message's answer to its receipt; until then it can be cancelled "
        "(default: 0, right behind it)",
    )
    group.add_argument(
        "--mo-rate",
        metavar="PER_SECOND",
        type=rate,
        default=_DEFAULT.mo_rate,
        help="mobile-originated messages, while anyone is bound to receive them (default: 0)",
    )
    group.add_argument(
        "--mo-destination",
        metavar="ADDRESS",
        type=address,
        action="append",
        help="the number they go to; given more than once, one of them by chance "
        f"(default: {_DEFAULT.mo_destinations[0].decode()})",
    )
    group.add_argument(
        "--window",
        metavar="COUNT",
        type=count,
        default=_DEFAULT.window,
        help="unanswered deliver_sm on a session at the most (default: %(default)s)",
    )
    group.add_argument(
        "--queue",
        metavar="COUNT",
        type=count,
        default=_DEFAULT.queue,
        help="answers and receipts that may wait; beyond it messages are refused with "
        "ESME_RMSGQFUL and receipts dropped (default: %(default)s)",
    )
