"""A gate whose places and rates are also those of another process: what it asks for, and when."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from twisted.internet.task import Clock

from smppgate.settings import EsmeSettings, GateSettings
from smppgate.store import Limits
from smppgate.store.interface import WHOLE
from smppgate.txsmpp.pdu import SubmitSm
from tests.gate.memory_gateway import End, MemoryGateway, bind, smsc
from tests.shared_store import Master, SharedStore
from tests.txsmpp.pairs import numbered

ACME = EsmeSettings(
    system_id="acme", password="secret", max_binds=2, rate=20, burst=20, over_rate="reject"
)


class Shared:
    """A gate, and beside it another process that is nothing but its wishes."""

    def __init__(self, *esme: EsmeSettings, **of_smsc: Any) -> None:
        self.master = Master(lambda delay, call: call(), lambda: 0.0)
        self.parts: dict[str, int] = {}
        self.master.places.join("other", lambda account: None)
        self.master.shares.join("other", self.parts.update)
        self.gate = MemoryGateway(
            smsc(sessions=1, **of_smsc),
            esme=esme or (ACME,),
            gate=GateSettings(accept_binds_without_smsc=True, stale_bind_timeout=0),
            kept=SharedStore(Clock(), Limits(), self.master),
        )
        self.link = self.gate.smsc(0)
        (request,) = self.link.heard()
        self.link.answer(request, 0, b"smsc\0")
        self.gate.reactor.advance(0.1)

    @property
    def names(self) -> list[str]:
        """The limits that any process uses."""
        return sorted(self.master.shares._limits)

    @property
    def account(self) -> Any:
        """That of the ESME."""
        return self.gate.router.accounts.configured(b"acme")

    def esme(self) -> End:
        """It is bound, and its part of the rate is told."""
        end = self.gate.esme(bind())
        (resp,) = end.heard()
        assert resp.command_status == 0
        self.gate.reactor.advance(0.1)
        return end

    def reload(self, **changes: Any) -> None:
        """Other settings hold."""
        gateway = self.gate.gateway
        reloading = gateway.reload(evolve(gateway.settings, **changes))
        self.gate.turn()
        reloading.addErrback(pytest.fail)
        assert reloading.called


def submits(count: int) -> bytes:
    """So many messages."""
    pdu = SubmitSm(destination_addr=b"1", short_message=b"hi")
    return b"".join(numbered(pdu, number) for number in range(1, count + 1))


def test_an_account_has_a_part_of_its_rate_while_a_session_is_bound() -> None:
    """What another process has is not there."""
    shared = Shared()
    assert shared.names == []
    esme = shared.esme()
    assert shared.names == ["account acme"]
    assert shared.account.limit.part > 0.95
    shared.master.shares.lease("other", {"account acme": WHOLE // 10})
    assert shared.account.limit.part == pytest.approx(0.44, abs=0.01)
    shared.gate.reactor.advance(2.0)
    esme.send(submits(30))
    # So much of the burst of twenty.
    assert len(shared.link.heard()) == 8
    assert [each.command_status for each in esme.heard()] == [0x58] * 22
    esme.transport.lose()
    shared.gate.turn()
    shared.master.shares.lease("other", {"account acme": 0})
    assert shared.names == []


def test_a_reload_gives_an_account_a_rate_and_takes_it() -> None:
    """Which is divided from then on; one for each session is not."""
    shared = Shared(evolve(ACME, rate=0.0, burst=0.0))
    shared.esme()
    assert (shared.names, shared.account.limit.part) == ([], 1.0)
    shared.reload(esme=(ACME,))
    assert 0.9 < shared.account.limit.part < 1.0, "what others leave, in the same turn"
    assert shared.names == ["account acme"]
    shared.reload(esme=(evolve(ACME, rate=0.0, session_rate=5.0),))
    assert shared.names == []


def test_an_smsc_has_a_part_of_its_rate_while_it_has_one() -> None:
    """From its beginning on, through reloads, until it is removed."""
    shared = Shared(rate=10)
    overall = shared.gate.gateway.parts.smscs["alpha"].smsc.limits.overall
    assert shared.names == ["smsc alpha"]
    assert overall.part > 0.95
    (settings,) = shared.gate.gateway.settings.smsc
    shared.reload(smsc=(evolve(settings, rate=50.0),))
    assert overall.part > 0.95
    shared.reload(smsc=(evolve(settings, rate=0.0),))
    assert shared.names == []
    shared.reload(smsc=(settings,))
    shared.gate.reactor.advance(0.1)
    assert shared.names == ["smsc alpha"]


def test_what_waits_for_a_token_goes_on_when_the_part_has_grown() -> None:
    """A tenth of a second later at the most."""
    shared = Shared(evolve(ACME, over_rate="delay", rate=10, burst=1))
    esme = shared.esme()
    shared.master.shares.lease("other", {"account acme": WHOLE})
    for _ in range(20):
        # It is idle, and the other takes all.
        shared.gate.reactor.advance(0.1)
    assert shared.account.limit.part < 0.01
    esme.send(submits(2))
    assert len(shared.link.heard()) == 1
    shared.master.shares.gone("other")
    for _ in range(4):
        shared.gate.reactor.advance(0.1)
    assert len(shared.link.heard()) == 1


def test_a_limit_of_sessions_that_is_raised_holds_for_the_next_bind() -> None:
    """Over all processes; one that is lowered ends no session."""
    shared = Shared()
    for _ in range(2):
        shared.esme()
    assert not shared.master.places.admit("other", b"acme", 2)
    shared.reload(esme=(evolve(ACME, max_binds=3),))
    shared.esme()
    shared.reload(esme=(evolve(ACME, max_binds=1),))
    assert len(shared.account.sessions) == len(shared.master.places) == 3
    (refused,) = shared.gate.esme(bind()).heard()
    assert refused.command_status == 0x0D


@pytest.mark.parametrize("how", ["removed", "stopped"])
def test_nothing_is_left(how: str) -> None:
    """Of an account that a reload removes, or a gate that stops: no place, no part, no timer."""
    shared = Shared(ACME, evolve(ACME, system_id="bolt"))
    esme = shared.esme()
    if how == "removed":
        shared.reload(esme=(evolve(ACME, system_id="bolt"),))
    else:
        shared.gate.gateway.stopService()
        shared.gate.turn()
    esme.unbound()
    esme.transport.lose()
    shared.gate.turn()
    assert (len(shared.master.places), shared.names) == (0, [])


def test_names_of_the_wildcard_have_places_and_rates_of_their_own() -> None:
    """And are forgotten with their last session."""
    shared = Shared(EsmeSettings(system_id="*", auth="smsc", max_binds=1, rate=20))
    ends = [shared.gate.joined(bind(system_id=name))[0] for name in (b"one", b"two")]
    (refused,) = shared.gate.esme(bind(system_id=b"two")).heard()
    assert refused.command_status == 0x0D
    shared.gate.reactor.advance(0.1)
    assert shared.names == ["account one", "account two"]
    for end in ends:
        end.transport.lose()
    shared.gate.turn()
    assert (len(shared.master.places), shared.names) == (0, [])
