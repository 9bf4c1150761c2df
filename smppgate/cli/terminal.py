"""Values of PDUs as text for a terminal."""

from __future__ import annotations

from smppgate.txsmpp.alphabet import decode_text
from smppgate.txsmpp.constants import DataCoding, status_meaning, status_name


def shown(octets: bytes, data_coding: int = DataCoding.LATIN_1) -> str:
    """``octets`` as printable text; other characters, such as ESC, become Python escapes.

    A peer's octets thus cannot steer the terminal.

    :param data_coding: one octet.
    """
    text = decode_text(octets, data_coding)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def status_text(command_status: int) -> str:
    """A command_status as ``ESME_RTHROTTLED (0x00000058): meaning``.

    A status that the specification does not name is ``0x000004FF: meaning``.
    """
    name = status_name(command_status)
    number = "" if name.startswith("0x") else f" (0x{command_status:08X})"
    return f"{name}{number}: {status_meaning(command_status)}"
