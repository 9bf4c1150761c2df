"""The record of a running gate."""

from __future__ import annotations

import attrs
import pytest
from attrs import evolve

from smppgate.daemon.state_lines import state_lines
from smppgate.gate.state import MemberState
from tests.gate.test_reload import SUBMIT, bound, gate_of, linked, smsc


def test_the_state_has_sessions_links_and_what_is_open() -> None:
    gate = gate_of(smsc("alpha", sessions=2))
    link, end = linked(gate, 0), bound(gate)
    end.ask(SUBMIT)
    assert len(link.heard()) == 1
    state = gate.gateway.state()
    (account,) = state.accounts
    (session,) = account.sessions
    assert (account.system_id, account.pool, session.bind, session.version, session.open) == (
        "acme",
        "default",
        "transceiver",
        "3.4",
        1,
    )
    (alpha,) = state.smscs
    assert (alpha.state, alpha.outstanding, alpha.window) == ("ready", 1, 100)
    assert [each.condition for each in alpha.links] == ["bound", "connecting"]
    assert [each.outstanding for each in alpha.links] == [1, 0]
    (pool,) = state.pools
    assert pool.members == (
        MemberState(name="alpha", weight=1, is_backup=False, is_active=True, reason=""),
    )
    assert pool.is_up
    assert state.configuration is gate.gateway.settings
    assert state.open_exchanges == 1


def test_it_shows_what_waits_for_an_smsc() -> None:
    gate = gate_of(smsc("alpha", window=1))
    link, end = linked(gate), bound(gate)
    for number in (1, 2, 3):
        end.ask(SUBMIT, number)
    assert len(link.heard()) == 1
    gate.reactor.advance(2.0)
    state = gate.gateway.state()
    (pool,) = state.pools
    assert (pool.waiting, pool.waiting_seconds) == (2, 2.0)
    assert pool.waiting_octets > 2000
    assert [each.waiting for each in state.accounts] == [2]
    assert [each.waiting for each in state.smscs] == [0]
    assert state.open_exchanges == 3
    (line,) = [each for each in state_lines(state) if each.startswith("pools default: ")]
    assert f"waiting=2 waiting_octets={pool.waiting_octets} waiting_seconds=2" in line


def test_it_shows_how_much_belongs_together() -> None:
    gate = gate_of(smsc("alpha"))
    linked(gate)
    bound(gate).ask(evolve(SUBMIT, esm_class=0x40, short_message=b"\5\0\3\7\2\1hi"))
    state = gate.gateway.state()
    assert (state.related.known, state.related.split) == (1, 0)
    assert state.related.octets > 300
    (line,) = [each for each in state_lines(state) if each.startswith("related")]
    assert "known=1" in line


def test_it_says_why_a_link_is_down_and_how_requests_ended() -> None:
    gate = gate_of(smsc("alpha"))
    gate.refuse()
    assert "refused" in gate.gateway.state().smscs[0].links[0].last_error
    gate.reactor.advance(70.0)
    link, end = linked(gate), bound(gate)
    for number, status in ((1, 0), (2, 0x0A)):
        end.ask(SUBMIT, number)
        (request,) = link.heard()
        link.answer(request, status, b"id\0")
    alpha = gate.gateway.state().smscs[0]
    assert (alpha.taken, alpha.refused, alpha.timed_out, alpha.lost) == (1, 1, 0, 0)


def test_it_is_frozen_and_has_no_secret() -> None:
    gate = gate_of()
    state = gate.gateway.state()
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        state.open_exchanges = 5
    assert "secret" not in repr(state)
