"""Which messages are steps of dialogues, and of which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import Tag
from smppgate.txsmpp.dialogues import Step, step_of
from smppgate.txsmpp.pdu import DataSm, DeliverSm, SubmitSm, Tlv
from smppgate.txsmpp.segments import relation_of
from tests.txsmpp.strategies import octet, tlv_lists

INFO, OPERATION = Tag.ITS_SESSION_INFO, Tag.USSD_SERVICE_OP
BOTH = {INFO, OPERATION}
kinds = st.sampled_from([SubmitSm, DeliverSm, DataSm])


@given(kinds, octet, octet, tlv_lists(), st.binary(max_size=40))
def test_the_number_of_its_session_and_its_end(kind, session, second, others, text):
    """SMPP v3.4 §5.3.2.43: the lowest bit of the second octet is the end."""
    tlvs = [each for each in others if each.tag not in BOTH]
    tlvs.append(Tlv(INFO, bytes((session, second))))
    fields = {} if kind is DataSm else {"short_message": text}
    octets = encode(kind(source_addr=b"447700", tlvs=tuple(tlvs), **fields))
    assert relation_of(octets) == Step(session, False, bool(second & 1))


@given(kinds, octet)
def test_a_service_operation(kind, operation):
    """SMPP v3.4 §5.3.2.44: PSSD response and PSSR response release the dialogue."""
    octets = encode(kind(source_addr=b"447700", tlvs=(Tlv(OPERATION, bytes((operation,))),)))
    assert relation_of(octets) == Step(None, True, operation in (16, 17))


@pytest.mark.parametrize(
    ("operation", "second", "is_last"), [(2, 0, False), (17, 0, True), (2, 1, True), (1, 2, False)]
)
def test_both_of_them(operation, second, is_last):
    values = {int(INFO): bytes((7, second)), int(OPERATION): bytes((operation,))}
    assert step_of(values) == Step(7, True, is_last)


@pytest.mark.parametrize("info", [b"", b"\7", b"\7\0\0"])
@pytest.mark.parametrize("operation", [b"", b"\0\1"])
def test_values_of_another_length_tell_of_no_dialogue(info, operation):
    assert step_of({int(INFO): info, int(OPERATION): operation}) is None
