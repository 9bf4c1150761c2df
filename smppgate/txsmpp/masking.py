"""PDUs that may be shown: passwords are masked, and texts unless they are asked for.

A masked text is as long as it was, and a PDU that could be decoded can be decoded still. What
cannot be decoded is masked from its header on, for nobody knows what stands where.
"""

from __future__ import annotations

import re
from typing import Any, cast

import attrs

from smppgate.txsmpp.codec import decode, encode
from smppgate.txsmpp.constants import CommandId, EsmClass, Tag, numbers
from smppgate.txsmpp.errors import ProtocolError
from smppgate.txsmpp.frame import HEADER_SIZE
from smppgate.txsmpp.layout import Pdu
from smppgate.txsmpp.tlv import DEFINITIONS, Tlv
from smppgate.txsmpp.user_data_header import LONGEST_UNTOLD, header_size

MASK = b"*"

MASKED_PASSWORD = MASK * 8
"""In place of any password but none: its length says something of it."""

_WITH_PASSWORD = numbers(
    CommandId.BIND_TRANSMITTER,
    CommandId.BIND_RECEIVER,
    CommandId.BIND_TRANSCEIVER,
    CommandId.OUTBIND,
)

# TLVs with a text that a person has written, beside message_payload. Those of unknown tags may
# have one, too.
_TEXTS = numbers(Tag.CALLBACK_NUM_ATAG)

_RECEIPTS = numbers(EsmClass.MC_DELIVERY_RECEIPT, EsmClass.INTERMEDIATE_NOTIFICATION)

# A receipt up to the beginning of the message that it is about: SMPP v3.4 appendix B.
_FIELDS = re.compile(
    rb"(?:(?:id|sub|dlvrd|submit date|done date|stat|err):[\w.+/-]{0,65} ){1,7}(?:text:)?", re.I
)


def masked(octets: bytes, shows_text: bool = False) -> bytes:
    """One whole PDU as it may be shown. Raises nothing, whatever the octets."""
    try:
        return encode(masked_pdu(decode(octets), shows_text))
    except ProtocolError:
        return masked_body(octets, shows_text)


def masked_body(octets: bytes, shows_text: bool = False) -> bytes:
    """The same of a PDU that cannot be decoded."""
    if shows_text and int.from_bytes(octets[4:8], "big") not in _WITH_PASSWORD:
        return octets
    return octets[:HEADER_SIZE] + MASK * (len(octets) - HEADER_SIZE)


def masked_pdu(pdu: Pdu, shows_text: bool = False) -> Pdu:
    """The same of a PDU that has been decoded."""
    changed: dict[str, Any] = {}
    if getattr(pdu, "password", b""):
        changed["password"] = MASKED_PASSWORD
    if not shows_text:
        esm_class = getattr(pdu, "esm_class", 0)
        text = getattr(pdu, "short_message", b"")
        if text:
            changed["short_message"] = masked_text(text, esm_class)
        if pdu.tlvs:
            changed["tlvs"] = tuple(_masked_tlv(tlv, esm_class) for tlv in pdu.tlvs)
    # Each kind of PDU is an attrs class, which type checkers do not see of `Pdu`.
    shown: Pdu = attrs.evolve(cast(Any, pdu), **changed) if changed else pdu
    return shown


def masked_text(text: bytes, esm_class: int) -> bytes:
    """A text of the same length, of which a user data header stays, and the fields of a receipt.

    :param esm_class: of its message.
    """
    kept = 0
    if esm_class & EsmClass.UDHI:
        size = header_size(text)
        # What would be longer is a text whose bit is wrong.
        kept = size if size <= LONGEST_UNTOLD + 1 else 0
    elif esm_class & EsmClass.MESSAGE_TYPE_MASK in _RECEIPTS:
        found = _FIELDS.match(text)
        kept = found.end() if found is not None else 0
    return text[:kept] + MASK * (len(text) - kept)


def _masked_tlv(tlv: Tlv, esm_class: int) -> Tlv:
    if tlv.tag == Tag.MESSAGE_PAYLOAD:
        return Tlv(tlv.tag, masked_text(tlv.value, esm_class))
    if tlv.tag in _TEXTS or tlv.tag not in DEFINITIONS:
        return Tlv(tlv.tag, MASK * len(tlv.value))
    return tlv
