"""A receipt as one text, for a peer that gets nothing else of it."""

from __future__ import annotations

import pytest
from hypothesis import given

from smppgate.txsmpp.adaptation import adapted, to_deliver_sm
from smppgate.txsmpp.codec import decode, encode
from smppgate.txsmpp.constants import Tag
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.located_receipt import located_receipt
from smppgate.txsmpp.pdu import DataSm, DeliverSm, Tlv
from smppgate.txsmpp.versions import V3_3
from tests.txsmpp.receipt_forms import deliver, faulty_receipts, id_tlv, state_tlv, usual_text
from tests.txsmpp.strategies import result

USUAL = usual_text(b"77")
SAR = (
    Tlv(Tag.SAR_MSG_REF_NUM, b"\0\7"),
    Tlv(Tag.SAR_TOTAL_SEGMENTS, b"\2"),
    Tlv(Tag.SAR_SEGMENT_SEQNUM, b"\1"),
)


def told(text: bytes, *tlvs: Tlv, esm_class: int = 4, data_coding: int = 0) -> bytes:
    """What a peer of 3.3 gets for it, as a deliver_sm, its payload, or a data_sm."""
    fields = {"esm_class": esm_class, "data_coding": data_coding}
    found = set()
    if len(text) <= 255:
        found.add(adapted(deliver(text, *tlvs, **fields), V3_3, False))
    payload = Tlv(Tag.MESSAGE_PAYLOAD, text)
    found.add(adapted(deliver(b"", *tlvs, payload, **fields), V3_3, False))
    data_sm = to_deliver_sm(encode(DataSm(tlvs=(payload, *tlvs), **fields)))
    pdus = [*map(decode, found), decode(data_sm)]
    assert all(isinstance(pdu, DeliverSm) and not pdu.tlvs for pdu in pdus)
    (short_message,) = {pdu.short_message for pdu in pdus}
    assert {pdu.esm_class for pdu in pdus} == {esm_class}
    return short_message


@pytest.mark.parametrize(
    ("text", "tlvs", "expected"),
    [
        (USUAL, (id_tlv(b"77"), state_tlv(2)), USUAL),
        (USUAL, SAR, USUAL),
        (b"stat:DELIVRD err:000", (id_tlv(b"77\0"),), b"id:77 stat:DELIVRD err:000"),
        (b"id: stat:DELIVRD", (id_tlv(b"77"),), b"id:77 id: stat:DELIVRD"),
        (b"id:77 err:000", (state_tlv(5),), b"stat:UNDELIV id:77 err:000"),
        (b"hello", (id_tlv(b"77"), state_tlv(2)), b"id:77 stat:DELIVRD hello"),
        (b"hello", (), b"hello"),
        (b"hello", (id_tlv(b"77"),), b"id:77 hello"),
        (b"hello", (state_tlv(0x63),), b"hello"),
    ],
)
def test_a_text_that_lacks_id_or_state_gets_them_from_the_tlvs(text, tlvs, expected):
    assert told(text, *tlvs) == expected
    wide = {"data_coding": 8}
    for encoding in ("utf-16-be", "utf-16-le"):
        if encoding == "utf-16-be" or b":" in text:
            written = expected.decode().encode(encoding)
            assert told(text.decode().encode(encoding), *tlvs, **wide) == written


def test_what_is_added_stands_behind_a_byte_order_mark():
    text = b"\xfe\xff" + "stat:DELIVRD".encode("utf-16-be")
    expected = b"\xfe\xff" + "id:77 stat:DELIVRD".encode("utf-16-be")
    assert told(text, id_tlv(b"77"), data_coding=8) == expected


def test_what_is_added_stands_behind_a_user_data_header():
    header = b"\5\0\3\x2a\2\1"
    assert told(header + b"stat:DELIVRD", id_tlv(b"77"), esm_class=0x44) == (
        header + b"id:77 stat:DELIVRD"
    )


def test_a_receipt_in_tlvs_only_gets_the_text_of_the_specification():
    """SMPP v3.4 appendix B. A state that is not told is not success."""
    outside = b"sub:001 dlvrd:001 submit date: done date:"
    assert told(b"", id_tlv(b"77"), state_tlv(5)) == (
        b"id:77 %b stat:UNDELIV err:000 text:" % outside
    )
    assert told(b"", id_tlv(b"77")) == b"id:77 %b stat:UNKNOWN err:000 text:" % outside
    assert told(b"") == b""


@pytest.mark.parametrize("size", [255, 256, 3000, 65_000])
def test_a_text_that_is_too_long_loses_its_end(size):
    text = (USUAL + b" text:").ljust(size, b".")
    assert told(text, id_tlv(b"77")) == text[:254]
    wide = text.decode().encode("utf-16-be")[:65_000]
    assert told(wide, data_coding=8) == wide[:254]


def test_an_id_behind_the_end_comes_in_front():
    text = b"stat:DELIVRD err:000 ".ljust(300, b".") + b" id:77"
    assert told(text) == (b"id:77 " + text)[:254]


@pytest.mark.parametrize(("esm_class", "expected"), [(0, 4), (3, 7), (0x20, 0x20), (0x44, 0x44)])
def test_a_receipt_that_only_a_tlv_made_one_is_one_by_its_esm_class(esm_class, expected):
    for pdu in (
        adapted(deliver(b"hello", id_tlv(b"77"), esm_class=esm_class), V3_3, False),
        to_deliver_sm(encode(DataSm(esm_class=esm_class, tlvs=(id_tlv(b"77"),)))),
    ):
        found = decode(pdu)
        assert isinstance(found, DeliverSm)
        assert found.esm_class == expected


@given(faulty_receipts())
def test_no_receipt_is_refused_and_none_loses_its_id(octets):
    before = located_receipt(octets)
    changed = result(adapted, octets, V3_3, False)
    if not isinstance(changed, PduError):
        assert int.from_bytes(changed[:4], "big") == len(changed)
    if before.ids:
        assert not isinstance(changed, PduError)
        # A text of words in front of `sub:` looks like the end of the id.
        assert located_receipt(changed).ids[0].startswith(before.ids)
