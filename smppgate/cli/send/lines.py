"""The lines that ``smppgate send`` prints for answers, receipts and messages."""

from __future__ import annotations

import re

from smppgate.cli.terminal import shown
from smppgate.txsmpp.codec import decode
from smppgate.txsmpp.constants import MessageState
from smppgate.txsmpp.errors import SmppError
from smppgate.txsmpp.pdu import DataSm, DeliverSm
from smppgate.txsmpp.receipts import STAT_OF, Receipt
from smppgate.txsmpp.segmentation import user_data

_STATE_OF = {word: MessageState(state).name.lower() for state, word in STAT_OF.items()}

_DATE = re.compile(rb"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?")


def answer_line(message_id: bytes, took: float) -> str:
    """The line for a submit_sm_resp with ESME_ROK that took ``took`` seconds."""
    return f"accepted  ESME_ROK (no error), message_id {shown(message_id)}, in {duration(took)}"


def receipt_line(receipt: Receipt, took: float) -> str:
    """The line for a receipt that arrived ``took`` seconds after its message was sent.

    Fields that the receipt does not have are left out.
    """
    parts = [_stat(receipt)]
    if receipt.err:
        parts.append(f"error {shown(receipt.err)}")
    if receipt.network_error_code:
        parts.append(f"network_error_code {receipt.network_error_code.hex()}")
    if receipt.submit_date:
        parts.append(f"submitted {date(receipt.submit_date)}")
    if receipt.done_date:
        parts.append(f"done {date(receipt.done_date)}")
    return f"receipt   {', '.join(parts)}, after {duration(took)}"


def message_line(octets: bytes) -> str:
    """The line for a deliver_sm or data_sm that is no receipt: its addresses and its text."""
    try:
        pdu = decode(octets)
    except SmppError as error:
        return f"MO        that cannot be read: {error}"
    if not isinstance(pdu, DeliverSm | DataSm):
        return f"MO        {type(pdu).__name__}"
    text = shown(user_data(pdu), pdu.data_coding)
    return f"MO        from {shown(pdu.source_addr)} to {shown(pdu.destination_addr)}: {text}"


def date(value: bytes) -> str:
    """``YYMMDDhhmm[ss]`` as ``2026-11-23 15:04[:05]``; any other value unchanged."""
    match = _DATE.fullmatch(value)
    if match is None:
        return shown(value)
    year, month, day, hour, minute, second = (part and part.decode() for part in match.groups())
    seconds = f":{second}" if second else ""
    return f"20{year}-{month}-{day} {hour}:{minute}{seconds}"


def duration(seconds: float) -> str:
    """``999.9 ms`` below one second, ``1.00 s`` from there on."""
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _stat(receipt: Receipt) -> str:
    word = shown(receipt.stat) or "without a state"
    meaning = _STATE_OF.get(receipt.stat.upper())
    return f"{word} ({meaning})" if meaning else word
