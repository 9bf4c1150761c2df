"""What options of several commands have in common: types for `argparse`, with their errors.

Each takes the text of one argument and gives its value, or raises `argparse.ArgumentTypeError`
with a sentence that names what was expected.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from math import isfinite

from smppgate.settings.endpoints import client_fault, server_fault
from smppgate.txsmpp.constants import CommandStatus

_LARGEST_STATUS = 0xFFFF_FFFF


def listening_endpoint(text: str) -> str:
    """A Twisted server endpoint string such as ``tcp:3001:interface=127.0.0.1``."""
    return _endpoint(text, server_fault)


def connecting_endpoint(text: str) -> str:
    """A Twisted client endpoint string; ``127.0.0.1:2775`` is short for ``tcp:127.0.0.1:2775``."""
    host, colon, port = text.rpartition(":")
    if colon and host and ":" not in host and port.isdecimal():
        text = f"tcp:{text}"
    return _endpoint(text, client_fault)


def seconds(text: str) -> float:
    """A number of seconds, 0 or more."""
    return _number(text, "seconds")


def positive_seconds(text: str) -> float:
    """A number of seconds, more than 0."""
    return _positive(seconds(text), text, "seconds")


def rate(text: str) -> float:
    """A number per second, 0 or more."""
    return _number(text, "a rate per second")


def percentage(text: str) -> float:
    """0 to 100, with or without a % sign, or ``all``; given as a share from 0.0 to 1.0."""
    if text == "all":
        return 1.0
    value = _number(text.removesuffix("%"), "a percentage")
    if value > 100:
        raise argparse.ArgumentTypeError(f"a percentage is 0 to 100 or all, not {text!r}")
    return value / 100


def count(text: str) -> int:
    """A whole number, 1 or more."""
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number from 1 on, not {text!r}")
    return int(text)


def command_status(text: str) -> int:
    """A command_status: ``0x45``, ``69`` or ``ESME_RSUBMITFAIL``; any but 0."""
    if text in CommandStatus.__members__:
        status = int(CommandStatus[text])
    else:
        try:
            status = int(text, 0)
        except ValueError:
            status = -1
    if not 1 <= status <= _LARGEST_STATUS:
        raise argparse.ArgumentTypeError(
            f"a command_status is a name (ESME_RTHROTTLED) or a number (0x58), not {text!r}"
        )
    return status


def octets(limit: int) -> Callable[[str], bytes]:
    """The type of a text of at most ``limit`` octets in Latin-1, without NUL."""

    # Argument errors show the text; a password that is too long is told without it.
    def text(value: str) -> bytes:
        try:
            encoded = value.encode("latin-1")
        except UnicodeEncodeError:
            encoded = b"\0"
        if len(encoded) > limit or 0 in encoded:
            raise argparse.ArgumentTypeError(f"at most {limit} octets of Latin-1")
        return encoded

    return text


def _endpoint(text: str, fault: Callable[[str], str | None]) -> str:
    wrong = fault(text)
    if wrong is not None:
        raise argparse.ArgumentTypeError(f"{text!r} {wrong}")
    return text


def _number(text: str, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not isfinite(value) or value < 0:
        raise argparse.ArgumentTypeError(f"{what}, 0 or more, not {text!r}")
    return value


def _positive(value: float, text: str, what: str) -> float:
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{what}, more than 0, not {text!r}")
    return value
