"""A running gate becomes what new settings say, and what they do not concern notices nothing."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from twisted.internet.defer import ensureDeferred

from smppgate.settings import (
    EsmeSettings,
    ListenSettings,
    PoolSettings,
    Settings,
    SettingsError,
    SmscSettings,
)
from smppgate.txsmpp import CommandId, DeliverSm, SubmitSm
from tests.fakes import outcomes
from tests.gate import memory_gateway
from tests.gate.memory_gateway import End, Log, MemoryGateway, bind

SUBMIT = SubmitSm(
    source_addr=b"1000",
    destination_addr=b"447700900123",
    registered_delivery=1,
    short_message=b"x",
)


def smsc(name: str, **more: Any) -> SmscSettings:
    """An SMSC with a link, on a port that tells it from others."""
    return memory_gateway.smsc(name, **{"sessions": 1, "window": 100, **more})


def esme(system_id: str = "acme", **more: Any) -> EsmeSettings:
    """An account."""
    return EsmeSettings(system_id=system_id, **{"password": "secret", **more})


def gate_of(*smscs: SmscSettings, **more: Any) -> MemoryGateway:
    return MemoryGateway(*(smscs or (smsc("alpha"),)), **{"esme": (esme(),), **more})


def linked(gate: MemoryGateway, at: int = -1) -> End:
    """The end of a link that the SMSC has bound."""
    end = gate.smsc(at)
    (request,) = end.heard()
    end.answer(request, 0, b"smsc\0")
    return end


def bound(gate: MemoryGateway, system_id: bytes = b"acme") -> End:
    """The end of a session with an ESME."""
    end = gate.esme(bind(system_id=system_id))
    (resp,) = end.heard()
    assert resp.command_status == 0, hex(resp.command_status)
    return end


def reload(of: MemoryGateway, /, **parts: Any) -> Settings:
    """Let other tables be in the settings; gives the settings in force."""
    reloading = of.gateway.reload(evolve(of.gateway.settings, **parts))
    of.turn()
    (found,) = outcomes(reloading)
    assert isinstance(found, Settings)
    return found


def said(end: End) -> list[tuple[int, int]]:
    return [(frame.command_id, frame.command_status) for frame in end.heard()]


OTHER = (esme(), esme(system_id="other"))


def test_the_same_settings_change_nothing() -> None:
    gate = gate_of()
    link, end = linked(gate), bound(gate)
    with Log() as log:
        reload(gate)
        gate.reactor.advance(1.0)
    assert any("nothing has changed" in line for line in log.lines)
    assert (said(link), said(end)) == ([], [])
    assert len(gate.connections) == 1


def test_settings_that_cannot_be_in_force_change_nothing() -> None:
    """A new SMSC may not have the tag that another keeps until a restart."""
    gate = gate_of(smsc("alpha", tag="A"))
    linked(gate)
    wanted = (smsc("alpha", tag="B"), smsc("beta", tag="A"))
    reloading = gate.gateway.reload(evolve(gate.gateway.settings, smsc=wanted))
    gate.turn()
    assert outcomes(reloading)[0].check(SettingsError)
    assert [each.name for each in gate.router.smscs] == ["alpha"]
    assert gate.gateway.settings.smsc[0].tag == "A"


def test_what_needs_a_restart_is_told_and_the_rest_applied() -> None:
    gate = gate_of(smsc("alpha", tag="A"))
    with Log() as log:
        found = reload(gate, smsc=(smsc("alpha", tag="B", window=7),))
        gate.reactor.advance(1.0)
    assert (found.smsc[0].tag, found.smsc[0].window) == ("A", 7)
    assert gate.gateway.parts.smscs["alpha"].smsc.window == 7
    assert any("waits for a restart" in line and "tag" in line for line in log.lines)


# Accounts


def test_an_account_that_is_added_may_bind() -> None:
    gate = gate_of()
    linked(gate)
    end = gate.esme(bind(system_id=b"other"))
    (resp,) = end.heard()
    assert resp.command_status == 0x0F
    reload(gate, esme=OTHER)
    bound(gate, b"other")


def test_an_account_that_is_removed_is_unbound_when_its_requests_are_answered() -> None:
    gate = gate_of(esme=OTHER)
    link = linked(gate)
    gone, stays = bound(gate, b"other"), bound(gate)
    gone.ask(SUBMIT)
    (request,) = link.heard()
    reload(gate, esme=(esme(),))
    assert said(gone) == []
    link.answer(request, 0, b"id\0")
    assert said(gone)[:2] == [(CommandId.SUBMIT_SM_RESP, 0), (CommandId.UNBIND, 0)]
    assert said(stays) == []
    (resp,) = gate.esme(bind(system_id=b"other")).heard()
    assert resp.command_status == 0x0F


def test_an_account_that_is_removed_while_its_queue_closes_leaves_that_in_the_store() -> None:
    """It is told of then, and does not stay in memory for an account that is no more."""
    queued = esme(system_id="other", queue=True, address_ranges=("44*",))
    gate = gate_of(esme=(esme(), queued))
    link = linked(gate)
    link.ask(DeliverSm(source_addr=b"1", destination_addr=b"447700900123", short_message=b"x"))
    gate.turn()
    assert said(link) == [(CommandId.DELIVER_SM_RESP, 0)]
    reload(gate, esme=(esme(), evolve(queued, queue=False)))
    assert len(gate.router.queues) == 1
    reload(gate, esme=(esme(),))
    (orphans,) = outcomes(ensureDeferred(gate.router.queues.orphans()))
    assert (len(gate.router.queues), orphans[b"other"].count) == (0, 1)


def test_a_password_counts_from_the_next_bind_on() -> None:
    gate = gate_of()
    linked(gate)
    stays = bound(gate)
    reload(gate, esme=(esme(password="changed"),))
    assert said(stays) == []
    (resp,) = gate.esme(bind()).heard()
    assert resp.command_status == 0x0E


def test_a_window_that_is_lowered_cuts_nothing_and_takes_nothing_new() -> None:
    gate = gate_of()
    link, end = linked(gate), bound(gate)
    for number in range(1, 4):
        end.ask(SUBMIT, number)
    requests = link.heard()
    reload(gate, esme=(esme(window=2),))
    end.ask(SUBMIT, 4)
    assert said(end) == [(CommandId.SUBMIT_SM_RESP, 0x58)]
    for request in requests:
        link.answer(request, 0, b"id\0")
    assert said(end) == [(CommandId.SUBMIT_SM_RESP, 0)] * 3
    end.ask(SUBMIT, 5)
    assert len(link.heard()) == 1


def test_the_pool_of_an_account_changes_for_bound_sessions() -> None:
    two = (smsc("alpha"), smsc("beta"))
    pools = (PoolSettings("a", ("alpha",)), PoolSettings("b", ("beta",)))
    gate = gate_of(*two, pool=pools, esme=(esme(pool="a"),))
    alpha, beta = linked(gate, 0), linked(gate, 1)
    end = bound(gate)
    end.ask(SUBMIT)
    reload(gate, esme=(esme(pool="b"),))
    end.ask(SUBMIT, 2)
    assert (len(alpha.heard()), len(beta.heard())) == (1, 1)


# SMSCs


def test_an_smsc_that_is_added_gets_messages() -> None:
    gate = gate_of(smsc("alpha"))
    alpha, end = linked(gate), bound(gate)
    reload(
        gate,
        smsc=(smsc("alpha"), smsc("beta")),
        pool=(PoolSettings("default", ("alpha", "beta")),),
    )
    beta = linked(gate)
    for number in range(1, 5):
        end.ask(SUBMIT, number)
    assert (len(alpha.heard()), len(beta.heard())) == (2, 2)


def test_an_smsc_that_is_removed_answers_what_is_open_and_is_unbound_then() -> None:
    two = (smsc("alpha"), smsc("beta"))
    gate = gate_of(*two, esme=(esme(window=200),))
    alpha, beta = linked(gate, 0), linked(gate, 1)
    end = bound(gate)
    for number in range(1, 101):
        end.ask(SUBMIT, number)
    requests = beta.heard()
    assert len(requests) == 50
    alpha.heard()
    reload(gate, smsc=two[:1], pool=(PoolSettings("default", ("alpha",)),))
    end.ask(SUBMIT, 101)
    assert len(alpha.heard()) == 1
    for request in requests:
        beta.answer(request, 0, b"id\0")
    assert said(end)[-50:] == [(CommandId.SUBMIT_SM_RESP, 0)] * 50
    gate.reactor.advance(0.1)
    beta.unbound()
    gate.reactor.pump([0.1] * 10)
    assert [each.name for each in gate.router.smscs] == ["alpha"]


def test_links_are_bound_anew_one_after_the_other() -> None:
    gate = gate_of(smsc("alpha", sessions=2))
    first, second = linked(gate, 0), linked(gate, 1)
    reload(gate, smsc=(smsc("alpha", sessions=2, password="new"),))
    gate.reactor.advance(0.1)
    first.unbound()
    assert said(second) == []
    gate.reactor.pump([0.1] * 10)
    assert len(gate.connections) == 3
    assert said(second) == [], "the other link stays until the new one is bound"
    linked(gate, 2)
    gate.reactor.pump([0.1] * 3)
    second.unbound()
    gate.reactor.pump([0.1] * 10)
    assert len(gate.connections) == 4
    linked(gate, 3)
    assert len(gate.gateway.parts.smscs["alpha"].smsc.links) == 2


def test_more_and_fewer_links_come_and_go_at_once() -> None:
    gate = gate_of(smsc("alpha"))
    first = linked(gate, 0)
    reload(gate, smsc=(smsc("alpha", sessions=2),))
    second = linked(gate, 1)
    assert said(first) == []
    reload(gate, smsc=(smsc("alpha", sessions=1),))
    gate.reactor.advance(0.1)
    second.unbound()
    assert said(first) == []


def test_weight_window_and_timers_of_an_smsc_change_at_once() -> None:
    gate = gate_of(smsc("alpha"))
    link, end = linked(gate), bound(gate)
    reload(gate, smsc=(smsc("alpha", window=1, weight=5, response_timeout=2.0),))
    end.ask(SUBMIT, 1)
    end.ask(SUBMIT, 2)
    assert len(link.heard()) == 1
    gate.reactor.pump([0.5] * 5)
    assert said(end) == [(CommandId.SUBMIT_SM_RESP, 0x08)]
    gate.reactor.pump([0.5] * 4)
    assert len(link.heard()) == 1, "what waited has its place"
    (member,) = gate.router.pools["default"].members
    assert member.weight == 5


# Listeners and the rest


def test_listeners_come_and_go_and_sessions_stay() -> None:
    gate = gate_of()
    linked(gate)
    stays = bound(gate)
    reload(gate, listen=(ListenSettings(endpoint="tcp:2776"),))
    assert said(stays) == []
    assert [server[0] for server in gate.reactor.tcpServers][-1] == 2776
    assert len(gate.gateway.addresses()) == 1
    assert gate.gateway.esme_sessions()


@pytest.mark.parametrize("answer", ["reject", "ack"])
def test_what_the_gate_answers_by_itself_changes_at_once(answer: str) -> None:
    gate = gate_of()
    end = bound(gate)
    settings = evolve(gate.gateway.settings.gate, no_member_status=0x45, unmatched_receipts=answer)
    reload(gate, gate=settings)
    end.ask(SUBMIT)
    gate.reactor.advance(5.0)
    assert said(end) == [(CommandId.SUBMIT_SM_RESP, 0x45)]
    assert gate.router._options.acknowledges_unmatched is (answer == "ack")


def test_several_reloads_follow_one_another() -> None:
    gate = gate_of()
    settings = gate.gateway.settings
    first = gate.gateway.reload(evolve(settings, esme=OTHER))
    second = gate.gateway.reload(evolve(settings, esme=(esme(window=3),)))
    gate.turn()
    assert outcomes(first)
    assert outcomes(second)
    assert [each.window for each in gate.gateway.settings.esme] == [3]
    assert [each.system_id for each in gate.router.accounts] == ["acme"]


# Several at a time

ALPHA = (PoolSettings(name="default", members=("alpha",)),)


def test_a_link_that_is_drained_goes_whatever_is_reloaded_meanwhile() -> None:
    """The second reload breaks nothing off, and the link is not forgotten."""
    gate = gate_of(smsc("alpha", sessions=2))
    first, second, end = linked(gate, 0), linked(gate, 1), bound(gate)
    for number in (1, 2):
        end.ask(SUBMIT, number)
    (one,), (other,) = first.heard(), second.heard()
    reload(gate, smsc=(smsc("alpha", sessions=1),))
    reload(gate, smsc=(smsc("alpha", sessions=1, window=50),))
    second.answer(other, 0, b"id\0")
    gate.reactor.pump([0.1] * 3)
    second.unbound()
    first.answer(one, 0, b"id\0")
    assert len(gate.gateway.parts.smscs["alpha"].smsc.bound) == 1


def test_links_whose_settings_did_not_work_come_first() -> None:
    """The other link stays up until the one that was down is bound."""
    gate = gate_of(smsc("alpha", sessions=2))
    first, second = linked(gate, 0), linked(gate, 1)
    reload(gate, smsc=(smsc("alpha", sessions=2, password="wrong"),))
    gate.reactor.advance(0.1)
    first.unbound()
    gate.reactor.pump([0.1] * 3)
    reload(gate, smsc=(smsc("alpha", sessions=2, password="right"),))
    gate.reactor.pump([0.1] * 3)
    assert said(second) == []
    linked(gate)
    gate.reactor.pump([0.1] * 3)
    second.unbound()


def test_an_smsc_that_returns_while_it_is_drained_has_new_links() -> None:
    gate = gate_of(smsc("alpha"), smsc("beta"))
    alpha, beta, end = linked(gate, 0), linked(gate, 1), bound(gate)
    for number in (1, 2):
        end.ask(SUBMIT, number)
    (request,) = beta.heard()
    alpha.heard()
    reload(gate, smsc=(smsc("alpha"),), pool=ALPHA)
    reload(gate, smsc=(smsc("alpha"), smsc("beta")), pool=ALPHA)
    gate.reactor.pump([0.1] * 2)
    unbind, bind_ = beta.heard(), linked(gate)
    assert [each.command_id for each in unbind] == [CommandId.UNBIND]
    beta.answer(request, 0, b"id\0")
    beta.answer(unbind[0])
    gate.reactor.pump([0.1] * 3)
    assert beta.is_closed()
    assert not bind_.is_closed()
    assert not gate.gateway.parts.leaving
    assert [each.name for each in gate.router.smscs] == ["alpha", "beta"]


def test_an_smsc_that_is_removed_is_listened_for_no_more() -> None:
    """Where it sent its outbinds another may send them, by the same reload."""
    gate = gate_of(smsc("alpha"), smsc("beta", outbind_listen="tcp:4000"))
    linked(gate, 0)
    gone = (smsc("alpha"), smsc("gamma", outbind_listen="tcp:4000"))
    reload(gate, smsc=gone, pool=ALPHA)
    gate.reactor.pump([0.1] * 3)
    services = gate.gateway.parts.listeners.all()
    assert [each.description for each in services] == ["tcp:2775", "tcp:4000"]
    assert list(gate.gateway.parts.linking) == list(gate.gateway.parts.smscs.values())


def test_a_pool_that_is_removed_gives_up_its_seats() -> None:
    pools = (
        PoolSettings(name="main", members=("alpha",)),
        PoolSettings(name="other", members=("alpha",)),
    )
    gate = gate_of(smsc("alpha"), pool=pools)
    reload(gate, pool=pools[:1])
    assert len(gate.gateway.parts.smscs["alpha"].smsc.members) == 1


def test_a_bind_is_refused_whose_account_is_removed_while_an_smsc_judges_it() -> None:
    gate = gate_of(smsc("alpha"), esme=(memory_gateway.esme(), esme(system_id="other")))
    linked(gate)
    end = gate.esme(bind())
    link = gate.smsc()
    (request,) = link.heard()
    reload(gate, esme=(esme(system_id="other"),))
    link.answer(request, 0, b"smsc\0")
    assert [status for _, status in said(end)] != [0]
    gate.reactor.pump([0.1] * 20)
    assert link.is_closed()
