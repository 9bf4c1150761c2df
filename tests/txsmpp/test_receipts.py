"""Delivery receipts in the forms that SMSCs write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.txsmpp import receipts
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import MessageState, Tag
from smppgate.txsmpp.pdu import DataSm, DeliverSm, SubmitSm, Tlv
from smppgate.txsmpp.receipts import Receipt, read, receipt_text
from tests.txsmpp.receipt_ids import receipt_id
from tests.txsmpp.strategies import framed, garbage_bodies

STANDARD = (
    b"id:0123456789 sub:001 dlvrd:001 submit date:2401011200 done date:2401011201 "
    b"stat:DELIVRD err:000 text:Hello id:9 world"
)


def deliver(text: bytes = b"", *tlvs: Tlv, data_coding: int = 0) -> bytes:
    return encode(
        DeliverSm(
            source_addr=b"447700900123",
            destination_addr=b"Bank",
            esm_class=4,
            data_coding=data_coding,
            short_message=text,
            tlvs=tlvs,
        )
    )


def test_the_standard_text_is_read_whole():
    assert read(deliver(STANDARD)) == Receipt(
        message_id=b"0123456789",
        sub=b"001",
        dlvrd=b"001",
        submit_date=b"2401011200",
        done_date=b"2401011201",
        stat=b"DELIVRD",
        err=b"000",
        text=b"Hello id:9 world",
    )


@pytest.mark.parametrize(
    ("text", "message_id"),
    [
        (STANDARD, b"0123456789"),
        (b"id:abc-12_X sub:1", b"abc-12_X"),
        (b"ID:77 SUB:001 STAT:EXPIRED", b"77"),
        (b"Id: 77 sub:001", b"77"),
        (b"id : 77 sub:001", b"77"),
        (b"id:77", b"77"),
        (b"id:77\0", b"77"),
        (b"id:77,sub:001,stat:DELIVRD", b"77"),
        (b"sub:001 stat:DELIVRD id:77", b"77"),
        (b"\nid:77\nsub:001", b"77"),
        (b"Message id:77 stat:DELIVRD", b"77"),
        (b"id:sub :001", None),
        (b"id: sub:001", None),
        (b"id:", None),
        (b"grid:77 stat:DELIVRD", None),
        (b"stat:DELIVRD text:id:77", None),
        (b"hello", None),
        (b"", None),
    ],
)
def test_the_id_is_found_in_the_text_whatever_its_form(text, message_id):
    assert receipt_id(deliver(text)) == message_id
    payload = Tlv.of(Tag.MESSAGE_PAYLOAD, text)
    assert receipt_id(deliver(b"", payload)) == message_id
    assert receipt_id(encode(DataSm(esm_class=4, tlvs=(payload,)))) == message_id


@pytest.mark.parametrize("value", [b"abc\0", b"abc", b"abc\0\0", b" abc\0"])
def test_the_tlv_comes_before_the_text(value):
    octets = deliver(STANDARD, Tlv(0x1400, b"x"), Tlv(Tag.RECEIPTED_MESSAGE_ID, value))
    assert receipt_id(octets) == b"abc"
    found = read(octets)
    assert found is not None
    assert (found.message_id, found.stat) == (b"abc", b"DELIVRD")


def test_an_empty_tlv_leaves_the_id_to_the_text():
    assert receipt_id(deliver(b"id:77", Tlv(Tag.RECEIPTED_MESSAGE_ID, b"\0"))) == b"77"


def test_a_receipt_may_be_all_tlvs():
    octets = encode(
        DataSm(
            esm_class=4,
            tlvs=(
                Tlv.of(Tag.RECEIPTED_MESSAGE_ID, b"77"),
                Tlv.of(Tag.MESSAGE_STATE, MessageState.UNDELIVERABLE),
                Tlv.of(Tag.NETWORK_ERROR_CODE, b"\3\0\x0b"),
            ),
        )
    )
    assert read(octets) == Receipt(
        message_id=b"77", stat=b"UNDELIV", state=5, network_error_code=b"\3\0\x0b"
    )


def test_an_unknown_state_is_kept_and_has_no_word():
    found = read(deliver(b"id:1", Tlv(Tag.MESSAGE_STATE, b"\x63")))
    assert found == Receipt(message_id=b"1", state=0x63)


@pytest.mark.parametrize(
    "text",
    [
        b"submit date:240101120000 done date:240101120130 id:1",
        b"ID:1 SubmitDate:240101120000 Done_Date:240101120130",
    ],
)
def test_dates_may_have_seconds_and_names_their_own_spelling(text):
    found = read(deliver(text))
    assert found is not None
    assert (found.submit_date, found.done_date) == (b"240101120000", b"240101120130")


def test_text_in_ucs2_is_read():
    text = STANDARD.decode().encode("utf-16-be")[:200]
    assert receipt_id(deliver(text, data_coding=8)) == b"0123456789"


def test_what_tells_nothing_is_no_receipt():
    assert read(deliver(b"just a message")) is None
    assert read(framed(5, b"")) is None


def test_octets_cut_off_give_what_is_still_there():
    octets = deliver(b"id:77", Tlv(Tag.RECEIPTED_MESSAGE_ID, b"abc"))
    assert receipt_id(octets[:-2]) == b"a"
    assert receipt_id(octets[:-7]) == b"77"
    assert receipt_id(octets[:-8]) == b"7"
    assert receipt_id(octets[:-9]) is None


@given(st.one_of(garbage_bodies(DeliverSm, DataSm, SubmitSm), st.binary(max_size=60)))
def test_any_octets_are_read_without_an_exception(octets):
    found = read(octets)
    assert (receipt_id(octets) or b"") == (found.message_id if found else b"")


@given(
    st.lists(
        st.sampled_from(
            [b"id", b"sub", b":", b" ", b"stat", b"text", b"12ab", b"-", b",", b"ID: ", b"id:"]
        ),
        max_size=12,
    ).map(b"".join)
)
def test_the_id_alone_is_that_of_the_whole_receipt(text):
    octets = deliver(text)
    found = read(octets)
    assert (receipt_id(octets) or b"") == (found.message_id if found else b"")


words = st.from_regex(rb"[0-9A-Za-z]{1,20}", fullmatch=True)


@given(
    st.builds(
        Receipt,
        message_id=words,
        sub=words,
        dlvrd=words,
        submit_date=st.from_regex(rb"[0-9]{10,12}", fullmatch=True),
        done_date=st.from_regex(rb"[0-9]{10,12}", fullmatch=True),
        stat=st.sampled_from(sorted(receipts.STAT_OF.values())),
        err=words,
        text=st.binary(max_size=20),
    )
)
def test_a_text_that_was_written_is_read_back(receipt):
    assert read(deliver(receipt_text(receipt))) == receipt


def test_the_text_is_the_standard_one_and_what_is_empty_has_its_usual_value():
    """SMPP v3.4 appendix B."""
    receipt = Receipt(
        message_id=b"0123456789",
        submit_date=b"2401011200",
        done_date=b"2401011201",
        text=b"Hello id:9 world, and more",
    )
    assert receipt_text(receipt) == STANDARD + b", an"
