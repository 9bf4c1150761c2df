"""The lists inside submit_multi and submit_multi_resp: many destinations, and those that failed.

SMPP v3.4 §4.5.1 and §4.5.2, v5.0 §4.2.3.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import attrs

from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.fields import COctetString, FieldCodec, Integer, Octet

MAX_COUNT = 255
"""Members of a list: one octet counts them (v5.0 §4.7.17; v3.4 §5.2.24 says 254)."""

_SME_ADDRESS, _DISTRIBUTION_LIST = 1, 2


@attrs.frozen(kw_only=True)
class SmeAddress:
    """One SME among the destinations, dest_flag 1: type of number, numbering plan, at most 20
    octets of address.
    """

    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: bytes = b""


@attrs.frozen(kw_only=True)
class DistributionList:
    """A distribution list among the destinations, dest_flag 2: at most 20 octets of name."""

    dl_name: bytes = b""


@attrs.frozen(kw_only=True)
class UnsuccessSme:
    """An SME that the message was not accepted for, and the 4-octet status that says why."""

    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: bytes = b""
    error_status_code: int = 0


DestAddress: TypeAlias = SmeAddress | DistributionList

_ADDRESS_CODECS: dict[str, FieldCodec] = {
    "dest_addr_ton": Octet(CommandStatus.ESME_RINVDSTTON),
    "dest_addr_npi": Octet(CommandStatus.ESME_RINVDSTNPI),
    "destination_addr": COctetString(21, CommandStatus.ESME_RINVDSTADR),
}
_UNSUCCESS_CODECS: dict[str, FieldCodec] = {
    **_ADDRESS_CODECS,
    "error_status_code": Integer(4, CommandStatus.ESME_RINVCMDLEN),
}
_LIST_CODECS: dict[str, FieldCodec] = {
    "dl_name": COctetString(21, CommandStatus.ESME_RINVDLNAME),
}


def _read_fields(
    codecs: dict[str, FieldCodec], octets: bytes, at: int
) -> tuple[dict[str, Any], int]:
    values: dict[str, Any] = {}
    for name, codec in codecs.items():
        values[name], at = codec.read(octets, at)
    return values, at


def _write_fields(codecs: dict[str, FieldCodec], value: object) -> bytes:
    return b"".join(_write_field(name, codec, value) for name, codec in codecs.items())


def _write_field(name: str, codec: FieldCodec, value: object) -> bytes:
    try:
        return codec.write(getattr(value, name))
    except PduError as error:
        raise PduError(f"{name}: {error}", error.command_status) from None


def _read_count(octets: bytes, at: int) -> tuple[int, int]:
    if at >= len(octets):
        raise PduError("number missing", CommandStatus.ESME_RINVNUMDESTS)
    return octets[at], at + 1


def _write_count(values: tuple[object, ...]) -> bytes:
    if len(values) > MAX_COUNT:
        raise PduError(f"more than {MAX_COUNT}", CommandStatus.ESME_RINVNUMDESTS)
    return bytes((len(values),))


@attrs.frozen
class DestAddresses:
    """Codec of number_of_dests and dest_address(es): a tuple of `DestAddress`."""

    def read(self, octets: bytes, at: int) -> tuple[tuple[DestAddress, ...], int]:
        """See `FieldCodec`."""
        count, at = _read_count(octets, at)
        found: list[DestAddress] = []
        for _ in range(count):
            one, at = self._read_one(octets, at)
            found.append(one)
        return tuple(found), at

    def _read_one(self, octets: bytes, at: int) -> tuple[DestAddress, int]:
        if at >= len(octets):
            raise PduError("fewer than number_of_dests", CommandStatus.ESME_RINVNUMDESTS)
        dest_flag = octets[at]
        if dest_flag == _SME_ADDRESS:
            values, at = _read_fields(_ADDRESS_CODECS, octets, at + 1)
            return SmeAddress(**values), at
        if dest_flag == _DISTRIBUTION_LIST:
            values, at = _read_fields(_LIST_CODECS, octets, at + 1)
            return DistributionList(**values), at
        raise PduError(f"dest_flag {dest_flag}", CommandStatus.ESME_RINVDESTFLAG)

    def write(self, value: tuple[DestAddress, ...]) -> bytes:
        """See `FieldCodec`."""
        return _write_count(value) + b"".join(map(self._write_one, value))

    def _write_one(self, value: DestAddress) -> bytes:
        if isinstance(value, SmeAddress):
            return bytes((_SME_ADDRESS,)) + _write_fields(_ADDRESS_CODECS, value)
        return bytes((_DISTRIBUTION_LIST,)) + _write_fields(_LIST_CODECS, value)


@attrs.frozen
class UnsuccessSmes:
    """Codec of no_unsuccess and unsuccess_sme(s): a tuple of `UnsuccessSme`."""

    def read(self, octets: bytes, at: int) -> tuple[tuple[UnsuccessSme, ...], int]:
        """See `FieldCodec`."""
        count, at = _read_count(octets, at)
        found = []
        for _ in range(count):
            values, at = _read_fields(_UNSUCCESS_CODECS, octets, at)
            found.append(UnsuccessSme(**values))
        return tuple(found), at

    def write(self, value: tuple[UnsuccessSme, ...]) -> bytes:
        """See `FieldCodec`."""
        parts = (_write_fields(_UNSUCCESS_CODECS, each) for each in value)
        return _write_count(value) + b"".join(parts)
