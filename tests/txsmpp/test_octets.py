"""A ``str`` where octets belong: an error that names the field and says what to do."""

from __future__ import annotations

from typing import Any

import pytest

from smppgate.txsmpp.alphabet import encode_text
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import Tag
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.pdu import BindTransceiver, Pdu, SmeAddress, SubmitMulti, SubmitSm
from smppgate.txsmpp.tlv import Tlv

TEXT: Any = "447700900123"


@pytest.mark.parametrize(
    ("pdu", "where"),
    [
        (SubmitSm(destination_addr=TEXT), "submit_sm: destination_addr"),
        (SubmitSm(short_message=TEXT), "submit_sm: short_message"),
        (BindTransceiver(password=TEXT), "bind_transceiver: password"),
        (SubmitSm(tlvs=(Tlv(0x1402, TEXT),)), "submit_sm: TLVs: TLV 0x1402"),
        (
            SubmitMulti(dest_address=(SmeAddress(destination_addr=TEXT),)),
            "submit_multi: dest_address: destination_addr",
        ),
    ],
)
def test_the_field_is_named(pdu: Pdu, where: str) -> None:
    with pytest.raises(PduError) as raised:
        encode(pdu)
    assert str(raised.value).startswith(f"{where}: bytes are needed, not str; encode it")
    assert TEXT not in str(raised.value)


@pytest.mark.parametrize("tag", [Tag.MESSAGE_PAYLOAD, Tag.RECEIPTED_MESSAGE_ID])
def test_a_tlv_is_named(tag: Tag) -> None:
    with pytest.raises(PduError, match=f"TLV {tag.name.lower()}: bytes are needed, not str"):
        Tlv.of(tag, TEXT)


def test_what_else_is_no_octets_is_told_by_its_type() -> None:
    other: Any = bytearray(b"1")
    with pytest.raises(PduError, match=r"source_addr: bytes are needed, not bytearray$"):
        encode(SubmitSm(source_addr=other))


def test_octets_are_no_text() -> None:
    text: Any = b"hello"
    with pytest.raises(TypeError, match="a text is a str, not bytes"):
        encode_text(text)
