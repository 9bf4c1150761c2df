"""Which part of which long message a PDU is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import Tag
from smppgate.txsmpp.pdu import DataSm, DeliverSm, SubmitMulti, SubmitSm, Tlv
from smppgate.txsmpp.segments import Segment, segment_of
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
    tlvs = [each for each in tlvs if each.tag != Tag.MESSAGE_PAYLOAD]
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
    others = [each for each in others if not 0x020C <= each.tag <= 0x020F]
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
def test_without_the_udhi_bit_there_is_no_header(esm_class):
    octets = message(SubmitSm, b"\5\0\3\x2a\2\1hi", esm_class=esm_class, payload=False)
    assert segment_of(octets) is None


@pytest.mark.parametrize(
    "tlvs",
    [
        sar(b"\0\7", b"\3", b"\2")[:2],
        sar(b"\0\7", b"\3", b"\2")[1:],
        sar(b"\0\7", b"\3", b"\4"),
        sar(b"\0\7", b"\0", b"\0"),
        sar(b"\0\7", b"\0\3", b"\2"),
        sar(b"\7", b"\3", b"\2"),
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
