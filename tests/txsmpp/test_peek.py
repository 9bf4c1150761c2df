"""Fields found by offset are those that decoding finds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.txsmpp import peek
from smppgate.txsmpp.codec import decode, encode
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import HEADER_SIZE
from smppgate.txsmpp.pdu import (
    PDU_TYPES,
    AlertNotification,
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    DataSm,
    DeliverSm,
    Pdu,
    SubmitMulti,
    SubmitSm,
    SubmitSmResp,
)
from smppgate.txsmpp.tlv import write_tlvs
from tests.txsmpp.strategies import (
    MESSAGES,
    damaged,
    framed,
    garbage_bodies,
    pdus,
    pdus_of,
    result,
)

WITH_MESSAGE_ID = [
    kind for kind in PDU_TYPES.values() if "message_id" in [field.name for field in kind.layout]
]

BINDS = (BindReceiver, BindTransceiver, BindTransmitter)

ALL = (
    peek.source,
    peek.destination,
    peek.destination_address,
    peek.esme_address,
    peek.bind_address_range,
    peek.message_id_at,
    peek.esm_class,
    peek.registered_delivery,
    peek.data_coding,
    peek.message_id,
    peek.envelope,
    peek.short_message_at,
    peek.destinations,
)


def _destination(pdu: Pdu) -> peek.Address | None:
    if isinstance(pdu, SubmitMulti):
        return None
    return peek.Address(pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr)


def _envelope(pdu: Pdu) -> peek.Envelope:
    return peek.Envelope(
        pdu.service_type,
        peek.Address(pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr),
        _destination(pdu),
        pdu.esm_class,
        pdu.registered_delivery,
        pdu.data_coding,
    )


def _assert_same(octets: bytes, pdu: Pdu) -> None:
    envelope = _envelope(pdu)
    assert peek.envelope(octets) == envelope
    assert peek.source(octets) == pdu.source_addr
    assert peek.destination(octets) == (envelope.destination.addr if envelope.destination else b"")
    if envelope.destination:
        assert peek.destination_address(octets) == envelope.destination
    wanted = len(pdu.dest_address) if isinstance(pdu, SubmitMulti) else 1
    assert peek.destinations(octets) == max(1, wanted)
    assert peek.esm_class(octets) == pdu.esm_class
    assert peek.registered_delivery(octets) == pdu.registered_delivery
    assert peek.data_coding(octets) == pdu.data_coding
    begin, end = peek.short_message_at(octets)
    assert octets[begin:end] == getattr(pdu, "short_message", b"")
    assert octets[end:] == write_tlvs(pdu.tlvs)


@given(pdus(*MESSAGES))
def test_every_field_is_what_decoding_gives(pdu):
    _assert_same(encode(pdu), pdu)


@given(pdus(*MESSAGES), st.integers(0, 200), st.integers(0, 255))
def test_whatever_can_be_decoded_after_damage_has_the_same_fields(pdu, at, change):
    octets = damaged(encode(pdu), at, change)
    found = result(decode, octets)
    if isinstance(found, PduError):
        for function in ALL:
            result(function, octets)
    else:
        _assert_same(octets, found)


@given(st.one_of(garbage_bodies(), garbage_bodies(*MESSAGES), st.binary(max_size=40)))
def test_any_octets_give_a_value_or_a_pdu_error(octets):
    for function in ALL:
        found = result(function, octets)
        assert not isinstance(found, Exception) or isinstance(found, PduError)


@pytest.mark.parametrize("kind", WITH_MESSAGE_ID)
@given(data=st.data())
def test_message_id_is_found_in_every_pdu_that_has_one(kind, data):
    pdu = data.draw(pdus_of(kind))
    octets = encode(pdu)
    assert peek.message_id(octets) == pdu.message_id
    if len(octets) > HEADER_SIZE:
        begin, end = peek.message_id_at(octets)
        assert (octets[begin:end], octets[end]) == (pdu.message_id, 0)


def test_a_missing_body_has_no_message_id():
    octets = encode(SubmitSmResp(command_status=0x45, has_body=False))
    assert peek.message_id(octets) == b""
    assert result(peek.message_id_at, octets).command_status == 0x0C


@given(pdus(AlertNotification))
def test_the_esme_address_of_an_alert_is_what_decoding_gives(pdu):
    expected = peek.Address(pdu.esme_addr_ton, pdu.esme_addr_npi, pdu.esme_addr)
    assert peek.esme_address(encode(pdu)) == expected


def test_an_alert_without_an_esme_address_raises_its_status():
    octets = framed(AlertNotification.command_id, b"\1\001447700\0\1\1999")
    assert result(peek.esme_address, octets).command_status == 0x0B


@given(pdus(*BINDS))
def test_the_address_range_of_a_bind_is_what_decoding_gives(pdu):
    expected = peek.Address(pdu.addr_ton, pdu.addr_npi, pdu.address_range)
    assert peek.bind_address_range(encode(pdu)) == expected


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        (b"", (0, 0, b"")),
        (b"\x34", (0, 0, b"")),
        (b"\x34\1", (1, 0, b"")),
        (b"\x34\1\2", (1, 2, b"")),
        (b"\x34\1\2^44", (1, 2, b"^44")),
        (b"\x34\1\2^44\0\2\x10\0\1\x34", (1, 2, b"^44")),
    ],
)
def test_a_bind_that_ends_early_says_nothing_there(tail, expected):
    octets = framed(BindReceiver.command_id, b"bank\0secret\0type\0" + tail)
    assert peek.bind_address_range(octets) == expected


@pytest.mark.parametrize("body", [b"", b"bank", b"bank\0secret", b"bank\0secret\0type"])
def test_a_bind_that_ends_before_its_version_has_no_range(body):
    assert peek.bind_address_range(framed(BindReceiver.command_id, body)) == (0, 0, b"")


@pytest.mark.parametrize(
    ("function", "body", "status"),
    [
        (peek.source, b"", 0x0A),
        (peek.source, b"\0\1\1447700", 0x0A),
        (peek.destination, b"\0\1\0011\0", 0x0B),
        (peek.destination, b"\0\1\0011\0\1\1447700", 0x0B),
        (peek.destination_address, b"\0\1\0011\0\1\1447700", 0x0B),
        (peek.esm_class, b"\0\1\0011\0\1\0012\0", 0x43),
        (peek.registered_delivery, b"\0\1\0011\0\1\0012\0" + bytes(5), 0x07),
        (peek.data_coding, b"\0\1\0011\0\1\0012\0" + bytes(7), 0x02),
        (peek.short_message_at, b"\0\1\0011\0\1\0012\0" + bytes(9) + b"\3hi", 0x01),
        (peek.envelope, b"CMT", 0x15),
        (peek.envelope, b"\0\1\1447700", 0x0A),
        (peek.envelope, b"\0\1\0011\0\1\1447700", 0x0B),
        (peek.envelope, b"\0\1\0011\0\1\0012\0", 0x43),
    ],
)
@pytest.mark.parametrize("kind", [SubmitSm, DeliverSm])
def test_a_field_that_cannot_be_found_raises_its_status(kind, function, body, status):
    with pytest.raises(PduError, match="_sm: ") as raised:
        function(framed(kind.command_id, body))
    assert raised.value.command_status == status


def test_data_sm_fields_that_cannot_be_found_raise_their_status():
    octets = framed(DataSm.command_id, b"\0\1\0011\0\1\0012\0\4")
    assert peek.esm_class(octets) == 4
    assert result(peek.registered_delivery, octets).command_status == 0x07
    assert result(peek.data_coding, octets).command_status == 0x02


def test_an_unknown_dest_flag_ends_the_search_in_a_submit_multi():
    octets = framed(SubmitMulti.command_id, b"\0\1\0011\0\1\3" + bytes(30))
    assert peek.source(octets) == b"1"
    for function in (peek.destination, peek.esm_class, peek.registered_delivery, peek.envelope):
        assert result(function, octets).command_status == 0x0B


def test_a_message_id_without_end_raises_its_status():
    assert result(peek.message_id, framed(0x80000004, b"abc")).command_status == 0x0C


def test_an_address_too_long_to_decode_can_still_be_routed():
    """The SMSC judges it; the gate only looks where it goes."""
    octets = framed(4, b"\0\1\1" + b"1" * 30 + b"\0\1\1" + b"4" * 30 + b"\0" + bytes(10))
    assert isinstance(result(decode, octets), PduError)
    assert peek.destination(octets) == b"4" * 30
