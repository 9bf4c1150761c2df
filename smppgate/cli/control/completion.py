"""``smppgate completion``: a script that completes the command line, for a shell."""

from __future__ import annotations

import argparse
from typing import Any

from smppgate.cli.extra import needed
from smppgate.cli.main import command_parsers, whole_parser

DESCRIPTION = """\
Write a script that lets a shell complete commands, options, files, and names that a running gate
has: of SMSCs, links, accounts and so on.

  bash   smppgate completion bash > /etc/bash_completion.d/smppgate
  zsh    smppgate completion zsh > /usr/local/share/zsh/site-functions/_smppgate

Names come from the gate that a command without --socket, --config and --url asks.
"""

SHELLS = ("bash", "zsh")

_LISTS = {
    "accounts": ("accounts", "close", "open", "kick"),
    "sessions": ("sessions",),
    "smscs": ("smscs", "drain", "ready", "maint", "weight", "end-ejection"),
    "links": ("links",),
    "pools": ("pools",),
    "queues": ("queues", "queue"),
    "peers": ("peers",),
    "workers": ("workers",),
    "listeners": ("listeners",),
}
"""The list that has the names which a command's NAME completes to."""

_OPTIONS = {"account": "accounts", "smsc": "smscs"}
"""The list that has the names which an option of these commands completes to."""

_WITH_OPTIONS = ("trace", "capture")

_FILES = ("FILE", "PATH")
"""What help calls the value of an option that is a file."""

_BASH = """\
_smppgate_{kind}() {{
  compgen -W "$(smppgate {kind} --names 2>/dev/null)" -- "$1"
}}
"""

_ZSH = """\
_smppgate_{kind}() {{
  local -a names
  names=(${{(f)"$(smppgate {kind} --names 2>/dev/null)"}})
  compadd -a names
}}
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``smppgate completion`` to ``parser``."""
    parser.description = DESCRIPTION
    parser.add_argument("shell", choices=SHELLS, help="for which shell")


def run(args: argparse.Namespace) -> int:
    """Write the script; returns the exit status.

    :raises ToolsMissing: where shtab is not installed.
    """
    with needed():
        import shtab  # noqa: PLC0415

    parser = whole_parser()
    for name, command in command_parsers(parser).items():
        for action in command._actions:
            _complete(name, action, shtab.FILE)
    preamble: Any = _preamble()
    print(shtab.complete(parser, args.shell, preamble=preamble))
    return 0


def _complete(command: str, action: argparse.Action, file: Any) -> None:
    kind = _kind(command, action)
    if action.metavar in _FILES:
        found = file
    elif kind is not None:
        found = dict.fromkeys(SHELLS, f"_smppgate_{kind}")
    else:
        return
    # Where shtab looks for it.
    action.complete = found  # type: ignore[attr-defined]


def _kind(command: str, action: argparse.Action) -> str | None:
    """The list that has the names of ``action``; None where it has no names of a gate's."""
    if action.option_strings:
        return _OPTIONS.get(action.dest) if command in _WITH_OPTIONS else None
    if action.dest not in ("name", "which"):
        return None
    return next((kind for kind, commands in _LISTS.items() if command in commands), None)


def _preamble() -> dict[str, str]:
    forms = {"bash": _BASH, "zsh": _ZSH}
    return {
        shell: "".join(form.format(kind=kind) for kind in _LISTS) for shell, form in forms.items()
    }
