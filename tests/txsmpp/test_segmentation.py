"""Long messages: cut and put together."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.txsmpp.alphabet import encode_text
from smppgate.txsmpp.codec import decode, encode
from smppgate.txsmpp.constants import DataCoding, EsmClass, Tag
from smppgate.txsmpp.pdu import DataSm, DeliverSm, SubmitSm
from smppgate.txsmpp.segmentation import (
    Reassembly,
    Segmentation,
    split_octets,
    split_text,
    text_of,
    user_data,
)
from smppgate.txsmpp.segments import Segment, segment_of
from smppgate.txsmpp.tlv import Tlv

MESSAGE = SubmitSm(source_addr=b"1234", destination_addr=b"447700900123")
PARTS = [Segmentation.UDH, Segmentation.SAR]

# Of both alphabets, with characters of two octets and surrogate pairs among them.
TEXTS = st.text("ab€^[]~ \n", min_size=1, max_size=700) | st.text(
    "aжя€😀🚀", min_size=1, max_size=400
)


def test_a_text_that_fits_is_one_message_without_a_header() -> None:
    for text, coding in (("x" * 160, 0), ("ж" * 70, 8), ("€" * 80, 0)):
        (one,) = split_text(MESSAGE, text)
        assert (one.data_coding, one.esm_class, one.tlvs) == (coding, 0, ())
        assert text_of(one) == text


@pytest.mark.parametrize(
    ("text", "reference", "sizes"),
    [
        ("x" * 161, 7, [153, 8]),
        ("x" * 161, 0x107, [152, 9]),
        ("ж" * 71, 7, [134, 8]),
        ("ж" * 71, 0x107, [132, 10]),
        # The escape is in front of its character.
        ("x" * 152 + "€" * 8, 7, [152, 16]),
        ("ж" * 66 + "😀" * 3, 7, [132, 12]),
    ],
)
@pytest.mark.parametrize("by", PARTS)
def test_parts_are_as_long_as_a_short_message_allows(
    by: Segmentation, text: str, reference: int, sizes: list[int]
) -> None:
    """A header takes six octets, or seven, also where the SMSC is to make it of TLVs."""
    parts = split_text(MESSAGE, text, by, reference)
    assert [len(user_data(part)) for part in parts] == sizes
    assert [segment_of(encode(part)) for part in parts] == [
        Segment(reference, len(sizes), number) for number in range(1, len(sizes) + 1)
    ]


def test_binary_octets_are_cut_where_they_are_full() -> None:
    template = MESSAGE.replaced(data_coding=DataCoding.BINARY)
    parts = split_octets(template, b"\x1b" * 300)
    assert [len(part.short_message) for part in parts] == [140, 140, 38]
    assert all(part.esm_class == EsmClass.UDHI for part in parts)


def test_a_payload_is_one_message() -> None:
    (one,) = split_text(MESSAGE, "x" * 1000, Segmentation.PAYLOAD)
    assert one.short_message == b""
    assert one.tlvs == (Tlv(Tag.MESSAGE_PAYLOAD, b"x" * 1000),)
    assert text_of(one) == "x" * 1000


def test_a_flash_message_says_so_in_its_data_coding() -> None:
    for text, coding in (("hello", 0xF0), ("привет", 0x18)):
        (one,) = split_text(MESSAGE, text, message_class=0)
        assert one.data_coding == coding
        assert text_of(one) == text
    (first, *_) = split_text(MESSAGE, "ж" * 71, message_class=0)
    assert len(user_data(first)) == 134


@pytest.mark.parametrize(
    ("message", "octets", "by", "reference", "said"),
    [
        (MESSAGE, b"x", Segmentation.UDH, 0x10000, "65536"),
        (MESSAGE, b"x", Segmentation.UDH, -1, "-1"),
        (MESSAGE.replaced(esm_class=0x40), b"x", Segmentation.UDH, 0, "header of its own"),
        (MESSAGE, b"x" * (255 * 153 + 1), Segmentation.UDH, 0, "256 parts"),
        (MESSAGE, b"x" * 65536, Segmentation.PAYLOAD, 0, "65536 octets"),
    ],
)
def test_what_cannot_be_sent_is_an_error(
    message: SubmitSm, octets: bytes, by: Segmentation, reference: int, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        split_octets(message, octets, by, reference)


@given(TEXTS, st.sampled_from(PARTS), st.integers(0, 0xFFFF), st.randoms())
def test_what_was_cut_comes_together_in_any_order(
    text: str, by: Segmentation, reference: int, chance: random.Random
) -> None:
    """Each part is a PDU that fits, and a text of its own: no character is cut."""
    parts = split_text(MESSAGE, text, by, reference)
    assert "".join(map(text_of, parts)) == text
    assert all(decode(encode(part)) == part for part in parts)
    mixed = [part for part in parts for _ in range(chance.randint(1, 2))]
    chance.shuffle(mixed)
    reassembly = Reassembly()
    whole = [one for one in (reassembly.add(part, 0.0) for part in mixed) if one is not None]
    assert whole
    assert text_of(whole[0]) == text
    assert encode_text(text)[1] == user_data(whole[0])
    assert segment_of(encode(whole[0])) is None


def parts_of(reference: int, source: bytes = b"1") -> list[DeliverSm]:
    return split_text(DeliverSm(source_addr=source), "x" * 300, reference=reference)


def test_messages_with_one_reference_are_kept_apart_by_their_addresses() -> None:
    reassembly = Reassembly()
    (a1, a2), (b1, b2) = parts_of(1, b"1"), parts_of(1, b"2")
    assert [reassembly.add(part, 0.0) for part in (a1, b1)] == [None, None]
    assert len(reassembly) == 2
    for part, source in ((b2, b"2"), (a2, b"1")):
        whole = reassembly.add(part, 0.0)
        assert whole is not None
        assert whole.source_addr == source
    assert len(reassembly) == 0


def test_incomplete_messages_have_a_limit_and_an_age() -> None:
    reassembly = Reassembly(limit=2, max_age=10.0)
    for reference in (1, 2, 3):
        assert reassembly.add(parts_of(reference)[0], 0.0) is None
    assert len(reassembly) == 2
    assert reassembly.add(parts_of(1)[1], 1.0) is None
    assert reassembly.add(parts_of(3)[1], 10.0) is not None
    assert reassembly.add(parts_of(4)[0], 11.5) is None
    assert reassembly.add(parts_of(1)[0], 11.5) is None
    assert len(reassembly) == 2


def test_what_is_no_part_is_whole() -> None:
    for message in (
        DeliverSm(short_message=b"hi"),
        DataSm(tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, b"hi"),)),
    ):
        assert Reassembly().add(message, 0.0) is message
        assert text_of(message) == "hi"


def test_a_data_sm_comes_together_too() -> None:
    reassembly = Reassembly()
    parts = split_text(MESSAGE, "x" * 300, Segmentation.SAR, 9)
    told = [
        DataSm(tlvs=(*part.tlvs, Tlv(Tag.MESSAGE_PAYLOAD, part.short_message))) for part in parts
    ]
    assert reassembly.add(told[0], 0.0) is None
    whole = reassembly.add(told[1], 0.0)
    assert whole is not None
    assert text_of(whole) == "x" * 300
