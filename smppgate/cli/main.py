"""The ``smppgate`` console command: selects the subcommand and reports its failures."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

from attrs import frozen

from smppgate.cli.failures import FAILED, INTERRUPTED, fail, one_line

DESCRIPTION = """\
An SMPP load balancer and message router between ESMEs and SMSCs, and tools around it.
The gate itself is started with:  smppgate run --config FILE
"""


@frozen
class Command:
    """A subcommand. Its module has ``add_arguments(parser)`` and ``run(args) -> int``."""

    module: str
    summary: str
    examples: str


COMMANDS: dict[str, Command] = {
    "run": Command(
        "smppgate.cli.run",
        "run the gate",
        "smppgate run --config etc/smppgate.toml",
    ),
    "demo": Command(
        "smppgate.cli.demo",
        "show the gate at work: two ESMEs and two SMSCs in one process",
        "smppgate demo --seconds 10",
    ),
    "check": Command(
        "smppgate.cli.check",
        "tell what is wrong with a configuration",
        "smppgate check etc/smppgate.toml",
    ),
    "passwd": Command(
        "smppgate.cli.passwd",
        "print the hash of a password, for a user of the API",
        "smppgate passwd",
    ),
    "route": Command(
        "smppgate.cli.route",
        "tell where a message would go, and why",
        "smppgate route --config etc/smppgate.toml --esme acme --to 447700900123",
    ),
    "simulate": Command(
        "smppgate.cli.simulate",
        "be an SMSC to test against",
        "smppgate simulate --listen tcp:3001 --latency 0.02 --receipts all",
    ),
    "send": Command(
        "smppgate.cli.send",
        "send one message, show its answer and its receipt",
        "smppgate send --connect 127.0.0.1:2775 --to 447700900123 --text hello",
    ),
    "load": Command(
        "smppgate.cli.load",
        "send many messages and measure",
        "smppgate load --connect 127.0.0.1:2775 --sessions 4 --window 20 --count 100000",
    ),
}

EPILOG = (
    "examples:\n{examples}\n\n"
    + """\
Times are in seconds, rates per second, shares in percent.

exit status:
  0    done, and all was well
  1    the work could not be done, or fault was found; the reason is on standard error
  2    the arguments cannot be
  130  ended by Ctrl-C (143 by SIGTERM); the gate ends with 0 then, unless told twice

`smppgate COMMAND --help` tells all of a command.
"""
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line ``argv``, by default the process's own; returns the exit status.

    :raises SystemExit: 0 after --help and --version, 2 for invalid arguments.
    """
    argv = sys.argv[1:] if argv is None else argv
    args = _parser(argv).parse_args(argv)
    try:
        status: int = args.run(args)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of standard output has closed it. What is buffered goes to /dev/null, else
        # Python reports the broken pipe once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        if not _is_expected(error):
            raise
        return fail(args.command, one_line(error))
    return status


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """The parser, with the arguments of the subcommand that ``argv`` names.

    The modules of the other subcommands are not imported: most of them load Twisted.
    """
    parser = argparse.ArgumentParser(
        prog="smppgate",
        description=DESCRIPTION,
        epilog=EPILOG.format(examples="\n".join(f"  {c.examples}" for c in COMMANDS.values())),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"smppgate {_version()}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    # Options before the command take no values, so the first word is the command.
    named = next((word for word in argv if not word.startswith("-")), None)
    for name, command in COMMANDS.items():
        subparser = subparsers.add_parser(
            name,
            help=command.summary,
            epilog=f"example:\n  {command.examples}\n",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name == named:
            module = import_module(command.module)
            module.add_arguments(subparser)
            subparser.set_defaults(run=module.run)
    return parser


def _version() -> str:
    try:
        return version("smppgate")
    except PackageNotFoundError:
        return "(not installed)"


def _is_expected(error: Exception) -> bool:
    """Whether the cause lies outside this program, such as a port in use or a refused bind."""
    # Imported here because a command that does without Twisted should not load it.
    from twisted.internet.error import CannotListenError, ConnectError  # noqa: PLC0415

    from smppgate.txsmpp.errors import SmppError  # noqa: PLC0415

    return isinstance(error, OSError | CannotListenError | ConnectError | SmppError)
