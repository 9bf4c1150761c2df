"""Types of command-line options; those of `smppgate.cli.options` would load Twisted."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def seconds_of(least: float, most: float) -> Callable[[str], float]:
    """A number of seconds from ``least`` to ``most``."""

    def seconds(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            found = -1.0
        if not least <= found <= most:
            raise argparse.ArgumentTypeError(f"seconds, {least:g} to {most:g}, not {text!r}")
        return found

    return seconds


def whole_number(text: str) -> int:
    """A whole number, 0 or more."""
    # Python takes other digits, too, and text of any length takes its time.
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        raise argparse.ArgumentTypeError(f"a whole number, 0 or more, not {text!r}")
    return int(text)
