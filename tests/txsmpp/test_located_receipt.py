"""A receipt is read once: what makes it one, its ids, its state, and where all of that stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import MessageState, Tag
from smppgate.txsmpp.located_receipt import (
    NO_RECEIPT,
    Recognition,
    located_receipt,
    read_closely,
    reports,
)
from smppgate.txsmpp.pdu import DataSm, DeliverSm, SubmitSm, Tlv
from tests.txsmpp.receipt_forms import (
    FORMS,
    deliver,
    faulty_receipts,
    id_tlv,
    raw_deliver,
    state_tlv,
    usual_text,
)
from tests.txsmpp.strategies import garbage_bodies, pdus

USUAL = usual_text(b"77")
BY_ESM_CLASS, BY_TLV, BY_TEXT, NONE = (
    Recognition.ESM_CLASS,
    Recognition.TLV,
    Recognition.TEXT,
    Recognition.NONE,
)


# What is a receipt


@pytest.mark.parametrize("mode", [0, 1, 3, 0x40, 0x80, 0xC3])
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (0x00, False),
        (0x04, True),
        (0x08, True),
        (0x0C, True),
        (0x10, True),
        (0x14, True),
        (0x18, False),
        (0x1C, True),
        (0x20, True),
        (0x24, True),
        (0x28, True),
        (0x30, True),
        (0x38, True),
        (0x3C, True),
    ],
)
def test_any_type_bit_of_esm_class_makes_a_receipt_but_for_the_abort_of_a_dialogue(
    kind, expected, mode
):
    """SMPP v3.4 §5.2.12 has one type at a time; SMSCs set several. Other bits do not matter."""
    assert reports(kind | mode) is expected
    octets = deliver(b"hello", esm_class=(kind | mode) & ~0x40)
    assert (located_receipt(octets).recognition is BY_ESM_CLASS) is expected


@pytest.mark.parametrize("esm_class", [0, 3, 0x18, 0x80])
@pytest.mark.parametrize(
    ("text", "tlvs", "expected"),
    [
        (b"", (id_tlv(b"77\0"),), BY_TLV),
        (b"hello", (id_tlv(b"77"),), BY_TLV),
        (USUAL, (id_tlv(b"77"),), BY_TLV),
        (USUAL, (), BY_TEXT),
        (USUAL, (id_tlv(b"\0"),), BY_TEXT),
        (b"id:77 stat:DELIVRD", (), BY_TEXT),
        (b"stat:DELIVRD id:77", (), BY_TEXT),
        (b"ID : 77\tSTAT = DELIVRD", (), BY_TEXT),
        (b"message_id:77 stat:DELIVRD", (), BY_TEXT),
        (b"MsgID:77,Status:DELIVRD", (), BY_TEXT),
        (b"id=77 stat=DELIVRD", (), BY_TEXT),
        (b"id:77\0stat:DELIVRD\0", (), BY_TEXT),
        (b"id:77\nsub:001\nstat:", (), BY_TEXT),
        (b"id:77 sub:001 dlvrd:001", (), NONE),
        (b"stat:DELIVRD err:000", (), NONE),
        (b"id: stat:DELIVRD", (), NONE),
        (b"paid:77 stat:DELIVRD", (), NONE),
        (b"void:77 order-id:9 stat:1", (), NONE),
        (b"stat:DELIVRD text:id:77", (), NONE),
        (b"hello", (), NONE),
        (b"", (), NONE),
        (b"", (state_tlv(2),), NONE),
    ],
)
def test_without_esm_class_an_id_in_a_tlv_or_id_and_state_in_the_text_make_a_receipt(
    text, tlvs, expected, esm_class
):
    """Many SMSCs send receipts with esm_class 0, and many people write ``id:`` to each other."""
    assert located_receipt(deliver(text, *tlvs, esm_class=esm_class)).recognition is expected
    payload = Tlv(Tag.MESSAGE_PAYLOAD, text)
    in_payload = deliver(b"", payload, *tlvs, esm_class=esm_class)
    assert located_receipt(in_payload).recognition is expected
    data_sm = encode(DataSm(esm_class=esm_class, tlvs=(*tlvs, payload)))
    assert located_receipt(data_sm).recognition is expected
    wide = deliver(text.decode("latin-1").encode("utf-16-be"), *tlvs, esm_class=esm_class)
    assert located_receipt(wide).recognition is expected


def test_what_is_no_receipt_has_nothing():
    assert located_receipt(deliver(b"id:77", esm_class=0)) == NO_RECEIPT
    assert located_receipt(encode(SubmitSm(esm_class=4, short_message=USUAL))) == NO_RECEIPT
    assert NO_RECEIPT.is_final is False


def test_a_receipt_by_its_esm_class_may_name_no_message():
    receipt = located_receipt(deliver(b"hello"))
    assert (receipt.recognition, receipt.ids, receipt.text, receipt.tlvs) == (
        BY_ESM_CLASS,
        (),
        None,
        (),
    )


# What its ids are


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"id:77 sub:001 stat:DELIVRD", b"77"),
        (b"message_id:77 stat:DELIVRD", b"77"),
        (b"Message-ID:77 stat:DELIVRD", b"77"),
        (b"message id:77 stat:DELIVRD", b"77"),
        (b"MSGID:77 stat:DELIVRD", b"77"),
        (b"msg_id = 77 stat = DELIVRD", b"77"),
        (b"id=abc== stat=DELIVRD", b"abc=="),
        (b"id:12,34 sub:001", b"12,34"),
        (b"id:12;34;5 stat:DELIVRD", b"12;34;5"),
        (b"id:,77, sub:001", b"77"),
        (b"id:77,sub:001,stat:DELIVRD", b"77"),
        (b"id:77,type:1,stat:DELIVRD", b"77"),
        (b"id:77;type=1", b"77"),
        (b"id:  77   sub:001", b"77"),
        (b"id:AB 12 sub:001", b"AB 12"),
        (b"id: AB 1 2 , sub:001", b"AB 1 2"),
        (b"id:77 by:x sub:001", b"77"),
        (b"id:77 - sub:001", b"77"),
        (b"id:77 was DELIVRD err:000", b"77"),
        (b"paid:5 id:77 stat:DELIVRD", b"77"),
        (b"order-id:5 id:77 stat:DELIVRD", b"77"),
        (b"id: id:77 stat:DELIVRD", b"77"),
        (b"stat:DELIVRD err:000 id:77", b"77"),
        (b"id:77 submit date:20240101120000 done date:240101120130 stat:D", b"77"),
        (b"id:77 submit date:180711070003912+ done date:180711070000012+ stat:UNDELIV", b"77"),
        (b"4790000000Alert^id:77 sub:0 dlvrd:1 stat:DELIVRD err: text:", b"77"),
        (b"id:77", b"77"),
        (b"id:7", b"7"),
        (b"id:" + b"9" * 64 + b" stat:DELIVRD", b"9" * 64),
    ],
)
def test_the_id_in_the_text_is_found_whatever_its_form(text, expected):
    assert located_receipt(deliver(text)).ids == (expected,)
    for encoding in ("utf-16-be", "utf-16-le"):
        wide = text.decode("latin-1").encode(encoding)
        payload = Tlv(Tag.MESSAGE_PAYLOAD, wide)
        assert located_receipt(deliver(b"", payload, data_coding=8)).ids == (expected,)
        assert located_receipt(encode(DataSm(esm_class=4, tlvs=(payload,)))).ids == (expected,)


@pytest.mark.parametrize(
    "value", [b"77", b"77\0", b" 77 ", b"\t77\r\n\0", b"77\0\0", b"77\0rubbish", b"77   "]
)
def test_blanks_and_nuls_around_the_id_of_a_tlv_are_not_its(value):
    assert located_receipt(deliver(b"", id_tlv(value))).ids == (b"77",)


def test_ids_of_tlvs_come_first_and_each_once():
    octets = deliver(usual_text(b"255"), id_tlv(b"FF"), id_tlv(b"0FF"), id_tlv(b"FF\0"))
    assert located_receipt(octets).ids == (b"FF", b"0FF", b"255")


@pytest.mark.parametrize("size", [65, 200, 60_000])
def test_an_id_of_any_size_is_a_key_of_64_octets_and_the_same_in_text_and_tlv(size):
    """Nothing that a table is asked for is as long as an SMSC pleases."""
    long = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    in_tlv = located_receipt(deliver(b"", id_tlv(long))).ids
    in_text = located_receipt(
        deliver(b"", Tlv(Tag.MESSAGE_PAYLOAD, b"id:%b stat:DELIVRD" % long))
    ).ids
    both = located_receipt(deliver(b"", id_tlv(long), Tlv(Tag.MESSAGE_PAYLOAD, b"id:" + long)))
    assert in_tlv == in_text == both.ids
    assert len(in_tlv[0]) == 64
    assert located_receipt(deliver(b"", id_tlv(long + b"x"))).ids != in_tlv


# What its octets are


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16-be", "utf-16-le"])
@pytest.mark.parametrize("header", [b"", b"\0", b"\5\0\3\x2a\2\1", b"\3\x25\1\1"])
def test_the_udhi_bit_may_be_right_or_that_of_the_message(header, encoding):
    """A text in UTF-16 begins with a NUL, which is a header without elements."""
    octets = deliver(header + b"id:7 stat:SENT".decode().encode(encoding), esm_class=0x44)
    receipt = located_receipt(octets)
    assert (receipt.ids, receipt.stat) == ((b"7",), b"SENT")
    assert receipt.text is not None
    begin, end = receipt.text.spans[0]
    # Behind one octet, UTF-16 of either order is the other one shifted.
    assert header == b"\0" or octets[begin:end] == "7".encode(encoding)


@pytest.mark.parametrize("tail", [b"", id_tlv(b"77\0").octets + state_tlv(2).octets])
@pytest.mark.parametrize("text", [usual_text(b"77"), b"stat:DELIVRD id:77"])
@pytest.mark.parametrize("encoding", ["latin-1", "utf-16-be", "utf-16-le", "utf-16"])
@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_message_is_read_as_it_is_where_its_lengths_are_wrong(form, encoding, text, tail):
    octets = raw_deliver(form, text.decode().encode(encoding), tail, 8)
    receipt = located_receipt(octets)
    assert receipt.ids == (b"77",)
    assert receipt.stat == b"DELIVRD"
    assert receipt.is_final
    assert len(receipt.tlvs) == bool(tail)


@pytest.mark.parametrize("strays", range(1, 8))
@pytest.mark.parametrize("first", [Tag.MESSAGE_STATE, Tag.RECEIPTED_MESSAGE_ID, 0x1400, 0x3FFF])
def test_nuls_in_front_of_tlvs_are_stepped_over(strays, first):
    """By their number and by the tag behind them they look like the beginning of other TLVs."""
    tlvs = [state_tlv(2), id_tlv(b"88\0"), Tlv(0x1400, b"\1x"), Tlv(0x3FFF, b"")]
    tlvs.sort(key=lambda tlv: tlv.tag != first)
    tail = b"".join(each.octets if hasattr(each, "octets") else _octets(each) for each in tlvs)
    receipt = located_receipt(raw_deliver("right", USUAL, bytes(strays) + tail))
    assert receipt.ids == (b"88", b"77")
    assert receipt.state == 2


def _octets(tlv: Tlv) -> bytes:
    return tlv.tag.to_bytes(2) + len(tlv.value).to_bytes(2) + tlv.value


def test_a_nul_that_the_length_of_a_tlv_does_not_count_is_stepped_over():
    tail = b"\0\x1e\0\288\0\4\x27\0\1\2\0"
    receipt = located_receipt(raw_deliver("right", b"", tail))
    assert (receipt.ids, receipt.state) == ((b"88",), 2)


# Its state


@pytest.mark.parametrize("esm_class", [0, 4, 0x0C, 0x14, 0x24])
@pytest.mark.parametrize(
    ("stat", "state", "final"),
    [
        *((word, None, True) for word in (b"DELIVRD", b"EXPIRED", b"DELETED", b"UNDELIV")),
        *((word, None, True) for word in (b"REJECTD", b"delivrd", b"Rejectd")),
        *((word, None, False) for word in (b"ACCEPTD", b"ENROUTE", b"UNKNOWN", b"BUFFRED")),
        *((word, None, False) for word in (b"ACKED", b"SENT", b"RETRY", b"QUEUED", b"SKIPPED")),
        *((word, None, False) for word in (b"SCHEDULED", b"WHATEVER", b"0", b"DELIVRDX", b"")),
        *((b"", state, state in (2, 3, 4, 5, 8)) for state in (*MessageState, 10, 0x63, 255)),
        (b"DELIVRD", 2, True),
        (b"DELIVRD", 1, False),
        (b"ENROUTE", 2, False),
        (b"BUFFRED", 2, False),
    ],
)
def test_five_states_are_final_and_nothing_else(stat, state, final, esm_class):
    """SMPP v3.4 §5.2.28: DELIVERED, EXPIRED, DELETED, UNDELIVERABLE, REJECTED."""
    tlvs = () if state is None else (state_tlv(state),)
    for text in (usual_text(b"77", stat), b"ID:77 STAT:%b" % stat):
        assert located_receipt(deliver(text, *tlvs, esm_class=esm_class)).is_final is final
    if not stat:
        octets = deliver(b"", id_tlv(b"77"), *tlvs, esm_class=esm_class)
        assert located_receipt(octets).is_final is final


@pytest.mark.parametrize("esm_class", [0x08, 0x10, 0x20, 0x28, 0x60])
def test_what_a_telephone_or_an_intermediate_notification_says_is_not_final(esm_class):
    """The message center's own receipt may still come."""
    assert not located_receipt(deliver(USUAL, state_tlv(2), esm_class=esm_class)).is_final


# Its cost


def test_of_thousands_of_tlvs_a_set_number_is_looked_at():
    octets = deliver(USUAL, *[Tlv(0x1400, b"")] * 13_800, id_tlv(b"88"))
    assert located_receipt(octets).ids == (b"77",)
    octets = deliver(USUAL, *[id_tlv(b"%d" % number) for number in range(8000)])
    assert len(located_receipt(octets).tlvs) == 128


# Any octets


@given(faulty_receipts())
def test_the_usual_form_is_read_as_any_other_is(octets):
    assert located_receipt(octets) == read_closely(octets)


@given(pdus(DeliverSm, DataSm))
def test_any_message_is_read_alike_in_both_ways(pdu):
    octets = encode(pdu)
    assert located_receipt(octets) == read_closely(octets)


@given(st.one_of(garbage_bodies(), garbage_bodies(DeliverSm, DataSm), st.binary(max_size=60)))
def test_any_octets_are_read_without_an_exception(octets):
    receipt = located_receipt(octets)
    assert all(0 < len(each) <= 64 for each in receipt.ids)
    for _, end, begin, behind in receipt.tlvs:
        assert begin < behind <= end <= len(octets)
    if receipt.text is not None:
        spans = receipt.text.spans
        assert all(receipt.text.begin <= begin < end for begin, end in spans)
        assert spans[-1][1] <= receipt.text.field_end <= len(octets)
