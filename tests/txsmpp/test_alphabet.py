"""The GSM alphabet and UCS-2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.txsmpp.alphabet import decode_text, encode_text

GSM = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"


@given(st.text())
def test_text_is_read_back_as_it_was_written(text):
    """Hypothesis draws no lone surrogates, which no encoding has."""
    data_coding, octets = encode_text(text)
    assert decode_text(octets, data_coding) == text


@given(st.text(alphabet=GSM + EXTENSION))
def test_text_of_the_alphabet_needs_no_ucs2(text):
    data_coding, octets = encode_text(text)
    assert data_coding == 0
    assert len(octets) == len(text) + sum(character in EXTENSION for character in text)


@pytest.mark.parametrize(
    ("text", "data_coding", "octets"),
    [
        ("hi", 0, b"hi"),
        ("@", 0, b"\0"),
        ("€5", 0, b"\x1b\x655"),
        ("à", 0, b"\x7f"),
        ("ç", 8, b"\0\xe7"),
        ("привет", 8, "привет".encode("utf-16-be")),
        ("😀", 8, b"\xd8\x3d\xde\x00"),
        ("\ud83d", 8, b"\0?"),
        ("", 0, b""),
    ],
)
def test_text_becomes_the_shortest_octets(text, data_coding, octets):
    assert encode_text(text) == (data_coding, octets)


@pytest.mark.parametrize("message_class", range(4))
def test_a_message_class_changes_data_coding_and_no_octet(message_class):
    for text, data_coding in (("hi", 0xF0), ("привет", 0x18)):
        found, octets = encode_text(text, message_class)
        assert found == data_coding + message_class
        assert octets == encode_text(text)[1]
        assert decode_text(octets, found) == text


@pytest.mark.parametrize("message_class", [-1, 4])
def test_there_are_four_message_classes(message_class):
    with pytest.raises(ValueError, match="0 to 3"):
        encode_text("hi", message_class)


@pytest.mark.parametrize(
    ("octets", "data_coding", "text"),
    [
        (b"\x1b\x41", 0, "A"),
        (b"A\x1b", 0, "A "),
        (b"\x1b\x1bA", 0, " A"),
        (b"\x80A", 0, "\ufffdA"),
        (b"\x1b\x80", 0, "\ufffd"),
        (b"\0", 0xF1, "@"),
        (b"\xe9", 0xF5, "é"),
        (b"hi\xe9", 1, "hi\ufffd"),
        (b"\xe9", 3, "é"),
        (b"\xe9", 4, "é"),
        (b"\xe9", 6, "щ"),
        (b"\xe0", 7, "א"),
        (b"\0h\0", 8, "h\ufffd"),
        (b"\0h", 0x18, "h"),
        (b"\0", 0x13, "@"),
        (b"\xe9", 0x16, "é"),
        (b"\xe9", 0x77, "é"),
    ],
)
def test_octets_are_read_by_their_data_coding(octets, data_coding, text):
    assert decode_text(octets, data_coding) == text


@given(st.binary(), st.integers(0, 255))
def test_any_octets_are_some_text(octets, data_coding):
    assert isinstance(decode_text(octets, data_coding), str)
