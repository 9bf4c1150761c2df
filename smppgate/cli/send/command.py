"""``smppgate send``: its arguments, its course and its exit status."""

from __future__ import annotations

import argparse
from functools import partial
from typing import cast

from twisted.internet.interfaces import IReactorTime

from smppgate.cli import connection, submission
from smppgate.cli.connection import Connection, NotBound, unbind
from smppgate.cli.failures import USAGE, UsageError, fail
from smppgate.cli.options import positive_seconds
from smppgate.cli.running import run_until_done
from smppgate.cli.send.delivery import NotDelivered, deliver
from smppgate.cli.send.session import SendSession
from smppgate.cli.terminal import shown
from smppgate.txsmpp.pdu import SubmitSm

DESCRIPTION = """\
Bind, send one message, show the answer and then the receipt, unbind. Messages that are delivered
meanwhile are answered and shown as MO.
Exit status: 0 when the message was accepted and, where a receipt is waited for, delivered;
1 when not, with one line on standard error that says why; 2 when the arguments cannot be.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``smppgate send`` to ``parser``."""
    parser.description = DESCRIPTION
    connection.add_arguments(parser)
    submission.add_arguments(parser)
    parser.add_argument(
        "--receipt",
        action=argparse.BooleanOptionalAction,
        help="ask for a receipt and wait for it (default: with a transceiver)",
    )
    parser.add_argument(
        "--wait",
        metavar="SECONDS",
        type=positive_seconds,
        default=30.0,
        help="how long to wait for the receipt (default: %(default)g)",
    )


def run(args: argparse.Namespace) -> int:
    """Send the message that ``args`` describe; returns the exit status.

    The steps go to standard output, failures to standard error.
    """
    try:
        link = Connection.of(args)
        wait = _wait(args, link)
        message = submission.submit_sm(args, link.version, wait is not None)
    except UsageError as error:
        return fail("send", str(error), USAGE)
    return run_until_done(partial(send, link, message, wait))


async def send(
    link: Connection, message: SubmitSm, wait: float | None, reactor: IReactorTime
) -> int:
    """Bind over ``link``, deliver ``message``, unbind; returns the exit status.

    :param wait: seconds to wait for the receipt; None where none was requested.
    """
    session = SendSession(reactor, link.timers)
    try:
        await link.open(reactor, session)
    except NotBound as error:
        return fail("send", str(error))
    print(f"bound     to {link.endpoint} as {shown(link.bind.system_id)}")
    try:
        await deliver(session, message, wait)
    except NotDelivered as error:
        return fail("send", str(error))
    finally:
        await unbind(session, reactor)
    return 0


def _wait(args: argparse.Namespace, link: Connection) -> float | None:
    """Seconds to wait for a receipt; None where none is to be requested.

    :raises UsageError: when --receipt is given with a transmitter.
    """
    if args.receipt and not link.receives:
        raise UsageError("--receipt needs a transceiver: a transmitter gets no receipts")
    wanted: bool = link.receives if args.receipt is None else args.receipt
    return cast(float, args.wait) if wanted else None
