"""Fields and TLVs of a whole PDU, replaced where they stand: all other octets stay as they are.

Decoding and encoding again would lose what a codec does not know: octets behind the last TLV, a
text that is longer than its field. What cannot be found is not edited: its peer judges the PDU.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from smppgate.txsmpp.constants import CommandStatus, command_name
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.fields import COctetString, FieldCodec, Integer, Octet, OctetString
from smppgate.txsmpp.frame import HEADER_SIZE
from smppgate.txsmpp.layout import PDU_TYPES
from smppgate.txsmpp.located import TLV_HEADER, LocatedTlv, tlvs_and_fit
from smppgate.txsmpp.peek import Address
from smppgate.txsmpp.tlv import Tlv, write_tlvs

SOURCE = "source_addr_ton", "source_addr_npi", "source_addr"
"""The fields of a source address."""

DESTINATION = "dest_addr_ton", "dest_addr_npi", "destination_addr"
"""The fields of a destination address."""


class Span(NamedTuple):
    """Where the value of a field stands, a NUL at its end left out."""

    begin: int
    end: int


class Located:
    """Where the fields and TLVs of one PDU stand. Mutable and slotted.

    :param octets: one whole PDU of any command, header included.
    :ivar spans: name of a field of the specification → where it stands, in the order of the wire,
        up to the first one that cannot be found.
    :ivar tlvs: the TLVs, and ``end`` the offset behind the last; NULs that no length counts may
        be behind that.
    :ivar are_all: whether all fields were found, and all TLVs: only then can TLVs be changed.
    """

    __slots__ = ("are_all", "end", "octets", "spans", "tlvs")

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.spans: dict[str, Span] = {}
        self.tlvs: tuple[LocatedTlv, ...] = ()
        self.are_all = False
        self.end = len(octets)
        kind, at = PDU_TYPES.get(int.from_bytes(octets[4:8], "big")), HEADER_SIZE
        try:
            for name, codec in kind.layout if kind is not None else ():
                self.spans[name], at = _found(octets, codec, at)
        except (LookupError, ValueError, PduError):
            return
        if kind is not None:
            self._find_tlvs(at)

    def _find_tlvs(self, end: int) -> None:
        self.tlvs, fit = tlvs_and_fit(self.octets, end)
        if self.tlvs:
            _, at, value = self.tlvs[-1]
            end = at + len(value)
        # Of more TLVs than are looked at, the last ones are not known.
        self.are_all = fit and len(self.octets) - end < TLV_HEADER.size
        self.end = end

    def value(self, name: str) -> bytes:
        """The octets of a field without its NUL; empty where the command does not have it."""
        span = self.spans.get(name)
        return self.octets[span.begin : span.end] if span is not None else b""

    def address(self, names: tuple[str, str, str]) -> Address | None:
        """`SOURCE` or `DESTINATION`; None where the command does not have it."""
        if names[2] not in self.spans:
            return None
        ton, npi, addr = map(self.value, names)
        return Address(ton[0], npi[0], addr)

    def with_fields(self, values: Mapping[str, bytes]) -> bytes:
        """The PDU with other values in its fields; what it has no field for is passed over.

        :param values: the octets of each, without a NUL.
        """
        return self._joined(
            (span, values[name]) for name, span in self.spans.items() if name in values
        )

    def with_address(self, names: tuple[str, str, str], address: Address) -> bytes:
        """The PDU with another `SOURCE` or `DESTINATION`."""
        ton, npi, addr = address
        return self.with_fields({names[0]: bytes((ton,)), names[1]: bytes((npi,)), names[2]: addr})

    def with_written(self, values: Mapping[str, int | bytes]) -> bytes:
        """The PDU with other values in its fields, as its codecs write them; see `edited`.

        :raises PduError: the command has no such field, it was not found, or a value does not fit.
        """
        command_id = int.from_bytes(self.octets[4:8], "big")
        kind = PDU_TYPES.get(command_id)
        layout = kind.layout if kind is not None else ()
        missing = values.keys() - {field.name for field in layout}
        if kind is None or missing:
            which = ", ".join(sorted(missing)) or "fields"
            raise PduError(f"{command_name(command_id)} has no {which}")
        return self._joined(
            self._written(name, codec, values[name]) for name, codec in layout if name in values
        )

    def _written(self, name: str, codec: FieldCodec, value: int | bytes) -> tuple[Span, bytes]:
        """Where a field stands, with the NUL or the length that is its own, and its new octets."""
        span = self.spans.get(name)
        if span is None:
            raise PduError(f"{name}: missing")
        try:
            octets = codec.write(value)
        except PduError as error:
            raise PduError(f"{name}: {error}", error.command_status) from None
        before, behind = isinstance(codec, OctetString), isinstance(codec, COctetString)
        return Span(span.begin - before, span.end + behind), octets

    def without_tlvs(self, tags: Collection[int]) -> bytes:
        """The PDU without the TLVs of these tags; only where they ``are_all`` found."""
        return self._joined((_whole(tlv), b"") for tlv in self.tlvs if tlv.tag in tags)

    def with_tlv(self, tag: int, value: bytes) -> bytes:
        """The PDU with one TLV of this tag, where the first of them stood, or else at the end.

        Only where they ``are_all`` found.

        :raises PduError: tag or value is none that a TLV can have, see `write_tlvs`.
        """
        octets = write_tlvs((Tlv(tag, value),))
        mine = [tlv for tlv in self.tlvs if tlv.tag == tag]
        if not mine:
            return self._joined([(Span(self.end, self.end), octets)])
        return self._joined((_whole(tlv), octets if tlv is mine[0] else b"") for tlv in mine)

    def _joined(self, pieces: Iterable[tuple[Span, bytes]]) -> bytes:
        """The PDU with other octets at these places, which are in order, and its new length."""
        octets, at = self.octets, 4
        pieces = list(pieces)
        if not pieces:
            return octets
        parts: list[bytes] = []
        for span, value in pieces:
            parts += octets[at : span.begin], value
            at = span.end
        body = b"".join((*parts, octets[at:]))
        return (len(body) + 4).to_bytes(4, "big") + body


def edited(
    octets: bytes,
    fields: Mapping[str, int | bytes],
    tlvs: Mapping[int, bytes | None] | None = None,
) -> bytes:
    """The PDU in ``octets`` with other values, which are judged by the specification's sizes.

    :param octets: one whole PDU, header included.
    :param fields: the specification's name of a mandatory field → its new value, C-octet strings
        without their NUL.
    :param tlvs: tag → the octets of its value, at most 65 535, which take the place of the first
        with that tag or stand behind all others; None takes all with that tag away.
    :returns: the PDU with its new command_length.
    :raises PduError: its command has no field of that name, what is there cannot be read that
        far, or a value does not fit; with the command_status of that field.
    """
    located = Located(octets)
    octets = located.with_written(fields)
    for tag, value in (tlvs or {}).items():
        located = Located(octets)
        if not located.are_all:
            raise PduError("TLVs: not readable", CommandStatus.ESME_RINVTLVSTREAM)
        octets = located.without_tlvs((tag,)) if value is None else located.with_tlv(tag, value)
    return octets


def _whole(tlv: LocatedTlv) -> Span:
    return Span(tlv.at - TLV_HEADER.size, tlv.at + len(tlv.value))


def _found(octets: bytes, codec: FieldCodec, at: int) -> tuple[Span, int]:
    """Where a field stands that begins at ``at``, and the offset behind it.

    Its size is not judged: the peer does that.

    :raises LookupError: it is not there; also `ValueError` and `PduError`.
    """
    match codec:
        case Octet():
            end = behind = at + 1
        case Integer(size=size):
            end = behind = at + size
        case COctetString():
            end = octets.index(0, at)
            behind = end + 1
        case OctetString():
            at += 1
            end = behind = at + octets[at - 1]
        case _:
            end = behind = codec.read(octets, at)[1]
    if behind > len(octets):
        raise LookupError
    return Span(at, end), behind
