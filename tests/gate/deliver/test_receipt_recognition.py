"""What is a receipt, by what it is known, and in whose name it is passed on."""

from __future__ import annotations

import pytest

from smppgate.txsmpp.constants import Tag
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import DataSm, DeliverSm
from smppgate.txsmpp.tlv import Tlv
from tests.gate.deliver.test_receipts import PATIENCE, held, ids, receipt
from tests.routing import fakes
from tests.routing.fakes import Gate, said

BY_TEXT = [
    b"id:%b sub:001 dlvrd:001 submit date:2611231750 done date:2611231751 stat:DELIVRD err:000",
    b"id:%b stat:DELIVRD",
    b"ID: %b Stat: delivrd",
    b"message_id:%b stat:DELIVRD",
    b"MsgID:%b stat:DELIVRD",
    b"id=%b stat:DELIVRD",
    b"stat:UNDELIV err:001 id:%b",
]
"""Texts that say that they are receipts."""


def plain(text: bytes, destination: bytes = b"1000", number: int = 9) -> Frame:
    """A message that is a receipt by its text, if at all."""
    return fakes.deliver(destination, number, text)


def by_tlv(message_id: bytes, destination: bytes = b"1000", number: int = 9) -> Frame:
    """A message that is a receipt by its TLV."""
    tlvs = (Tlv(Tag.RECEIPTED_MESSAGE_ID, message_id + b"\0"),)
    return fakes.frame_of(DeliverSm(destination_addr=destination, tlvs=tlvs), number)


@pytest.mark.parametrize("esm_class", [0x04, 0x08, 0x0C, 0x10, 0x14, 0x20, 0x24])
def test_any_bit_of_a_report_makes_a_receipt(esm_class: int) -> None:
    gate = Gate(tags=True)
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"1")
    gate.deliver(link, receipt(b"1", esm_class=esm_class))
    assert ids(esme) == [b"alpha1"]


def test_a_tlv_makes_a_receipt_of_a_message_that_says_nothing_else() -> None:
    gate = Gate(tags=True)
    esme, other, link = gate.esme(), gate.esme(gate.other), gate.link()
    gate.submitted(esme, link, b"1")
    gate.deliver(link, by_tlv(b"1", b"2000"))
    assert (esme.requests[0].octets.endswith(b"\0\x1e\0\7alpha1\0"), other.requests) == (True, [])


@pytest.mark.parametrize("text", BY_TEXT)
def test_a_text_with_an_id_and_a_state_makes_a_receipt(text: bytes) -> None:
    """Whoever has the number that it is for: another account is not told of this message."""
    gate = Gate(tags=True)
    esme, other, link = gate.esme(), gate.esme(gate.other), gate.link()
    gate.submitted(esme, link, b"77")
    gate.deliver(link, plain(text % b"77", b"2000"))
    assert other.requests == []
    assert esme.requests[0].octets.endswith(text % b"alpha77")


@pytest.mark.parametrize("text", [b"id:77", b"stat:DELIVRD", b"hello", b"my id: 77, ok?", b""])
def test_any_other_text_makes_none(text: bytes) -> None:
    gate = Gate(tags=True)
    esme, other, link = gate.esme(), gate.esme(gate.other), gate.link()
    gate.submitted(esme, link, b"77")
    gate.deliver(link, plain(text, b"2000"))
    assert (len(esme.requests), len(other.requests)) == (0, 1)
    assert other.requests[0].octets.endswith(text)


@pytest.mark.parametrize("text", BY_TEXT)
def test_by_its_text_alone_it_is_looked_for_exactly(text: bytes) -> None:
    """A telephone can send such a text: it is not taken for what it might mean."""
    gate = Gate(tags=True)
    esme, other, link = gate.esme(), gate.esme(gate.other), gate.link()
    gate.submitted(esme, link, b"BC614E")
    gate.deliver(link, plain(text % b"12345678", b"2000"))
    assert esme.requests == []
    assert other.requests[0].octets.endswith(text % b"12345678")


def test_but_for_a_notation_that_is_known_to_be_the_smscs() -> None:
    gate = Gate(tags=True)
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"BC614E")
    gate.deliver(link, receipt(b"12345678"))
    gate.submitted(esme, link, b"BC614F")
    gate.deliver(link, plain(b"id:12345679 stat:DELIVRD", b"2000"))
    assert ids(esme) == [b"alphaBC614E", b"alphaBC614F"]


def test_by_its_text_alone_it_waits_for_its_answer() -> None:
    gate = Gate(tags=True)
    esme, other, link = gate.esme(), gate.esme(gate.other), gate.link()
    gate.forward(esme, fakes.submit(1, registered_delivery=1))
    gate.deliver(link, plain(b"id:77 stat:DELIVRD", b"2000"))
    assert (esme.requests, other.requests) == ([], [])
    gate.answer(link, 0, b"77\0")
    assert (ids(esme), other.requests) == ([b"alpha77"], [])


def test_and_goes_by_range_as_it_is_when_it_has_waited() -> None:
    gate = Gate(tags=True)
    esme, other, link = gate.esme(), gate.esme(gate.other), gate.link()
    gate.forward(esme, fakes.submit(1, registered_delivery=1))
    came = plain(b"id:77 stat:DELIVRD", b"2000")
    gate.deliver(link, came)
    gate.clock.advance(PATIENCE)
    assert other.requests[0].octets[16:] == came.octets[16:]
    gate.answer(other)
    assert said(link) == [(9, 0)]


def test_with_no_answer_to_wait_for_it_goes_by_range_at_once() -> None:
    gate = Gate(tags=True)
    other, link = gate.esme(gate.other), gate.link()
    came = plain(b"id:77 stat:DELIVRD", b"2000")
    gate.deliver(link, came)
    assert other.requests[0].octets[16:] == came.octets[16:]


def test_by_its_text_alone_it_is_looked_up_on_disk() -> None:
    gate, store = held()
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"77")
    gate.clock.advance(0)
    store.write()
    store.forget()
    gate.deliver(link, plain(b"id:77 stat:DELIVRD", b"2000"))
    store.look_up()
    assert ids(esme) == [b"alpha77"]


# In whose name


@pytest.mark.parametrize("kind", ["esm_class", "TLV", "data_sm"])
def test_a_receipt_of_an_unknown_message_is_passed_on_in_the_name_of_its_smsc(kind: str) -> None:
    """Beta cannot tell that a message of alpha's was delivered."""
    gate = Gate(tags=True)
    esme, alpha, beta = gate.esme(), gate.link(), gate.link(gate.beta)
    gate.submitted(esme, alpha, b"1")
    if kind == "esm_class":
        came = fakes.receipt(b"alpha1", b"1000", 9)
    elif kind == "TLV":
        came = by_tlv(b"alpha1")
    else:
        tlvs = (Tlv(Tag.RECEIPTED_MESSAGE_ID, b"alpha1\0"),)
        came = fakes.frame_of(DataSm(destination_addr=b"1000", tlvs=tlvs), 9)
    gate.deliver(beta, came)
    assert len(esme.requests) == 1
    assert esme.requests[0].octets.count(b"betaalpha1") == 1
    assert esme.requests[0].octets[16:].replace(b"betaalpha1", b"alpha1") != b""


@pytest.mark.parametrize("size", [59, 60, 61, 64, 65, 200, 5000])
def test_also_where_there_is_no_room_for_the_tag_in_an_id(size: int) -> None:
    gate = Gate(tags=True)
    esme, beta = gate.esme(), gate.link(gate.beta)
    gate.deliver(beta, by_tlv((b"alpha" + b"1" * size)[:size]))
    given = esme.requests[0].octets.rpartition(b"beta")[2]
    assert given.startswith(b"alpha1")
    assert len(given) <= 61


def test_where_ids_have_no_tags_it_is_passed_on_as_it_is() -> None:
    gate = Gate(tags=False)
    esme, link = gate.esme(), gate.link()
    came = fakes.receipt(b"unknown", b"1000", 9)
    gate.deliver(link, came)
    assert esme.requests[0].octets[16:] == came.octets[16:]


def test_a_receipt_that_has_no_room_for_the_tag_is_refused() -> None:
    gate = Gate(tags=True, max_pdu_size=80)
    esme, link = gate.esme(), gate.link()
    gate.deliver(link, by_tlv(b"1" * 45))
    assert esme.requests == []
    assert said(link) == [(9, 0x01)]


# As it was written


@pytest.mark.parametrize(
    ("told", "reported"),
    [(b"77", b"77"), (b"BC614E", b"12345678"), (b"1a2b", b"1A2B"), (b"12", b"0000000012")],
)
def test_where_ids_have_no_tags_a_receipt_keeps_its_octets(told: bytes, reported: bytes) -> None:
    """In whatever notation the SMSC writes, and whatever is odd about it."""
    gate = Gate(tags=False)
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, told)
    tlvs = (Tlv(Tag.RECEIPTED_MESSAGE_ID, b" " + reported + b"\0\0"),)
    pdu = DeliverSm(
        destination_addr=b"3000",
        esm_class=fakes.RECEIPT,
        short_message=b"ID: " + reported + b"  STAT:DELIVRD",
        tlvs=tlvs,
    )
    came = fakes.frame_of(pdu, 9)
    gate.deliver(link, came)
    assert esme.requests[0].octets[16:] == came.octets[16:]


def test_but_for_an_alias_which_takes_the_place_of_the_id() -> None:
    gate = Gate(tags=False)
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"1" * 70)
    alias = esme.answers[0].octets[16:-1]
    gate.deliver(link, receipt(b"1" * 70))
    assert ids(esme) == [alias]


# Both cases


@pytest.mark.parametrize(
    ("told", "reported"),
    [
        (b"aBcD12", b"ABCD12"),
        (b"aBcD12", b"abcd12"),
        (b"00aBcD12", b"ABCD12"),
        (b"aBcD12", b"00abcd12"),
        (b"Msg-0001-xY", b"MSG-0001-XY"),
    ],
)
@pytest.mark.parametrize("tags", [True, False])
def test_an_id_in_letters_of_both_cases_is_found_in_one(
    told: bytes, reported: bytes, tags: bool
) -> None:
    gate = Gate(tags=tags)
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, told)
    gate.deliver(link, receipt(reported))
    assert ids(esme) == [b"alpha" + told if tags else reported]


def test_an_exact_one_wins_over_an_id_in_letters_of_both_cases() -> None:
    gate = Gate(tags=True)
    esme, other, link = gate.esme(), gate.esme(gate.other), gate.link()
    gate.submitted(esme, link, b"ABCD12")
    gate.submitted(other, link, b"aBcD12")
    gate.deliver(link, receipt(b"ABCD12"))
    gate.deliver(link, receipt(b"aBcD12"))
    assert (ids(esme), ids(other)) == ([b"alphaABCD12"], [b"alphaaBcD12"])


def test_an_id_of_both_cases_is_found_on_disk_too() -> None:
    gate, store = held()
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"aBcD12")
    gate.clock.advance(0)
    store.write()
    store.forget()
    gate.deliver(link, receipt(b"ABCD12"))
    store.look_up()
    store.look_up()
    assert ids(esme) == [b"alphaaBcD12"]
    gate.answer(esme)
    assert gate.router.open_exchanges == 0


def test_once_it_was_found_so_the_next_need_not_wait() -> None:
    gate = Gate(tags=True)
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"aBcD12")
    gate.deliver(link, receipt(b"ABCD12"))
    gate.submitted(esme, link, b"aBcD13")
    gate.forward(esme, fakes.submit(3, registered_delivery=1))
    gate.deliver(link, receipt(b"ABCD13"))
    assert ids(esme) == [b"alphaaBcD12", b"alphaaBcD13"]
    gate.deliver(link, receipt(b"XYCD14"))
    gate.answer(link, 0, b"xYcD14\0")
    assert ids(esme)[2:] == [b"alphaxYcD14"]


def test_where_ids_are_the_same_by_configuration_none_is_kept_twice() -> None:
    gate, store = held(receipt_ids="same")
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link, b"aBcD12")
    gate.clock.advance(0)
    store.write()
    assert len(store.paths) == 1
