"""Agreement with other implementations on any PDU, as far as each of them is right.

Where an oracle is not right, the strategy leaves that out and says why:

- smpp34 takes addresses as text and is asked for ASCII only. It checks no sizes (a service_type
  of 9 octets passes) and lets a NUL into a string, so that is not asked; it has 254 octets as
  the most of short_message, as v3.4 has. TLVs that are cut off it drops without a word, where
  SMPP v5.0 §4.7.6 has ESME_RINVTLVSTREAM: only PDUs without TLVs are cut.
- smpplib raises on unknown TLVs or forgets them, so it is given known ones; it refuses
  message_payload beside a short_message. It takes text for strings.
- smpp.pdu3 refuses reserved values of TON, NPI, priority and esm_class that real peers send, has
  9 octets of password, parses times, drops vendors' TLVs and orders the others its own way, and
  reads no sequence number 0. What remains is asked.
"""

from __future__ import annotations

import io

import attrs
import smpp34
import smpplib.smpp
from hypothesis import given
from hypothesis import strategies as st
from smpp.pdu.pdu_encoding import PDUEncoder

from smppgate.txsmpp.codec import decode, encode
from smppgate.txsmpp.constants import Npi, Tag, Ton
from smppgate.txsmpp.pdu import (
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    DeliverSm,
    Pdu,
    QuerySm,
    SubmitSm,
    SubmitSmResp,
    Tlv,
)
from tests.txsmpp.strategies import octet, raw_tlvs, uint32

STRINGS = (
    "service_type",
    "source_addr",
    "destination_addr",
    "schedule_delivery_time",
    "validity_period",
)


def ascii_octets(max_size: int) -> st.SearchStrategy[bytes]:
    characters = st.characters(min_codepoint=1, max_codepoint=127)
    return st.text(characters, max_size=max_size - 1).map(str.encode)


sequence_numbers = st.integers(1, 0x7FFFFFFF)

message_fields = {
    "service_type": ascii_octets(6),
    "source_addr_ton": octet,
    "source_addr_npi": octet,
    "source_addr": ascii_octets(21),
    "dest_addr_ton": octet,
    "dest_addr_npi": octet,
    "destination_addr": ascii_octets(21),
    "esm_class": octet,
    "protocol_id": octet,
    "priority_flag": octet,
    "schedule_delivery_time": ascii_octets(17),
    "validity_period": ascii_octets(17),
    "registered_delivery": octet,
    "replace_if_present_flag": octet,
    "data_coding": octet,
    "sm_default_msg_id": octet,
    "short_message": st.binary(max_size=254),
    "sequence_number": sequence_numbers,
}
tlvs = st.lists(raw_tlvs, max_size=4).map(tuple)
messages = st.one_of(
    st.builds(SubmitSm, **message_fields, tlvs=tlvs),
    st.builds(DeliverSm, **message_fields, tlvs=tlvs),
)


def _values(pdu: object) -> dict[str, object]:
    """The fields of a message as smpp34 has them."""
    values = {name: getattr(pdu, name) for name in message_fields}
    for name in STRINGS:
        if isinstance(values[name], bytes):
            values[name] = values[name].decode()
    values["tlvs"] = [(tlv.tag, bytes(tlv.value)) for tlv in pdu.tlvs]
    return values


@given(messages)
def test_smpp34_reads_our_octets_and_writes_the_same(pdu):
    theirs = smpp34.decode(encode(pdu))
    assert _values(theirs) == _values(pdu)
    assert theirs.encode() == encode(pdu)


@given(messages)
def test_we_read_what_smpp34_writes(pdu):
    values = _values(pdu)
    values["tlvs"] = [smpp34.Tlv(tag, value) for tag, value in values["tlvs"]]
    kind = getattr(smpp34, type(pdu).__name__)
    assert decode(kind(**values).encode()) == pdu


@given(messages, st.integers(0, 300))
def test_smpp34_and_we_refuse_the_same_truncations(pdu, cut):
    """Framed again after the cut, so that only the body is at fault."""
    octets = encode(attrs.evolve(pdu, tlvs=()))
    octets = octets[: max(16, len(octets) - cut)]
    octets = len(octets).to_bytes(4, "big") + octets[4:]
    assert _reads(smpp34.decode, octets) == _reads(decode, octets)


def _reads(reader: object, octets: bytes) -> bool:
    try:
        reader(octets)
    except Exception:
        return False
    return True


smpplib_tlvs = {
    "user_message_reference": (Tag.USER_MESSAGE_REFERENCE, st.integers(0, 0xFFFF)),
    "source_port": (Tag.SOURCE_PORT, st.integers(0, 0xFFFF)),
    "sar_total_segments": (Tag.SAR_TOTAL_SEGMENTS, octet),
    "message_payload": (Tag.MESSAGE_PAYLOAD, st.binary(min_size=1, max_size=200)),
}


@given(st.fixed_dictionaries(message_fields), st.data())
def test_smpplib_and_we_read_each_others_submit_sm(fields, data):
    name = data.draw(st.sampled_from(sorted(smpplib_tlvs)))
    if name == "message_payload":
        fields["short_message"] = b""
    tag, values = smpplib_tlvs[name]
    value = data.draw(values)
    pdu = SubmitSm(**fields, tlvs=(Tlv.of(tag, value),))
    sequence = fields.pop("sequence_number")

    arguments = {key: each.decode() if key in STRINGS else each for key, each in fields.items()}
    theirs = smpplib.smpp.make_pdu("submit_sm", sequence=sequence, **{**arguments, name: value})
    theirs.sequence = sequence
    assert decode(theirs.generate()) == pdu

    read = smpplib.smpp.parse_pdu(encode(pdu), need_sequence=False)
    assert (read.command, read.sequence, getattr(read, name)) == ("submit_sm", sequence, value)
    assert {key: getattr(read, key) for key in fields} == fields


@given(
    st.sampled_from([BindTransmitter, BindReceiver, BindTransceiver]),
    ascii_octets(16),
    ascii_octets(9),
    ascii_octets(13),
    ascii_octets(41),
    octet,
)
def test_smpplib_reads_our_binds(kind, system_id, password, system_type, address_range, ton):
    pdu = kind(
        system_id=system_id,
        password=password,
        system_type=system_type,
        addr_ton=ton,
        address_range=address_range,
        sequence_number=1,
    )
    read = smpplib.smpp.parse_pdu(encode(pdu), need_sequence=False)
    assert read.command == kind.command_id.name.lower()
    assert {name: getattr(read, name) for name, _ in kind.layout} == {
        name: getattr(pdu, name) for name, _ in kind.layout
    }


@given(ascii_octets(65), sequence_numbers, uint32)
def test_smpplib_reads_our_responses(message_id, sequence, status):
    pdu = SubmitSmResp(message_id=message_id, sequence_number=sequence, command_status=status)
    read = smpplib.smpp.parse_pdu(encode(pdu))
    assert (read.command, read.message_id, read.status) == ("submit_sm_resp", message_id, status)


pdu3_fields = {
    **message_fields,
    "source_addr_ton": st.sampled_from(Ton),
    "source_addr_npi": st.sampled_from(Npi),
    "dest_addr_ton": st.sampled_from(Ton),
    "dest_addr_npi": st.sampled_from(Npi),
    "esm_class": st.sampled_from([0, 1, 2, 3, 4, 8, 0x10, 0x40, 0x80, 0xC4]),
    "priority_flag": st.integers(0, 3),
    "registered_delivery": st.integers(0, 2),
    "replace_if_present_flag": st.integers(0, 1),
    "data_coding": st.sampled_from([0, 1, 3, 4, 8]),
    "sm_default_msg_id": st.integers(0, 254),
    "schedule_delivery_time": st.just(b""),
    "validity_period": st.just(b""),
}
pdu3_pdus = st.one_of(
    st.builds(
        SubmitSm,
        **pdu3_fields,
        tlvs=st.sampled_from([(), (Tlv.of(Tag.SAR_MSG_REF_NUM, 7), Tlv.of(Tag.PAYLOAD_TYPE, 0))]),
    ),
    st.builds(
        DeliverSm,
        **pdu3_fields,
        tlvs=st.sampled_from([(), (Tlv.of(Tag.RECEIPTED_MESSAGE_ID, b"a1"),)]),
    ),
    st.builds(
        BindTransceiver,
        system_id=ascii_octets(16),
        password=ascii_octets(9),
        sequence_number=sequence_numbers,
    ),
    st.builds(
        QuerySm,
        message_id=ascii_octets(65),
        source_addr=ascii_octets(21),
        sequence_number=sequence_numbers,
    ),
)


@given(pdu3_pdus)
def test_pdu3_reads_our_octets_and_writes_the_same(pdu: Pdu):
    octets = encode(pdu)
    theirs = PDUEncoder().decode(io.BytesIO(octets))
    assert theirs.commandId.name == pdu.command_id.name.lower()
    assert PDUEncoder().encode(theirs) == octets
    strings = [name for name, _ in pdu.layout if isinstance(getattr(pdu, name), bytes)]
    assert {name: theirs.params[name] or b"" for name in strings} == {
        name: getattr(pdu, name) for name in strings
    }
