"""Binds that take time, and what comes behind them."""

from __future__ import annotations

import pytest

from smppgate.settings import EsmeSettings
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.pdu import DeliverSm, SubmitSm, Unbind
from tests.gate.memory_gateway import MemoryGateway, bind, smsc
from tests.gate.sessions.test_unbinding import (
    SUBMIT_RESP,
    UNBIND_RESP,
    Pair,
    answers,
    kinds,
    submits,
)
from tests.txsmpp.pairs import numbered

BIND_RESP = CommandId.BIND_TRANSCEIVER_RESP


def test_messages_behind_a_bind_in_one_segment_are_relayed() -> None:
    pair = Pair()
    esme = pair.gate.esme(bind() + submits(2))
    pair.smsc.send(answers(pair.smsc.heard()))
    assert kinds(esme.heard()) == [(BIND_RESP, 0), *[(SUBMIT_RESP, 0)] * 2]


def test_an_unbind_behind_a_bind_in_one_segment_is_answered() -> None:
    pair = Pair()
    esme = pair.gate.esme(bind() + submits(1) + numbered(Unbind(), 9))
    pair.smsc.send(answers(pair.smsc.heard()))
    assert kinds(esme.heard()) == [(BIND_RESP, 0), (SUBMIT_RESP, 0), (UNBIND_RESP, 0)]
    assert esme.is_closed()


@pytest.mark.parametrize("status", [0, 0x0E])
def test_they_wait_for_an_smsc_that_judges_the_bind(status: int) -> None:
    gate = MemoryGateway()
    esme = gate.esme(bind() + submits(1))
    own = gate.smsc()
    (request,) = own.heard()
    esme.send(submits(1, 2))
    assert esme.heard() == []
    own.answer(request, status, b"" if status else b"smsc\0")
    if status:
        assert kinds(esme.heard()) == [(BIND_RESP, status), *[(SUBMIT_RESP, 4)] * 2]
        return
    own.send(answers(own.heard()))
    assert kinds(esme.heard()) == [(BIND_RESP, 0), *[(SUBMIT_RESP, 0)] * 2]


def test_a_peer_that_sends_much_behind_a_bind_is_not_read_until_it_is_answered() -> None:
    gate = MemoryGateway()
    esme = gate.esme(bind())
    own = gate.smsc()
    (request,) = own.heard()
    text = SubmitSm(destination_addr=b"447700900123", short_message=b"x" * 200)
    # A few thousand octets come with each read.
    for first, state in enumerate(("producing", "paused")):
        esme.send(b"".join(numbered(text, 2 + 15 * first + at) for at in range(15)))
        assert esme.transport.producerState == state
    own.answer(request, 0, b"smsc\0")
    assert esme.transport.producerState == "producing"
    gate.turn()
    assert len(own.heard()) == 30


def test_a_message_in_front_of_the_bind_resp_reaches_its_esme() -> None:
    gate = MemoryGateway(
        smsc(sessions=1),
        esme=(EsmeSettings(system_id="acme", password="secret", address_ranges=("1*",)),),
    )
    esme = gate.esme(bind())
    esme.heard()
    link = gate.smsc()
    (request,) = link.heard()
    link.ask(DeliverSm(destination_addr=b"1000", short_message=b"hi"), 7)
    assert link.heard() == []
    link.answer(request, 0, b"smsc\0")
    (message,) = esme.heard()
    assert message.command_id == CommandId.DELIVER_SM
    esme.answer(message, 0, b"\0")
    assert kinds(link.heard()) == [(CommandId.DELIVER_SM_RESP, 0)]


# Refused binds


@pytest.mark.parametrize("peer_closes", [True, False])
def test_a_refused_peer_has_a_second_to_close_first(peer_closes: bool) -> None:
    """It is told the gate's system_id, and whatever it sends is not dealt with."""
    gate = MemoryGateway(
        refused_bind_wait=1.0, esme=(EsmeSettings(system_id="acme", password="other"),)
    )
    end = gate.esme(bind(number=7) + submits(1))
    resp, _ = end.heard()
    assert resp[:3] == (BIND_RESP, 0x0E, 7)
    assert resp.octets[16:] == b"smppgate\0"
    gate.reactor.advance(0.9)
    end.send(bind(b"other", 8))
    assert end.heard() == []
    assert not end.is_closed()
    if peer_closes:
        end.transport.lose()
    gate.reactor.advance(0.1)
    assert end.is_closed()
    gate.turn()
    assert gate.timers_left == 0
