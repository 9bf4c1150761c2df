"""Hooks decide about binds that the gate itself would accept."""

from __future__ import annotations

from typing import Any

import pytest

from smppgate.gate.hooks import PASS, Change, Refuse
from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId
from tests.gate.hooks.scripted import Asked, HookedGate, message, settings
from tests.gate.memory_gateway import Log, MemoryGateway, bind
from tests.gate.memory_gateway import esme as judged
from tests.txsmpp.pairs import numbered

RESP = CommandId.BIND_TRANSCEIVER | RESPONSE_BIT


def hooked(**more: Any) -> HookedGate:
    return HookedGate("Binds", **more)


def test_a_hook_sees_who_binds_and_shows_no_password() -> None:
    gate = hooked()
    esme = gate.gate.esme(bind())
    (view,) = gate.hooks.views
    assert (view.system_id, view.password, view.kind) == ("acme", b"secret", "transceiver")
    assert (bool(view.host), view.interface_version) == (True, 0x34)
    assert "secret" not in repr(view)
    assert esme.heard() == []
    gate.hooks.waiting[0].callback(PASS)
    assert [frame[:3] for frame in esme.heard()] == [(RESP, 0, 7)]


def test_a_refusal_is_the_answer() -> None:
    gate = hooked()
    gate.hooks.does = Refuse(0x0E)
    esme = gate.gate.esme(bind())
    assert [frame[:2] for frame in esme.heard()] == [(RESP, 0x0E)]
    assert esme.is_closed()


def test_who_the_gate_refuses_is_not_asked_about() -> None:
    gate = hooked()
    esme = gate.gate.esme(bind(b"wrong"))
    assert [frame[:2] for frame in esme.heard()] == [(RESP, 0x0E)]
    assert gate.hooks.views == []


def test_what_comes_behind_a_bind_waits_for_its_answer() -> None:
    gate = hooked()
    esme = gate.gate.esme(bind() + numbered(message(), 8))
    assert gate.link.heard() == []
    gate.hooks.waiting[0].callback(PASS)
    assert [frame.sequence_number for frame in esme.heard()] == [7]
    assert len(gate.link.heard()) == 1


@pytest.mark.parametrize("does", [ValueError(), None, Change(source_addr=b"1"), "late"])
@pytest.mark.parametrize("default", ["refuse", "pass"])
def test_the_default_holds_where_a_hook_fails(does: Any, default: str) -> None:
    gate = hooked(hook_default=default)
    if does != "late":
        gate.hooks.does = does
    with Log() as log:
        esme = gate.gate.esme(bind())
        gate.gate.reactor.advance(2.1)
    assert [frame.command_status for frame in esme.heard()] == [0x0D * (default == "refuse")]
    assert any("hook failed: on_bind" in line for line in log.lines)


def test_a_place_that_is_taken_meanwhile_is_not_given_twice() -> None:
    gate = hooked(account={"max_binds": 1})
    one, two = gate.gate.esme(bind()), gate.gate.esme(bind())
    for waiting in list(gate.hooks.waiting):
        waiting.callback(PASS)
    assert [frame.command_status for frame in one.heard() if frame[0] == RESP] == [0]
    assert [frame.command_status for frame in two.heard() if frame[0] == RESP] == [0x0D]


def test_a_session_that_ends_meanwhile_is_not_bound() -> None:
    gate = hooked()
    esme = gate.gate.esme(bind())
    esme.transport.lose()
    assert gate.hooks.cancelled == gate.hooks.waiting
    assert gate.gate.router.statistics().esme_sessions == 0
    assert gate.gate.router.hooks.waiting["on_bind"] == 0


def test_a_stop_refuses_what_waits() -> None:
    gate = hooked(hook_timeout=600.0)
    esme = gate.gate.esme(bind())
    done: list[Any] = []
    gate.gate.gateway.stopService().addBoth(done.append)
    gate.gate.reactor.pump([0.05] * 700)
    assert done == [None]
    assert [frame[:2] for frame in esme.heard()] == [(RESP, 0x0D)]


def test_a_bind_that_an_smsc_judges_is_asked_about_before() -> None:
    gate = MemoryGateway(esme=(judged(),), gate=settings("Binds"))
    hooks: Any = Asked.latest
    gate.esme(bind())
    assert gate.connections == []
    hooks.waiting[0].callback(PASS)
    assert len(gate.connections) == 1
