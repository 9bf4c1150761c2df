"""TLVs: kept octet for octet and in order, read by their definition only on request.

A TLV that is unknown, repeated or does not fit its definition is no error: it passes. That is
why `Tlv` holds a number and octets and nothing else; the definitions are a table beside it.
"""

from __future__ import annotations

from struct import Struct
from typing import TypeAlias

import attrs

from smppgate.txsmpp.constants import CommandStatus, Tag
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.octets import octets_of

Value: TypeAlias = int | bytes
"""What a TLV's octets say, by its definition."""

_HEADER = Struct(">HH")


@attrs.frozen
class IntegerValue:
    """An unsigned integer of between ``min_size`` and ``max_size`` octets.

    It is written with ``max_size``.
    """

    min_size: int
    max_size: int

    def read(self, octets: bytes) -> int:
        """The integer.

        :raises PduError: ESME_RINVTLVLEN when the size is another.
        """
        if not self.min_size <= len(octets) <= self.max_size:
            raise PduError(f"{len(octets)} octets", CommandStatus.ESME_RINVTLVLEN)
        return int.from_bytes(octets, "big")

    def write(self, value: Value) -> bytes:
        """Its octets.

        :raises PduError: ESME_RINVTLVVAL when it needs more of them or is no integer.
        """
        if not isinstance(value, int) or not 0 <= value < 1 << 8 * self.max_size:
            raise PduError(f"no integer of {self.max_size} octets", CommandStatus.ESME_RINVTLVVAL)
        return value.to_bytes(self.max_size, "big")


@attrs.frozen
class OctetsValue:
    """Octets of any value, between ``min_size`` and ``max_size`` of them."""

    min_size: int
    max_size: int

    def read(self, octets: bytes) -> bytes:
        """The octets as they are.

        :raises PduError: ESME_RINVTLVLEN when there are too few or too many.
        """
        if not self.min_size <= len(octets) <= self.max_size:
            raise PduError(f"{len(octets)} octets", CommandStatus.ESME_RINVTLVLEN)
        return octets

    def write(self, value: Value) -> bytes:
        """The octets as they are.

        :raises PduError: ESME_RINVTLVVAL when there are too few or too many.
        """
        octets = octets_of(value, CommandStatus.ESME_RINVTLVVAL)
        if not self.min_size <= len(octets) <= self.max_size:
            raise PduError(
                f"not {self.min_size} to {self.max_size} octets", CommandStatus.ESME_RINVTLVVAL
            )
        return octets


@attrs.frozen
class CStringValue:
    """A C-octet string of at most ``max_size`` octets with its NUL; the value is without it.

    Read also where the NUL is missing: many SMSCs send receipted_message_id so.
    """

    max_size: int

    def read(self, octets: bytes) -> bytes:
        """The octets before the NUL.

        :raises PduError: ESME_RINVTLVLEN when there are too many.
        """
        if len(octets) > self.max_size:
            raise PduError(f"{len(octets)} octets", CommandStatus.ESME_RINVTLVLEN)
        return octets.partition(b"\0")[0]

    def write(self, value: Value) -> bytes:
        """The octets and a NUL.

        :raises PduError: ESME_RINVTLVVAL when there are too many, or a NUL among them.
        """
        octets = octets_of(value, CommandStatus.ESME_RINVTLVVAL)
        if len(octets) >= self.max_size or 0 in octets:
            raise PduError(
                f"not under {self.max_size} octets without NUL", CommandStatus.ESME_RINVTLVVAL
            )
        return octets + b"\0"


Definition: TypeAlias = IntegerValue | OctetsValue | CStringValue

_ONE, _TWO, _FOUR = IntegerValue(1, 1), IntegerValue(2, 2), IntegerValue(4, 4)
_ANYTHING = OctetsValue(0, 0xFFFF)

DEFINITIONS: dict[int, Definition] = {
    Tag.DEST_ADDR_SUBUNIT: _ONE,
    Tag.DEST_NETWORK_TYPE: _ONE,
    Tag.DEST_BEARER_TYPE: _ONE,
    Tag.DEST_TELEMATICS_ID: _TWO,
    Tag.SOURCE_ADDR_SUBUNIT: _ONE,
    Tag.SOURCE_NETWORK_TYPE: _ONE,
    Tag.SOURCE_BEARER_TYPE: _ONE,
    # One octet in v3.4 §5.3.2.8, two in v5.0 §4.8.4.61.
    Tag.SOURCE_TELEMATICS_ID: IntegerValue(1, 2),
    Tag.QOS_TIME_TO_LIVE: _FOUR,
    Tag.PAYLOAD_TYPE: _ONE,
    Tag.ADDITIONAL_STATUS_INFO_TEXT: CStringValue(256),
    Tag.RECEIPTED_MESSAGE_ID: CStringValue(65),
    Tag.MS_MSG_WAIT_FACILITIES: _ONE,
    Tag.PRIVACY_INDICATOR: _ONE,
    Tag.SOURCE_SUBADDRESS: OctetsValue(2, 23),
    Tag.DEST_SUBADDRESS: OctetsValue(2, 23),
    Tag.USER_MESSAGE_REFERENCE: _TWO,
    Tag.USER_RESPONSE_CODE: _ONE,
    Tag.SOURCE_PORT: _TWO,
    Tag.DEST_PORT: _TWO,
    Tag.SAR_MSG_REF_NUM: _TWO,
    Tag.LANGUAGE_INDICATOR: _ONE,
    Tag.SAR_TOTAL_SEGMENTS: _ONE,
    Tag.SAR_SEGMENT_SEQNUM: _ONE,
    Tag.SC_INTERFACE_VERSION: _ONE,
    Tag.CALLBACK_NUM_PRES_IND: _ONE,
    Tag.CALLBACK_NUM_ATAG: OctetsValue(0, 65),
    Tag.NUMBER_OF_MESSAGES: _ONE,
    Tag.CALLBACK_NUM: OctetsValue(4, 19),
    Tag.DPF_RESULT: _ONE,
    Tag.SET_DPF: _ONE,
    Tag.MS_AVAILABILITY_STATUS: _ONE,
    Tag.NETWORK_ERROR_CODE: OctetsValue(3, 3),
    Tag.MESSAGE_PAYLOAD: _ANYTHING,
    Tag.DELIVERY_FAILURE_REASON: _ONE,
    Tag.MORE_MESSAGES_TO_SEND: _ONE,
    Tag.MESSAGE_STATE: _ONE,
    Tag.CONGESTION_STATE: _ONE,
    Tag.USSD_SERVICE_OP: _ONE,
    Tag.BROADCAST_CHANNEL_INDICATOR: _ONE,
    Tag.BROADCAST_CONTENT_TYPE: OctetsValue(3, 3),
    Tag.BROADCAST_CONTENT_TYPE_INFO: OctetsValue(1, 255),
    Tag.BROADCAST_MESSAGE_CLASS: _ONE,
    Tag.BROADCAST_REP_NUM: _TWO,
    Tag.BROADCAST_FREQUENCY_INTERVAL: OctetsValue(3, 3),
    Tag.BROADCAST_AREA_IDENTIFIER: _ANYTHING,
    Tag.BROADCAST_ERROR_STATUS: _FOUR,
    Tag.BROADCAST_AREA_SUCCESS: _ONE,
    Tag.BROADCAST_END_TIME: CStringValue(17),
    Tag.BROADCAST_SERVICE_GROUP: OctetsValue(1, 255),
    Tag.BILLING_IDENTIFICATION: OctetsValue(1, 1024),
    Tag.SOURCE_NETWORK_ID: CStringValue(65),
    Tag.DEST_NETWORK_ID: CStringValue(65),
    Tag.SOURCE_NODE_ID: OctetsValue(6, 6),
    Tag.DEST_NODE_ID: OctetsValue(6, 6),
    Tag.DEST_ADDR_NP_RESOLUTION: _ONE,
    Tag.DEST_ADDR_NP_INFORMATION: OctetsValue(10, 10),
    Tag.DEST_ADDR_NP_COUNTRY: IntegerValue(1, 5),
    Tag.DISPLAY_TIME: _ONE,
    Tag.SMS_SIGNAL: _TWO,
    # v5.0 §4.8.4.41 puts a unit and a number behind v3.4's one octet.
    Tag.MS_VALIDITY: OctetsValue(1, 4),
    # v3.4 §5.3.2.41 has no value, v5.0 §4.8.4.2 one octet at most.
    Tag.ALERT_ON_MESSAGE_DELIVERY: OctetsValue(0, 1),
    Tag.ITS_REPLY_TYPE: _ONE,
    Tag.ITS_SESSION_INFO: OctetsValue(2, 2),
}
"""Tag → how its value is written. SMPP v3.4 §5.3.2, v5.0 §4.8.4."""


def tag_name(tag: int) -> str:
    """The specification's name in lower case, ``0x…`` for an unknown tag."""
    try:
        return Tag(tag).name.lower()
    except ValueError:
        return f"0x{tag:04X}"


@attrs.frozen
class Tlv:
    """One TLV: ``tag`` (2-octet integer) and ``value`` (at most 65 535 octets)."""

    tag: int
    value: bytes

    @classmethod
    def of(cls, tag: int, value: Value) -> Tlv:
        """Write ``value`` by the tag's definition; an unknown tag takes octets as they are.

        :raises PduError: ESME_RINVTLVVAL when the value does not fit the definition.
        """
        try:
            return cls(int(tag), DEFINITIONS.get(tag, _ANYTHING).write(value))
        except PduError as error:
            raise _named(tag, error) from None

    def decoded(self) -> Value:
        """What the octets say by the tag's definition; those of an unknown tag as they are.

        :raises PduError: ESME_RINVTLVLEN when the octets do not fit the definition.
        """
        try:
            return DEFINITIONS.get(self.tag, _ANYTHING).read(self.value)
        except PduError as error:
            raise _named(self.tag, error) from None


def _named(tag: int, error: PduError) -> PduError:
    return PduError(f"TLV {tag_name(tag)}: {error}", error.command_status)


def read_tlvs(octets: bytes, at: int) -> tuple[Tlv, ...]:
    """Every TLV from offset ``at`` to the end of ``octets``, in order.

    :raises PduError: ESME_RINVTLVSTREAM when they do not end where the octets do.
    """
    found = []
    size = len(octets)
    while at < size:
        value_at = at + 4
        if value_at > size:
            raise PduError("octets left that are no TLV", CommandStatus.ESME_RINVTLVSTREAM)
        tag, length = _HEADER.unpack_from(octets, at)
        at = value_at + length
        if at > size:
            raise PduError("TLV longer than the PDU", CommandStatus.ESME_RINVTLVSTREAM)
        found.append(Tlv(tag, octets[value_at:at]))
    return tuple(found)


def write_tlvs(tlvs: tuple[Tlv, ...]) -> bytes:
    """The octets of the TLVs, in order.

    :raises PduError: ESME_RINVTLVLEN when a tag or a value is longer than it can be,
        ESME_RINVTLVVAL when a value is no octets.
    """
    return b"".join(map(_written, tlvs))


def _written(tlv: Tlv) -> bytes:
    try:
        value = octets_of(tlv.value, CommandStatus.ESME_RINVTLVVAL)
        if not 0 <= tlv.tag <= 0xFFFF or len(value) > 0xFFFF:
            raise PduError("too long", CommandStatus.ESME_RINVTLVLEN)
    except PduError as error:
        raise _named(tlv.tag, error) from None
    return _HEADER.pack(tlv.tag, len(value)) + value
