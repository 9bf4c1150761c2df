"""Another id in a receipt wherever it stands, nothing else changed."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smppgate.txsmpp.codec import decode, encode
from smppgate.txsmpp.constants import Tag
from smppgate.txsmpp.pdu import DataSm, DeliverSm, SubmitSm, Tlv
from smppgate.txsmpp.receipts import read
from tests.txsmpp.receipt_ids import receipt_id, receipt_ids, with_id
from tests.txsmpp.strategies import garbage_bodies, octet, tlv_lists

REST = (
    b" sub:001 dlvrd:001 submit date:2401011200 done date:2401011201 "
    b"stat:DELIVRD err:000 text:Hello id:9 world"
)
UDH = b"\5\0\3\x2a\2\1"


def deliver(text: bytes = b"", *tlvs: Tlv, esm_class: int = 4, data_coding: int = 0) -> bytes:
    return encode(
        DeliverSm(
            sequence_number=7,
            service_type=b"CMT",
            source_addr=b"447700900123",
            destination_addr=b"Bank",
            esm_class=esm_class,
            data_coding=data_coding,
            short_message=text,
            tlvs=tlvs,
        )
    )


def data(text: bytes, *tlvs: Tlv, esm_class: int = 4) -> bytes:
    payload = Tlv(Tag.MESSAGE_PAYLOAD, text)
    return encode(DataSm(esm_class=esm_class, destination_addr=b"Bank", tlvs=(payload, *tlvs)))


def id_tlv(value: bytes) -> Tlv:
    return Tlv(Tag.RECEIPTED_MESSAGE_ID, value)


def ucs2(text: bytes) -> bytes:
    return text.decode("latin-1").encode("utf-16-be")


@pytest.mark.parametrize(
    "text",
    [
        b"id:%b" + REST,
        b"id:%b sub:001",
        b"id:%b",
        b"id:%b\0",
        b"id:%b\n",
        b"ID:%b SUB:001 DLVRD:001 SUBMIT DATE:2401011200 DONE DATE:2401011201 STAT:EXPIRED ERR:1",
        b"Id: %b Sub: 001 Stat: DELIVRD",
        b"id : %b sub : 001 stat : DELIVRD",
        b"id :%b,sub:001",
        b"id:%b;stat:DELIVRD;err:0",
        b"id:%b, stat:DELIVRD",
        b"id:%b|sub:001|stat:DELIVRD",
        b"id:%b/sub:001",
        b"id::%b sub:001",
        b'id:"%b" stat:"DELIVRD"',
        b"id:'%b' stat:'DELIVRD'",
        b"id:%b\r\nsub:001\r\nstat:DELIVRD",
        b"sub:001 dlvrd:001 stat:DELIVRD err:000 id:%b",
        b"stat:DELIVRD id:%b text:id:9",
        b"id:%b submit date:240101120000 done date:240101120130 stat:DELIVRD err:000",
        b"id:%b SubmitDate:2401011200 Done_Date:2401011201",
        b"id:%b submit-date:2401011200 stat:DELIVRD",
        b"id:%b stat:DELIVRD",
        b"id:%b err:001",
        b"id: id:%b stat:DELIVRD",
        b"Message id:%b was DELIVRD",
        b"id:%b dlvrd:id:8",
        b"id:%b text:",
        b"\xff\xfe id:%b sub:1",
    ],
)
@pytest.mark.parametrize(
    "old", [b"0123456789", b"7", b"a-b_c", b"smsc1/77.5", b"smsc:77", b"a'b", b"5" * 64]
)
def test_every_form_of_text_has_its_id_found_and_replaced(text, old):
    new = b"Ab%b" % old
    for make in (deliver, lambda each: deliver(b"", Tlv(Tag.MESSAGE_PAYLOAD, each)), data):
        octets = make(text % old)
        assert receipt_ids(octets) == (old,)
        assert with_id(octets, new) == make(text % new)
        assert with_id(octets, b"X") == make(text % b"X")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"hello",
        b"id:",
        b"id: sub:001",
        b"id:sub :001",
        b"id: -sub:001",
        b"id:submit date:2401011200",
        b"grid:77 stat:DELIVRD",
        b"my_id:77",
        b"id 77 stat:DELIVRD",
        b"stat:DELIVRD text:id:77",
        b"stat:DELIVRD Text: your id:77",
    ],
)
def test_a_text_that_names_no_id_is_left_as_it_is(text):
    octets = deliver(text, Tlv(0x1400, b"id:77"))
    assert receipt_ids(octets) == ()
    assert receipt_id(octets) is None
    assert with_id(octets, b"new") == octets


@pytest.mark.parametrize("value", [b"%b\0", b"%b", b"%b\0\0", b" %b\0", b"%b \0", b"%b\0garbage"])
def test_a_tlv_keeps_its_style(value):
    others = (Tlv(0x1400, b"\0\1"), Tlv(Tag.MESSAGE_STATE, b"\2"))
    octets = deliver(b"", others[0], id_tlv(value % b"77"), others[1])
    assert receipt_ids(octets) == (b"77",)
    assert with_id(octets, b"Ab77") == deliver(b"", others[0], id_tlv(value % b"Ab77"), others[1])


@pytest.mark.parametrize("value", [b"", b"\0", b" ", b" \0", b"\0abc"])
def test_a_tlv_without_an_id_stays(value):
    octets = deliver(b"id:77", id_tlv(value))
    assert receipt_ids(octets) == (b"77",)
    assert with_id(octets, b"Ab77") == deliver(b"id:Ab77", id_tlv(value))


def test_two_notations_are_both_named_and_both_replaced():
    """SMSCs have been seen to put hexadecimal in one place and decimal in the other."""
    octets = deliver(b"id:255" + REST, id_tlv(b"FF\0"), id_tlv(b"FF"), id_tlv(b"0FF"))
    assert receipt_id(octets) == b"FF"
    assert receipt_ids(octets) == (b"FF", b"0FF", b"255")
    assert with_id(octets, b"Ab") == deliver(
        b"id:Ab" + REST, id_tlv(b"Ab\0"), id_tlv(b"Ab"), id_tlv(b"Ab")
    )


def test_text_in_ucs2_gets_its_id_in_ucs2():
    text = ucs2(b"Id: %b sub:001 stat:DELIVRD")
    for old, new in ((b"77", b"Ab77"), (b"0123456789", b"X")):
        octets = deliver(text.replace(ucs2(b"%b"), ucs2(old)), id_tlv(old), data_coding=8)
        assert receipt_ids(octets) == (old,)
        expected = text.replace(ucs2(b"%b"), ucs2(new))
        assert with_id(octets, new) == deliver(expected, id_tlv(new), data_coding=8)


def test_other_scripts_in_ucs2_do_not_move_the_id():
    before, behind = "Отчёт 😀 ".encode("utf-16-be"), " текст 😀".encode("utf-16-be") + b"\0"
    octets = deliver(before + ucs2(b"id:77 stat:DELIVRD") + behind, data_coding=8)
    assert receipt_id(octets) == b"77"
    assert with_id(octets, b"Ab77") == deliver(
        before + ucs2(b"id:Ab77 stat:DELIVRD") + behind, data_coding=8
    )


@pytest.mark.parametrize("data_coding", [0, 8, 0x18])
@pytest.mark.parametrize("written", [bytes, ucs2])
def test_data_coding_that_tells_of_the_message_and_not_the_receipt_misleads_nobody(
    data_coding, written
):
    octets = deliver(written(b"id:77 stat:ENROUTE"), data_coding=data_coding)
    assert receipt_id(octets) == b"77"
    expected = deliver(written(b"id:Ab77 stat:ENROUTE"), data_coding=data_coding)
    assert with_id(octets, b"Ab77") == expected


@pytest.mark.parametrize("make", [deliver, data])
def test_a_user_data_header_is_stepped_over(make):
    """UDHI in esm_class: the first octet counts the header's. 3GPP TS 23.040 §9.2.3.24."""
    # A header whose last octet is a letter, which would make no name of what follows.
    header = b"\5\0\3\x2a\x62a"
    octets = make(header + b"id:77" + REST, esm_class=0x44)
    assert receipt_id(octets) == b"77"
    assert with_id(octets, b"Ab77") == make(header + b"id:Ab77" + REST, esm_class=0x44)


@pytest.mark.parametrize("make", [deliver, data])
def test_a_user_data_header_that_is_not_there_is_not_stepped_over(make):
    # Taken for a header's length, the first letter leads to the id in the message's own text.
    text = b"id:77" + REST + b", your order has id:9"
    assert b" id:9" in text[ord("i") + 1 :]
    octets = make(text, esm_class=0x44)
    assert receipt_id(octets) == b"77"
    assert with_id(octets, b"Ab77") == make(b"id:Ab77" + text[5:], esm_class=0x44)


def test_short_message_loses_its_end_when_it_would_be_too_long():
    text = b"id:77" + REST
    text += b"." * (253 - len(text))
    assert with_id(deliver(text), b"Ab77") == deliver(text.replace(b"77", b"Ab77", 1)[:254])
    assert with_id(deliver(text), b"A77") == deliver(text.replace(b"77", b"A77", 1))


def test_short_message_of_255_octets_is_not_cut_for_an_id_of_the_same_length():
    """v5.0 allows what v3.4 does not."""
    text = (b"id:77" + REST).ljust(255, b".")
    assert with_id(deliver(text), b"Ab") == deliver(text.replace(b"77", b"Ab", 1))


def test_ucs2_is_cut_between_characters():
    text = ucs2(b"id:77 stat:DELIVRD text:".ljust(126, b"."))
    for new in (b"Ab7", b"Ab77"):
        changed = decode(with_id(deliver(text, data_coding=8), new))
        assert changed.short_message == text.replace(ucs2(b"77"), ucs2(new), 1)[:254]


def test_an_id_at_the_very_end_is_not_what_is_cut():
    text = b"stat:DELIVRD ".ljust(247, b".") + b" id:77"
    changed = with_id(deliver(text), b"A" * 64)
    assert receipt_id(changed) == b"A" * 64
    assert decode(changed).short_message.endswith(b" id:" + b"A" * 64)
    assert len(decode(changed).short_message) == 254


def test_a_payload_that_would_be_too_long_loses_its_end():
    text = (b"id:77 text:").ljust(0xFFFF, b".")
    changed = decode(with_id(data(text), b"Ab77"))
    assert changed.tlvs == (Tlv(Tag.MESSAGE_PAYLOAD, text.replace(b"77", b"Ab77")[:0xFFFF]),)


@pytest.mark.parametrize("cut", range(1, 12))
def test_octets_cut_off_have_the_id_replaced_as_far_as_it_is_there(cut):
    octets = deliver(b"id:77", id_tlv(b"abcdef"))[:-cut]
    octets = len(octets).to_bytes(4, "big") + octets[4:]
    changed = with_id(octets, b"Xy")
    assert set(receipt_ids(changed)) <= {b"Xy"}
    assert len(changed) == int.from_bytes(changed[:4], "big")
    assert bool(receipt_ids(changed)) == bool(receipt_ids(octets))


def test_octets_behind_the_last_tlv_stay():
    octets = deliver(b"id:77 sub:001", id_tlv(b"77")) + b"\0\1\2"
    octets = len(octets).to_bytes(4, "big") + octets[4:]
    changed = with_id(octets, b"Ab77")
    assert changed[4:] == (deliver(b"id:Ab77 sub:001", id_tlv(b"Ab77")) + b"\0\1\2")[4:]
    assert len(changed) == int.from_bytes(changed[:4], "big")


ids = st.from_regex(rb"[A-Z0-9]{1,64}", fullmatch=True)
TEXT_PIECES = (
    *b"id|sub|:| |stat|text|12ab|-|,|ID: |id:|\0|id:77 sub:001|submit date:|\"|'|\xff".split(b"|"),
    b"|",
    REST,
)
pieces = st.lists(st.sampled_from(TEXT_PIECES), max_size=12).map(b"".join)
texts = st.builds(
    lambda some, header: (header + some)[:255],
    st.one_of(pieces, pieces.map(ucs2)),
    st.sampled_from([b"", UDH]),
)
id_tlvs = st.builds(
    lambda each, form: id_tlv(form % each),
    ids,
    st.sampled_from([b"%b", b"%b\0", b" %b\0", b"%b\0\0"]),
)
receipt_tlvs = st.lists(
    st.one_of(
        id_tlvs,
        texts.map(lambda text: Tlv(Tag.MESSAGE_PAYLOAD, text)),
        tlv_lists().map(lambda some: some[0] if some else Tlv(0x1400, b"")),
    ),
    max_size=4,
).map(tuple)
outside = {
    "source_addr": st.binary(max_size=20).map(lambda some: some.replace(b"\0", b"x")),
    "esm_class": st.sampled_from([4, 0x44, 0x20]),
    "data_coding": st.one_of(st.sampled_from([0, 8]), octet),
    "tlvs": receipt_tlvs,
}
receipts = st.one_of(
    st.builds(DeliverSm, short_message=texts, **outside), st.builds(DataSm, **outside)
)


@given(receipts, ids)
@example(DeliverSm(short_message=b"id:77" + REST, tlvs=(id_tlv(b"78"),)), b"X")
@example(DeliverSm(short_message=b"id:\xff id" + REST, esm_class=4), b"X")
@example(DeliverSm(short_message=b"id:- id" + REST, esm_class=4), b"X")
def test_all_ids_become_the_new_one_and_lengths_are_right(pdu, new):
    octets = encode(pdu)
    changed = with_id(octets, new)
    assert receipt_ids(changed) == ((new,) if receipt_ids(octets) else ())
    after = decode(changed)
    assert [tlv.tag for tlv in after.tlvs] == [tlv.tag for tlv in pdu.tlvs]
    same = attrs.evolve(after, tlvs=pdu.tlvs)
    if isinstance(pdu, DeliverSm):
        same = attrs.evolve(same, short_message=pdu.short_message)
    assert same == pdu


@given(st.one_of(garbage_bodies(DeliverSm, DataSm, SubmitSm), st.binary(max_size=60)), ids)
def test_any_octets_are_taken_without_an_exception(octets, new):
    changed = with_id(octets, new)
    if receipt_id(octets) is None:
        assert changed == octets
    else:
        assert receipt_ids(changed) == (new,)


def test_quotes_are_not_part_of_a_value():
    found = read(deliver(b"id:\"77\" stat:'DELIVRD'"))
    assert found is not None
    assert (found.message_id, found.stat) == (b"77", b"DELIVRD")
