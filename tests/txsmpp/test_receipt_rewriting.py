"""Another id in a receipt: in its text and its TLVs, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from smppgate.txsmpp.codec import decode, encode
from smppgate.txsmpp.constants import CommandStatus, Tag
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.located_receipt import LocatedReceipt, Recognition, located_receipt
from smppgate.txsmpp.pdu import DataSm, DeliverSm, Tlv
from smppgate.txsmpp.receipt_rewriting import with_id
from tests.txsmpp.receipt_forms import (
    FORMS,
    deliver,
    faulty_receipts,
    id_tlv,
    raw_deliver,
    right_receipts,
    state_tlv,
    usual_text,
    words,
)
from tests.txsmpp.strategies import garbage_bodies, result

new_ids = st.from_regex(rb"[0-9A-Za-z]{1,64}", fullmatch=True)


def renamed(octets: bytes, message_id: bytes, max_pdu_size: int = 70_000) -> bytes:
    return with_id(octets, located_receipt(octets), message_id, max_pdu_size)


def lengths_at(octets: bytes, receipt: LocatedReceipt) -> list[tuple[int, int]]:
    """Where the lengths are that a new id changes."""
    found = [(0, 4), *((tlv.at - 2, tlv.at) for tlv in receipt.tlvs)]
    if receipt.text is not None:
        # A length that is wrong may be taken for right once the text is shorter.
        begin = receipt.text.field_begin
        found.append((begin - (receipt.text.length_size or 1), begin))
    return found


def all_else(octets: bytes) -> bytes:
    """The PDU with a mark for each id and without lengths."""
    receipt = located_receipt(octets)
    cuts = [(begin, end, b"") for begin, end in lengths_at(octets, receipt)]
    cuts += [(tlv.id_begin, tlv.id_end, b"<id>") for tlv in receipt.tlvs]
    if receipt.text is not None:
        cuts += [(begin, end, b"<id>") for begin, end in receipt.text.spans]
    for begin, end, mark in sorted(cuts, reverse=True):
        octets = octets[:begin] + mark + octets[end:]
    return octets


def longest_text(octets: bytes) -> int:
    text = located_receipt(octets).text
    return text.field_end - text.field_begin if text is not None else 0


@given(faulty_receipts(), new_ids)
def test_every_id_becomes_the_new_one_and_all_else_keeps_its_place(octets, new):
    """Whatever is wrong with its lengths, its encoding, or what stands around the id."""
    receipt = located_receipt(octets)
    # A character of another script is read as a question mark, and a longer text is cut. Where
    # the text has the new id already, as that of something else, there is no telling them apart.
    assume(not any(b"?" in each for each in receipt.ids))
    assume(new not in octets.replace(b"\0", b""))
    spans = len(receipt.text.spans) if receipt.text is not None else 0
    assume(longest_text(octets) + 2 * len(new) * spans <= 254)
    changed = renamed(octets, new)
    # An sm_length of 255 that led beyond the PDU may lead into its TLVs afterwards.
    begin = receipt.text.field_begin if receipt.text is not None else 0
    assume(not begin or octets[begin - 1] < 0xFF or len(changed) < begin + 0xFF)
    assert located_receipt(changed).ids == ((new,) if receipt.ids else ())
    assert all_else(changed) == all_else(octets)
    again = located_receipt(changed)
    assert again[:2] == receipt[:2]
    assert (again.stat, again.state) == (receipt.stat, receipt.state)
    # A length that was wrong before may be wrong otherwise, and a key is not all of a long id.
    is_counted = not begin or (receipt.text.length_size > 0 and octets[begin - 1] < 0xFF)
    is_counted = is_counted and all(len(each) < 64 for each in receipt.ids)
    if len(receipt.ids) == 1 and is_counted:
        assert renamed(changed, receipt.ids[0]) == octets


@given(faulty_receipts(counted=True), new_ids)
def test_lengths_are_right_afterwards_where_they_were_right(octets, new):
    changed = renamed(octets, new)
    assert int.from_bytes(changed[:4], "big") == len(changed)
    before, after = result(decode, octets), result(decode, changed)
    # Tag 0 is reserved: such a TLV is what stray NULs make of those behind them.
    if isinstance(before, DeliverSm) and all(tlv.tag for tlv in before.tlvs):
        assert isinstance(after, DeliverSm)
        assert [tlv.tag for tlv in after.tlvs] == [tlv.tag for tlv in before.tlvs]


@pytest.mark.parametrize("form", sorted(FORMS))
@pytest.mark.parametrize("encoding", ["latin-1", "utf-16-be", "utf-16-le", "utf-16"])
@pytest.mark.parametrize("tail", [b"", id_tlv(b"77\0").octets + state_tlv(2).octets])
def test_the_same_receipt_about_another_message(form, encoding, tail):
    """What the SMSC would have sent for the other id, but for a length that is wrong."""
    forms = [
        raw_deliver(form, usual_text(each).decode().encode(encoding), tail.replace(b"77", each), 8)
        for each in (b"77", b"ab")
    ]
    assert renamed(forms[0], b"ab") == forms[1]


def test_an_id_that_is_repeated_in_the_text_is_replaced_everywhere():
    octets = deliver(b"id:77 message_id:77 stat:DELIVRD text:id:77")
    assert renamed(octets, b"Ab77") == deliver(b"id:Ab77 message_id:Ab77 stat:DELIVRD text:id:77")
    octets = deliver(b"id:77 sub:001 stat:DELIVRD id:9")
    assert renamed(octets, b"Ab77") == deliver(b"id:Ab77 sub:001 stat:DELIVRD id:9")


@pytest.mark.parametrize("old", [b"12,34", b"12;34", b"x" * 100, b"AB 12"])
@pytest.mark.parametrize("around", [b"%b", b" %b ", b"  %b"])
def test_the_text_is_whole_after_an_odd_id_is_replaced(old, around):
    text = b"id:" + around + b" sub:001 stat:DELIVRD"
    octets = deliver(text % old, id_tlv(around % old))
    assert renamed(octets, b"new") == deliver(text % b"new", id_tlv(around % b"new"))


def test_an_id_of_60_000_octets_is_replaced_too():
    text = b"id:%b stat:DELIVRD"
    octets = deliver(b"", Tlv(Tag.MESSAGE_PAYLOAD, text % (b"9" * 60_000)))
    assert renamed(octets, b"new") == deliver(b"", Tlv(Tag.MESSAGE_PAYLOAD, text % b"new"))
    octets = deliver(b"", id_tlv(b"9" * 60_000))
    assert renamed(octets, b"new") == deliver(b"", id_tlv(b"new"))


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16-be", "utf-16-le"])
def test_a_text_that_would_be_too_long_loses_its_end_and_keeps_its_id(encoding):
    text = "id:77 stat:DELIVRD text:".ljust(120, ".").encode(encoding).ljust(250, b".")
    changed = decode(renamed(deliver(text, data_coding=8), b"A" * 60)).short_message
    step = 1 if encoding == "latin-1" else 2
    assert len(changed) == 254
    assert changed.startswith(f"id:{'A' * 60} stat:".encode(encoding))
    assert text[5 * step :].startswith(changed[63 * step :])


def test_a_header_stays_in_front_of_a_text_that_loses_its_beginning():
    header = b"\5\0\3\x2a\2\1"
    text = b"stat:DELIVRD ".ljust(230, b".") + b" id:77"
    octets = deliver(header + text, esm_class=0x44)
    changed = decode(renamed(octets, b"A" * 64)).short_message
    assert len(changed) == 254
    assert changed.startswith(header + text[54:60])
    assert changed.endswith(b" id:" + b"A" * 64)


def test_no_pdu_becomes_longer_than_allowed():
    """The text gives way; what cannot is refused, with a status for the SMSC."""
    payload = Tlv(Tag.MESSAGE_PAYLOAD, b"id:77 stat:DELIVRD text:".ljust(2000, b"."))
    octets = deliver(b"", payload, *[id_tlv(b"7")] * 40)
    size = len(octets) + 1000
    changed = renamed(octets, b"A" * 64, size)
    assert len(changed) == size
    assert located_receipt(changed).ids == (b"A" * 64,)
    octets = deliver(b"", *[id_tlv(b"7")] * 100)
    refused = result(renamed, octets, b"A" * 64, len(octets) + 1000)
    assert isinstance(refused, PduError)
    assert refused.command_status == CommandStatus.ESME_RINVMSGLEN


@given(right_receipts(), new_ids, st.integers(0, 100))
def test_a_limit_is_kept_whatever_the_receipt(octets, new, more):
    limit = len(octets) + more
    receipt = located_receipt(octets)
    changed = result(renamed, octets, new, limit)
    if not isinstance(changed, PduError):
        assert len(changed) <= limit
        # A text that has lost its state does not make a receipt by itself.
        if receipt.recognition is not Recognition.TEXT:
            assert (new in located_receipt(changed).ids) == bool(receipt.ids)


def test_pieces_are_joined_once_however_many_there_are():
    """A hundred ids in a PDU of 70 000 octets are not a hundred copies of it."""
    octets = deliver(b"", *[id_tlv(b"7")] * 128, Tlv(0x1400, bytes(60_000)))
    changed = renamed(octets, b"ab")
    assert changed == deliver(b"", *[id_tlv(b"ab")] * 128, Tlv(0x1400, bytes(60_000)))


@given(st.one_of(garbage_bodies(DeliverSm, DataSm), st.binary(max_size=60)), new_ids)
def test_any_octets_are_taken(octets, new):
    receipt = located_receipt(octets)
    changed = with_id(octets, receipt, new)
    assert located_receipt(changed).ids == ((new,) if receipt.ids else ())
    assert receipt.ids or changed == octets


@given(words, words, words)
def test_what_stands_in_a_data_sm_is_replaced_there(old, other, new):
    def data_sm(*ids: bytes) -> bytes:
        payload = Tlv(Tag.MESSAGE_PAYLOAD, usual_text(ids[0]))
        return encode(DataSm(esm_class=4, tlvs=(id_tlv(ids[1]), payload, id_tlv(ids[1]))))

    assert renamed(data_sm(old, other), new) == data_sm(new, new)
