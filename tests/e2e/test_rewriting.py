"""Rules that rewrite messages, as the peers of a real gate see them."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.e2e.ports import free_port
from tests.e2e.twistd import relaying, running, settings
from tests.e2e.wire import (
    CANCEL_SM,
    DELIVER_SM,
    QUERY_SM,
    RESP,
    SUBMIT_SM,
    Smsc,
    answer,
    bound,
    delivered,
    id_of,
    message_body,
    pdu,
    receipt_text,
    tlv,
)

NATIONAL = """
[[rewrite]]
name = "national"
applies_to = "submit"
destination = "0*"
set_destination_prefix = { remove = "0", add = "44" }
set_destination_ton = 5
set_statuses = { 0x45 = 0x58 }
"""

FOR_SMSC = """
[[rewrite]]
applies_to = "submit"
smsc = "s1"
set_source = "Shop"
set_tlvs = "0x1402=beef"
"""

OWN, TOLD = b"\1\1" + b"07700900123\0", b"\5\1" + b"447700900123\0"
"""A destination as the ESME writes it, and as the SMSC is told."""


def receipt_from(source: bytes, destination: bytes, message_id: bytes) -> bytes:
    """The body of a receipt between these, each with its type, plan and NUL."""
    text = receipt_text(message_id)
    return b"\0" + source + destination + b"\4\0\0\0\0\0\0\0\0" + bytes((len(text),)) + text


def test_each_side_hears_its_own_words(tmp_path: Path) -> None:
    """Of the message, its answers, its receipt, and what is asked about it."""
    with relaying(tmp_path, "s1", pool=NATIONAL + FOR_SMSC) as (gate, (link,)):
        esme = bound(gate.port)
        body = message_body(b"07700900123", registered=1, tlvs=tlv(0x3FFF, b"?"))
        esme.send(pdu(SUBMIT_SM, 1, body))
        got = link.receive_message()
        told = body.replace(OWN, TOLD).replace(b"1234\0", b"Shop\0")
        assert got.body == told + tlv(0x1402, b"\xbe\xef")
        answer(link, got, b"77\0")
        given = id_of(esme.receive_message())
        assert given == b"s177"
        shop, own = b"\1\1Shop\0", b"\1\x011234\0"
        receipt = receipt_from(TOLD, shop, b"77")
        assert delivered(link, esme, receipt) == receipt_from(OWN, own, given)
        esme.send(pdu(QUERY_SM, 2, given + b"\0" + own))
        got = link.receive_message()
        assert got.body == b"77\0" + shop
        answer(link, got, b"77\0\0\2\0")
        assert esme.receive_message().body == given + b"\0\0\2\0"
        esme.send(pdu(CANCEL_SM, 3, b"\0" + given + b"\0" + own + OWN))
        assert link.receive_message().body == b"\x0077\0" + shop + TOLD


def test_statuses_are_told_as_others(tmp_path: Path) -> None:
    with relaying(tmp_path, "s1", pool=NATIONAL) as (gate, (link,)):
        esme = bound(gate.port)
        for to, told in ((b"07700900123", 0x58), (b"447700900123", 0x45)):
            esme.send(pdu(SUBMIT_SM, 1, message_body(to)))
            answer(link, link.receive_message(), b"", 0x45)
            assert esme.receive_message().status == told


@pytest.mark.parametrize("store", ["", 'kind = "sqlite"'])
def test_the_words_outlive_the_process_and_the_rules(tmp_path: Path, store: str) -> None:
    with Smsc() as smsc:
        port = free_port()
        config = settings(port, {"s1": smsc.port}, store=store)
        with running(tmp_path, config + NATIONAL, port) as gate:
            link = smsc.link()
            gate.wait_for_log("bound at", 1)
            esme = bound(port)
            esme.send(pdu(SUBMIT_SM, 1, message_body(b"07700900123", registered=1)))
            answer(link, link.receive_message(), b"77\0")
            given = id_of(esme.receive_message())
        with running(tmp_path, config, port) as gate:
            link = smsc.link()
            gate.wait_for_log("bound at", 1)
            esme = bound(port)
            own = b"\1\x011234\0"
            receipt = receipt_from(TOLD, own, b"77")
            assert delivered(link, esme, receipt) == receipt_from(OWN, own, given)


def test_a_reload_brings_rules_and_takes_them_away(tmp_path: Path) -> None:
    with relaying(tmp_path, "s1") as (gate, (link,)):
        esme, file = bound(gate.port), tmp_path / "gate.toml"
        before = file.read_text()
        deliver = '\n[[rewrite]]\napplies_to = "deliver"\nset_source = "12345"\n'
        for count, rules, source in ((1, deliver, b"12345"), (2, "", b"4477")):
            file.write_text(before + rules)
            gate.process.send_signal(signal.SIGHUP)
            gate.wait_for_log("the reload of", count)
            link.send(pdu(DELIVER_SM, 9, message_body(source=b"4477")))
            got = esme.receive_message()
            assert got.body == message_body(source=source)
            answer(esme, got, b"\0")
            assert link.receive_message().command_id == DELIVER_SM | RESP
        assert '[[rewrite]] "deliver" added' in gate.log
