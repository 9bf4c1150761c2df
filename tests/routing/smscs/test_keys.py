"""What messages have in common that go to one SMSC."""

from __future__ import annotations

import pytest

from smppgate.routing.smscs.keys import HASH_ON, by_replacement
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.pdu import DataSm, Pdu, SubmitMulti, SubmitSm
from smppgate.txsmpp.peek import replaced
from tests.routing import fakes

SUBMIT = SubmitSm(source_addr=b"1000", destination_addr=b"4477")
DATA = DataSm(source_addr=b"1000", destination_addr=b"4477")


@pytest.mark.parametrize("pdu", [SUBMIT, DATA])
def test_messages_go_by_an_address_or_by_their_account(pdu: Pdu) -> None:
    octets = encode(pdu)
    found = {name: key(pdu.command_id, octets, b"acme") for name, key in HASH_ON.items()}
    assert found == {"destination": b"4477", "source": b"1000", "account": b"acme"}


def test_a_submit_multi_has_no_one_destination() -> None:
    multi = SubmitMulti(source_addr=b"1000")
    octets = encode(multi)
    found = {name: key(multi.command_id, octets, b"acme") for name, key in HASH_ON.items()}
    assert found == {"destination": None, "source": b"1000", "account": b"acme"}


def test_what_cannot_be_read_has_no_address() -> None:
    frame = fakes.raw(SUBMIT.command_id, 0, 1, b"x")
    for name in ("destination", "source"):
        assert HASH_ON[name](frame.command_id, frame.octets, b"") is None
    assert by_replacement(frame.command_id, frame.octets, b"") is None


def test_what_may_be_replaced_is_known_by_service_type_and_addresses() -> None:
    pdu = SubmitSm(
        service_type=b"WAP",
        source_addr_ton=1,
        source_addr_npi=2,
        source_addr=b"1000",
        dest_addr_ton=3,
        dest_addr_npi=4,
        destination_addr=b"4477",
        replace_if_present_flag=1,
    )
    one = encode(pdu)
    assert replaced(one) == b"WAP\0\1\x021000\0\3\x044477\0"
    assert by_replacement(SUBMIT.command_id, one, b"acme") == replaced(one)
    assert by_replacement(DATA.command_id, one, b"acme") is None
    timed = SubmitSm(
        source_addr=b"1000",
        destination_addr=b"4477",
        schedule_delivery_time=b"000001000000000R",
        registered_delivery=1,
        data_coding=8,
        short_message=b"\1" * 20,
    )
    assert replaced(encode(timed)) == b""
