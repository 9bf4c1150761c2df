"""Which part of which long message a PDU is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.txsmpp import peek
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import Tag
from smppgate.txsmpp.dialogues import TAGS
from smppgate.txsmpp.pdu import DataSm, DeliverSm, SubmitMulti, SubmitSm, Tlv
from smppgate.txsmpp.segments import (
    Segment,
    Step,
    _looked_for,
    may_be_related,
    relation_of,
    segment_of,
    stands_alone,
)
from tests.txsmpp.receipt_forms import FORMS, raw_deliver
from tests.txsmpp.strategies import MESSAGES, garbage_bodies, octet, pdus, tlv_lists


def message(kind, user_data: bytes, *tlvs: Tlv, esm_class: int = 0x40, payload: bool) -> bytes:
    if payload or kind is DataSm:
        tlvs = (*tlvs[:1], Tlv(Tag.MESSAGE_PAYLOAD, user_data), *tlvs[1:])
        return encode(kind(esm_class=esm_class, destination_addr=b"447700", tlvs=tlvs))
    return encode(
        kind(esm_class=esm_class, destination_addr=b"447700", short_message=user_data, tlvs=tlvs)
    )


def sar(reference: bytes, total: bytes, number: bytes) -> tuple[Tlv, ...]:
    return (
        Tlv(Tag.SAR_MSG_REF_NUM, reference),
        Tlv(Tag.SAR_TOTAL_SEGMENTS, total),
        Tlv(Tag.SAR_SEGMENT_SEQNUM, number),
    )


parts = st.integers(1, 255).flatmap(lambda total: st.tuples(st.just(total), st.integers(1, total)))
elements = st.lists(
    st.tuples(octet.filter(lambda each: each not in (0, 8)), st.binary(max_size=5)), max_size=3
).map(lambda some: b"".join(bytes((kind, len(value))) + value for kind, value in some))
kinds = st.sampled_from([SubmitSm, DeliverSm, DataSm])


@given(kinds, st.booleans(), octet, parts, elements, elements, st.binary(max_size=30), tlv_lists())
def test_a_reference_of_one_octet(kind, payload, reference, part, before, behind, text, tlvs):
    tlvs = [each for each in tlvs if each.tag not in {Tag.MESSAGE_PAYLOAD, *TAGS}]
    header = before + bytes((0, 3, reference, *part)) + behind
    octets = message(kind, bytes((len(header),)) + header + text, *tlvs, payload=payload)
    assert segment_of(octets) == Segment(reference, *part)


@given(kinds, st.booleans(), st.integers(0, 0xFFFF), parts, elements, st.binary(max_size=30))
def test_a_reference_of_two_octets(kind, payload, reference, part, before, text):
    header = before + bytes((8, 4, reference >> 8, reference & 255, *part))
    octets = message(kind, bytes((len(header),)) + header + text, payload=payload)
    assert segment_of(octets) == Segment(reference, *part)


@given(kinds, st.integers(0, 0xFFFF), parts, st.permutations([0, 1, 2]), tlv_lists())
def test_sar_tlvs_in_any_order_among_others(kind, reference, part, order, others):
    others = [e for e in others if not 0x020C <= e.tag <= 0x020F and e.tag not in TAGS]
    three = sar(reference.to_bytes(2, "big"), *(bytes((each,)) for each in part))
    octets = encode(kind(tlvs=(*others, *(three[at] for at in order))))
    assert segment_of(octets) == Segment(reference, *part)


@pytest.mark.parametrize("kind", [SubmitSm, DeliverSm])
def test_the_header_comes_before_the_tlvs(kind):
    octets = message(kind, b"\5\0\3\x2a\2\1hi", *sar(b"\0\7", b"\3", b"\2"), payload=False)
    assert segment_of(octets) == Segment(42, 2, 1)
    octets = message(kind, b"\3\1\1\0hi", *sar(b"\0\7", b"\3", b"\2"), payload=False)
    assert segment_of(octets) == Segment(7, 3, 2)


def test_of_a_repeated_element_the_last_counts():
    """3GPP TS 23.040 §9.2.3.24."""
    user_data = b"\x0a\0\3\1\2\1\0\3\2\3\2hi"
    assert segment_of(message(SubmitSm, user_data, payload=False)) == Segment(2, 3, 2)


def test_a_submit_multi_is_looked_at_too():
    octets = encode(SubmitMulti(esm_class=0x40, short_message=b"\5\0\3\x2a\2\1hi"))
    assert segment_of(octets) == Segment(42, 2, 1)


@pytest.mark.parametrize(
    "user_data",
    [
        b"",
        b"\0hi",
        b"\5\0\3\x2a\0\1",
        b"\5\0\3\x2a\2\0",
        b"\5\0\3\x2a\2\3",
        b"\6\0\3\x2a\2\1",
        b"\4\0\3\x2a\2\1",
        b"\5\0\2\x2a\2\1",
        b"\5\x08\3\x2a\2\1",
        b"\6\0\4\x2a\2\1\1",
        b"\1\0\3\x2a\2\1",
        b"\xff\0\3\x2a\2\1",
        b"hi\0\3\x2a\2\1",
    ],
)
@pytest.mark.parametrize("kind", [SubmitSm, DataSm])
def test_what_is_no_reference_is_no_part(kind, user_data):
    assert segment_of(message(kind, user_data, payload=False)) is None


@pytest.mark.parametrize("esm_class", [0, 3, 4, 0x80])
@pytest.mark.parametrize(
    "header",
    [
        b"\5\0\3\x2a\2\1",
        b"\6\x08\4\0\x2a\2\1",
        b"\x0b\5\4\x0b\x84\0\0\0\3\x2a\2\1",
        b"\x0b\0\3\x2a\2\1\5\4\x0b\x84\0\0",
        b"\x08\0\3\x2a\2\1\x25\1\1",
    ],
)
@pytest.mark.parametrize(
    ("kind", "payload"), [(SubmitSm, False), (DeliverSm, True), (DataSm, True)]
)
def test_a_header_that_says_a_part_needs_no_udhi_bit(kind, payload, header, esm_class):
    """With a reference of two octets, ports or a national language in it too."""
    octets = message(kind, header + b"hi", esm_class=esm_class, payload=payload)
    assert segment_of(octets) == Segment(42, 2, 1)


@pytest.mark.parametrize(
    "user_data",
    [
        b"\4\0\3\x2a\2\1hi",
        b"\6\0\3\x2a\2\1hi",
        b"\5\0\3\x2a\2\3hi",
        b"\3\1\1\0hi",
        b"Hi\0\3\x2a\2\1",
        "Отчёт".encode("utf-16-be"),
        "é@¥*".encode("utf-16-be"),
        b"\5",
        b"",
    ],
)
def test_without_the_bit_a_text_that_is_no_whole_header_is_a_text(user_data):
    assert segment_of(message(SubmitSm, user_data, esm_class=0, payload=False)) is None
    assert segment_of(message(DataSm, user_data, esm_class=0, payload=True)) is None


HEADER = b"\5\0\3\x2a\2\1hi"
SAR = b"\2\x0c\0\2\0\x2a\2\x0e\0\1\2\2\x0f\0\1\1"


@pytest.mark.parametrize("esm_class", [0, 0x40])
@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_part_is_known_though_the_lengths_are_wrong(form, esm_class):
    """Behind a stray NUL, with sm_length one too many, 0 or beyond, in a message_payload."""
    octets = raw_deliver(form, HEADER, b"\x14\0\0\1x", esm_class=esm_class)
    assert segment_of(octets) == Segment(42, 2, 1)
    if form not in ("sm_length far beyond", "sm_length counts characters", "sm_length 0"):
        octets = raw_deliver(form, b"hi there", SAR, esm_class=esm_class & 0)
        assert segment_of(octets) == Segment(42, 2, 1)


@given(
    kinds,
    st.integers(0, 0xFFFF),
    st.integers(1, 2),
    st.integers(1, 2),
    st.integers(1, 2),
    parts,
    st.integers(0, 6),
)
def test_sar_values_may_have_one_octet_or_two(
    kind, reference, ref_size, total_size, number_size, part, strays
):
    reference %= 256**ref_size
    total, number = part
    three = sar(
        reference.to_bytes(ref_size), total.to_bytes(total_size), number.to_bytes(number_size)
    )
    octets = encode(kind(tlvs=three))
    at = len(octets) - sum(len(each.value) + 4 for each in three)
    octets = octets[:at] + bytes(strays) + octets[at:]
    assert segment_of(len(octets).to_bytes(4, "big") + octets[4:]) == Segment(reference, *part)


@pytest.mark.parametrize(
    "tlvs",
    [
        sar(b"\0\7", b"\3", b"\2")[:2],
        sar(b"\0\7", b"\3", b"\2")[1:],
        sar(b"\0\7", b"\3", b"\4"),
        sar(b"\0\7", b"\0", b"\0"),
        sar(b"\0\7", b"\0\3", b"\0\4"),
        sar(b"\0\0\7", b"\3", b"\2"),
        sar(b"", b"\3", b"\2"),
        (Tlv(0x1400, b"\x02\x0c\0\2\0\7\2\x0e\0\1\2\2\x0f\0\1\1"),),
    ],
)
def test_incomplete_or_impossible_tlvs_are_no_part(tlvs):
    assert segment_of(encode(SubmitSm(short_message=b"hi", tlvs=tlvs))) is None


@given(st.one_of(garbage_bodies(), garbage_bodies(*MESSAGES), st.binary(max_size=40)))
def test_any_octets_are_a_part_that_can_be_or_none(octets):
    found = segment_of(octets)
    assert found is None or (1 <= found.number <= found.total and found.reference <= 0xFFFF)


@given(pdus(*MESSAGES))
def test_any_message_is_a_part_that_can_be_or_none(pdu):
    found = segment_of(encode(pdu))
    assert found is None or 1 <= found.number <= found.total


@given(st.one_of(pdus(*MESSAGES).map(encode), garbage_bodies(), garbage_bodies(*MESSAGES)))
def test_what_is_said_to_be_no_part_and_no_step_at_a_glance_is_none(octets):
    assert may_be_related(octets) or _looked_for(octets) is None


@given(kinds, st.booleans(), parts, elements, st.binary(max_size=30), tlv_lists())
def test_the_short_way_says_the_same_as_the_long(kind, payload, part, before, text, tlvs):
    header = before + bytes((0, 3, 7, *part))
    octets = message(kind, bytes((len(header),)) + header + text, *tlvs, payload=payload)
    assert relation_of(octets) == _looked_for(octets)


@given(st.one_of(pdus(SubmitSm).map(encode), garbage_bodies(SubmitSm), garbage_bodies()))
def test_what_stands_alone_is_no_part_and_no_step_and_replaces_nothing(octets):
    assert not stands_alone(octets) or (relation_of(octets), peek.replaced(octets)) == (None, b"")


@given(st.booleans(), parts, elements, st.binary(max_size=30), st.sampled_from([0, 0x40, 0xC3]))
def test_a_part_does_not_stand_alone(payload, part, before, text, esm_class):
    header = before + bytes((0, 3, 7, *part))
    user_data = bytes((len(header),)) + header + text
    octets = message(SubmitSm, user_data, esm_class=esm_class, payload=payload)
    assert not stands_alone(octets) or segment_of(octets) is None


@pytest.mark.parametrize(
    "more",
    [
        {"replace_if_present_flag": 1},
        {"esm_class": 0x40},
        {"esm_class": 0xC3},
        {"tlvs": (Tlv(Tag.USSD_SERVICE_OP, b"\2"),)},
        {"short_message": b"\5\0\3\x2a\2\1hi"},
    ],
)
def test_text_alone_stands_alone_and_what_may_be_related_does_not(more):
    fields = {"source_addr": b"1000", "destination_addr": b"4477", "short_message": b"hi"}
    usual = {"esm_class": 0x83, "validity_period": b"000001000000000R", "data_coding": 8}
    assert stands_alone(encode(SubmitSm(**fields)))
    assert stands_alone(encode(SubmitSm(**fields, **usual, registered_delivery=1)))
    assert not stands_alone(encode(SubmitSm(**{**fields, **more})))


def test_a_message_without_header_and_tlvs_is_known_at_a_glance():
    assert not may_be_related(encode(SubmitSm(destination_addr=b"447700", short_message=b"hi")))


def test_a_step_of_a_dialogue_is_one_though_it_is_a_part_too():
    step = Tlv(Tag.USSD_SERVICE_OP, b"\2")
    octets = message(SubmitSm, b"\5\0\3\x2a\2\1hi", step, payload=False)
    assert relation_of(octets) == Step(None, True, False)
    assert segment_of(octets) is None
