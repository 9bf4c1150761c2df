"""``smppgate accounts``, ``sessions``, ``smscs``, ``links``, ``pools``, ``queues``, ``routes``,
``rewrites``, ``peers``, ``workers``, ``listeners``."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from attrs import frozen

from smppgate.cli.control import columns
from smppgate.cli.control.asking import Asking, add_json, print_json
from smppgate.cli.control.client import Gate
from smppgate.cli.control.errors import Refused
from smppgate.cli.control.screen import print_laid, room
from smppgate.cli.control.tables import Column, Row, laid_out
from smppgate.cli.control.texts import shown

Rows = list[dict[str, Any]]


@frozen
class Listing:
    """A list of the API, as a command.

    :ivar path: of the API; the command's name.
    :ivar noun: one of them.
    :ivar keys: what rows are known by, and may be chosen by.
    :ivar details: another table beneath, and its rows; None without one.
    """

    path: str
    noun: str
    keys: tuple[str, ...]
    columns: Sequence[Column]
    prepare: Callable[[Rows], Rows] = lambda rows: rows
    details: tuple[Sequence[Column], Callable[[Rows], Rows]] | None = None

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add what is common to all lists."""
        which = " or ".join(key.replace("_", " ") for key in self.keys)
        parser.add_argument(
            "which",
            nargs="*",
            metavar="NAME",
            help=f"only these, by {which}; * and ? are patterns",
        )
        form = parser.add_mutually_exclusive_group()
        add_json(form)
        form.add_argument("--names", action="store_true", help="only the name of each, one a line")
        form.add_argument(
            "--wide", action="store_true", help="all columns, also in a narrow terminal"
        )

    def work(self, gate: Gate, args: argparse.Namespace) -> int:
        """Show it; returns the exit status."""
        found = self._chosen(gate.objects(self.path), args.which)
        if args.json:
            print_json(found)
        elif args.names:
            print(
                *(shown(row.get(self.keys[0])) for row in found), sep="\n", end="\n" * bool(found)
            )
        else:
            self._show(found, args)
        return 0

    def _show(self, found: Rows, args: argparse.Namespace) -> None:
        limit = None if args.wide else room()
        now = datetime.now(UTC)
        is_placed = any("worker" in row for row in found)
        shown_columns = (*self.columns, columns.WORKER) if is_placed else self.columns
        print_laid(laid_out(shown_columns, self.prepare(found), now, limit))
        if self.details is not None and found:
            print()
            print_laid(laid_out(self.details[0], self.details[1](found), now, limit))

    def _chosen(self, rows: Rows, names: Sequence[str]) -> Rows:
        """Those with one of these names; all without any.

        :raises Refused: there is none of a name.
        """
        for name in names:
            if not any(self._is_called(row, name) for row in rows):
                raise Refused(f"there is no {self.noun} {shown(name)}", 404)
        return [row for row in rows if not names or any(self._is_called(row, n) for n in names)]

    def _is_called(self, row: Row, name: str) -> bool:
        values = (str(row.get(key)) for key in self.keys)
        # A name may have a [ in it, which is no pattern.
        return any(value == name or fnmatchcase(value, name) for value in values)


def _numbered(rows: Rows) -> Rows:
    return [{"number": number, **row} for number, row in enumerate(rows, 1)]


def _members(rows: Rows) -> Rows:
    return [
        {**member, "pool": row.get("name")}
        for row in rows
        if isinstance(members := row.get("members"), list)
        for member in members
        if isinstance(member, dict)
    ]


def _asking(description: str, listing: Listing) -> Asking:
    return Asking(description, listing.add_arguments, listing.work)


ACCOUNTS = _asking(
    "Show the accounts of ESMEs: who may bind, with how many sessions, and what waits for them.",
    Listing("accounts", "account", ("system_id",), columns.ACCOUNTS),
)
SESSIONS = _asking(
    "Show the sessions of ESMEs that are bound. The id is what `smppgate kick` takes.",
    Listing("sessions", "session", ("id", "account", "peer"), columns.SESSIONS),
)
SMSCS = _asking(
    "Show the SMSCs: their links, windows and latencies, and how they answered.",
    Listing("smscs", "SMSC", ("name",), columns.SMSCS),
)
LINKS = _asking(
    "Show the links to SMSCs. The id is what `smppgate drain` and the like take.",
    Listing("links", "link", ("id", "smsc"), columns.LINKS),
)
POOLS = _asking(
    "Show the pools and their members: which of them take messages, and why others do not.",
    Listing("pools", "pool", ("name",), columns.POOLS, details=(columns.MEMBERS, _members)),
)
QUEUES = _asking(
    "Show the queues: messages for ESMEs that are not bound, or do not take them.",
    Listing("queues", "queue", ("system_id",), columns.QUEUES),
)
ROUTES = _asking(
    "Show the routes in their order, and for how many messages each was chosen.",
    Listing("routes", "route", ("label", "name"), columns.ROUTES, _numbered),
)
REWRITES = _asking(
    "Show the rules that rewrite messages, in their order, and how many each was applied to.",
    Listing("rewrites", "rule", ("label",), columns.REWRITES, _numbered),
)
PEERS = _asking(
    "Show the other nodes of the gate: whether they are up, and what went there and came.",
    Listing("peers", "peer", ("name",), columns.PEERS),
)
WORKERS = _asking(
    "Show the workers of a gate that has several: whether they are up, and what each has. "
    "RELAYED are messages that went on to another worker, LAG is how late its timers fire.",
    Listing("workers", "worker", ("number",), columns.WORKERS),
)
LISTENERS = _asking(
    "Show where ESMEs connect: how many do, and what the limits of each listener have cut.",
    Listing("listeners", "listener", ("endpoint", "address"), columns.LISTENERS),
)
