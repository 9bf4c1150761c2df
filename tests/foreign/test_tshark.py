"""What the gate writes, read by a dissector that nobody here wrote: tshark."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.test_ancillary import cancel_body, query_body, replace_body, resp_body
from tests.e2e.wire import (
    CANCEL_SM,
    DATA_SM,
    DELIVER_SM,
    GENERIC_NACK,
    MESSAGE_PAYLOAD,
    MESSAGE_STATE,
    QUERY_SM,
    RECEIPTED_MESSAGE_ID,
    REPLACE_SM,
    RESP,
    SUBMIT_MULTI,
    SUBMIT_SM,
    UDHI,
    UNBIND,
    Pdu,
    Smsc,
    Wire,
    answer,
    bound,
    data_body,
    delivered,
    message_body,
    pdu,
    receipt_text,
    submitted,
    tlv,
)
from tests.foreign.programs import before
from tests.foreign.tap import Tap, dissected

VENDOR = tlv(0x1401, b"anything")
PAYLOAD = tlv(MESSAGE_PAYLOAD, bytes(range(256)) * 8)
PART = b"\5\0\3\x2a\2\1"

MULTI = b"\0\1\x011234\0\2" + b"\1\1\x014477009001\0" + b"\1\1\x014477009002\0"
MULTI += bytes(3) + b"\0\0" + bytes([1, 0, 0, 0, 5]) + b"hello"

SUBMITTED = (
    (SUBMIT_SM, message_body(registered=1)),
    (SUBMIT_SM, message_body(text=b"", tlvs=PAYLOAD + VENDOR)),
    (SUBMIT_SM, message_body(text=PART + b"x" * 134, esm_class=UDHI)),
    (SUBMIT_SM, message_body(text="日本語".encode("utf-16-be") * 20, data_coding=8)),
    (SUBMIT_MULTI, MULTI),
    (DATA_SM, data_body(tlvs=PAYLOAD, registered=1)),
)


def delivered_bodies(message_id: bytes) -> tuple[tuple[int, bytes], ...]:
    """What comes for the ESME: a receipt in every notation there is, and messages of all kinds."""
    named = tlv(RECEIPTED_MESSAGE_ID, message_id + b"\0") + tlv(MESSAGE_STATE, b"\2")
    text = receipt_text(message_id)
    home = b"4477009001"
    return (
        (DELIVER_SM, message_body(b"1234", text, home, esm_class=4, tlvs=named)),
        (DELIVER_SM, message_body(b"1234", b"", home, esm_class=4, tlvs=named + VENDOR)),
        (DELIVER_SM, message_body(home, tlvs=VENDOR)),
        (DELIVER_SM, message_body(home, b"", tlvs=PAYLOAD)),
        (DELIVER_SM, message_body(home, PART + b"y" * 134, esm_class=UDHI)),
        (DATA_SM, data_body(home, tlvs=PAYLOAD)),
    )


def talk(esme: Wire, link: Wire) -> None:
    """Everything that an ESME and an SMSC have to say to each other, once, and what is refused."""
    for number, (command, body) in enumerate(SUBMITTED, 10):
        esme.send(pdu(command, number, body))
        # A submit_multi_resp ends with the addresses that were refused.
        answer(
            link, link.receive_message(), b"id-%d\0" % number + b"\0" * (command == SUBMIT_MULTI)
        )
        assert esme.receive_message().status == 0
    given = submitted(esme, link, b"4F", 20)
    operations = ((QUERY_SM, query_body), (REPLACE_SM, replace_body), (CANCEL_SM, cancel_body))
    for number, (command, body) in enumerate(operations, 30):
        esme.send(pdu(command, number, body(given)))
        answer(link, link.receive_message(), resp_body(command, b"4F"))
        assert esme.receive_message().status == 0
    for number, (command, body) in enumerate(delivered_bodies(b"4F"), 40):
        delivered(link, esme, body, command, number)
    esme.send(pdu(SUBMIT_SM, 50, message_body()))
    answer(link, link.receive_message(), b"", 0x0B)
    assert esme.receive_message().status == 0x0B
    esme.send(pdu(0x77, 51))
    assert esme.receive_message() == Pdu(GENERIC_NACK, 3, 51, b"")
    esme.send(pdu(UNBIND, 52))
    assert esme.receive_message() == Pdu(UNBIND | RESP, 0, 52, b"")


@pytest.mark.parametrize("version", [0x34, 0x50])
def test_nothing_that_the_gate_writes_is_malformed(tmp_path: Path, version: int) -> None:
    """On either side of it each request that went in is seen once, and so is its answer."""
    with (
        Smsc() as smsc,
        Tap(smsc.port) as behind,
        before(tmp_path, {"alpha": behind.port}) as gate,
        Tap(gate.port) as front,
    ):
        link = smsc.link()
        gate.wait_for_log("bound at")
        talk(bound(front.port, version=version), link)
        gate.wait_for_log("ESME acme at")
    seen, passed_on = (dissected(tmp_path, tap.passed) for tap in (front, behind))
    relayed = Counter(command for command, _ in (*SUBMITTED, *delivered_bodies(b"")))
    relayed[SUBMIT_SM] += 2
    relayed.update((QUERY_SM, REPLACE_SM, CANCEL_SM))
    for counted in (seen, passed_on):
        assert {each: counted[each] for each in relayed} == relayed
        assert {each: counted[each | RESP] for each in relayed} == relayed
