"""Receipts and messages as real SMSCs write them, and what an SMSC is told of those left over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.twistd import relaying
from tests.e2e.wire import (
    BIND_RECEIVER,
    BIND_TRANSMITTER,
    DELIVER_SM,
    DELIVERY_RECEIPT,
    MESSAGE_PAYLOAD,
    MESSAGE_STATE,
    QUERY_SM,
    RECEIPTED_MESSAGE_ID,
    RESP,
    SUBMIT_SM,
    UDHI,
    Pdu,
    Wire,
    answer,
    bound,
    delivered,
    id_of,
    message_body,
    pdu,
    readable,
    receipt_body,
    receipt_text,
    submitted,
    tlv,
)

OF_BOLT = b"4988001"
"""A number of the account bolt's."""

DELIVER_RESP = DELIVER_SM | RESP


def plain(text: bytes, destination: bytes = OF_BOLT) -> bytes:
    """A message that nothing but its text can make a receipt."""
    return message_body(destination, text, b"4477009001")


def refused(link: Wire, body: bytes) -> int:
    """Send a message from an SMSC that comes back; gives the status."""
    link.send(pdu(DELIVER_SM, 77, body))
    got = link.receive_message()
    assert (got.command_id, got.number) == (DELIVER_RESP, 77)
    return got.status


# What is a receipt


@pytest.mark.parametrize(
    "text",
    [
        receipt_text(b"%b"),
        b"id:%b stat:DELIVRD",
        b"message_id:%b stat:DELIVRD",
        b"MsgID:%b Stat:DELIVRD",
        b"id=%b stat:DELIVRD",
    ],
)
def test_a_receipt_by_its_text_alone_goes_to_the_account_of_its_message(
    tmp_path: Path, text: bytes
) -> None:
    """Though another has the number that it is for. A message of no known id is a message."""
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        esme, other = bound(instance.port), bound(instance.port, b"bolt", b"hidden")
        given = submitted(esme, link, b"4F")
        assert delivered(link, esme, plain(text % b"4F")) == plain(text % given)
        assert delivered(link, other, plain(text % b"5F")) == plain(text % b"5F")
        assert esme.is_quiet()


def test_a_receipt_by_its_text_alone_waits_for_its_resp(tmp_path: Path) -> None:
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        esme, other = bound(instance.port), bound(instance.port, b"bolt", b"hidden")
        esme.send(pdu(SUBMIT_SM, 1, message_body(registered=1)))
        request = link.receive_message()
        link.send(pdu(DELIVER_SM, 7, plain(receipt_text(b"4F"))))
        assert link.is_quiet()
        answer(link, request, b"4F\0")
        given = id_of(esme.receive_message())
        assert esme.receive_message().body == plain(receipt_text(given))
        assert other.is_quiet()


@pytest.mark.parametrize("esm_class", [0x04, 0x08, 0x0C, 0x14, 0x24])
def test_any_bit_of_a_report_makes_a_receipt(tmp_path: Path, esm_class: int) -> None:
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        given = submitted(esme, link, b"4F")
        sent = receipt_body(b"4F", OF_BOLT, esm_class)
        assert delivered(link, esme, sent) == receipt_body(given, OF_BOLT, esm_class)


# Odd ids and odd texts


@pytest.mark.parametrize("own", [b"4F", b"4F 5F", b"1,2;3", b"aBcDeF"])
@pytest.mark.parametrize("form", ["%b\0", " %b \0", "%b", "\t%b\r\n\0"])
def test_an_odd_id_is_given_found_and_asked_about(tmp_path: Path, own: bytes, form: str) -> None:
    """Without its NUL, with blanks around it, with blanks and commas in it."""
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        esme.send(pdu(SUBMIT_SM, 1, message_body(registered=1)))
        answer(link, link.receive_message(), form.encode() % own)
        got = esme.receive_message()
        assert got.body == b"alpha" + own + b"\0"
        named = tlv(RECEIPTED_MESSAGE_ID, own + b"\0")
        body = message_body(b"1234", b"", esm_class=DELIVERY_RECEIPT, tlvs=named)
        told = tlv(RECEIPTED_MESSAGE_ID, b"alpha" + own + b"\0")
        expected = message_body(b"1234", b"", esm_class=DELIVERY_RECEIPT, tlvs=told)
        assert delivered(link, esme, body) == expected
        esme.send(pdu(QUERY_SM, 2, b"alpha" + own + b"\0\1\0011234\0"))
        assert link.receive_message().body == own + b"\0\1\0011234\0"


@pytest.mark.parametrize("size", [65, 1000, 60_000])
def test_a_huge_id_is_answered_and_its_receipt_comes_home(tmp_path: Path, size: int) -> None:
    own = b"x" * size
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        given = submitted(esme, link, own)
        assert len(given) <= 64
        named = tlv(RECEIPTED_MESSAGE_ID, own + b"\0")
        body = message_body(b"1234", b"", esm_class=DELIVERY_RECEIPT, tlvs=named)
        told = tlv(RECEIPTED_MESSAGE_ID, given + b"\0")
        expected = message_body(b"1234", b"", esm_class=DELIVERY_RECEIPT, tlvs=told)
        assert delivered(link, esme, body) == expected


_TEXT = receipt_text(b"4F")
_STATE = tlv(MESSAGE_STATE, b"\2")


def _lied(text: bytes, sm_length: int, tlvs: bytes = b"", data_coding: int = 0) -> bytes:
    """A receipt whose sm_length is this, whatever its text is."""
    body = message_body(b"1234", b"", esm_class=DELIVERY_RECEIPT, data_coding=data_coding)
    return body[:-1] + bytes([sm_length]) + text + tlvs


_ODD: dict[str, Callable[[bytes], bytes]] = {
    "sm_length of 255": lambda own: _lied(receipt_text(own), 255),
    "sm_length of 0": lambda own: _lied(receipt_text(own), 0),
    "payload behind one NUL": lambda own: message_body(
        b"1234", b"\0", esm_class=4, tlvs=tlv(MESSAGE_PAYLOAD, receipt_text(own))
    ),
    "payload behind a blank": lambda own: message_body(
        b"1234", b" ", esm_class=4, tlvs=tlv(MESSAGE_PAYLOAD, receipt_text(own))
    ),
    "NUL before TLVs": lambda own: message_body(
        b"1234", b"", esm_class=4, tlvs=b"\0" + tlv(RECEIPTED_MESSAGE_ID, own + b"\0") + _STATE
    ),
    "little-endian": lambda own: message_body(
        b"1234",
        receipt_text(own, text=b"").decode().encode("utf-16-le"),
        esm_class=4,
        data_coding=8,
    ),
    "little-endian, marked": lambda own: message_body(
        b"1234",
        b"\xff\xfe" + receipt_text(own, text=b"").decode().encode("utf-16-le"),
        esm_class=4,
        data_coding=8,
    ),
}


@pytest.mark.parametrize("form", _ODD)
def test_an_odd_receipt_is_read_and_keeps_what_is_odd(tmp_path: Path, form: str) -> None:
    """The ids have one length, so that what says a length wrongly says the same afterwards."""
    with relaying(tmp_path, "alpha", gate='message_ids = "original"') as (instance, (link,)):
        esme = bound(instance.port)
        submitted(esme, link, b"4F")
        assert delivered(link, esme, _ODD[form](b"4F")) == _ODD[form](b"4F")


@pytest.mark.parametrize("form", _ODD)
def test_an_odd_receipt_has_the_id_that_was_given(tmp_path: Path, form: str) -> None:
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        given = submitted(esme, link, b"4F")
        got = delivered(link, esme, _ODD[form](b"4F"))
        assert given in got.replace(b"\0", b"")
        assert b"id:4F" not in got.replace(b"\0", b"")


@pytest.mark.parametrize(("resp", "receipt"), [(b"4F", b"79"), (b"4f", b"4F"), (b"4F", b"04F")])
def test_with_original_ids_a_receipt_keeps_its_octets(
    tmp_path: Path, resp: bytes, receipt: bytes
) -> None:
    with relaying(tmp_path, "alpha", gate='message_ids = "original"') as (instance, (link,)):
        esme = bound(instance.port)
        assert submitted(esme, link, resp) == resp
        sent = receipt_body(receipt)
        assert delivered(link, esme, sent) == sent


# In whose name


def test_an_smsc_cannot_tell_of_a_message_of_another(tmp_path: Path) -> None:
    """It is passed on by its destination, in its own name."""
    with relaying(tmp_path, "alpha", "beta") as (instance, links):
        esme = bound(instance.port)
        esme.send(pdu(SUBMIT_SM, 1, message_body(registered=1)))
        alpha = readable(*links)
        answer(alpha, alpha.receive_message(), b"4F\0")
        given = id_of(esme.receive_message())
        beta = next(link for link in links if link is not alpha)
        (tag,) = {b"alpha", b"beta"} - {given[:-2]}
        got = delivered(beta, esme, receipt_body(given, b"4477009001"))
        assert got == receipt_body(tag + given, b"4477009001")


# Again and again


@pytest.mark.parametrize("stat", [b"DELIVRD", b"UNDELIV"])
def test_no_final_receipt_ends_what_is_known_of_a_message(tmp_path: Path, stat: bytes) -> None:
    """Not before `receipted_ttl` is over: there may be another receipt, or a query."""
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        given = submitted(esme, link, b"4F")
        for word in (stat, stat, b"DELIVRD"):
            assert_told(link, esme, given, word)
        esme.send(pdu(QUERY_SM, 2, given + b"\0\1\0011234\0"))
        assert link.receive_message().body == b"4F\0\1\0011234\0"


@pytest.mark.parametrize("stat", [b"BUFFRED", b"ACKED", b"RETRY"])
def test_no_interim_receipt_ends_what_is_known_of_a_message(tmp_path: Path, stat: bytes) -> None:
    """Nor does it begin the time that a final one leaves: those that follow have the id yet."""
    with relaying(tmp_path, "alpha", store="receipted_ttl = 0.001") as (instance, (link,)):
        esme = bound(instance.port)
        given = submitted(esme, link, b"4F")
        for word in (stat, stat, b"DELIVRD"):
            assert_told(link, esme, given, word)


def assert_told(link: Wire, esme: Wire, given: bytes, word: bytes) -> None:
    """A receipt with this state comes with the id that the ESME was given."""
    sent = message_body(b"1234", receipt_text(b"4F", word), esm_class=DELIVERY_RECEIPT)
    told = message_body(b"1234", receipt_text(given, word), esm_class=DELIVERY_RECEIPT)
    assert delivered(link, esme, sent) == told


# What an SMSC is told


@pytest.mark.parametrize("status", [0x64, 0x14, 0x08])
def test_an_smsc_is_told_its_own_status_of_what_is_not_delivered(
    tmp_path: Path, status: int
) -> None:
    """Without a session, without an account for the number, without a known message."""
    with relaying(tmp_path, "alpha", smsc=f"undelivered_status = {status}") as (_, (link,)):
        for body in (message_body(OF_BOLT), message_body(b"1"), receipt_body(b"4F", b"1")):
            assert refused(link, body) == status


def test_a_receipt_without_a_path_is_patient_only_for_a_while(tmp_path: Path) -> None:
    with relaying(tmp_path, "alpha", gate="receipt_patience = 0.1") as (instance, (link,)):
        esme = bound(instance.port)
        esme.send(pdu(SUBMIT_SM, 1, message_body(registered=1)))
        link.receive_message()
        assert refused(link, receipt_body(b"4F", b"1")) == 0x64


def test_an_esme_that_does_not_answer_leaves_the_link_to_others(tmp_path: Path) -> None:
    """It holds half of the window once another has got something."""
    with relaying(tmp_path, "alpha", smsc="window = 4") as (instance, (link,)):
        slow, quick = bound(instance.port), bound(instance.port, b"bolt", b"hidden")
        delivered(link, quick, message_body(OF_BOLT))
        for number in range(1, 5):
            link.send(pdu(DELIVER_SM, number, message_body()))
        assert [link.receive_message()[:3] for _ in range(2)] == [
            (DELIVER_RESP, 0x64, 3),
            (DELIVER_RESP, 0x64, 4),
        ]
        for _ in range(3):
            delivered(link, quick, message_body(OF_BOLT))
        for _ in range(2):
            answer(slow, slow.receive_message(), b"\0")
        assert [link.receive_message()[:3] for _ in range(2)] == [
            (DELIVER_RESP, 0, 1),
            (DELIVER_RESP, 0, 2),
        ]
        assert slow.is_quiet()


# Parts, numbers, versions


def _untold(serial: int) -> bytes:
    return message_body(text=b"\5\0\3\x2a\3" + bytes([serial]) + b"part")


def _short_sar(serial: int) -> bytes:
    sar = tlv(0x020C, b"\7") + tlv(0x020E, b"\3") + tlv(0x020F, bytes([serial]))
    return message_body(text=b"part", tlvs=sar)


def _long_sar(serial: int) -> bytes:
    sar = tlv(0x020C, b"\0\7") + tlv(0x020E, b"\0\3") + tlv(0x020F, bytes([0, serial]))
    return message_body(text=b"part", tlvs=sar)


def _behind_nul(serial: int) -> bytes:
    return message_body(text=b"part", tlvs=b"\0" + _short_sar(serial)[-15:])


@pytest.mark.parametrize("part", [_untold, _short_sar, _long_sar, _behind_nul])
def test_parts_are_known_in_whatever_form(tmp_path: Path, part: Callable[[int], bytes]) -> None:
    """One session gets all of them, though others are less utilized."""
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        esmes = [bound(instance.port) for _ in range(3)]
        takers = set()
        for serial in (2, 1, 3):
            link.send(pdu(DELIVER_SM, serial, part(serial)))
            taker = readable(*esmes)
            assert taker.receive_message().body == part(serial)
            takers.add(taker)
        assert len(takers) == 1


@pytest.mark.parametrize("destination", [b"4477009001", b"+4477009001"])
def test_a_plus_in_front_of_a_number_does_not_matter(tmp_path: Path, destination: bytes) -> None:
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        assert delivered(link, esme, message_body(destination)) == message_body(destination)


def _peer_of_3_3(port: int) -> tuple[Wire, Wire]:
    sender = bound(port, command=BIND_TRANSMITTER, version=0x33)
    return sender, bound(port, command=BIND_RECEIVER, version=0x33)


def test_a_peer_of_3_3_is_told_which_part_a_message_is(tmp_path: Path) -> None:
    """SAR TLVs and ports become a user data header; what does not fit is refused."""
    ports = tlv(0x020A, b"\0\x10") + tlv(0x020B, b"\0\x20")
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        _, hearer = _peer_of_3_3(instance.port)
        header = b"\5\0\3\7\3\2"
        body = _short_sar(2)
        assert delivered(link, hearer, body) == message_body(text=header + b"part", esm_class=UDHI)
        got = delivered(link, hearer, message_body(text=b"hi", tlvs=ports))
        assert got == message_body(text=b"\6\5\4\0\x20\0\x10hi", esm_class=UDHI)
        assert refused(link, message_body(text=b"x" * 250, tlvs=ports)) == 0x01


def test_a_receipt_for_a_peer_of_3_3_always_has_its_id_and_is_never_too_long(
    tmp_path: Path,
) -> None:
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        sender, hearer = _peer_of_3_3(instance.port)
        given = submitted(sender, link, b"4F")
        named = tlv(RECEIPTED_MESSAGE_ID, b"4F\0") + _STATE
        for text, more in ((b"", b""), (b"delivered", b""), (b"x" * 254, b"")):
            tlvs = named + more
            body = message_body(b"1234", text, esm_class=DELIVERY_RECEIPT, tlvs=tlvs)
            got = delivered(link, hearer, body)
            assert b"id:%b " % given in got
            assert b"stat:DELIVRD" in got
        long = tlv(MESSAGE_PAYLOAD, receipt_text(b"4F", text=b"x" * 1000))
        got = delivered(link, hearer, message_body(b"1234", esm_class=4, text=b"", tlvs=long))
        assert b"id:%b " % given in got
        assert len(got) < 300


def test_an_id_longer_than_any_that_was_given_is_unknown(tmp_path: Path) -> None:
    """However long it is."""
    with relaying(tmp_path, "alpha") as (instance, (link,)):
        esme = bound(instance.port)
        submitted(esme, link, b"4F")
        for size in (65, 1000, 60_000):
            esme.send(pdu(QUERY_SM, 2, b"alpha" + b"4" * size + b"\0\1\0011234\0"))
            assert esme.receive_message() == Pdu(QUERY_SM | RESP, 0x0C, 2, b"")
        assert link.is_quiet()
