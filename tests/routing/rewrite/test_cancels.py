"""A cancel_sm that names messages by addresses, as a message with these."""

from __future__ import annotations

from typing import Any

from attrs import evolve
from hypothesis import given

from smppgate.routing.rewrite.cancels import as_message, renamed
from smppgate.txsmpp.codec import decode, encode
from smppgate.txsmpp.pdu import CancelSm, SubmitSm
from tests.txsmpp.strategies import pdus

NAMES = (
    *("service_type", "source_addr_ton", "source_addr_npi", "source_addr"),
    *("dest_addr_ton", "dest_addr_npi", "destination_addr"),
)


@given(pdus(CancelSm), pdus(SubmitSm))
def test_it_becomes_a_message_and_takes_names_of_one(cancel: Any, message: Any) -> None:
    found: Any = decode(as_message(encode(cancel)))
    assert isinstance(found, SubmitSm)
    assert [getattr(found, name) for name in NAMES] == [getattr(cancel, name) for name in NAMES]
    named = renamed(encode(cancel), encode(message))
    assert named == encode(evolve(cancel, **{name: getattr(message, name) for name in NAMES}))


def test_without_a_change_it_is_as_it_was() -> None:
    octets = encode(CancelSm(source_addr=b"1", destination_addr=b"2"))
    assert renamed(octets, as_message(octets)) == octets
