"""The ``smppgate`` console command: selects the subcommand and reports its failures."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

from attrs import frozen

from smppgate.cli.extra import ToolsMissing
from smppgate.cli.failures import FAILED, INTERRUPTED, fail, one_line
from smppgate.version import installed_version


@frozen
class Command:
    """A subcommand.

    :ivar place: a module, or an object in one behind a colon, that has ``add_arguments(parser)``
        and ``run(args) -> int``.
    """

    place: str
    summary: str
    example: str


_CONTROL = "smppgate.cli.control"

GROUPS: dict[str, dict[str, Command]] = {
    "run, and tools": {
        "run": Command(
            "smppgate.cli.run",
            "run the gate",
            "smppgate run --config etc/smppgate.toml",
        ),
        "init": Command(
            "smppgate.cli.init",
            "write a configuration to begin with",
            "smppgate init /etc/smppgate",
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
            "print the hash of a password, for an account or a user of the API",
            "smppgate passwd",
        ),
        "log-code": Command(
            "smppgate.cli.log_code",
            "tell what a code in the log means, and what to do",
            "smppgate log-code SG-1001",
        ),
        "simulate": Command(
            "smppgate.cli.simulate",
            "be an SMSC to test against",
            "smppgate simulate --listen tcp:3001 --latency 0.02 --receipts all",
        ),
        "send": Command(
            "smppgate.cli.send",
            "send messages, show their answers and their receipts",
            "smppgate send --connect 127.0.0.1:2775 --to 447700900123 --text hello",
        ),
        "load": Command(
            "smppgate.cli.load",
            "send many messages and measure",
            "smppgate load --connect 127.0.0.1:2775 --sessions 4 --window 20 --count 100000",
        ),
        "completion": Command(
            f"{_CONTROL}.completion",
            "write a script that completes commands and names in a shell",
            "smppgate completion bash > /etc/bash_completion.d/smppgate",
        ),
    },
    "look at a running gate": {
        "status": Command(
            f"{_CONTROL}.status:STATUS",
            "show the gate on one screen, and what is wrong",
            "smppgate status",
        ),
        "health": Command(
            f"{_CONTROL}.health:HEALTH",
            "tell whether it can serve",
            "smppgate health --config etc/smppgate.toml",
        ),
        "top": Command(f"{_CONTROL}.top:TOP", "show it at work, live", "smppgate top"),
        "events": Command(
            f"{_CONTROL}.events:EVENTS",
            "show what happens, as it happens",
            "smppgate events --since 0",
        ),
        "trace": Command(
            f"{_CONTROL}.trace:TRACE",
            "show the PDUs of an account, an SMSC or a number, as they pass",
            "smppgate trace --account acme --to 447700900123",
        ),
        "capture": Command(
            f"{_CONTROL}.capture:CAPTURE",
            "write them into a file for Wireshark",
            "smppgate capture -w acme.pcapng --account acme --seconds 60",
        ),
        "accounts": Command(
            f"{_CONTROL}.lists:ACCOUNTS", "show the accounts of ESMEs", "smppgate accounts 'ac*'"
        ),
        "sessions": Command(
            f"{_CONTROL}.lists:SESSIONS", "show the sessions of ESMEs", "smppgate sessions acme"
        ),
        "smscs": Command(f"{_CONTROL}.lists:SMSCS", "show the SMSCs", "smppgate smscs --json"),
        "links": Command(
            f"{_CONTROL}.lists:LINKS", "show the links to SMSCs", "smppgate links alpha"
        ),
        "pools": Command(
            f"{_CONTROL}.lists:POOLS", "show the pools and their members", "smppgate pools"
        ),
        "routes": Command(
            f"{_CONTROL}.lists:ROUTES", "show the routes and their counts", "smppgate routes"
        ),
        "rewrites": Command(
            f"{_CONTROL}.lists:REWRITES",
            "show the rules that rewrite messages, and their counts",
            "smppgate rewrites",
        ),
        "queues": Command(
            f"{_CONTROL}.lists:QUEUES", "show the queues of accounts", "smppgate queues acme"
        ),
        "peers": Command(f"{_CONTROL}.lists:PEERS", "show the other nodes", "smppgate peers"),
        "workers": Command(
            f"{_CONTROL}.lists:WORKERS", "show the workers of a gate", "smppgate workers"
        ),
        "listeners": Command(
            f"{_CONTROL}.lists:LISTENERS", "show where ESMEs connect", "smppgate listeners"
        ),
        "route": Command(
            "smppgate.cli.route",
            "tell where a message would go, and why",
            "smppgate route --config etc/smppgate.toml --esme acme --to 447700900123",
        ),
    },
    "change a running gate": {
        "drain": Command(
            f"{_CONTROL}.changes:DRAIN",
            "give an SMSC no new messages, wait until nothing is open",
            "smppgate drain alpha --timeout 30",
        ),
        "maint": Command(
            f"{_CONTROL}.changes:MAINT", "drain and unbind an SMSC", "smppgate maint alpha"
        ),
        "ready": Command(
            f"{_CONTROL}.changes:READY",
            "let an SMSC take messages again",
            "smppgate ready alpha",
        ),
        "weight": Command(
            f"{_CONTROL}.changes:WEIGHT",
            "give an SMSC another share of messages",
            "smppgate weight alpha 3",
        ),
        "end-ejection": Command(
            f"{_CONTROL}.changes:END_EJECTION",
            "let an SMSC that was ejected come back at once",
            "smppgate end-ejection alpha",
        ),
        "close": Command(
            f"{_CONTROL}.changes:CLOSE", "accept no new bind of an account", "smppgate close acme"
        ),
        "open": Command(
            f"{_CONTROL}.changes:OPEN", "accept binds of an account again", "smppgate open acme"
        ),
        "kick": Command(
            f"{_CONTROL}.changes:KICK",
            "unbind the sessions of an account, or one session",
            "smppgate kick acme",
        ),
        "queue": Command(
            f"{_CONTROL}.changes:QUEUE",
            "drop what waits in the queue of an account, or send it now",
            "smppgate queue retry acme",
        ),
        "reload": Command(
            f"{_CONTROL}.changes:RELOAD", "read the configuration again", "smppgate reload"
        ),
        "log-level": Command(
            f"{_CONTROL}.changes:LOG_LEVEL",
            "say how much the gate logs",
            "smppgate log-level debug",
        ),
    },
}
"""The subcommands, in groups of their purposes."""

COMMANDS: dict[str, Command] = {
    name: command for group in GROUPS.values() for name, command in group.items()
}

DESCRIPTION = """\
An SMPP load balancer and message router between ESMEs and SMSCs, and tools around it.
The gate itself is started with:  smppgate run --config FILE

{commands}
"""

EPILOG = """\
Times are in seconds, rates per second, shares in percent. Commands that look at a running gate or
change it find it by --socket, --config or --url, by SMPPGATE_SOCKET, SMPPGATE_URL or
SMPPGATE_CONFIG of the environment, or by smppgate.toml in this folder.

exit status:
  0    done, and all was well
  1    the work could not be done, or fault was found; the reason is on standard error
  2    the arguments cannot be, or the running gate was not reached
  130  ended by Ctrl-C (143 by SIGTERM); the gate ends with 0 then, unless told twice

`smppgate COMMAND --help` tells all of a command, with an example.
"""


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
    except ToolsMissing as error:
        return fail(args.command, str(error))
    except Exception as error:
        if not _is_expected(error):
            raise
        return fail(args.command, one_line(error))
    return status


def whole_parser() -> argparse.ArgumentParser:
    """The parser with the arguments of all subcommands, and the summary of each."""
    parser, subparsers = _top_parser()
    for name, command in COMMANDS.items():
        _add_arguments(_add_command(subparsers, name, command, help=command.summary), command)
    return parser


def command_parsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parser of each subcommand of ``parser``, by its name."""
    actions = parser._actions
    (found,) = (each for each in actions if isinstance(each, argparse._SubParsersAction))
    return dict(found.choices)


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """The parser, with the arguments of the subcommand that ``argv`` names.

    The modules of the other subcommands are not imported: many of them load Twisted.
    """
    parser, subparsers = _top_parser()
    # Options before the command take no values, so the first word is the command.
    named = next((word for word in argv if not word.startswith("-")), None)
    for name, command in COMMANDS.items():
        subparser = _add_command(subparsers, name, command)
        if name == named:
            _add_arguments(subparser, command)
    return parser


def _top_parser() -> tuple[argparse.ArgumentParser, Any]:
    parser = argparse.ArgumentParser(
        prog="smppgate",
        usage="smppgate [-h] [--version] COMMAND ...",
        # argparse knows no groups of subcommands.
        description=DESCRIPTION.format(commands="\n".join(_group_lines())),
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"smppgate {installed_version() or '(not installed)'}",
    )
    return parser, parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, prog="smppgate"
    )


def _group_lines() -> Iterator[str]:
    width = max(map(len, COMMANDS))
    for title, commands in GROUPS.items():
        yield f"{title}:"
        yield from (f"    {name:<{width}}  {each.summary}" for name, each in commands.items())
        yield ""


def _add_command(
    subparsers: Any, name: str, command: Command, **more: Any
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = subparsers.add_parser(
        name,
        epilog=f"example:\n  {command.example}\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        **more,
    )
    return parser


def _add_arguments(subparser: argparse.ArgumentParser, command: Command) -> None:
    module, _, name = command.place.partition(":")
    found: Any = import_module(module)
    if name:
        found = getattr(found, name)
    found.add_arguments(subparser)
    subparser.set_defaults(run=found.run)


def _is_expected(error: Exception) -> bool:
    """Whether the cause lies outside this program, such as a port in use or a refused bind."""
    # Imported here because a command that does without Twisted should not load it.
    from twisted.internet.error import CannotListenError, ConnectError  # noqa: PLC0415

    from smppgate.txsmpp.errors import SmppError  # noqa: PLC0415

    return isinstance(error, OSError | CannotListenError | ConnectError | SmppError)
