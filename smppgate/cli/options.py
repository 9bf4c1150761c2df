"""Types of command-line options for `argparse`.

Each type takes the text of one argument and returns its value, or raises
`argparse.ArgumentTypeError` with a message that names what was expected.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from math import isfinite

from smppgate.settings.endpoints import client_fault, server_fault
from smppgate.txsmpp.constants import CommandStatus

_LARGEST_STATUS = 0xFFFF_FFFF

_SECONDS = "seconds"
_RATE = "a rate per second"


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
    return _number(text, _SECONDS)


def positive_seconds(text: str) -> float:
    """A number of seconds, more than 0."""
    return _positive(seconds(text), text, _SECONDS)


def rate(text: str) -> float:
    """A number per second, 0 or more."""
    return _number(text, _RATE)


def positive_rate(text: str) -> float:
    """A number per second, more than 0."""
    return _positive(rate(text), text, _RATE)


def percentage(text: str) -> float:
    """0 to 100, with or without a % sign, or ``all``; the value is a share from 0.0 to 1.0."""
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
    """A command_status other than 0, written ``0x45``, ``69`` or ``ESME_RSUBMITFAIL``."""
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

    # Unlike the others, this error does not repeat the text: it may be a password.
    def text(value: str) -> bytes:
        try:
            encoded = value.encode("latin-1")
        except UnicodeEncodeError:
            encoded = b"\0"
        if len(encoded) > limit or 0 in encoded:
            raise argparse.ArgumentTypeError(f"at most {limit} octets of Latin-1")
        return encoded

    return text


# SMPP v3.4 §5.2.1, §5.2.3 and §5.2.8, without the NUL. The specification has passwords of 8
# octets; providers hand out longer ones, see `runs.Password`.
system_id = octets(15)
password = octets(63)
system_type = octets(12)
address = octets(20)


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
