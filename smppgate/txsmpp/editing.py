"""`edited`: a message with other values in some of its fields and TLVs, and all else as it was.

The octets of what is not changed stay as they are, also where they could not be decoded: the body
is read no further than the last field that changes, and TLVs are looked at only if one of them
does. Nothing is judged here but the new values, by the specification's sizes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from struct import Struct

from smppgate.txsmpp.constants import CommandStatus, command_name
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import HEADER_SIZE
from smppgate.txsmpp.layout import BodyField
from smppgate.txsmpp.located import LocatedTlv, tlvs_and_fit
from smppgate.txsmpp.pdu import PDU_TYPES
from smppgate.txsmpp.tlv import Tlv, write_tlvs

_UINT = Struct(">I")


def edited(
    octets: bytes,
    fields: Mapping[str, int | bytes],
    tlvs: Mapping[int, bytes | None] | None = None,
) -> bytes:
    """The PDU in ``octets`` with other values.

    :param octets: one whole PDU, header included.
    :param fields: the specification's name of a mandatory field → its new value, C-octet strings
        without their NUL.
    :param tlvs: tag → the octets of its value, at most 65 535, which take the place of the first
        with that tag or stand behind all others; None takes all with that tag away.
    :returns: the PDU with its new command_length.
    :raises PduError: its command has no field of that name, what is there cannot be read that
        far, or a value does not fit; with the command_status of that field.
    """
    command_id = _UINT.unpack_from(octets, 4)[0]
    kind = PDU_TYPES.get(command_id)
    layout = kind.layout if kind is not None else ()
    missing = fields.keys() - {field.name for field in layout}
    if kind is None or missing:
        which = ", ".join(sorted(missing)) or "fields"
        raise PduError(f"{command_name(command_id)} has no {which}")
    last = len(layout) if tlvs else _behind_last(layout, fields)
    pieces, at = [octets[:HEADER_SIZE]], HEADER_SIZE
    for name, codec in layout[:last]:
        try:
            _, end = codec.read(octets, at)
            pieces.append(codec.write(fields[name]) if name in fields else octets[at:end])
        except PduError as error:
            raise PduError(f"{name}: {error}", error.command_status) from None
        at = end
    pieces.append(_with_tlvs(octets, at, tlvs) if tlvs else octets[at:])
    made = b"".join(pieces)
    return _UINT.pack(len(made)) + made[4:]


def _behind_last(layout: tuple[BodyField, ...], fields: Mapping[str, int | bytes]) -> int:
    """How many fields of ``layout`` there are up to the last of ``fields``."""
    return max((at for at, field in enumerate(layout, 1) if field.name in fields), default=0)


def _with_tlvs(octets: bytes, at: int, tlvs: Mapping[int, bytes | None]) -> bytes:
    """The TLVs that begin at ``at``, changed.

    :raises PduError: ESME_RINVTLVSTREAM where they cannot be read, ESME_RINVTLVLEN where a value
        is too long.
    """
    located, fit = tlvs_and_fit(octets, at)
    if not fit:
        raise PduError("TLVs: not readable", CommandStatus.ESME_RINVTLVSTREAM)
    return b"".join(_changed(octets, at, located, tlvs))


def _changed(
    octets: bytes, at: int, located: tuple[LocatedTlv, ...], tlvs: Mapping[int, bytes | None]
) -> Iterator[bytes]:
    left = {tag: Tlv(tag, value) for tag, value in tlvs.items() if value is not None}
    for tag, begin, value in located:
        end = begin + len(value)
        if tag not in tlvs:
            yield octets[at:end]
        elif tag in left:
            yield write_tlvs((left.pop(tag),))
        at = end
    # What follows is beyond those that are looked at; or NULs that are no TLV, and would hide one
    # behind them.
    rest = octets[at:]
    yield rest if rest.strip(b"\0") or not left else b""
    yield write_tlvs(tuple(left.values()))
