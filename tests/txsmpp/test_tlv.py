"""TLVs: kept as they are, read when asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.txsmpp.constants import Tag
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.tlv import DEFINITIONS, Tlv, read_tlvs, tag_name, write_tlvs
from tests.txsmpp.strategies import raw_tlvs, result, tlv_lists, tlv_values

PORT = b"\x02\x0a\x00\x02\x23\xf0"


def test_every_tag_has_a_definition():
    assert set(DEFINITIONS) == set(Tag)


@given(st.data(), st.sampled_from(sorted(DEFINITIONS)))
def test_a_value_that_fits_its_definition_is_read_back(data, tag):
    value = data.draw(tlv_values(DEFINITIONS[tag]))
    assert Tlv.of(tag, value).decoded() == value


@given(raw_tlvs)
def test_any_octets_have_a_value_or_the_length_is_wrong(tlv):
    value = result(tlv.decoded)
    assert isinstance(value, int | bytes) or value.command_status == 0xC2


@given(tlv_lists(8), st.binary(max_size=20))
def test_tlvs_keep_order_and_repetition(tlvs, before):
    assert read_tlvs(before + write_tlvs(tlvs), len(before)) == tlvs


@given(st.binary(max_size=60))
def test_any_octets_are_tlvs_that_write_them_or_a_broken_stream(octets):
    tlvs = result(read_tlvs, octets, 0)
    if isinstance(tlvs, PduError):
        assert tlvs.command_status == 0xC0
    else:
        assert write_tlvs(tlvs) == octets


@pytest.mark.parametrize("octets", [b"\x02", b"\x02\x04\x00", b"\x02\x04\x00\x02\x01"])
def test_octets_left_over_or_missing_break_the_stream(octets):
    """SMPP v5.0 §4.7.6 names both cases at ESME_RINVTLVSTREAM."""
    with pytest.raises(PduError) as raised:
        read_tlvs(PORT + octets, 0)
    assert raised.value.command_status == 0xC0


@pytest.mark.parametrize(
    ("tag", "value", "octets"),
    [
        (Tag.DEST_PORT, 9200, b"\x23\xf0"),
        (Tag.QOS_TIME_TO_LIVE, 3600, b"\x00\x00\x0e\x10"),
        (Tag.RECEIPTED_MESSAGE_ID, b"a1", b"a1\0"),
        (Tag.MESSAGE_PAYLOAD, b"\0\1", b"\0\1"),
        (Tag.DEST_ADDR_NP_COUNTRY, 44, b"\0\0\0\0\x2c"),
        (0x1400, b"vendor", b"vendor"),
    ],
)
def test_values_become_the_octets_of_their_definition(tag, value, octets):
    assert Tlv.of(tag, value) == Tlv(int(tag), octets)
    assert Tlv(int(tag), octets).decoded() == value


@pytest.mark.parametrize(
    ("tag", "octets", "value"),
    [
        (Tag.RECEIPTED_MESSAGE_ID, b"a1", b"a1"),
        (Tag.RECEIPTED_MESSAGE_ID, b"a1\0\0", b"a1"),
        (Tag.SOURCE_TELEMATICS_ID, b"\x05", 5),
        (Tag.DEST_ADDR_NP_COUNTRY, b"\x2c", 44),
        (Tag.ALERT_ON_MESSAGE_DELIVERY, b"", b""),
    ],
)
def test_forms_that_peers_send_beside_the_one_written_here_are_read(tag, octets, value):
    assert Tlv(tag, octets).decoded() == value


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (Tag.DEST_PORT, 65536),
        (Tag.DEST_PORT, -1),
        (Tag.DEST_PORT, b"\x23\xf0"),
        (Tag.RECEIPTED_MESSAGE_ID, b"i" * 65),
        (Tag.RECEIPTED_MESSAGE_ID, b"a\0"),
        (Tag.NETWORK_ERROR_CODE, b"\3\0"),
        (Tag.MESSAGE_PAYLOAD, 5),
        (0x1400, 5),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_the_tags_name(tag, value):
    with pytest.raises(PduError, match=f"TLV {tag_name(tag)}: ") as raised:
        Tlv.of(tag, value)
    assert raised.value.command_status == 0xC4


@pytest.mark.parametrize(
    ("tag", "size"),
    [
        (Tag.DEST_PORT, 3),
        (Tag.DEST_PORT, 0),
        (Tag.RECEIPTED_MESSAGE_ID, 66),
        (Tag.NETWORK_ERROR_CODE, 2),
    ],
)
def test_octets_that_do_not_fit_complain_when_asked_and_name_the_tag(tag, size):
    with pytest.raises(PduError, match=f"TLV {tag_name(tag)}: {size} octets") as raised:
        Tlv(tag, bytes(size)).decoded()
    assert raised.value.command_status == 0xC2


def test_tags_without_a_name_are_told_by_their_number():
    assert tag_name(0x1401) == "0x1401"


@pytest.mark.parametrize("tlv", [Tlv(0x10000, b""), Tlv(-1, b""), Tlv(5, bytes(65536))])
def test_what_does_not_fit_two_octets_is_not_written(tlv):
    with pytest.raises(PduError) as raised:
        write_tlvs((tlv,))
    assert raised.value.command_status == 0xC2
