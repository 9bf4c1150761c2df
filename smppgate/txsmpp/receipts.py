"""Delivery receipts: what one tells, and its text.

A receipt is a deliver_sm or data_sm that reports about an earlier message, in TLVs, in a text of
a form that SMPP v3.4 appendix B suggests, or in both. `located_receipt` reads it and has where
everything stands; this is for programs that want the values, and for writing one.
"""

from __future__ import annotations

import attrs

from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import EsmClass, MessageState, Tag
from smppgate.txsmpp.located import first_values
from smppgate.txsmpp.message_text import Layout, layout
from smppgate.txsmpp.pdu import DataSm, DeliverSm, SubmitSm
from smppgate.txsmpp.receipt_reading import Reading, best_reading
from smppgate.txsmpp.receipt_states import STAT_OF
from smppgate.txsmpp.tlv import Tlv

__all__ = ["STAT_OF", "Receipt", "read", "read_receipt", "receipt_for", "receipt_text", "told"]

_ID, _STATE, _ERROR = map(
    int, (Tag.RECEIPTED_MESSAGE_ID, Tag.MESSAGE_STATE, Tag.NETWORK_ERROR_CODE)
)
_TAGS = frozenset({_STATE, _ERROR})
_STATE_OF = {stat: state for state, stat in STAT_OF.items()}


@attrs.frozen(kw_only=True)
class Receipt:
    """What a receipt tells, each value as its octets stand there and empty where it is missing.

    ``message_id`` is the id that the submit_sm_resp gave, perhaps in another notation;
    ``stat`` such a word as ``DELIVRD``; ``err`` the network's error; the dates are
    ``YYMMDDhhmm`` or ``YYMMDDhhmmss``; ``text`` is the beginning of the message. ``state`` is
    the message_state TLV, a `MessageState` or any other octet, None without one;
    ``network_error_code`` the three octets of that TLV.
    """

    message_id: bytes = b""
    sub: bytes = b""
    dlvrd: bytes = b""
    submit_date: bytes = b""
    done_date: bytes = b""
    stat: bytes = b""
    err: bytes = b""
    text: bytes = b""
    state: int | None = None
    network_error_code: bytes = b""


def read(octets: bytes) -> Receipt | None:
    """What the receipt in a whole deliver_sm or data_sm tells; None where it tells nothing.

    Where text and TLVs both have an id, the TLV counts.
    """
    where = layout(octets)
    return told(where, best_reading(octets, where)) if where is not None else None


def read_receipt(message: DeliverSm | DataSm) -> Receipt | None:
    """What ``message`` tells if it is a receipt; None where it tells nothing."""
    return read(encode(message))


def told(where: Layout, reading: Reading) -> Receipt | None:
    """The same, of a message whose text has been read."""
    fields = reading.text.values()
    tlvs = first_values(where.tlvs, _TAGS)
    state = tlvs.get(_STATE, b"")[:1]
    ids = (value.partition(b"\0")[0].strip() for tag, _, value in where.tlvs if tag == _ID)
    receipt = Receipt(
        message_id=next(filter(None, ids), reading.message_id),
        sub=fields.get(b"sub", b""),
        dlvrd=fields.get(b"dlvrd", b""),
        submit_date=fields.get(b"submitdate", b""),
        done_date=fields.get(b"donedate", b""),
        stat=fields.get(b"stat", b"") or STAT_OF.get(state[0] if state else -1, b""),
        err=fields.get(b"err", b""),
        text=fields.get(b"text", b""),
        state=state[0] if state else None,
        network_error_code=tlvs.get(_ERROR, b""),
    )
    return receipt if receipt != Receipt() else None


def receipt_text(receipt: Receipt) -> bytes:
    """The text of SMPP v3.4 appendix B; what is empty gets its usual value.

    Only the first 20 octets of ``text`` are written. The result is for short_message.
    """
    return b" ".join(
        (
            b"id:" + receipt.message_id,
            b"sub:" + (receipt.sub or b"001"),
            b"dlvrd:" + (receipt.dlvrd or b"001"),
            b"submit date:" + receipt.submit_date,
            b"done date:" + receipt.done_date,
            b"stat:" + (receipt.stat or STAT_OF[MessageState.DELIVERED]),
            b"err:" + (receipt.err or b"000"),
            b"text:" + receipt.text[:20],
        )
    )


def receipt_for(message: SubmitSm | DataSm, receipt: Receipt) -> DeliverSm:
    """The deliver_sm that brings ``receipt`` to who sent ``message``.

    It has the addresses of ``message``, exchanged, the text of `receipt_text`, and the TLVs
    receipted_message_id and message_state (by ``stat`` where ``state`` is None).

    :raises PduError: when the message_id has more than 64 octets, or a NUL.
    """
    state = receipt.state if receipt.state is not None else _STATE_OF.get(receipt.stat)
    tlvs = [Tlv.of(Tag.RECEIPTED_MESSAGE_ID, receipt.message_id)]
    if state is not None:
        tlvs.append(Tlv.of(Tag.MESSAGE_STATE, state))
    return DeliverSm(
        source_addr_ton=message.dest_addr_ton,
        source_addr_npi=message.dest_addr_npi,
        source_addr=message.destination_addr,
        dest_addr_ton=message.source_addr_ton,
        dest_addr_npi=message.source_addr_npi,
        destination_addr=message.source_addr,
        esm_class=EsmClass.MC_DELIVERY_RECEIPT,
        short_message=receipt_text(receipt),
        tlvs=tuple(tlvs),
    )
