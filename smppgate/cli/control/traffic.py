"""What ``smppgate trace`` and ``smppgate capture`` share: what of the traffic is asked for."""

from __future__ import annotations

import argparse

from smppgate.cli.control.options import seconds_of

LONGEST = 86_400.0
"""Seconds."""


def add_interest(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is asked for."""
    parser.add_argument(
        "--account", metavar="NAME", help="the sessions of this ESME, and its messages on links"
    )
    parser.add_argument(
        "--smsc", metavar="NAME", help="the links of this SMSC, and its messages on sessions"
    )
    parser.add_argument(
        "--to",
        metavar="NUMBER",
        help="messages to numbers that begin so, with their answers and receipts; beside another "
        "option both must hold",
    )
    parser.add_argument(
        "--text",
        action="store_true",
        help="with the texts of messages, which are masked otherwise",
    )
    parser.add_argument(
        "--seconds",
        type=seconds_of(0.1, LONGEST),
        metavar="N",
        help="for so long (default: until Ctrl-C)",
    )


def query_of(args: argparse.Namespace) -> dict[str, str]:
    """The same as the API's query."""
    query = {name: getattr(args, name) for name in ("account", "smsc", "to")}
    query["text"] = "true" if args.text else None
    query["seconds"] = f"{args.seconds:g}" if args.seconds is not None else None
    return {name: value for name, value in query.items() if value is not None}
