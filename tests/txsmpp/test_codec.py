"""Octets to PDUs and back, without loss and without surprises."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smppgate.txsmpp.codec import decode, encode
from smppgate.txsmpp.constants import RESPONSE_BIT
from smppgate.txsmpp.errors import PduError, UnknownCommand
from smppgate.txsmpp.pdu import (
    PDU_TYPES,
    BindTransceiver,
    CancelSmResp,
    DeliverSmResp,
    EnquireLink,
    SubmitSm,
    SubmitSmResp,
    Tlv,
)
from tests.txsmpp.strategies import damaged, framed, garbage_bodies, pdus, result

SUBMIT_SM = encode(SubmitSm(source_addr=b"1", destination_addr=b"2", short_message=b"hi"))


@given(pdus())
def test_a_pdu_is_read_back_as_it_was_written(pdu):
    assert decode(encode(pdu)) == pdu


@given(pdus(), st.integers(0, 500), st.integers(0, 255))
def test_a_damaged_pdu_is_read_without_loss_or_refused(pdu, at, change):
    octets = damaged(encode(pdu), at, change)
    found = result(decode, octets)
    assert isinstance(found, PduError) or encode(found) == octets


@given(garbage_bodies())
@example(b"\0\0\0\x11\0\0\0\x04" + bytes(9))
def test_any_body_is_read_without_loss_or_refused(octets):
    found = result(decode, octets)
    assert isinstance(found, PduError) or encode(found) == octets


@given(st.binary(max_size=40))
def test_any_octets_are_a_pdu_or_an_error_with_a_status(octets):
    found = result(decode, octets)
    if isinstance(found, PduError | UnknownCommand):
        assert found.command_status
    else:
        assert encode(found) == octets


@pytest.mark.parametrize("kind", PDU_TYPES.values())
def test_every_command_goes_both_ways_with_its_defaults(kind):
    pdu = kind(sequence_number=7, tlvs=(Tlv(0x1400, b"x"), Tlv(0x1400, b"x")))
    assert decode(encode(pdu)) == pdu


@pytest.mark.parametrize("kind", PDU_TYPES.values())
def test_a_body_is_missing_only_where_the_specification_lets_it(kind):
    """A request must be whole; any resp may end behind its header."""
    header = framed(kind.command_id, b"")
    found = result(decode, header)
    if kind.command_id & RESPONSE_BIT or not kind.layout:
        assert encode(found) == header
    else:
        assert isinstance(found, PduError)


def test_a_missing_body_differs_from_an_empty_one():
    assert decode(framed(0x80000005, b"")) == DeliverSmResp(has_body=False)
    assert decode(framed(0x80000005, b"\0")) == DeliverSmResp()
    assert decode(framed(0x80000008, b"")).has_body


def test_message_payload_passes_at_its_full_size():
    pdu = SubmitSm(tlvs=(Tlv(0x0424, bytes(65535)),))
    assert decode(encode(pdu)) == pdu


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"", 0x15, "service_type"),
        (b"TOOLNG\0", 0x15, "service_type"),
        (b"\0", 0x48, "source_addr_ton"),
        (b"\0\1", 0x49, "source_addr_npi"),
        (b"\0\1\1" + b"4" * 21 + b"\0", 0x0A, "source_addr"),
        (b"\0\1\1\0", 0x50, "dest_addr_ton"),
        (b"\0\1\1\0\1", 0x51, "dest_addr_npi"),
        (b"\0\1\1\0\1\1" + b"4" * 9, 0x0B, "destination_addr"),
        (b"\0\1\1\0\1\1\0", 0x43, "esm_class"),
        (b"\0\1\1\0\1\1\0" + bytes(1), 0x02, "protocol_id"),
        (b"\0\1\1\0\1\1\0" + bytes(2), 0x06, "priority_flag"),
        (b"\0\1\1\0\1\1\0" + bytes(3) + b"0" * 17, 0x61, "schedule_delivery_time"),
        (b"\0\1\1\0\1\1\0" + bytes(4) + b"0" * 17, 0x62, "validity_period"),
        (b"\0\1\1\0\1\1\0" + bytes(5), 0x07, "registered_delivery"),
        (b"\0\1\1\0\1\1\0" + bytes(6), 0x54, "replace_if_present_flag"),
        (b"\0\1\1\0\1\1\0" + bytes(7), 0x02, "data_coding"),
        (b"\0\1\1\0\1\1\0" + bytes(8), 0x63, "sm_default_msg_id"),
        (b"\0\1\1\0\1\1\0" + bytes(9), 0x01, "short_message"),
        (b"\0\1\1\0\1\1\0" + bytes(9) + b"\3hi", 0x01, "short_message"),
        (b"\0\1\1\0\1\1\0" + bytes(10) + b"\x14", 0xC0, "TLVs"),
    ],
)
def test_the_status_is_that_of_the_field_and_both_are_named(body, status, field):
    with pytest.raises(PduError, match=f"^submit_sm: {field}: ") as raised:
        decode(framed(4, body))
    assert raised.value.command_status == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"s" * 16 + b"\0", 0x0F),
        (b"acme\0" + b"p" * 64 + b"\0", 0x0E),
        (b"acme\0" + b"hidden", 0x0E),
        (b"acme\0hidden\0" + b"t" * 13 + b"\0", 0x53),
        (b"acme\0hidden\0VMS\0\x34\0\0" + b"r" * 41, 0x02),
    ],
)
def test_a_bad_bind_is_answered_by_field_and_its_password_not_told(body, status):
    with pytest.raises(PduError) as raised:
        decode(framed(9, body))
    assert raised.value.command_status == status
    assert "hidden" not in str(raised.value)
    assert "ppp" not in str(raised.value)


def test_passwords_may_be_longer_than_the_specification_has_them():
    bind = BindTransceiver(password=b"p" * 63)
    assert decode(encode(bind)) == bind


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        bytes(15),
        SUBMIT_SM + b"\0",
        SUBMIT_SM[:-1],
        framed(0x15, b"")[:3] + b"\x11" + framed(0x15, b"")[4:],
    ],
)
def test_octets_that_are_not_one_whole_pdu_have_a_bad_length(octets):
    with pytest.raises(PduError) as raised:
        decode(octets)
    assert raised.value.command_status == 0x02


@pytest.mark.parametrize("command_id", [0, 0x10, 0x22, 0x00010200, 0x8000000B, 0xFFFFFFFF])
def test_an_unknown_command_is_told_apart(command_id):
    with pytest.raises(UnknownCommand) as raised:
        decode(framed(command_id, b""))
    assert raised.value.command_status == 0x03


@pytest.mark.parametrize(
    ("pdu", "status", "field"),
    [
        (SubmitSm(short_message=bytes(256)), 0x01, "short_message"),
        (SubmitSm(source_addr=b"4" * 21), 0x0A, "source_addr"),
        (SubmitSm(destination_addr=b"4\0004"), 0x0B, "destination_addr"),
        (SubmitSm(data_coding=256), 0x02, "data_coding"),
        (SubmitSm(tlvs=(Tlv(5, bytes(65536)),)), 0xC2, "TLVs"),
        (SubmitSmResp(message_id=b"x", has_body=False), 0x02, "has_body"),
        (CancelSmResp(tlvs=(Tlv(5, b""),), has_body=False), 0x02, "has_body"),
        (EnquireLink(sequence_number=2**32), 0x02, "header"),
        (EnquireLink(command_status=-1), 0x02, "header"),
    ],
)
def test_what_has_no_octets_is_refused_by_field(pdu, status, field):
    with pytest.raises(PduError, match=rf"^\w+: {field}: ") as raised:
        encode(pdu)
    assert raised.value.command_status == status


@given(pdus())
def test_encoding_leaves_the_pdu_as_it_is(pdu):
    before = attrs.evolve(pdu)
    assert encode(pdu) == encode(pdu)
    assert pdu == before
