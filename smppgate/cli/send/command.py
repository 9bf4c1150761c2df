"""``smppgate send``: its arguments, its course and its exit status."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from random import randrange
from typing import cast

from twisted.internet.interfaces import IReactorTime

from smppgate.cli import connection, submission
from smppgate.cli.connection import Connection, NotBound, unbind
from smppgate.cli.failures import USAGE, UsageError, fail
from smppgate.cli.options import count, positive_rate, positive_seconds
from smppgate.cli.running import run_until_done
from smppgate.cli.send.delivery import Delivery, NotDelivered
from smppgate.cli.send.session import SendSession
from smppgate.cli.terminal import shown
from smppgate.txsmpp.pdu import SubmitSm
from smppgate.txsmpp.segmentation import Segmentation

DESCRIPTION = """\
Bind, send a message, show the answer and then the receipt, unbind. A long text goes in parts, each
with an answer and a receipt. Messages that are delivered meanwhile are answered and shown as MO.
Exit status: 0 when all was accepted and, where receipts are waited for, delivered;
1 when not, with one line on standard error that says why; 2 when the arguments cannot be.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``smppgate send`` to ``parser``."""
    parser.description = DESCRIPTION
    connection.add_arguments(parser)
    group = submission.add_arguments(parser)
    group.add_argument(
        "--long",
        choices=[way.value for way in Segmentation],
        help="how more than one short message is sent: in parts with user data headers, in parts "
        "with SAR TLVs, or whole as message_payload (default: a text by udh)",
    )
    parser.add_argument(
        "--count",
        metavar="N",
        type=count,
        default=1,
        help="send it so many times, each when the one before is answered (default: %(default)s)",
    )
    parser.add_argument(
        "--rate", metavar="R", type=positive_rate, help="PDUs per second at the most"
    )
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
    """Send the messages that ``args`` describe; returns the exit status.

    The steps go to standard output, failures to standard error.
    """
    try:
        link = Connection.of(args)
        wait = _wait(args, link)
        messages = _messages(args, link, wait is not None)
    except UsageError as error:
        return fail("send", str(error), USAGE)
    interval = 1 / args.rate if args.rate else 0.0
    return run_until_done(partial(send, link, messages, wait, interval))


async def send(
    link: Connection,
    messages: Sequence[SubmitSm],
    wait: float | None,
    interval: float,
    reactor: IReactorTime,
) -> int:
    """Bind over ``link``, deliver ``messages``, unbind; returns the exit status.

    :param wait: seconds to wait for receipts; None where none was requested.
    :param interval: seconds from one message to the next at the least.
    """
    session = SendSession(reactor, link.timers)
    try:
        await link.open(reactor, session)
    except NotBound as error:
        return fail("send", str(error))
    print(f"bound     to {link.endpoint} as {shown(link.bind.system_id)}")
    try:
        await Delivery(session, messages, wait, interval).run()
    except NotDelivered as error:
        return fail("send", str(error))
    finally:
        await unbind(session, reactor)
    return 0


def _messages(args: argparse.Namespace, link: Connection, receipt: bool) -> list[SubmitSm]:
    """The message, or its parts, ``--count`` times, each time with a reference of its own.

    :raises UsageError: when it cannot be sent so.
    """
    # It tells these messages from others to the same number, and is no secret.
    first = randrange(0x100)  # noqa: S311
    way = None if args.long is None else Segmentation(args.long)
    return [
        message
        for number in range(args.count)
        for message in submission.messages(
            args, link.version, receipt, way, (first + number) % 0x100
        )
    ]


def _wait(args: argparse.Namespace, link: Connection) -> float | None:
    """Seconds to wait for a receipt; None where none is to be requested.

    :raises UsageError: when --receipt is given with a transmitter.
    """
    if args.receipt and not link.receives:
        raise UsageError("--receipt needs a transceiver: a transmitter gets no receipts")
    wanted: bool = link.receives if args.receipt is None else args.receipt
    return cast(float, args.wait) if wanted else None
