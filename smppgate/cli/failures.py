"""How a command fails: its exit status and one line on standard error.

This module loads no Twisted, so that `main` can use it before it knows the command.
"""

from __future__ import annotations

import signal
import sys

FAILED = 1
"""Exit status of a command that could not do its work, or found faults in what it checked."""

USAGE = 2
"""Exit status for invalid arguments; `argparse` exits with the same one."""

SIGNALLED = 128
"""A command that signal n ended exits with 128 + n, as shells report it."""

INTERRUPTED = SIGNALLED + signal.SIGINT
"""Exit status after Ctrl-C."""


class UsageError(Exception):
    """Arguments that are valid one by one contradict each other; the message names them."""


def fail(command: str, message: str, status: int = FAILED) -> int:
    """Print ``smppgate COMMAND: message`` on standard error; returns ``status``."""
    print(f"smppgate {command}: {message}", file=sys.stderr)
    return status


def one_line(error: Exception) -> str:
    """The error's message with every run of white space as one space, or else its class name."""
    return " ".join(str(error).split()) or type(error).__name__
