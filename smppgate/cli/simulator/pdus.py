"""The deliver_sm of a simulated SMSC, built from the octets of messages without decoding them."""

from __future__ import annotations

import time
from functools import lru_cache
from struct import Struct
from typing import cast

from smppgate.txsmpp import peek
from smppgate.txsmpp.codec import decode, encode
from smppgate.txsmpp.constants import CommandId, EsmClass, MessageState, RegisteredDelivery, Tag
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import HEADER_SIZE
from smppgate.txsmpp.pdu import DeliverSm, SmeAddress, SubmitMulti, SubmitSm
from smppgate.txsmpp.receipts import STAT_OF, Receipt, receipt_text

_LENGTH = Struct(">I")
_TLV_HEADER = Struct(">HH")

# command_id, command_status and sequence_number of a deliver_sm; the session sets the last.
_AFTER_LENGTH = _LENGTH.pack(CommandId.DELIVER_SM) + bytes(8)

# protocol_id, priority_flag, schedule_delivery_time, validity_period, registered_delivery,
# replace_if_present_flag, data_coding and sm_default_msg_id of a receipt are all 0 or empty.
_AFTER_ESM_CLASS = bytes(8)

_FAILED = b"001"
"""The error in receipts of messages that were not delivered."""

_ON_DELIVERY = frozenset({RegisteredDelivery.MC_RECEIPT, RegisteredDelivery.MC_RECEIPT_ON_SUCCESS})
_ON_FAILURE = frozenset({RegisteredDelivery.MC_RECEIPT, RegisteredDelivery.MC_RECEIPT_ON_FAILURE})


def asks_for_receipt(octets: bytes, end: int) -> bool:
    """Whether a submit_sm, submit_multi or data_sm requests a receipt of this final state.

    :raises PduError: where registered_delivery cannot be found.
    """
    asked = peek.registered_delivery(octets) & RegisteredDelivery.MC_RECEIPT_MASK
    return asked in (_ON_DELIVERY if end == MessageState.DELIVERED else _ON_FAILURE)


def receipt_for(
    octets: bytes, message_id: bytes, state: MessageState, taken_at: float, done_at: float
) -> bytes:
    """The deliver_sm with the receipt for the submit_sm or data_sm in ``octets``.

    It has the message's addresses, exchanged. Its text (SMPP v3.4 appendix B) and the TLVs
    receipted_message_id and message_state have id and state. Times are seconds since the epoch.

    :raises PduError: where the addresses cannot be found.
    """
    try:
        source = octets.index(0, HEADER_SIZE) + 1
        destination = octets.index(0, source + 2) + 1
        end = octets.index(0, destination + 2) + 1
    except ValueError:
        raise PduError("addresses not found") from None
    receipt = Receipt(
        message_id=message_id,
        submit_date=_date(taken_at),
        done_date=_date(done_at),
        dlvrd=b"001" if state is MessageState.DELIVERED else b"000",
        stat=STAT_OF[state],
        err=b"000" if state is MessageState.DELIVERED else _FAILED,
        state=state,
        text=_beginning(octets),
    )
    return _deliver_sm(
        octets[HEADER_SIZE:source] + octets[destination:end] + octets[source:destination], receipt
    )


def singles(octets: bytes) -> list[bytes]:
    """The submit_multi in ``octets`` as one submit_sm for each of its SME addresses.

    Distribution lists are skipped: the simulator has none.

    :raises PduError: where the submit_multi cannot be decoded.
    """
    pdu = cast(SubmitMulti, decode(octets))
    return [_single(pdu, each) for each in pdu.dest_address if isinstance(each, SmeAddress)]


def mobile_originated(source: bytes, destination: bytes, text: bytes) -> bytes:
    """A deliver_sm with a message from ``source`` to ``destination``."""
    pdu = DeliverSm(source_addr=source, destination_addr=destination, short_message=text)
    return encode(pdu)


def without_tlvs(octets: bytes) -> bytes:
    """The deliver_sm in ``octets`` without its TLVs.

    A peer older than SMPP 3.4 must not be sent any, v3.4 §1.6.1.

    :raises PduError: where short_message does not end within the PDU.
    """
    _, end = peek.short_message_at(octets)
    return _LENGTH.pack(end) + octets[4:end]


def short_date(at: float) -> bytes:
    """``YYMMDDhhmmss000+``, an absolute time in UTC, SMPP v3.4 §7.1.1."""
    return time.strftime("%y%m%d%H%M%S000+", time.gmtime(at)).encode()


def _deliver_sm(head: bytes, receipt: Receipt) -> bytes:
    """A deliver_sm with ``receipt``; ``head`` is service_type and both addresses."""
    text = receipt_text(receipt)
    message_id = receipt.message_id + b"\0"
    body = b"".join(
        (
            head,
            bytes((EsmClass.MC_DELIVERY_RECEIPT,)),
            _AFTER_ESM_CLASS,
            bytes((len(text),)),
            text,
            _TLV_HEADER.pack(Tag.RECEIPTED_MESSAGE_ID, len(message_id)),
            message_id,
            _TLV_HEADER.pack(Tag.MESSAGE_STATE, 1),
            bytes((receipt.state or 0,)),
        )
    )
    return _LENGTH.pack(HEADER_SIZE + len(body)) + _AFTER_LENGTH + body


def _beginning(octets: bytes) -> bytes:
    """The first 20 octets of the text if they are ASCII, else nothing."""
    begin, end = peek.short_message_at(octets)
    text = octets[begin : min(end, begin + 20)]
    return text if text.isascii() else b""


def _single(pdu: SubmitMulti, destination: SmeAddress) -> bytes:
    return encode(
        SubmitSm(
            service_type=pdu.service_type,
            source_addr_ton=pdu.source_addr_ton,
            source_addr_npi=pdu.source_addr_npi,
            source_addr=pdu.source_addr,
            dest_addr_ton=destination.dest_addr_ton,
            dest_addr_npi=destination.dest_addr_npi,
            destination_addr=destination.destination_addr,
            registered_delivery=pdu.registered_delivery,
            short_message=pdu.short_message,
        )
    )


@lru_cache(maxsize=4)
def _minute(minute: int) -> bytes:
    # Cached because thousands of receipts share one minute.
    return time.strftime("%y%m%d%H%M", time.gmtime(minute * 60)).encode()


def _date(at: float) -> bytes:
    """``YYMMDDhhmm`` in UTC."""
    return _minute(int(at // 60))
