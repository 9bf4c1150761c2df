"""What may be shown of a PDU: its passwords never, its texts only if they are asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.txsmpp.codec import decode, encode
from smppgate.txsmpp.constants import Tag
from smppgate.txsmpp.frame import HEADER_SIZE, header_only
from smppgate.txsmpp.masking import MASKED_PASSWORD, masked, masked_text
from smppgate.txsmpp.pdu import (
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    DataSm,
    DeliverSm,
    Outbind,
    Pdu,
    ReplaceSm,
    SubmitMulti,
    SubmitSm,
    SubmitSmResp,
)
from smppgate.txsmpp.tlv import Tlv
from tests.txsmpp.strategies import pdus

SECRET = b"s3cr3t-T"

WITH_PASSWORD = (BindTransmitter, BindReceiver, BindTransceiver, Outbind)

WITH_TEXT = (
    SubmitSm(short_message=SECRET),
    SubmitSm(tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, SECRET),)),
    SubmitSm(tlvs=(Tlv(0x1401, SECRET), Tlv(Tag.CALLBACK_NUM_ATAG, SECRET))),
    SubmitMulti(short_message=SECRET),
    DeliverSm(short_message=b"id:7 stat:DELIVRD text:" + SECRET, esm_class=4),
    DeliverSm(short_message=SECRET + b" id:7 stat:DELIVRD", esm_class=4),
    DeliverSm(short_message=b"id:" + SECRET * 9 + b" stat:DELIVRD", esm_class=4),
    DeliverSm(short_message=SECRET, esm_class=0x40),
    DeliverSm(short_message=b"\x28" + SECRET * 5, esm_class=0x40),
    DataSm(tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, SECRET),)),
    ReplaceSm(short_message=SECRET),
)


@pytest.mark.parametrize("kind", WITH_PASSWORD)
@pytest.mark.parametrize("shows_text", [False, True])
def test_passwords_are_masked_whatever_is_asked_for(kind: type, shows_text: bool) -> None:
    octets = encode(kind(system_id=b"acme", password=SECRET))
    shown = decode(masked(octets, shows_text))
    assert (shown.system_id, shown.password) == (b"acme", MASKED_PASSWORD)  # type: ignore[attr-defined]


def test_the_length_of_a_password_is_not_shown_but_that_there_is_none() -> None:
    lengths = {len(masked(encode(Outbind(password=b"x" * size)))) for size in range(1, 9)}
    assert len(lengths) == 1
    assert masked(encode(Outbind())) == encode(Outbind())


@pytest.mark.parametrize("shows_text", [False, True])
def test_a_bind_that_cannot_be_decoded_shows_no_more_than_its_header(shows_text: bool) -> None:
    whole = encode(BindTransceiver(system_id=b"acme", password=SECRET))
    for end in range(HEADER_SIZE, len(whole)):
        octets = len(whole[:end]).to_bytes(4, "big") + whole[4:end]
        assert masked(octets, shows_text)[HEADER_SIZE:].strip(b"*") == b""


@pytest.mark.parametrize("pdu", WITH_TEXT)
def test_texts_are_masked_and_as_long_as_they_were(pdu: Pdu) -> None:
    octets = encode(pdu)
    shown = masked(octets)
    assert SECRET not in shown
    assert len(shown) == len(octets)
    assert type(decode(shown)) is type(pdu)
    assert masked(octets, shows_text=True) == octets


def test_what_a_message_is_stays() -> None:
    header = b"\x05\0\3\x2a\2\1"
    assert masked_text(header + b"text", 0x40) == header + b"****"
    receipt = b"id:7-a sub:001 submit date:2601010000 stat:DELIVRD err:000 text:"
    assert masked_text(receipt + b"hello", 0x04) == receipt + b"*****"
    assert masked_text(receipt, 0) == b"*" * len(receipt)


def test_what_no_version_knows_is_masked() -> None:
    octets = header_only(0x00010200, 0, 1)[4:] + SECRET
    octets = (len(octets) + 4).to_bytes(4, "big") + octets
    assert SECRET not in masked(octets)
    assert masked(octets, shows_text=True) == octets


def test_answers_stay_as_they_are() -> None:
    octets = encode(SubmitSmResp(message_id=b"4F"))
    assert masked(octets) == octets


@given(pdus())
def test_any_pdu_can_be_decoded_still(pdu: Pdu) -> None:
    octets = encode(pdu)
    shown = masked(octets)
    assert shown[4:HEADER_SIZE] == octets[4:HEADER_SIZE]
    assert type(decode(shown)) is type(pdu)
    assert masked(shown) == shown
    if not getattr(pdu, "password", b""):
        assert len(shown) == len(octets)


@given(st.binary(max_size=300), st.sampled_from([1, 2, 9, 0x0B, 4, 5, 7, 0x21, 0x103, 0x77]))
def test_no_octets_are_too_wild(body: bytes, command_id: int) -> None:
    octets = header_only(command_id, 0, 1)[4:] + body
    octets = (len(octets) + 4).to_bytes(4, "big") + octets
    shown = masked(octets)
    assert int.from_bytes(shown[:4], "big") == len(shown)
