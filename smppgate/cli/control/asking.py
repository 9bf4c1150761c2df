"""`Asking`: a command that asks a running gate, and what becomes of its failures."""

from __future__ import annotations

import argparse
import json
import os
import sys
import textwrap
from collections.abc import Callable
from io import TextIOWrapper
from typing import Any

from attrs import frozen

from smppgate.cli.control.client import Gate
from smppgate.cli.control.errors import NotReached, Refused
from smppgate.cli.control.passwords import password_for
from smppgate.cli.control.target import add_target_arguments, target_of
from smppgate.cli.failures import FAILED, USAGE, UsageError, fail

NOT_REACHED = 2
"""Exit status where no gate answers."""

EXIT_STATUS = """
Exit status: 0 when done, 1 when the gate refused, with the reason on standard error, 2 when no
gate was reached or the arguments cannot be.
"""


@frozen
class Asking:
    """A command that asks a running gate.

    :ivar description: for its --help.
    :ivar arguments: adds those that are its own.
    :ivar work: asks the gate, and gives the exit status.
    """

    description: str
    arguments: Callable[[argparse.ArgumentParser], None]
    work: Callable[[Gate, argparse.Namespace], int]

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the arguments of the command to ``parser``."""
        parser.description = f"{textwrap.fill(self.description, 98)}\n{EXIT_STATUS}"
        self.arguments(parser)
        add_target_arguments(parser)

    def run(self, args: argparse.Namespace) -> int:
        """Ask the gate that ``args`` name; returns the exit status."""
        return asked(args, self.work)


def asked(args: argparse.Namespace, work: Callable[[Gate, argparse.Namespace], int]) -> int:
    """Do the work with the gate that ``args`` name; returns the exit status."""
    if isinstance(sys.stdout, TextIOWrapper):
        # Names may have signs that this terminal or file has no octets for.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        target = target_of(args, os.environ)
        return work(Gate(target, password_for(target, os.environ)), args)
    except UsageError as error:
        return fail(args.command, str(error), USAGE)
    except NotReached as error:
        return fail(args.command, str(error), NOT_REACHED)
    except Refused as refused:
        for line in refused.errors:
            print(line, file=sys.stderr)
        return fail(args.command, str(refused), FAILED)


def add_json(parser: argparse._ActionsContainer) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="write the gate's answer as JSON")


def print_json(value: Any, indent: int | None = 2) -> None:
    """Write it as JSON in ASCII, so that no name in it steers the terminal."""
    print(json.dumps(value, indent=indent).replace("\x7f", "\\u007f"), flush=True)
