"""Types of the options that describe a message: its addresses, octets, times, TLVs."""

from __future__ import annotations

import argparse
import re
from datetime import datetime, timedelta

from smppgate.cli import options
from smppgate.txsmpp.constants import Npi, Tag, Ton
from smppgate.txsmpp.peek import Address
from smppgate.txsmpp.times import absolute_time, relative_time
from smppgate.txsmpp.tlv import Tlv

_SMPP_TIME = re.compile(r"\d{15}[-+R]", re.ASCII)


def address(text: str) -> Address:
    """An address, whose form determines type of number and numbering plan.

    ``+447700900123`` is international (TON 1, NPI 1). A text with other characters than digits
    is alphanumeric (TON 5, NPI 0). Digits alone are unknown (TON 0, NPI 0), which leaves the
    interpretation to the SMSC.

    :raises ArgumentTypeError: when the text is empty or longer than 20 octets of Latin-1.
    """
    if not text:
        raise argparse.ArgumentTypeError("an address is not empty")
    encoded = options.address(text)
    if encoded[:1] == b"+" and encoded[1:].isdigit():
        return Address(Ton.INTERNATIONAL, Npi.ISDN, encoded[1:])
    if encoded.isdigit():
        return Address(Ton.UNKNOWN, Npi.UNKNOWN, encoded)
    return Address(Ton.ALPHANUMERIC, Npi.UNKNOWN, encoded)


def hexadecimal(text: str) -> bytes:
    """Octets from pairs of hexadecimal digits; blanks between the pairs are ignored.

    :raises ArgumentTypeError: for anything else.
    """
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise argparse.ArgumentTypeError("pairs of hexadecimal digits") from None


def octet(text: str) -> int:
    """A number from 0 to 255, decimal or hexadecimal with a leading 0x.

    :raises ArgumentTypeError: for anything else.
    """
    value = _integer(text)
    if not 0 <= value <= 255:
        raise argparse.ArgumentTypeError(f"a number from 0 to 255, not {text!r}")
    return value


def time(text: str) -> bytes:
    """A time as SMPP has it: from seconds, from a date with a time, or written so already.

    :raises ArgumentTypeError: for anything else, and beyond 31 days in seconds.
    """
    if _SMPP_TIME.fullmatch(text):
        return text.encode()
    for read in (_after, _at):
        written = read(text)
        if written is not None:
            return written
    raise argparse.ArgumentTypeError(
        "seconds up to 31 days, a date such as 2026-12-01T10:00 (local, or with +01:00), or the "
        f"16 characters of SMPP, not {text!r}"
    )


def tlv(text: str) -> Tlv:
    """A TLV from ``TAG=HEX``: a number or the specification's name, and any octets.

    :raises ArgumentTypeError: for anything else.
    """
    name, equals, digits = text.partition("=")
    member = Tag.__members__.get(name.upper())
    tag = int(member) if member is not None else _integer(name)
    if not equals or not 0 <= tag <= 0xFFFF:
        raise argparse.ArgumentTypeError(
            f"TAG=HEX, such as 0x1402=0A0B or user_message_reference=0007, not {text!r}"
        )
    value = hexadecimal(digits)
    if len(value) > 0xFFFF:
        raise argparse.ArgumentTypeError("a TLV has 65535 octets at most")
    return Tlv(tag, value)


def _integer(text: str) -> int:
    """Decimal or hexadecimal; -1 for what is no number."""
    try:
        return int(text, 0)
    except ValueError:
        return -1


def _after(text: str) -> bytes | None:
    try:
        return relative_time(timedelta(seconds=float(text)))
    except (ValueError, OverflowError):
        return None


def _at(text: str) -> bytes | None:
    try:
        return absolute_time(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None
