"""Codecs of the mandatory fields, and the specifiers a PDU's field list is written with.

A codec reads one field at an offset and gives the value with the offset behind it; it writes
the value back. What it cannot read or write is a `PduError` with the command_status that fits
the field; `codec` adds the names of command and field. No message contains a value: it may be
a password or the text of a message.

Values are ``bytes`` and ``int`` as they are on the wire. Text, dates and enumerations were
rejected as field types: what does not fit them would be lost.
"""

from __future__ import annotations

from typing import Any, Protocol

import attrs

from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.octets import octets_of


class FieldCodec(Protocol):
    """Reads and writes one field of a body."""

    def read(self, octets: bytes, at: int) -> tuple[Any, int]:
        """The value at offset ``at``, and the offset behind it.

        :raises PduError: when the octets there are none of this field.
        """
        ...

    def write(self, value: Any) -> bytes:
        """The octets of ``value``.

        :raises PduError: when it has no octets in this field.
        """
        ...


@attrs.frozen
class Integer:
    """An unsigned integer of ``size`` octets, most significant first. SMPP v5.0 §3.1."""

    size: int
    status: int

    def read(self, octets: bytes, at: int) -> tuple[int, int]:
        """See `FieldCodec`."""
        end = at + self.size
        if end > len(octets):
            raise PduError("missing", self.status)
        return int.from_bytes(octets[at:end], "big"), end

    def write(self, value: int) -> bytes:
        """See `FieldCodec`."""
        try:
            return value.to_bytes(self.size, "big")
        except (OverflowError, AttributeError):
            raise PduError(f"no integer of {self.size} octets", self.status) from None


@attrs.frozen
class Octet:
    """An unsigned integer of one octet: `Integer` for the size most fields have, but faster."""

    status: int

    def read(self, octets: bytes, at: int) -> tuple[int, int]:
        """See `FieldCodec`."""
        try:
            return octets[at], at + 1
        except IndexError:
            raise PduError("missing", self.status) from None

    def write(self, value: int) -> bytes:
        """See `FieldCodec`."""
        try:
            return value.to_bytes(1, "big")
        except (OverflowError, AttributeError):
            raise PduError("no integer of one octet", self.status) from None


@attrs.frozen
class COctetString:
    """Octets up to a NUL, at most ``max_size`` with it. SMPP v5.0 §3.1.

    The value is without the NUL. What the specification calls fixed (the times of 1 or 17
    octets) is read as variable: peers send times without their last octets.
    """

    max_size: int
    status: int

    def read(self, octets: bytes, at: int) -> tuple[bytes, int]:
        """See `FieldCodec`."""
        end = octets.find(0, at)
        if end < 0 or end - at >= self.max_size:
            raise PduError(f"no NUL within {self.max_size} octets", self.status)
        return octets[at:end], end + 1

    def write(self, value: bytes) -> bytes:
        """See `FieldCodec`."""
        octets = octets_of(value, self.status)
        if len(octets) >= self.max_size or 0 in octets:
            raise PduError(f"not under {self.max_size} octets without NUL", self.status)
        return octets + b"\0"


@attrs.frozen
class OctetString:
    """Octets behind one octet that counts them: sm_length and short_message.

    SMPP v5.0 §4.7.28 allows 255; v3.4 §5.2.21 says 254, and nothing is won by refusing one.
    """

    status: int

    def read(self, octets: bytes, at: int) -> tuple[bytes, int]:
        """See `FieldCodec`."""
        if at >= len(octets):
            raise PduError("length missing", self.status)
        end = at + 1 + octets[at]
        if end > len(octets):
            raise PduError("longer than the PDU", self.status)
        return octets[at + 1 : end], end

    def write(self, value: bytes) -> bytes:
        """See `FieldCodec`."""
        octets = octets_of(value, self.status)
        if len(octets) > 255:
            raise PduError("not at most 255 octets", self.status)
        return bytes((len(octets),)) + octets


@attrs.frozen
class Specifier:
    """What stands at a field in a PDU's class body: how it is coded and its default.

    ``secret`` keeps the value out of ``repr``.
    """

    codec: FieldCodec
    default: Any
    secret: bool = False


# The specifiers return Any, as PEP 681 has it: to type checkers `field: int = integer(...)`
# is a field of a dataclass that has this default.


def integer(
    size: int = 1, *, default: int = 0, status: int = CommandStatus.ESME_RINVCMDLEN
) -> Any:
    """An integer of ``size`` octets.

    :param status: command_status where it is missing, or does not fit its octets.
    """
    return Specifier(Octet(status) if size == 1 else Integer(size, status), default)


def c_octet_string(
    max_size: int,
    *,
    default: bytes = b"",
    status: int = CommandStatus.ESME_RINVCMDLEN,
    secret: bool = False,
) -> Any:
    """A C-octet string of at most ``max_size`` octets with its NUL.

    :param status: command_status where its NUL is missing or it is too long.
    :param secret: keep the value out of ``repr``.
    """
    return Specifier(COctetString(max_size, status), default, secret)


def octet_string(*, default: bytes = b"", status: int = CommandStatus.ESME_RINVMSGLEN) -> Any:
    """At most 255 octets, counted by one octet in front.

    :param status: command_status where octets are missing or there are too many.
    """
    return Specifier(OctetString(status), default)


def coded(codec: FieldCodec, *, default: Any) -> Any:
    """A field with a codec of its own."""
    return Specifier(codec, default)
