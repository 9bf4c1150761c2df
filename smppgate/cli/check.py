"""``smppgate check FILE``: reports the errors and warnings of a configuration file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from smppgate.cli.failures import FAILED
from smppgate.cli.options import positive_rate
from smppgate.cli.surroundings import surroundings_warnings
from smppgate.settings import Settings, SettingsError, load, warnings
from smppgate.settings.keeping import keeping_notes
from smppgate.settings.state_dir import state_dir_error
from smppgate.settings.windows import window_notes

EXPECTED_RATE = 100.0
"""Messages a second that `check` reckons with, unless told otherwise."""

DESCRIPTION = """\
Read a configuration as the gate would and tell everything that is wrong with it, one line for
each thing, with its place in the file. Certificates are read, the module of
hooks is imported, and the folder and the limits that the gate is to use are
looked at; no socket is opened.
Exit status: 0 when the gate can start with it, 1 when it cannot.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``smppgate check`` to ``parser``."""
    parser.description = DESCRIPTION
    parser.add_argument("file", metavar="FILE", help="the configuration (TOML) to check")
    parser.add_argument(
        "--rate",
        type=positive_rate,
        default=EXPECTED_RATE,
        metavar="N",
        help="messages a second, for what queries = true keeps (default %(default)g)",
    )


def run(args: argparse.Namespace) -> int:
    """Check ``args.file`` and return the exit status, 0 if it is valid and 1 if not.

    The summary goes to standard output, errors and warnings to standard error.
    """
    try:
        settings = load(args.file)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return FAILED
    fault = state_dir_error(settings)
    if fault:
        print(f"{args.file}: {fault}", file=sys.stderr)
        return FAILED
    for warning in (*warnings(settings), *surroundings_warnings(settings, args.file)):
        print(f"{args.file}: warning: {warning}", file=sys.stderr)
    print(f"{args.file}: valid: {_summary(settings)}")
    if settings.gate.message_ids == "tagged":
        print(f"message ids begin with {_tags(settings)}")
    for note in (*_routes(settings), *window_notes(settings), *keeping_notes(settings, args.rate)):
        print(note)
    return 0


def _summary(settings: Settings) -> str:
    counts = (
        (len(settings.listen), "listener"),
        (len(settings.esme), "ESME account"),
        (len(settings.smsc), "SMSC"),
        (len(settings.pool), "pool"),
        *([(len(settings.route), "route")] if settings.route else ()),
        *([(len(settings.rewrite), "rule")] if settings.rewrite else ()),
    )
    return ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts)


def _routes(settings: Settings) -> Iterator[str]:
    """A line for each file of prefixes."""
    for route in settings.route:
        for file in (route.destination_file, route.pools_file):
            if file is not None:
                pools = ", ".join(filter(None, file.by_pool()))
                to = f" to the pools {pools}" if pools else ""
                yield f"route {route.label}: {len(file)} prefixes in {file.path}{to}"
    for rule in settings.rewrite:
        file = rule.destination_file
        if file is not None:
            yield f"rule {rule.label}: {len(file)} prefixes in {file.path}"


def _tags(settings: Settings) -> str:
    return ", ".join(f"{smsc.tag_or_derived} ({smsc.name})" for smsc in settings.smsc)
