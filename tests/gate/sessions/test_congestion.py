"""What peers of SMPP 5.0 and the gate tell each other of congestion."""

from __future__ import annotations

from typing import Any

from smppgate.txsmpp.constants import RESPONSE_BIT
from tests.gate.memory_gateway import MemoryGateway, bind
from tests.gate.test_reload import SUBMIT, gate_of, linked, smsc

CONGESTION = b"\x04\x28\0\1"


def bound(gate: MemoryGateway, version: int) -> Any:
    """An ESME's end, bound as this version."""
    end = gate.esme(bind(system_id=b"acme", interface_version=version))
    assert end.heard()[0].command_status == 0
    return end


def answered(gate: MemoryGateway, end: Any, link: Any, body: bytes, number: int = 1) -> bytes:
    """The body of the answer that an ESME gets to a message."""
    end.ask(SUBMIT, number)
    (request,) = link.heard()
    link.answer(request, 0, body)
    (resp,) = end.heard()
    assert resp.command_id & RESPONSE_BIT
    return bytes(resp.octets[16:])


def test_what_an_smsc_of_5_0_says_counts_and_is_shown() -> None:
    gate = gate_of(smsc("alpha", interface_version="5.0", window=10))
    link, end = linked(gate), bound(gate, 0x34)
    body = answered(gate, end, link, b"id\0" + CONGESTION + b"\x50")
    assert CONGESTION not in body
    state = gate.gateway.state()
    assert (state.smscs[0].utilization, state.pools[0].utilization) == (0.8, 0.8)


def test_what_one_of_3_4_says_does_not() -> None:
    gate = gate_of(smsc("alpha", window=10))
    link, end = linked(gate), bound(gate, 0x34)
    answered(gate, end, link, b"id\0" + CONGESTION + b"\x50")
    assert gate.gateway.state().smscs[0].utilization == 0.0


def test_an_esme_of_5_0_is_told_how_congested_its_pool_is() -> None:
    """By the windows of its SMSCs, up to 89."""
    gate = gate_of(smsc("alpha", window=10))
    link, end = linked(gate), bound(gate, 0x50)
    for number in range(1, 5):
        end.ask(SUBMIT, number)
    first, *_ = link.heard()
    link.answer(first, 0, b"id\0")
    assert bytes(end.heard()[0].octets[-5:]) == CONGESTION + bytes((round(89 * 0.3),))


def test_one_whose_messages_wait_is_told_of_90_and_more() -> None:
    gate = gate_of(smsc("alpha", window=1))
    link, end = linked(gate), bound(gate, 0x50)
    for number in range(1, 5):
        end.ask(SUBMIT, number)
    (first,) = link.heard()
    link.answer(first, 0, b"id\0")
    told = end.heard()[0].octets
    assert (bytes(told[-5:-1]), 90 <= told[-1] <= 100) == (CONGESTION, True)
