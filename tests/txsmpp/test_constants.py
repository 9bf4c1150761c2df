"""The specification's numbers; tests/foreign has them against other implementations' tables."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from smppgate.txsmpp.constants import (
    RESPONSE_OF,
    STATUS_MEANINGS,
    CommandId,
    CommandStatus,
    EsmClass,
    Tag,
    command_name,
    is_request,
    is_response,
    status_meaning,
    status_name,
)


def test_the_numbers_that_only_v5_has():
    """SMPP v5.0 table 4-44, 4-45 and 4-60, where the other implementations end."""
    assert CommandId.CANCEL_BROADCAST_SM_RESP == 0x80000113
    assert CommandStatus.ESME_RSERTYPUNAUTH == 0x100
    assert CommandStatus.ESME_RINVBCASTCHANIND == 0x112
    assert Tag.CONGESTION_STATE == 0x0428
    assert Tag.BILLING_IDENTIFICATION == 0x060B
    assert Tag.SOURCE_NETWORK_ID == 0x060D
    assert Tag.DEST_ADDR_NP_COUNTRY == 0x0613
    assert len(Tag) == 64
    assert len(CommandStatus) == 67


def test_every_request_has_its_response_but_two():
    without = {CommandId.OUTBIND, CommandId.ALERT_NOTIFICATION}
    requests = {each for each in CommandId if is_request(each)}
    assert set(RESPONSE_OF) == requests - without
    assert all(CommandId(key).name + "_RESP" == value.name for key, value in RESPONSE_OF.items())


@given(st.integers(0, 0xFFFFFFFF))
def test_any_command_id_is_a_request_or_a_response_and_has_a_name(command_id):
    assert is_request(command_id) != is_response(command_id)
    assert command_name(command_id)


def test_generic_nack_is_a_response():
    assert is_response(CommandId.GENERIC_NACK)
    assert CommandId.GENERIC_NACK not in RESPONSE_OF.values()


def test_command_names_are_the_specifications():
    assert command_name(4) == "submit_sm"
    assert command_name(0x80000004) == "submit_sm_resp"
    assert command_name(0x10203) == "0x00010203"


def test_every_status_has_a_meaning():
    assert set(STATUS_MEANINGS) == set(CommandStatus)


def test_a_status_is_told_in_words_whatever_its_number():
    assert status_meaning(0x58) == "throttled: over the allowed message rate"
    assert status_meaning(0x405) == "vendor's own status 0x00000405"
    assert status_meaning(0x3FF) == "unknown status 0x000003FF"
    assert status_name(0x58) == "ESME_RTHROTTLED"
    assert status_name(0x405) == "0x00000405"


def test_v34_names_of_tlv_statuses_still_work():
    assert CommandStatus.ESME_RINVPARLEN is CommandStatus.ESME_RINVTLVLEN


def test_masks_of_esm_class_cover_the_octet_once():
    parts = (
        EsmClass.MESSAGING_MODE_MASK,
        EsmClass.MESSAGE_TYPE_MASK,
        EsmClass.UDHI,
        EsmClass.REPLY_PATH,
    )
    assert sum(parts) == 0xFF
