"""Codecs of single fields."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.txsmpp.destinations import (
    DestAddresses,
    DistributionList,
    SmeAddress,
    UnsuccessSmes,
)
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.fields import COctetString, Integer, Octet, OctetString
from tests.txsmpp.strategies import field_values, result

CODECS = [
    Octet(1),
    Integer(2, 1),
    Integer(4, 1),
    COctetString(1, 1),
    COctetString(21, 1),
    OctetString(1),
    DestAddresses(),
    UnsuccessSmes(),
]


@given(st.data(), st.sampled_from(CODECS), st.binary(max_size=9), st.binary(max_size=9))
def test_a_value_is_read_back_from_anywhere(data, codec, before, after):
    value = data.draw(field_values(codec))
    written = codec.write(value)
    end = len(before) + len(written)
    assert codec.read(before + written + after, len(before)) == (value, end)


@given(st.sampled_from(CODECS), st.binary(max_size=60), st.integers(0, 61))
def test_any_octets_are_a_value_that_writes_them_or_an_error(codec, octets, at):
    match result(codec.read, octets, at):
        case (value, end):
            assert codec.write(value) == octets[at:end]
        case error:
            assert isinstance(error, PduError)


@pytest.mark.parametrize(
    ("codec", "octets", "reason"),
    [
        (Octet(7), b"", "missing"),
        (Integer(4, 7), b"\0\0\0", "missing"),
        (COctetString(4, 7), b"", "no NUL within 4 octets"),
        (COctetString(4, 7), b"abc", "no NUL within 4 octets"),
        (COctetString(4, 7), b"abcd\0", "no NUL within 4 octets"),
        (OctetString(7), b"", "length missing"),
        (OctetString(7), b"\2a", "longer than the PDU"),
    ],
)
def test_octets_that_do_not_reach_raise_the_fields_status(codec, octets, reason):
    with pytest.raises(PduError, match=reason) as raised:
        codec.read(octets, 0)
    assert raised.value.command_status == 7


@pytest.mark.parametrize(
    ("codec", "value"),
    [
        (Octet(7), 256),
        (Octet(7), -1),
        (Octet(7), b"1"),
        (Integer(2, 7), 65536),
        (Integer(2, 7), None),
        (COctetString(4, 7), b"abcd"),
        (COctetString(4, 7), b"a\0b"),
        (COctetString(4, 7), "abc"),
        (OctetString(7), bytes(256)),
        (OctetString(7), "text"),
    ],
)
def test_values_that_have_no_octets_raise_the_fields_status(codec, value):
    with pytest.raises(PduError) as raised:
        codec.write(value)
    assert raised.value.command_status == 7


def test_a_c_octet_string_may_fill_its_size_with_the_nul():
    assert COctetString(4, 7).read(b"abc\0", 0) == (b"abc", 4)


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (b"", 0x33),
        (b"\2\2list\0", 0x33),
        (b"\1\3list\0", 0x40),
        (b"\1\2list", 0x34),
        (b"\1\2" + b"n" * 21 + b"\0", 0x34),
        (b"\1\1", 0x50),
        (b"\1\1\1", 0x51),
        (b"\1\1\1\1447700900123", 0x0B),
    ],
)
def test_a_bad_list_of_destinations_raises_the_status_that_fits(octets, status):
    with pytest.raises(PduError) as raised:
        DestAddresses().read(octets, 0)
    assert raised.value.command_status == status


def test_addresses_and_lists_may_be_mixed():
    octets = b"\2\1\1\x0144\0\2friends\0"
    value = (
        SmeAddress(dest_addr_ton=1, dest_addr_npi=1, destination_addr=b"44"),
        DistributionList(dl_name=b"friends"),
    )
    assert DestAddresses().read(octets, 0) == (value, len(octets))
    assert DestAddresses().write(value) == octets


def test_more_destinations_than_one_octet_counts_are_refused():
    assert DestAddresses().write((SmeAddress(),) * 255)[0] == 255
    with pytest.raises(PduError) as raised:
        DestAddresses().write((SmeAddress(),) * 256)
    assert raised.value.command_status == 0x33
