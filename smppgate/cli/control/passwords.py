"""Where the password of ``--user`` comes from: never from the command line, which all may see."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Mapping

from smppgate.cli.control.target import Target, Url
from smppgate.cli.control.texts import shown
from smppgate.cli.failures import UsageError

VARIABLE = "SMPPGATE_PASSWORD"


def password_for(target: Target, environment: Mapping[str, str]) -> str:
    """That of the environment, else asked for in the terminal, else the first line of standard
    input; empty where no user is named.

    :raises UsageError: there is none.
    """
    if not isinstance(target, Url) or not target.user:
        return ""
    if VARIABLE in environment:
        return environment[VARIABLE]
    if sys.stdin is not None and sys.stdin.isatty():
        return getpass.getpass(f"password of {shown(target.user)}: ")
    line = sys.stdin.readline() if sys.stdin is not None else ""
    if not line:
        raise UsageError(f"no password: neither {VARIABLE} nor standard input has one")
    return line.rstrip("\r\n")
