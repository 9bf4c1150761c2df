"""What an operator decides about SMSCs, links and accounts while the gate runs."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred, TimeoutError

from smppgate.routing.admin_state import AdminState
from smppgate.settings import GateSettings, MemberSettings, PoolSettings, SmscSettings
from smppgate.txsmpp import CommandId, QuerySm
from tests.fakes import outcomes
from tests.gate.memory_gateway import MemoryGateway, bind
from tests.gate.test_reload import SUBMIT, bound, esme, gate_of, linked, reload, said, smsc

TWO = (smsc("alpha"), smsc("beta"))

# Nobody asks with enquire_link in these.
QUIET = GateSettings(enquire_link=0.0)


def calm(name: str, **more: Any) -> SmscSettings:
    return smsc(name, enquire_link=0.0, **more)


def pump(gate: MemoryGateway, seconds: float = 1.0) -> None:
    gate.reactor.pump([0.05] * round(seconds / 0.05))


def done(firing: Deferred[Any]) -> bool:
    """Whether it is so now."""
    return firing.called and outcomes(firing) == [None]


def test_a_drained_smsc_gets_no_new_message_and_is_drained_when_all_are_answered() -> None:
    gate = gate_of(*TWO)
    alpha, beta, end = linked(gate, 0), linked(gate, 1), bound(gate)
    for number in (1, 2):
        end.ask(SUBMIT, number)
    (request,) = alpha.heard()
    beta.heard()
    draining = gate.gateway.smsc("alpha").drain()
    for number in range(3, 9):
        end.ask(SUBMIT, number)
    pump(gate)
    assert (said(alpha), len(beta.heard()), draining.called) == ([], 6, False)
    alpha.answer(request, 0, b"id\0")
    pump(gate)
    assert done(draining)
    assert gate.gateway.state().smscs[0].state == "drain"


def test_a_drained_smsc_is_asked_about_its_messages() -> None:
    gate = gate_of(*TWO)
    alpha, _, end = linked(gate, 0), linked(gate, 1), bound(gate)
    end.ask(SUBMIT)
    (request,) = alpha.heard()
    alpha.answer(request, 0, b"id\0")
    end.heard()
    gate.gateway.smsc("alpha").drain()
    end.ask(QuerySm(message_id=b"Aid", source_addr=b"1000"), 2)
    assert [command for command, _ in said(alpha)] == [CommandId.QUERY_SM]


def test_ready_brings_the_share_back() -> None:
    gate = gate_of(*TWO)
    alpha, beta, end = linked(gate, 0), linked(gate, 1), bound(gate)
    gate.gateway.smsc("alpha").drain()
    end.ask(SUBMIT)
    assert (len(alpha.heard()), len(beta.heard())) == (0, 1)
    assert done(gate.gateway.smsc("alpha").ready())
    for number in range(2, 6):
        end.ask(SUBMIT, number)
    assert (len(alpha.heard()) > 0, len(beta.heard()) > 0) == (True, True)


def test_what_is_not_so_in_time_fails_and_stays_decided() -> None:
    gate = gate_of(*TWO)
    alpha, end = linked(gate, 0), bound(gate)
    end.ask(SUBMIT)
    assert len(alpha.heard()) == 1
    draining = gate.gateway.smsc("alpha").drain(seconds=0.5)
    pump(gate, 2.0)
    (failure,) = outcomes(draining)
    assert failure.check(TimeoutError)
    assert gate.gateway.smsc("alpha").state is AdminState.DRAIN


def test_maint_unbinds_and_stays_away_until_ready() -> None:
    gate = gate_of(calm("alpha"), calm("beta"), gate=QUIET)
    alpha, end = linked(gate, 0), bound(gate)
    going = gate.gateway.smsc("alpha").maint()
    pump(gate, 0.2)
    alpha.unbound()
    pump(gate, 70.0)
    assert done(going)
    assert gate.connections.count(3097) == 1
    end.ask(SUBMIT)
    pump(gate, 5.1)
    assert said(end) == [(CommandId.SUBMIT_SM_RESP, 0x08)]
    coming = gate.gateway.smsc("alpha").ready()
    pump(gate, 0.2)
    assert gate.connections.count(3097) == 2
    linked(gate)
    pump(gate, 0.2)
    assert done(coming)
    end.ask(SUBMIT, 2)
    pump(gate, 0.2)
    assert gate.gateway.state().smscs[0].outstanding == 1


def test_one_link_may_be_drained_or_kept_away() -> None:
    gate = gate_of(calm("alpha", sessions=2), gate=QUIET)
    first, second, end = linked(gate, 0), linked(gate, 1), bound(gate)
    one, _ = gate.gateway.smsc("alpha").links()
    assert done(one.drain())
    for number in range(1, 4):
        end.ask(SUBMIT, number)
    assert (len(first.heard()), len(second.heard())) == (0, 3)
    going = one.maint()
    pump(gate, 0.2)
    first.unbound()
    pump(gate, 70.0)
    assert done(going)
    assert [link.condition for link in gate.gateway.state().smscs[0].links] == ["down", "bound"]
    one.ready()
    pump(gate, 0.2)
    linked(gate)
    assert [link.condition for link in gate.gateway.state().smscs[0].links] == ["bound", "bound"]


def test_a_link_that_comes_back_is_held_as_before() -> None:
    gate = gate_of(calm("alpha", sessions=2), gate=QUIET)
    first, _, end = linked(gate, 0), linked(gate, 1), bound(gate)
    gate.gateway.smsc("alpha").links()[0].drain()
    first.transport.lose()
    pump(gate, 70.0)
    again = linked(gate)
    for number in range(1, 4):
        end.ask(SUBMIT, number)
    assert said(again) == []


def test_states_and_weights_survive_a_reload_and_a_weight_that_changes_there_wins() -> None:
    gate = gate_of(*TWO)
    linked(gate, 0)
    control = gate.gateway.smsc("alpha")
    control.drain()
    control.change_weight(7)
    reload(gate, esme=(esme(window=5),))
    assert (control.state, control.weight) == (AdminState.DRAIN, 7)
    reload(gate, smsc=(smsc("alpha", weight=3), smsc("beta")))
    assert (control.state, control.weight) == (AdminState.DRAIN, 3)
    with pytest.raises(ValueError, match="0 or more"):
        control.change_weight(-1)


def test_an_smsc_of_weight_0_takes_no_new_messages_in_any_pool_until_it_has_its_own_again() -> (
    None
):
    pool = PoolSettings("main", ("alpha", MemberSettings("beta", 3)))
    gate = gate_of(*TWO, pool=(pool,))
    control = gate.gateway.smsc("beta")
    control.change_weight(0)
    members = gate.gateway.state().pools[0].members
    assert [(each.name, each.weight) for each in members] == [("alpha", 1), ("beta", 0)]
    control.reset_weight()
    assert [each.weight for each in gate.gateway.state().pools[0].members] == [1, 3]
    assert control.weight == 1


# Accounts


def test_a_closed_account_accepts_no_new_bind() -> None:
    gate = gate_of()
    linked(gate)
    stays = bound(gate)
    control = gate.gateway.account("acme")
    control.close()
    (resp,) = gate.esme(bind()).heard()
    assert (resp.command_status, said(stays)) == (0x0D, [])
    control.ready()
    bound(gate)


def test_kicked_sessions_are_unbound_when_their_requests_are_answered() -> None:
    gate = gate_of()
    link, end = linked(gate), bound(gate)
    end.ask(SUBMIT)
    (request,) = link.heard()
    kicking = gate.gateway.account("acme").kick()
    pump(gate)
    assert said(end) == []
    link.answer(request, 0, b"id\0")
    resp, unbind = end.heard()
    assert (resp.command_id, unbind.command_id) == (CommandId.SUBMIT_SM_RESP, CommandId.UNBIND)
    end.answer(unbind)
    pump(gate)
    assert end.is_closed()
    assert done(kicking)
    bound(gate)


def test_an_answer_that_does_not_come_is_waited_for_as_long_as_was_said() -> None:
    gate = gate_of()
    link, end = linked(gate), bound(gate)
    end.ask(SUBMIT)
    link.heard()
    gate.gateway.account("acme").kick(seconds=2.0)
    pump(gate, 1.5)
    assert said(end) == []
    pump(gate)
    assert said(end) == [(CommandId.UNBIND, 0)]


def test_kicked_at_once_they_are_not_waited_for() -> None:
    gate = gate_of()
    link, end = linked(gate), bound(gate)
    end.ask(SUBMIT)
    link.heard()
    kicking = gate.gateway.account("acme").kick(now=True)
    (unbind,) = end.heard()
    end.answer(unbind)
    pump(gate, 3.0)
    assert end.is_closed()
    assert done(kicking)


def test_what_is_not_there_is_a_key_error() -> None:
    gate = gate_of()
    for missing in (lambda: gate.gateway.smsc("x"), lambda: gate.gateway.account("x")):
        with pytest.raises(KeyError):
            missing()


def test_a_stop_ends_what_is_waited_for() -> None:
    gate = gate_of(calm("alpha"), gate=QUIET)
    link, end = linked(gate), bound(gate)
    end.ask(SUBMIT)
    link.heard()
    drained = gate.gateway.smsc("alpha").drain(1000.0)
    stopping = gate.gateway.stopService()
    pump(gate, 120.0)
    assert outcomes(drained)[0].check(TimeoutError)
    assert done(stopping)
    assert not gate.reactor.getDelayedCalls()


# Sessions and links by their ids


def test_one_session_of_several_is_kicked() -> None:
    gate = gate_of(gate=QUIET, esme=(esme("acme", max_binds=3),))
    linked(gate)
    ends = [bound(gate) for _ in range(3)]
    ids = [session.id for session in gate.gateway.state().accounts[0].sessions]
    assert len(set(ids)) == 3
    kicked = gate.gateway.session(ids[1]).kick()
    ends[1].unbound()
    pump(gate)
    assert done(kicked)
    left = [session.id for session in gate.gateway.state().accounts[0].sessions]
    assert left == [ids[0], ids[2]]
    assert not ends[0].heard()
    with pytest.raises(KeyError):
        gate.gateway.session(ids[1])


def test_ids_are_not_given_twice() -> None:
    gate = gate_of(gate=QUIET)
    linked(gate)
    seen = []
    for _ in range(3):
        end = bound(gate)
        (session,) = gate.gateway.state().accounts[0].sessions
        seen.append(session.id)
        gate.gateway.session(session.id).kick(now=True)
        end.unbound()
        pump(gate)
    assert seen == sorted(set(seen))


def test_links_are_found_by_the_ids_of_the_state() -> None:
    gate = gate_of(smsc("alpha-receiver-1", sessions=2, bind="transmitter+receiver"))
    ids = [link.id for smsc_ in gate.gateway.state().smscs for link in smsc_.links]
    assert len(set(ids)) == 4
    for link_id in ids:
        gate.gateway.link(link_id).drain()
        assert gate.gateway.observation().link(link_id).state == "drain"
    with pytest.raises(KeyError):
        gate.gateway.link("alpha-receiver-1")


def test_only_queues_that_there_are_can_be_operated() -> None:
    gate = gate_of(esme=(esme("acme", queue=True), esme("bolt")))
    gate.gateway.queue("acme").retry()
    for name in ("bolt", "nobody", "€"):
        with pytest.raises(KeyError):
            gate.gateway.queue(name)
