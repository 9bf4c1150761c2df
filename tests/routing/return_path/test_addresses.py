"""Addresses that were rewritten come back as the ESME gave them."""

from __future__ import annotations

from typing import Any

from attrs import evolve
from hypothesis import assume, given
from hypothesis import strategies as st

from smppgate.routing.return_path.addresses import Addresses, addresses
from smppgate.routing.return_path.records import TAGGED, ReturnPath, with_addresses
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.pdu import CancelSm, DataSm, DeliverSm, QuerySm, SubmitMulti, SubmitSm
from smppgate.txsmpp.peek import Address
from tests.txsmpp.strategies import address_octets, octet, pdus

ADDRESSES = st.builds(Address, octet, octet, address_octets)
SETS = st.builds(Addresses, ADDRESSES, ADDRESSES, ADDRESSES, ADDRESSES)


def source(address: Address) -> dict[str, Any]:
    ton, npi, addr = address
    return {"source_addr_ton": ton, "source_addr_npi": npi, "source_addr": addr}


def destination(address: Address) -> dict[str, Any]:
    ton, npi, addr = address
    return {"dest_addr_ton": ton, "dest_addr_npi": npi, "destination_addr": addr}


@given(SETS)
def test_they_come_back_from_a_record(found: Addresses) -> None:
    assert Addresses.of(found.octets()) == found
    path = ReturnPath(b"acme", b"a", b"0.1", TAGGED, b"_7")
    record = with_addresses(path.octets(), found)
    assert ReturnPath.of(record) == path._replace(addresses=found.octets())
    assert ReturnPath.of(record).octets() == record
    assert with_addresses(path.octets(), None) == path.octets()


@given(SETS, pdus(DeliverSm))
def test_a_receipt_has_what_the_esme_gave_on_the_sides_that_differ(
    found: Addresses, receipt: Any
) -> None:
    told = {**source(found.told_destination), **destination(found.told_source)}
    assume(found.told_source.addr != found.told_destination.addr)
    octets = encode(evolve(receipt, **told))
    expected = {**source(found.given_destination), **destination(found.given_source)}
    assert found.restored(octets) == encode(evolve(receipt, **expected))


@given(SETS, pdus(DeliverSm))
def test_some_smscs_do_not_turn_them_round(found: Addresses, receipt: Any) -> None:
    assume(found.told_source.addr != found.told_destination.addr)
    told = {**source(found.told_source), **destination(found.told_destination)}
    octets = encode(evolve(receipt, **told))
    expected = {**source(found.given_source), **destination(found.given_destination)}
    assert found.restored(octets) == encode(evolve(receipt, **expected))


@given(SETS, pdus(CancelSm))
def test_a_request_names_what_the_smsc_was_told(found: Addresses, request: Any) -> None:
    """What the ESME gave, and nothing else."""
    assume(found.given_source.addr not in (b"", b"other"))
    assume(found.given_destination.addr not in (b"", b"others"))
    given_ = {**source(found.given_source), **destination(found.given_destination)}
    told = {**source(found.told_source), **destination(found.told_destination)}
    octets = encode(evolve(request, **given_))
    assert found.translated(octets) == encode(evolve(request, **told))
    other = encode(evolve(request, source_addr=b"other", destination_addr=b"others"))
    assert found.translated(other) == other


def test_a_query_has_a_source_alone() -> None:
    one, other = Address(1, 1, b"447"), Address(5, 0, b"Shop")
    found = Addresses(one, one, other, other)
    octets = found.translated(encode(QuerySm(message_id=b"1", source_addr=b"447")))
    assert octets == encode(QuerySm(message_id=b"1", **source(other)))


def test_nothing_is_kept_where_nothing_of_them_differs() -> None:
    one = encode(SubmitSm(source_addr=b"1", destination_addr=b"2"))
    other = encode(SubmitSm(service_type=b"X", source_addr=b"1", destination_addr=b"2"))
    assert addresses(one, other) is None
    found = addresses(
        one, encode(SubmitSm(source_addr=b"1", destination_addr=b"2", dest_addr_ton=1))
    )
    assert found is not None
    assert (found.given_destination, found.told_destination) == ((0, 0, b"2"), (1, 0, b"2"))


def test_no_address_that_is_longer_than_any_is_kept() -> None:
    octets = encode(DataSm(destination_addr=b"1" * 64))
    longer = octets.replace(b"1" * 64, b"1" * 65)
    longer = len(longer).to_bytes(4, "big") + longer[4:]
    assert addresses(octets, encode(DataSm(destination_addr=b"2"))) is not None
    assert addresses(longer, encode(DataSm(destination_addr=b"2"))) is None


def test_an_address_of_a_data_sm_stays_out_of_a_deliver_sm_that_has_no_room_for_it() -> None:
    long, short = Address(1, 1, b"1" * 30), Address(1, 1, b"2")
    found = Addresses(short, long, short, short)
    octets = encode(DeliverSm(source_addr=b"2", destination_addr=b"x"))
    assert found.restored(octets) == octets
    octets = encode(DataSm(source_addr=b"2", destination_addr=b"x"))
    assert found.restored(octets) != octets


def test_the_destinations_of_a_message_to_many_are_none() -> None:
    found = addresses(encode(SubmitMulti(source_addr=b"1")), encode(SubmitMulti(source_addr=b"2")))
    assert found is not None
    receipt = encode(DeliverSm(source_addr=b"4477", destination_addr=b"2"))
    expected = encode(DeliverSm(source_addr=b"4477", destination_addr=b"1"))
    assert found.restored(receipt) == expected


def test_records_of_version_0_1_are_read() -> None:
    """They end before the addresses."""
    path = ReturnPath.of(b"acme\0A\x000.1\0t\0")
    assert path == ReturnPath(b"acme", b"A", b"0.1", b"t")
    assert path.restored(b"octets") == path.translated(b"octets") == b"octets"
