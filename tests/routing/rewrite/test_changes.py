"""What each change makes of a message, and that it makes nothing else of it."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.rewrite.changes import Change, RemoveTlvs, ReplacePrefix, SetFields, SetTlv
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.editing import Located
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.pdu import BroadcastSm, DataSm, DeliverSm, SubmitMulti, SubmitSm
from smppgate.txsmpp.tlv import Tlv
from tests.txsmpp.strategies import pdus


def made(change: Change, pdu: Any) -> bytes:
    """The PDU after the change."""
    return change.of(Located(encode(pdu)))


@pytest.mark.parametrize(
    ("remove", "add", "before", "after"),
    [
        ([b"0"], b"44", b"07700", b"447700"),
        ([b"0"], b"44", b"7700", b"7700"),
        ([b"+", b"00"], b"", b"+4477", b"4477"),
        ([b"+", b"00"], b"", b"004477", b"4477"),
        ([b"+", b"00"], b"", b"0044+77", b"44+77"),
        ([b""], b"+", b"4477", b"+4477"),
        ([b""], b"+", b"+4477", b"+4477"),
        ([b"0", b"00"], b"+", b"0044", b"+44"),
        ([b"4"], b"4", b"44", b"44"),
        ([b"Shop"], b"", b"Shop", b""),
    ],
)
def test_a_prefix_is_taken_off_and_another_put_on(
    remove: list[bytes], add: bytes, before: bytes, after: bytes
) -> None:
    """Of several the longest that fits goes."""
    for field in ("source_addr", "destination_addr"):
        pdu = SubmitSm(**{field: before, "short_message": b"x"})  # type: ignore[arg-type]
        expected = evolve(pdu, **{field: after})
        assert made(ReplacePrefix(field, remove, add), pdu) == encode(expected)


@pytest.mark.parametrize(
    ("pdu", "longest"), [(SubmitSm, 20), (DeliverSm, 20), (SubmitMulti, 20), (DataSm, 64)]
)
def test_an_address_never_gets_longer_than_its_field(pdu: Any, longest: int) -> None:
    change = ReplacePrefix("source_addr", [b""], b"00")
    fits = pdu(source_addr=b"4" * (longest - 2))
    assert Located(made(change, fits)).value("source_addr") == b"00" + b"4" * (longest - 2)
    with pytest.raises(PduError) as caught:
        made(change, pdu(source_addr=b"4" * (longest - 1)))
    assert caught.value.command_status == 0x0A


def test_what_was_too_long_before_and_is_not_changed_stays() -> None:
    octets = encode(DataSm(destination_addr=b"4" * 30))
    as_submit = octets[:7] + b"\4" + octets[8:]
    assert ReplacePrefix("destination_addr", [b"0"], b"").of(Located(as_submit)) == as_submit


@given(pdus(SubmitSm, DeliverSm, DataSm, SubmitMulti, BroadcastSm), st.integers(0, 255))
def test_fields_that_a_command_does_not_have_are_passed_over(pdu: Any, octet: int) -> None:
    values = {
        "service_type": b"CMT",
        "validity_period": b"000001000000000R",
        "registered_delivery": bytes((octet,)),
        "data_coding": bytes((octet,)),
        "destination_addr": b"1",
    }
    numbers = {"registered_delivery": octet, "data_coding": octet}
    names = {name for name, _ in pdu.layout}
    changed = {name: value for name, value in {**values, **numbers}.items() if name in names}
    assert made(SetFields(values), pdu) == encode(evolve(pdu, **changed))


def test_where_tlvs_cannot_all_be_found_they_stay() -> None:
    octets = encode(SubmitSm(short_message=b"x", tlvs=(Tlv(0x1400, b"\1"),)))[:-1]
    for change in (SetTlv(0x1400, b"\2"), RemoveTlvs([0x1400])):
        assert change.of(Located(octets)) == octets


def test_a_tlv_that_is_not_there_is_not_missed() -> None:
    pdu = SubmitSm(short_message=b"x", tlvs=(Tlv(0x1400, b"\1"),))
    assert made(RemoveTlvs([0x1401]), pdu) == encode(pdu)
