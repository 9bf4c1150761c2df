"""What is edited of a PDU is changed, and nothing else."""

from __future__ import annotations

from typing import Any, cast

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from smppgate.txsmpp.codec import decode, encode
from smppgate.txsmpp.editing import DESTINATION, SOURCE, Located
from smppgate.txsmpp.layout import PDU_TYPES, Pdu
from smppgate.txsmpp.pdu import DataSm, DeliverSm, SubmitMulti, SubmitSm
from smppgate.txsmpp.peek import Address
from smppgate.txsmpp.tlv import Tlv
from tests.txsmpp.strategies import address_octets, octet, pdus

MESSAGES = pdus(SubmitSm) | pdus(DeliverSm) | pdus(DataSm) | pdus(SubmitMulti)
ADDRESSES = st.builds(Address, octet, octet, address_octets)


@given(st.sampled_from(sorted(PDU_TYPES)).flatmap(lambda each: pdus(PDU_TYPES[each])))
def test_every_field_of_every_command_is_found(pdu: Pdu) -> None:
    """Where the codec reads it, and the TLVs behind the last one."""
    octets = encode(pdu)
    located = Located(octets)
    if not getattr(pdu, "has_body", True):
        return
    assert list(located.spans) == [name for name, _ in pdu.layout]
    for name in located.spans:
        value = getattr(pdu, name)
        if isinstance(value, bytes):
            assert located.value(name) == value
        elif isinstance(value, int):
            assert int.from_bytes(located.value(name), "big") == value


@given(MESSAGES, ADDRESSES, ADDRESSES)
def test_an_address_is_replaced_and_nothing_else(pdu: Any, source: Address, to: Address) -> None:
    octets = Located(encode(pdu)).with_address(SOURCE, source)
    changed = {"source_addr_ton": source.ton, "source_addr_npi": source.npi}
    changed |= {"source_addr": source.addr}
    if not isinstance(pdu, SubmitMulti):
        changed |= {"dest_addr_ton": to.ton, "dest_addr_npi": to.npi}
        changed |= {"destination_addr": to.addr}
    octets = Located(octets).with_address(DESTINATION, to)
    assert octets == encode(evolve(pdu, **changed))


TAGS = st.sampled_from((0x1400, 0x1401, 0x0427, 0x0424))
TLVS = st.lists(st.builds(Tlv, TAGS, st.binary(max_size=6)), max_size=5).map(tuple)


@given(MESSAGES, TLVS, TAGS, st.binary(max_size=6))
def test_a_tlv_stands_where_the_first_of_its_tag_stood(
    pdu: Any, tlvs: tuple[Tlv, ...], tag: int, value: bytes
) -> None:
    """There is one of it then; without one before it is the last."""
    pdu = evolve(pdu, tlvs=tlvs)
    located = Located(encode(pdu))
    assert located.are_all
    found = cast(Pdu, decode(located.with_tlv(tag, value)))
    first = next((at for at, each in enumerate(tlvs) if each.tag == tag), len(tlvs))
    expected = [*tlvs[:first], Tlv(tag, value)]
    expected += [each for each in tlvs[first:] if each.tag != tag]
    assert found == evolve(pdu, tlvs=tuple(expected))


@given(MESSAGES, TLVS, st.sets(TAGS))
def test_tlvs_are_taken_away_and_others_stay(
    pdu: Any, tlvs: tuple[Tlv, ...], tags: set[int]
) -> None:
    octets = encode(evolve(pdu, tlvs=tlvs))
    left = tuple(each for each in tlvs if each.tag not in tags)
    assert Located(octets).without_tlvs(tags) == encode(evolve(pdu, tlvs=left))


@given(st.binary(max_size=60), st.sampled_from(sorted(PDU_TYPES)))
def test_any_octets_are_located_as_far_as_they_go(body: bytes, command_id: int) -> None:
    """And what is found is replaced by itself without a change."""
    head = (16 + len(body)).to_bytes(4, "big") + command_id.to_bytes(4, "big") + bytes(8)
    located = Located(head + body)
    same = {name: located.value(name) for name in located.spans}
    assert located.with_fields(same) == head + body


def test_nuls_behind_the_last_tlv_stay_there() -> None:
    octets = encode(SubmitSm(short_message=b"x", tlvs=(Tlv(0x1400, b"\1"),))) + b"\0\0"
    octets = len(octets).to_bytes(4, "big") + octets[4:]
    located = Located(octets)
    assert located.are_all
    found = located.with_tlv(0x1402, b"\2")
    assert found[16:] == octets[16:-2] + b"\x14\x02\0\1\2" + b"\0\0"


def test_a_pdu_of_more_tlvs_than_are_looked_at_is_not_known_whole() -> None:
    octets = encode(SubmitSm(short_message=b"x", tlvs=(Tlv(0x1400, b""),) * 200))
    assert not Located(octets).are_all


def test_a_text_that_is_not_all_there_leaves_the_fields_before_it() -> None:
    octets = encode(SubmitSm(source_addr=b"1", short_message=b"hello"))[:-2]
    located = Located(octets)
    assert not located.are_all
    assert located.value("source_addr") == b"1"
    assert "short_message" not in located.spans


def test_an_unknown_command_has_no_fields() -> None:
    located = Located(b"\0\0\0\x11\0\0\x7f\x7f" + bytes(8) + b"x")
    assert (located.spans, located.are_all) == ({}, False)
