"""Conditions of routes: each says why it does not hold, and nothing where it does."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest

from smppgate.routing.routes.conditions import Accounts, EsmClass, OneOf, Percent, Tlv
from smppgate.routing.routes.hours import Hours
from smppgate.routing.routes.message import UNREAD, Message
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.destinations import SmeAddress
from smppgate.txsmpp.pdu import SubmitMulti, SubmitSm
from smppgate.txsmpp.tlv import Tlv as WrittenTlv


def message(account: bytes = b"acme", **fields: Any) -> Message:
    return Message(account, CommandId.SUBMIT_SM, encode(SubmitSm(**fields)), 0.0)


CODINGS = OneOf("data_coding", lambda it: it.data_coding, (8, 3), str)


@pytest.mark.parametrize(
    ("condition", "fields", "fault"),
    [
        (CODINGS, {"data_coding": 8}, ""),
        (CODINGS, {}, "0 is not 8 or 3"),
        (EsmClass(0xC0, 0x40), {"esm_class": 0x43}, ""),
        (EsmClass(0xC0, 0x40), {"esm_class": 0x83}, "0x83 & 0xC0 is 0x80, not 0x40"),
        (Tlv(0x1400, None), {}, "there is no 0x1400"),
        (Tlv(0x1400, None), {"tlvs": (WrittenTlv(0x1400, b""),)}, ""),
        (Tlv(0x1400, b"\1"), {"tlvs": (WrittenTlv(0x1400, b"\2"),)}, "0x1400 is 02, not 01"),
        (Tlv(0x1400, b"\1"), {"tlvs": (WrittenTlv(0x1400, b"\1"),)}, ""),
        (Accounts(["b*", "^x[0-9]$", "acme"]), {}, ""),
        (Accounts(["b*", "^x[0-9]$", "c", "d"]), {}, "acme is not b* or ^x[0-9]$ or c or 1 more"),
        (Hours([(60, 120)], (), UTC), {}, "it is thu 00:00 in UTC"),
        (Hours([(0, 1)], ["thu"], UTC), {}, ""),
    ],
)
def test_a_condition_says_why_it_does_not_hold(
    condition: Any, fields: dict[str, Any], fault: str
) -> None:
    assert condition.fault(message(**fields)) == fault
    assert condition.holds(message(**fields)) == (not fault)


def test_a_part_of_all_numbers_says_where_the_number_is() -> None:
    found = Percent(0.0001, "x").fault(message(destination_addr=b"4477"))
    assert found.endswith(" % of all numbers, not below 0.0001 %")


def test_this_process_has_no_account() -> None:
    assert Accounts(["*"]).fault(message(b"")) == "no account is not *"


def test_what_cannot_be_read_is_in_no_list() -> None:
    """And nothing is raised: the SMSC judges such a request."""
    octets = encode(SubmitSm(destination_addr=b"44", source_addr=b"1", data_coding=8))[:30]
    found = Message(b"acme", CommandId.SUBMIT_SM, octets, 0.0)
    assert (found.data_coding, found.esm_class, found.tlv(1)) == (UNREAD, UNREAD, None)
    assert CODINGS.fault(found) == "none is not 8 or 3"
    assert EsmClass(0, 0).fault(found) == "there is none"
    assert Message(b"", CommandId.SUBMIT_SM, octets[:16], 0.0).source == b""


def test_a_submit_multi_has_the_type_of_its_first_number() -> None:
    to = (SmeAddress(dest_addr_ton=1, destination_addr=b"+44"), SmeAddress(destination_addr=b"2"))
    pdu = SubmitMulti(dest_address=to, source_addr_ton=5, service_type=b"WAP", data_coding=8)
    found = Message(b"acme", CommandId.SUBMIT_MULTI, encode(pdu), 0.0)
    assert (found.destination, found.destination_ton) == (b"44", 1)
    assert (found.source_ton, found.service_type, found.data_coding) == (5, b"WAP", 8)
