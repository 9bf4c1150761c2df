"""A right bind that finds all places taken, and how long answers of either side are waited for."""

from __future__ import annotations

from typing import Any

import pytest

from smppgate.settings import EsmeSettings, GateSettings
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import response
from tests.gate.memory_gateway import End, MemoryGateway, bind, smsc
from tests.gate.sessions.test_unbinding import DELIVER_RESP, MO, SUBMIT_RESP, Pair, kinds, submits

ENQUIRE_LINK = CommandId.ENQUIRE_LINK


def full(**more: Any) -> tuple[MemoryGateway, list[End]]:
    """A gate whose account acme has two places, both taken."""
    gate = MemoryGateway(
        esme=(EsmeSettings(system_id="acme", password="secret", max_binds=2),),
        gate=GateSettings(enquire_link=0, **more),
    )
    holders = [gate.esme(bind()) for _ in range(2)]
    assert all(end.heard()[0].command_status == 0 for end in holders)
    return gate, holders


def refused(gate: MemoryGateway) -> None:
    assert [frame.command_status for frame in gate.esme(bind()).heard()] == [0x0D]


def test_stale_sessions_give_way_to_a_new_bind() -> None:
    """The one that answers stays; the other is cut, and its place is free."""
    gate, (alive, stale) = full()
    refused(gate)
    (asked,) = alive.heard()
    assert kinds(stale.heard()) == [(ENQUIRE_LINK, 0)]
    alive.answer(asked)
    gate.reactor.advance(4.9)
    assert not stale.is_closed()
    gate.reactor.advance(0.2)
    gate.turn()
    assert (alive.is_closed(), stale.is_closed()) == (False, True)
    (bound,) = gate.esme(bind()).heard()
    assert bound.command_status == 0


def test_they_are_asked_once_a_second_at_most() -> None:
    """And binds in a storm do not give them more time."""
    gate, (alive, stale) = full()
    for _ in range(20):
        refused(gate)
        for asked in alive.heard():
            alive.answer(asked)
        gate.reactor.advance(0.25)
        gate.turn()
    assert kinds(stale.heard()) == [(ENQUIRE_LINK, 0)]
    gate.reactor.advance(0.1)
    gate.turn()
    assert stale.is_closed()
    assert not alive.is_closed()


def test_a_wrong_bind_asks_none() -> None:
    gate, holders = full()
    gate.esme(bind(b"wrong"))
    assert [end.heard() for end in holders] == [[], []]


def test_it_can_be_switched_off() -> None:
    gate, holders = full(stale_bind_timeout=0)
    refused(gate)
    assert [end.heard() for end in holders] == [[], []]


# Timers of both sides


@pytest.mark.parametrize(("of_smsc", "seconds"), [(0, 20), (4, 4)])
def test_each_smsc_may_have_its_own_time_to_answer(of_smsc: float, seconds: float) -> None:
    gate = MemoryGateway(
        smsc(sessions=1, response_timeout=of_smsc),
        esme=(EsmeSettings(system_id="acme", password="secret"),),
        gate=GateSettings(response_timeout=20),
    )
    link = gate.smsc()
    link.answer(link.heard()[0], 0, b"smsc\0")
    end = gate.esme(bind())
    end.heard()
    end.send(submits(1))
    gate.reactor.advance(seconds - 0.1)
    assert end.heard() == []
    gate.reactor.advance(0.2)
    assert kinds(end.heard()) == [(SUBMIT_RESP, 0x08)]


def test_an_esme_has_ten_seconds_to_answer_a_message() -> None:
    """However long an SMSC has; and its enquire_link_resp has a time of its own."""
    pair = Pair(response_timeout=60, enquire_link_timeout=30)
    pair.smsc.ask(MO, 7)
    pair.esme.heard()
    pair.wait(9.9)
    assert pair.smsc.heard() == []
    pair.wait(0.2)
    ((command, status),) = kinds(pair.smsc.heard())
    assert command == DELIVER_RESP
    assert status != 0
    pair.wait(20)
    (asked,) = pair.esme.heard()
    assert asked.command_id == ENQUIRE_LINK
    pair.wait(25)
    assert not pair.esme.is_closed()
    pair.esme.send(response(asked, 0))
