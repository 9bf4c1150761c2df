"""``smppgate passwd``: the hash of a password, for ``[[admin.user]]`` and ``[[esme]]``."""

from __future__ import annotations

import argparse
import getpass
import sys

from smppgate.cli.failures import fail
from smppgate.settings.password_hash import hashed

DESCRIPTION = """\
Read a password and print its hash alone, for password_hash of an [[esme]] or an [[admin.user]].
From a terminal the password is read twice and not shown; else it is the first line of standard
input.
Exit status: 0, or 1 when there is no password, or when the two differ.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``smppgate passwd``, of which there are none, to ``parser``."""
    parser.description = DESCRIPTION


def run(args: argparse.Namespace) -> int:
    """Print the hash; returns the exit status."""
    is_asked = sys.stdin.isatty()
    try:
        password = getpass.getpass() if is_asked else sys.stdin.readline().rstrip("\r\n")
        if is_asked and getpass.getpass("Again: ") != password:
            return fail("passwd", "the two passwords differ")
    except (EOFError, UnicodeDecodeError) as error:
        return fail("passwd", f"the password cannot be read: {type(error).__name__}")
    if not password:
        return fail("passwd", "the password must not be empty")
    print(hashed(password))
    return 0
