"""Values of a program go into the octets of a PDU, and nothing else changes."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.txsmpp import PduError, Tlv
from smppgate.txsmpp.codec import decode, encode
from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.editing import edited
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import DataSm, DeliverSm, SubmitSm, SubmitSmResp

MESSAGE = SubmitSm(
    service_type=b"WAP",
    source_addr=b"1234",
    destination_addr=b"4477",
    short_message=b"hi",
    sequence_number=7,
    tlvs=(Tlv(0x0204, b"\0\1"), Tlv(0x1400, b"a"), Tlv(0x0204, b"\0\2")),
)

TEXT = st.binary(max_size=5).filter(lambda octets: 0 not in octets)
OCTET = st.integers(0, 255)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "service_type": TEXT,
        "source_addr_ton": OCTET,
        "source_addr": st.binary(max_size=20).map(lambda octets: octets.replace(b"\0", b"")),
        "destination_addr": TEXT,
        "esm_class": OCTET,
        "registered_delivery": OCTET,
        "data_coding": OCTET,
    },
)
TLVS = st.lists(st.builds(Tlv, st.sampled_from((0x0204, 0x1400, 0x1401)), st.binary(max_size=9)))


@given(
    st.sampled_from((SubmitSm, DeliverSm, DataSm)),
    FIELDS,
    TLVS,
    FIELDS,
    st.dictionaries(st.sampled_from((0x0204, 0x1400, 0x1402)), st.none() | st.binary(max_size=9)),
)
def test_it_is_what_decoding_and_encoding_would_make(
    kind: Any,
    fields: dict[str, Any],
    tlvs: list[Tlv],
    new: dict[str, Any],
    new_tlvs: dict[int, bytes | None],
) -> None:
    pdu = kind(**fields, tlvs=tuple(tlvs))
    left = {tag: value for tag, value in new_tlvs.items() if value is not None}
    expected = []
    for tlv in tlvs:
        if tlv.tag not in new_tlvs:
            expected.append(tlv)
        elif tlv.tag in left:
            expected.append(Tlv(tlv.tag, left.pop(tlv.tag)))
    expected += [Tlv(tag, value) for tag, value in left.items()]
    made = edited(encode(pdu), new, new_tlvs)
    assert Frame.of(made)
    assert decode(made) == attrs.evolve(pdu, **new, tlvs=tuple(expected))


def test_nothing_changes_nothing() -> None:
    octets = encode(MESSAGE)
    assert edited(octets, {}, {}) == edited(octets, {}) == octets


def test_what_is_behind_the_last_field_that_changes_is_not_read() -> None:
    """A PDU that ends too early is the SMSC's to judge."""
    octets = encode(MESSAGE)[:40]
    octets = len(octets).to_bytes(4, "big") + octets[4:]
    made = edited(octets, {"source_addr": b"5"})
    assert made[4:] == octets[4:].replace(b"1234\0", b"5\0")
    with pytest.raises(PduError, match="missing"):
        edited(octets, {"data_coding": 8})


def test_octets_that_are_no_tlv_stay_and_hide_none() -> None:
    octets = encode(MESSAGE) + b"\0"
    octets = len(octets).to_bytes(4, "big") + octets[4:]
    assert edited(octets, {}, {0x1400: None}).endswith(b"\0")
    made = edited(octets, {}, {0x1401: b"new"})
    assert made.endswith(b"\x14\x01\0\3new\0")


@pytest.mark.parametrize(
    ("pdu", "fields", "status"),
    [
        (MESSAGE, {"source_addr": b"4" * 21}, CommandStatus.ESME_RINVSRCADR),
        (MESSAGE, {"source_addr": b"4\0"}, CommandStatus.ESME_RINVSRCADR),
        (MESSAGE, {"source_addr": "4"}, CommandStatus.ESME_RINVSRCADR),
        (MESSAGE, {"source_addr_ton": 256}, CommandStatus.ESME_RINVSRCTON),
        (MESSAGE, {"source_addr_ton": -1}, CommandStatus.ESME_RINVSRCTON),
        (MESSAGE, {"short_message": b"x" * 256}, CommandStatus.ESME_RINVMSGLEN),
        (MESSAGE, {"message_id": b"1"}, CommandStatus.ESME_RINVCMDLEN),
        (DataSm(), {"short_message": b"x"}, CommandStatus.ESME_RINVCMDLEN),
        (SubmitSmResp(), {"source_addr": b"1"}, CommandStatus.ESME_RINVCMDLEN),
    ],
)
def test_what_does_not_fit_has_the_status_of_its_field(
    pdu: Any, fields: dict[str, Any], status: int
) -> None:
    with pytest.raises(PduError) as caught:
        edited(encode(pdu), fields)
    assert caught.value.command_status == status
    assert "4444" not in str(caught.value)


def test_tlvs_that_cannot_be_read_are_not_changed() -> None:
    octets = encode(MESSAGE) + b"\x14\x05\x00\xff1"
    octets = len(octets).to_bytes(4, "big") + octets[4:]
    with pytest.raises(PduError) as caught:
        edited(octets, {}, {0x1401: b"new"})
    assert caught.value.command_status == CommandStatus.ESME_RINVTLVSTREAM
    assert edited(octets, {"service_type": b""}).endswith(b"\x14\x05\x00\xff1")


@pytest.mark.parametrize(
    ("tag", "value", "status"),
    [
        (0x1401, bytes(65_536), CommandStatus.ESME_RINVTLVLEN),
        (0x10000, b"", CommandStatus.ESME_RINVTLVLEN),
        (-1, b"", CommandStatus.ESME_RINVTLVLEN),
        (0x1401, "text", CommandStatus.ESME_RINVTLVVAL),
        (0x1401, 1, CommandStatus.ESME_RINVTLVVAL),
    ],
)
def test_a_tlv_is_judged_as_one_that_is_encoded(tag: int, value: Any, status: int) -> None:
    with pytest.raises(PduError) as caught:
        edited(encode(MESSAGE), {}, {tag: value})
    assert caught.value.command_status == status
    with pytest.raises(PduError) as encoded:
        encode(attrs.evolve(MESSAGE, tlvs=(Tlv(tag, value),)))
    assert encoded.value.command_status == status
