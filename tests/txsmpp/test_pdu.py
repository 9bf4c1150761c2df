"""PDUs as values: defaults, what they show of themselves, their TLVs."""

from __future__ import annotations

import attrs
import pytest

from smppgate.txsmpp import pdu as pdus
from smppgate.txsmpp.constants import RESPONSE_OF, CommandId, Tag
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.pdu import (
    PDU_TYPES,
    BindTransceiver,
    DataSm,
    Outbind,
    Pdu,
    ReplaceSm,
    Resp,
    SmeAddress,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    SubmitSmResp,
    Tlv,
    UnbindResp,
    UnsuccessSme,
)


def test_every_command_has_its_class_under_its_name():
    assert set(PDU_TYPES) == set(CommandId)
    for command_id, kind in PDU_TYPES.items():
        name = "".join(part.capitalize() for part in CommandId(command_id).name.split("_"))
        assert kind.__name__ == name
        assert getattr(pdus, name) is kind
        assert kind.command_id is CommandId(command_id)


def test_responses_are_resps_and_nothing_else_is():
    responses = {*RESPONSE_OF.values(), CommandId.GENERIC_NACK}
    assert {each for each, kind in PDU_TYPES.items() if issubclass(kind, Resp)} == responses


def test_naming_what_matters_makes_a_submit_sm():
    pdu = SubmitSm(destination_addr=b"4477", short_message=b"hi")
    assert (pdu.service_type, pdu.source_addr, pdu.registered_delivery) == (b"", b"", 0)
    assert (pdu.command_status, pdu.sequence_number, pdu.tlvs) == (0, 0, ())


def test_fields_stand_in_the_order_of_the_specification():
    """SMPP v3.4 §4.4.1, §4.7.1 and §4.10.1."""
    assert [field.name for field in SubmitSm.layout] == [
        "service_type",
        "source_addr_ton",
        "source_addr_npi",
        "source_addr",
        "dest_addr_ton",
        "dest_addr_npi",
        "destination_addr",
        "esm_class",
        "protocol_id",
        "priority_flag",
        "schedule_delivery_time",
        "validity_period",
        "registered_delivery",
        "replace_if_present_flag",
        "data_coding",
        "sm_default_msg_id",
        "short_message",
    ]
    assert [field.name for field in DataSm.layout][-3:] == [
        "esm_class",
        "registered_delivery",
        "data_coding",
    ]
    assert [field.name for field in ReplaceSm.layout] == [
        "message_id",
        "source_addr_ton",
        "source_addr_npi",
        "source_addr",
        "schedule_delivery_time",
        "validity_period",
        "registered_delivery",
        "sm_default_msg_id",
        "short_message",
    ]


@pytest.mark.parametrize("kind", PDU_TYPES.values())
def test_pdus_are_slotted_frozen_values(kind: type[Pdu]):
    pdu = kind(sequence_number=1)
    assert pdu == kind(sequence_number=1) != kind(sequence_number=2)
    assert hash(pdu) == hash(kind(sequence_number=1))
    assert not hasattr(pdu, "__dict__")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        pdu.sequence_number = 2
    assert attrs.evolve(pdu, sequence_number=2) == kind(sequence_number=2)


def test_fields_cannot_be_mistaken_for_each_other():
    with pytest.raises(TypeError):
        SubmitSm(b"CMT")


@pytest.mark.parametrize("kind", [BindTransceiver, Outbind])
def test_a_password_is_not_shown(kind):
    shown = repr(kind(system_id=b"acme", password=b"hidden"))
    assert "acme" in shown
    assert "hidden" not in shown


def test_counts_are_those_of_what_is_counted():
    assert SubmitSm(short_message=b"hi").sm_length == 2
    assert SubmitMulti(dest_address=(SmeAddress(),)).number_of_dests == 1
    assert SubmitMultiResp(unsuccess_sme=(UnsuccessSme(),) * 3).no_unsuccess == 3


def test_tlvs_are_read_by_their_definition():
    pdu = SubmitSmResp(
        tlvs=(
            Tlv.of(Tag.DEST_PORT, 9200),
            Tlv(0x1400, b"vendor"),
            Tlv(Tag.SOURCE_PORT, b"\0\0\0"),
            Tlv.of(Tag.DEST_PORT, 9201),
        )
    )
    assert pdu.tlv(Tag.DEST_PORT) == 9200
    assert list(pdu.tlv_values(Tag.DEST_PORT)) == [9200, 9201]
    assert pdu.tlv(0x1400) == b"vendor"
    assert pdu.tlv(Tag.MESSAGE_STATE) is None
    with pytest.raises(PduError, match="source_port"):
        pdu.tlv(Tag.SOURCE_PORT)


def test_no_body_and_an_empty_one_are_the_same_where_there_are_no_fields():
    assert UnbindResp(has_body=False) == UnbindResp()
    assert SubmitSmResp(has_body=False) != SubmitSmResp()
