"""``smppgate load``: its arguments, its course and its exit status."""

from __future__ import annotations

import argparse
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from functools import partial
from typing import Any

from attrs import frozen
from twisted.internet.defer import (
    CancelledError,
    DeferredList,
    DeferredSemaphore,
    ensureDeferred,
)
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from smppgate.cli import connection, submission
from smppgate.cli.connection import Connection, NotBound, unbind
from smppgate.cli.extra import has_rich
from smppgate.cli.failures import FAILED, USAGE, UsageError, fail
from smppgate.cli.load.report import KEYS, Report
from smppgate.cli.load.run import LoadRun, Terms
from smppgate.cli.load.sessions import LoadSession, Traffic
from smppgate.cli.load.supply import Supply
from smppgate.cli.load.template import LARGEST_RANGE, Template
from smppgate.cli.options import count, positive_rate, positive_seconds
from smppgate.cli.running import run_until_done

DESCRIPTION = """\
Bind, send messages as fast as they are answered, or at --rate, and tell how long the answers
took. Every session has at most WINDOW messages unanswered. Messages that are delivered meanwhile
are answered.
Exit status: 0 when every message was answered with ESME_ROK; 1 when not, or when a session could
not be bound; 2 when the arguments cannot be.
"""

DEFAULT_COUNT = 10_000
"""Messages that are sent where neither --count nor --duration is given."""

_BINDS_AT_ONCE = 20
"""Sessions that connect and bind at the same time; a listener's backlog is usually 50."""


@frozen
class Plan:
    """The checked arguments of a load.

    :param window: submit_sm that each session may have unanswered.
    :param count: messages in all; None where only the duration limits them.
    :param json: whether the report is printed as JSON.
    """

    link: Connection
    template: Template
    sessions: int
    window: int
    count: int | None
    terms: Terms
    json: bool

    @classmethod
    def of(cls, args: argparse.Namespace) -> Plan:
        """The plan that the options of `add_arguments` describe.

        :raises UsageError: when they contradict each other.
        """
        link = Connection.of(args)
        if args.receipts and not link.receives:
            raise UsageError("--receipts needs a transceiver: a transmitter gets no receipts")
        message = submission.submit_sm(args, link.version, args.receipts)
        return cls(
            link=link,
            template=Template.of(message, args.to_range),
            sessions=args.sessions,
            window=args.window,
            count=DEFAULT_COUNT if (args.count, args.duration) == (None, None) else args.count,
            terms=Terms(args.rate, args.duration, args.wait if args.receipts else None),
            json=args.json,
        )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``smppgate load`` to ``parser``."""
    parser.description = DESCRIPTION
    parser.epilog = f"{parser.epilog or ''}\n{KEYS}"
    _add_load_arguments(parser)
    connection.add_arguments(parser)
    submission.add_arguments(parser)


def _add_load_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--sessions", metavar="N", type=count, default=1, help="sessions to bind (default: 1)")
    add(
        "--window",
        metavar="W",
        type=count,
        default=10,
        help="messages that each session may have unanswered (default: %(default)s)",
    )
    add(
        "--count",
        metavar="M",
        type=count,
        help=f"messages in all (default: {DEFAULT_COUNT}; with --duration as many as it takes)",
    )
    add("--duration", metavar="SECONDS", type=positive_seconds, help="send no longer than this")
    add("--rate", metavar="R", type=positive_rate, help="messages per second over all sessions")
    add("--receipts", action="store_true", help="ask for receipts and count them")
    add(
        "--wait",
        metavar="SECONDS",
        type=positive_seconds,
        default=10.0,
        help="stop waiting for receipts when none came for so long (default: %(default)g)",
    )
    add(
        "--to-range",
        metavar="N",
        type=destinations,
        default=1,
        help="spread over N destinations that count up from --to (default: %(default)s)",
    )
    add("--json", action="store_true", help="print the result as one JSON object, see below")


def destinations(text: str) -> int:
    """A number of destinations from 1 to `LARGEST_RANGE`.

    :raises ArgumentTypeError: for anything else.
    """
    value = count(text)
    if value > LARGEST_RANGE:
        raise argparse.ArgumentTypeError(f"{LARGEST_RANGE} at most, not {text!r}")
    return value


def run(args: argparse.Namespace) -> int:
    """Send the load that ``args`` describe; returns the exit status.

    The report goes to standard output, progress and failures to standard error.
    """
    try:
        plan = Plan.of(args)
    except UsageError as error:
        return fail("load", str(error), USAGE)
    return run_until_done(partial(load, plan))


async def load(plan: Plan, reactor: IReactorTime) -> int:
    """Bind the sessions, send, unbind, print the report; returns the exit status."""
    traffic = Traffic(plan.template, plan.window, Supply(plan.count, plan.terms.rate))
    load_run = LoadRun(traffic, plan.terms, reactor)
    try:
        await bind_all(plan, load_run, reactor)
        report = await _measure(plan, load_run, reactor)
    except NotBound as error:
        return fail("load", str(error))
    finally:
        await _unbind_all(load_run, reactor)
    print(report.as_json() if plan.json else "\n".join(report.lines()))
    return 0 if report.is_good else FAILED


async def bind_all(plan: Plan, load_run: LoadRun, reactor: IReactorTime) -> None:
    """Bind all sessions of ``plan``, `_BINDS_AT_ONCE` at a time, and add them to ``load_run``.

    :raises NotBound: with the reason of the first failure, after all binds have ended.
    """
    semaphore = DeferredSemaphore(_BINDS_AT_ONCE)
    binding = [
        semaphore.run(lambda: ensureDeferred(_bind_one(plan, load_run, reactor)))
        for _ in range(plan.sessions)
    ]
    results: list[tuple[bool, Any]] = await DeferredList(binding, consumeErrors=True)
    failed: list[Failure] = [result for is_bound, result in results if not is_bound]
    if failed:
        failed[0].trap(NotBound)
        others = f" ({len(failed)} of {plan.sessions} sessions)" if plan.sessions > 1 else ""
        raise NotBound(f"{failed[0].getErrorMessage()}{others}")


async def _bind_one(plan: Plan, load_run: LoadRun, reactor: IReactorTime) -> None:
    session = LoadSession(reactor, plan.link.timers, load_run.traffic, load_run)
    await plan.link.open(reactor, session)
    load_run.add(session)


async def _measure(plan: Plan, load_run: LoadRun, reactor: IReactorTime) -> Report:
    ended_early = False
    with _progress(plan, load_run, reactor):
        try:
            await load_run.start()
        except CancelledError:
            ended_early = True
    return Report(
        # A copy, because the unbind fails what an interrupt left unanswered and counts it lost.
        tally=deepcopy(load_run.traffic.tally),
        sessions=plan.sessions,
        window=plan.window,
        count=plan.count,
        rate_limit=plan.terms.rate,
        receipts=plan.terms.receipts_wait is not None,
        ended_early=ended_early or not load_run.traffic.supply.is_empty,
    )


def _progress(
    plan: Plan, load_run: LoadRun, reactor: IReactorTime
) -> AbstractContextManager[object]:
    """The progress bar, where Rich is installed."""
    if not has_rich():
        return nullcontext()
    from rich.console import Console  # noqa: PLC0415

    from smppgate.cli.load.progress import ProgressBar  # noqa: PLC0415

    console = Console(stderr=True)
    return ProgressBar(load_run, plan.count, plan.terms.duration, reactor, console)


async def _unbind_all(load_run: LoadRun, reactor: IReactorTime) -> None:
    sessions = list(load_run.sessions)
    await DeferredList([ensureDeferred(unbind(session, reactor)) for session in sessions])
