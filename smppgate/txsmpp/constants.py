"""The specification's numbers under the specification's names.

Every table is an `IntEnum`, so a member is its number on the wire. Numbers that are not in a
table are no error: vendors have their own statuses and tags, so everything in this package
takes and gives plain ``int`` and these names are for reading and writing programs only.

Tables are those of SMPP v5.0, which contain those of v3.4 and v3.3. Where v5.0 renamed
something, the v3.4 name is kept as an alias of the same number.
"""

from __future__ import annotations

from enum import IntEnum

from smppgate.txsmpp.statuses import (
    STATUS_MEANINGS,
    CommandStatus,
    status_meaning,
    status_name,
)
from smppgate.txsmpp.tags import Tag

__all__ = [
    "RESPONSE_BIT",
    "RESPONSE_OF",
    "STATUS_MEANINGS",
    "CommandId",
    "CommandStatus",
    "DataCoding",
    "EsmClass",
    "MessageState",
    "Npi",
    "RegisteredDelivery",
    "Tag",
    "Ton",
    "command_name",
    "is_request",
    "is_response",
    "status_meaning",
    "status_name",
]

RESPONSE_BIT = 0x80000000
"""Set in the command_id of every response, SMPP v5.0 §4.7.5."""


class CommandId(IntEnum):
    """command_id, 4 octets. SMPP v3.4 §5.1.2.1, v5.0 §4.7.5."""

    BIND_RECEIVER = 0x00000001
    BIND_TRANSMITTER = 0x00000002
    QUERY_SM = 0x00000003
    SUBMIT_SM = 0x00000004
    DELIVER_SM = 0x00000005
    UNBIND = 0x00000006
    REPLACE_SM = 0x00000007
    CANCEL_SM = 0x00000008
    BIND_TRANSCEIVER = 0x00000009
    OUTBIND = 0x0000000B
    ENQUIRE_LINK = 0x00000015
    SUBMIT_MULTI = 0x00000021
    ALERT_NOTIFICATION = 0x00000102
    DATA_SM = 0x00000103
    BROADCAST_SM = 0x00000111
    QUERY_BROADCAST_SM = 0x00000112
    CANCEL_BROADCAST_SM = 0x00000113
    GENERIC_NACK = 0x80000000
    BIND_RECEIVER_RESP = 0x80000001
    BIND_TRANSMITTER_RESP = 0x80000002
    QUERY_SM_RESP = 0x80000003
    SUBMIT_SM_RESP = 0x80000004
    DELIVER_SM_RESP = 0x80000005
    UNBIND_RESP = 0x80000006
    REPLACE_SM_RESP = 0x80000007
    CANCEL_SM_RESP = 0x80000008
    BIND_TRANSCEIVER_RESP = 0x80000009
    ENQUIRE_LINK_RESP = 0x80000015
    SUBMIT_MULTI_RESP = 0x80000021
    DATA_SM_RESP = 0x80000103
    BROADCAST_SM_RESP = 0x80000111
    QUERY_BROADCAST_SM_RESP = 0x80000112
    CANCEL_BROADCAST_SM_RESP = 0x80000113


def numbers(*members: int) -> frozenset[int]:
    """``members`` as plain numbers.

    To look up a member of an enumeration, or to find a number among members, takes several times
    as long as with plain numbers, and this is done for each PDU.
    """
    return frozenset(map(int, members))


RESPONSE_OF: dict[int, CommandId] = {
    command & ~RESPONSE_BIT: command
    for command in CommandId
    if command & RESPONSE_BIT and command != CommandId.GENERIC_NACK
}
"""Request command_id → command_id of its resp. outbind and alert_notification have none."""


def is_request(command_id: int) -> bool:
    """Whether ``command_id`` (4-octet integer, known or not) is one of a request."""
    return not command_id & RESPONSE_BIT


def is_response(command_id: int) -> bool:
    """Whether ``command_id`` is one of a response; generic_nack is one."""
    return bool(command_id & RESPONSE_BIT)


def command_name(command_id: int) -> str:
    """The specification's name in lower case (``submit_sm``), ``0x…`` for an unknown one."""
    try:
        return CommandId(command_id).name.lower()
    except ValueError:
        return f"0x{command_id:08X}"


class Ton(IntEnum):
    """Type of number, 1 octet. SMPP v3.4 §5.2.5, v5.0 §4.7.1."""

    UNKNOWN = 0x00
    INTERNATIONAL = 0x01
    NATIONAL = 0x02
    NETWORK_SPECIFIC = 0x03
    SUBSCRIBER_NUMBER = 0x04
    ALPHANUMERIC = 0x05
    ABBREVIATED = 0x06


class Npi(IntEnum):
    """Numbering plan indicator, 1 octet. SMPP v3.4 §5.2.6, v5.0 §4.7.2."""

    UNKNOWN = 0x00
    ISDN = 0x01
    DATA = 0x03
    TELEX = 0x04
    LAND_MOBILE = 0x06
    NATIONAL = 0x08
    PRIVATE = 0x09
    ERMES = 0x0A
    INTERNET = 0x0E
    WAP_CLIENT_ID = 0x12


class MessageState(IntEnum):
    """message_state, 1 octet. SMPP v3.4 §5.2.28, v5.0 §4.7.15 (adds 0 and 9)."""

    SCHEDULED = 0
    ENROUTE = 1
    DELIVERED = 2
    EXPIRED = 3
    DELETED = 4
    UNDELIVERABLE = 5
    ACCEPTED = 6
    UNKNOWN = 7
    REJECTED = 8
    SKIPPED = 9


class EsmClass(IntEnum):
    """Masks and values in esm_class, 1 octet. SMPP v3.4 §5.2.12, v5.0 §4.7.12.

    Compare a value under its mask: ``octet & MESSAGE_TYPE_MASK == MC_DELIVERY_RECEIPT``.
    """

    DATAGRAM = 0x01
    FORWARD = 0x02
    STORE_AND_FORWARD = 0x03
    # Messaging mode: the same number as the last of its values.
    MESSAGING_MODE_MASK = STORE_AND_FORWARD

    MESSAGE_TYPE_MASK = 0x3C
    MC_DELIVERY_RECEIPT = 0x04
    SME_DELIVERY_ACKNOWLEDGEMENT = 0x08
    SME_USER_ACKNOWLEDGEMENT = 0x10
    CONVERSATION_ABORT = 0x18
    INTERMEDIATE_NOTIFICATION = 0x20

    UDHI = 0x40
    REPLY_PATH = 0x80


class RegisteredDelivery(IntEnum):
    """Masks and values in registered_delivery, 1 octet. SMPP v3.4 §5.2.17, v5.0 §4.7.21."""

    MC_RECEIPT = 0x01
    MC_RECEIPT_ON_FAILURE = 0x02
    MC_RECEIPT_ON_SUCCESS = 0x03  # v5.0 only
    # The same number as the last of its values.
    MC_RECEIPT_MASK = MC_RECEIPT_ON_SUCCESS

    SME_DELIVERY_ACKNOWLEDGEMENT = 0x04
    SME_USER_ACKNOWLEDGEMENT = 0x08
    INTERMEDIATE_NOTIFICATION = 0x10


class DataCoding(IntEnum):
    """data_coding, 1 octet. SMPP v3.4 §5.2.19, v5.0 §4.7.7."""

    MC_SPECIFIC = 0x00
    IA5 = 0x01
    OCTETS = 0x02
    LATIN_1 = 0x03
    BINARY = 0x04
    JIS = 0x05
    CYRILLIC = 0x06
    HEBREW = 0x07
    UCS2 = 0x08
    PICTOGRAM = 0x09
    ISO_2022_JP = 0x0A
    EXTENDED_KANJI_JIS = 0x0D
    KS_C_5601 = 0x0E
