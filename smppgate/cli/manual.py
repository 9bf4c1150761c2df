"""The manual pages smppgate(1) and smppgate.toml(5), made of the commands and of the settings.

``python -m smppgate.cli.manual man`` writes both into the folder ``man``, which packages have as
it is; a test tells when they are out of date.

Rejected: Sphinx's own pages, which differ from one of its versions to the next, and have no
options in them.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from smppgate.cli.main import COMMANDS, EPILOG, GROUPS, command_parsers, whole_parser
from smppgate.settings.model import SECTIONS, TABLES, Settings, heading
from smppgate.settings.reference import Row, rows

Lines = Iterator[str]

_SUBJECT = "SMPP load balancer and message router"

_INTRODUCTION = f"""\
smppgate is an {_SUBJECT}: many ESMEs on one side, many SMSCs on the other. It gives every request
a sequence number of its own, sends it over the SMSC that is least loaded, and brings answers,
receipts and mobile-originated messages home.

The gate is started with `smppgate run`. All other commands are tools, or ask a gate that runs.
"""

_ENVIRONMENT = {
    "SMPPGATE_SOCKET": "The admin socket of the gate that commands ask.",
    "SMPPGATE_URL": "Where it listens for HTTP, if there is no SMPPGATE_SOCKET.",
    "SMPPGATE_USER": "Who asks there.",
    "SMPPGATE_PASSWORD": "The password of that user; with `send` and `load`, of their bind.",
    "SMPPGATE_CONFIG": "The configuration that names the socket, if there is neither of the two.",
}

_FORMAT = """\
smppgate reads its settings from one TOML file in UTF-8. It begins with `smppgate init`; `smppgate
check` tells everything that is wrong in a file, each line with its place; SIGHUP makes a running
gate read it again. Unknown keys are errors. Times are in seconds, lengths in octets.

Each setting has its kind, what is allowed, its default, and when a change takes effect in a gate
that reads the file again.
"""


def commands_page() -> str:
    """smppgate(1), in roff."""
    return "\n".join(_commands_page()) + "\n"


def settings_page() -> str:
    """smppgate.toml(5), in roff."""
    return "\n".join(_settings_page()) + "\n"


PAGES = {"smppgate.1": commands_page, "smppgate.toml.5": settings_page}
"""What makes each, by the names of their files."""


def _commands_page() -> Lines:
    yield from _head("smppgate", 1)
    yield ".SH SYNOPSIS"
    yield from (".B smppgate", ".I COMMAND", "[options]")
    yield ".SH DESCRIPTION"
    yield from _prose(_INTRODUCTION)
    parsers = command_parsers(whole_parser())
    for title, commands in GROUPS.items():
        yield f".SH {_quoted(f'commands: {title}'.upper())}"
        for name in commands:
            yield from _command(name, parsers[name])
    yield ".SH ENVIRONMENT"
    for variable, meaning in _ENVIRONMENT.items():
        yield from _item(f"\\fB{variable}\\fR", meaning)
    yield ".SH EXIT STATUS"
    yield from _verbatim(EPILOG.partition("exit status:\n")[2].partition("\n\n")[0])
    yield ".SH SEE ALSO"
    yield ".BR smppgate.toml (5)"


def _command(name: str, parser: argparse.ArgumentParser) -> Lines:
    yield f".SS {_quoted(_escaped(f'smppgate {name}'))}"
    yield from _prose(parser.description or f"{COMMANDS[name].summary}.")
    formatter = parser._get_formatter()
    for action in parser._actions:
        if action.help not in (None, argparse.SUPPRESS) and action.dest != "help":
            yield from _item(_called(action), formatter._expand_help(action))
    yield ".PP"
    yield f"Example: \\fB{_escaped(COMMANDS[name].example)}\\fR"


def _called(action: argparse.Action) -> str:
    """How an argument is written: ``-c, --config FILE``."""
    shown = _value(action)
    if not action.option_strings:
        return shown
    names = ", ".join(f"\\fB{_escaped(name)}\\fR" for name in action.option_strings)
    return f"{names} {shown}".rstrip()


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    choices = "|".join(map(str, action.choices or ()))
    value = action.metavar or choices or action.dest.upper()
    return f"\\fI{_escaped(' '.join(value) if isinstance(value, tuple) else value)}\\fR"


def _settings_page() -> Lines:
    yield from _head("smppgate.toml", 5)
    yield ".SH DESCRIPTION"
    yield from _prose(_FORMAT)
    for section in TABLES:
        yield f".SH {_quoted(_escaped(heading(section)))}"
        if section in SECTIONS:
            yield from _prose(_meaning(section))
        for row in rows():
            if row.section == section:
                yield from _setting(row)
    yield ".SH SEE ALSO"
    yield ".BR smppgate (1)"


def _meaning(section: str) -> str:
    fields = {field.name: field for field in Settings.__attrs_attrs__}
    meaning: str = fields[section].metadata["help"]
    return meaning


def _setting(row: Row) -> Lines:
    facts = (
        f"{row.kind}, {row.unit}" if row.unit else row.kind,
        row.allowed,
        f"default {row.default}" if row.default else "required",
        f"takes effect {row.takes.value}",
    )
    yield from _item(f"\\fB{_escaped(row.key)}\\fR", row.meaning)
    yield ".br"
    yield _text(f"({'; '.join(fact for fact in facts if fact)})")


def _head(name: str, section: int) -> Lines:
    yield '.\\" Made by python -m smppgate.cli.manual; do not change it here.'
    yield f'.TH {_quoted(name.upper())} {section} "" "smppgate" "{_SUBJECT}"'
    yield ".nh"
    yield ".SH NAME"
    of = f"configuration of the {_SUBJECT}" if section == 5 else _SUBJECT
    yield f"{name} \\- {of}"


def _prose(text: str) -> Lines:
    """Paragraphs; what is indented in them stays as it is."""
    paragraphs = text.strip("\n").replace("\nExit status:", "\n\nExit status:").split("\n\n")
    for number, part in enumerate(paragraphs):
        if number:
            yield ".PP"
        plain, _, rest = part.partition("\n  ")
        yield _text(" ".join(plain.split()))
        if rest:
            yield from _verbatim(f"  {rest}")


def _verbatim(text: str) -> Lines:
    yield from (".PP", ".nf")
    yield from (_text(line) for line in text.splitlines())
    yield ".fi"


def _item(term: str, text: str) -> Lines:
    yield ".TP"
    yield term
    yield _text(" ".join(text.split()))


def _text(line: str) -> str:
    """A line of text; what is in backticks is bold."""
    found = re.sub(r"``?([^`]+)``?", r"\\fB\1\\fR", _escaped(line))
    return f"\\&{found}" if found.startswith((".", "'")) else found


def _escaped(text: str) -> str:
    return text.replace("\\", "\\e").replace("-", "\\-")


def _quoted(text: str) -> str:
    return '"{}"'.format(text.replace('"', '""'))


if __name__ == "__main__":
    for file, page in PAGES.items():
        Path(sys.argv[1], file).write_text(page(), "utf-8")
