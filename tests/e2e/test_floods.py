"""A flood of what no window bounds: its sender pays, and all of it is answered in the end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.twistd import relaying
from tests.e2e.wire import (
    ENQUIRE_LINK,
    QUERY_SM,
    RESP,
    SUBMIT_SM,
    Pdu,
    Wire,
    answer,
    bound,
    message_body,
    pdu,
)

COUNT = 3000


def in_background(function: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("octets", "resp", "status"),
    [
        (pdu(ENQUIRE_LINK, 7), ENQUIRE_LINK | RESP, 0),
        (pdu(0x0ABC, 7), RESP, 0x03),
        (pdu(QUERY_SM, 7, b"unknown\0\0\0\0"), QUERY_SM | RESP, 0x0C),
    ],
    ids=["enquire_link", "unknown command", "unknown id"],
)
def test_a_flooder_waits_and_its_neighbour_does_not(
    tmp_path: Path, octets: bytes, resp: int, status: int
) -> None:
    """All is answered; meanwhile another ESME's messages are relayed."""
    more = {"gate": "refusal_rate = 1000", "store": 'kind = "memory"'}
    with relaying(tmp_path, "alpha", **more) as (gate, (link,)):
        flooder, other = bound(gate.port, b"bolt", b"hidden"), bound(gate.port)
        sending = in_background(lambda: flooder.send(octets * COUNT))
        got: list[Pdu] = []
        reading = in_background(lambda: got.extend(flooder.receive() for _ in range(COUNT)))
        gate.wait_for_log("ESME bolt at")
        gate.wait_for_log("is not read for a while")
        for number in range(1, 21):
            other.send(pdu(SUBMIT_SM, number, message_body()))
            answer(link, link.receive_message())
            assert other.receive_message().status == 0
        reading.join()
        sending.join()
        assert {(each.command_id, each.status) for each in got} == {(resp, status)}
        assert still_answered(flooder)


def still_answered(esme: Wire) -> bool:
    """Whether the session goes on."""
    esme.send(pdu(ENQUIRE_LINK, 9))
    return esme.receive() == Pdu(ENQUIRE_LINK | RESP, 0, 9, b"")
