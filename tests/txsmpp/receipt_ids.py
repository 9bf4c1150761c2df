"""The ids in a whole PDU, and another in their place."""

from __future__ import annotations

from smppgate.txsmpp.located_receipt import located_receipt
from smppgate.txsmpp.receipt_rewriting import with_id as rewritten


def receipt_ids(octets: bytes) -> tuple[bytes, ...]:
    """Every id as it stands there, without repetitions."""
    receipt = located_receipt(octets)
    ids = [octets[tlv.id_begin : tlv.id_end] for tlv in receipt.tlvs]
    if receipt.text is not None:
        begin, end = receipt.text.spans[0]
        written = octets[begin:end].decode(receipt.text.encoding, "replace")
        ids.append(written.encode("latin-1", "replace"))
    return tuple(dict.fromkeys(ids))


def receipt_id(octets: bytes) -> bytes | None:
    """The first of them."""
    return next(iter(receipt_ids(octets)), None)


def with_id(octets: bytes, message_id: bytes) -> bytes:
    """The same about another id."""
    return rewritten(octets, located_receipt(octets), message_id)
