"""Sessions with outbind, and binds passed through, are among the ``sessions_total`` of an SMSC."""

from __future__ import annotations

from typing import Any

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twisted.internet.defer import Deferred, ensureDeferred

from smppgate.gate.sessions.session_slots import NoSlot, SessionSlots
from smppgate.settings import EsmeSettings, PoolSettings
from smppgate.store import StoreError
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.pdu import Outbind, Unbind
from tests.fakes import outcomes
from tests.gate.memory_gateway import End, Log, MemoryGateway, bind, esme, smsc
from tests.gate.sessions.test_link_slots import Provider, SlotStore
from tests.txsmpp.pairs import numbered

OUTBIND = numbered(Outbind(), 3)


class Site:
    """A gate with an SMSC that sends outbind, and that judges binds."""

    def __init__(self, provider: Provider | None = None, total: int = 1, **settings: Any) -> None:
        self.provider = provider or Provider()
        self.store = SlotStore(self.provider)
        alpha = smsc(sessions_total=total, outbind_listen="tcp:2776", **settings)
        plain = EsmeSettings(system_id="plain", password="secret")
        self.gate = MemoryGateway(alpha, esme=(esme(), plain), kept=self.store)

    @property
    def slots(self) -> SessionSlots:
        """Those of the sessions that no link keeps up."""
        found: SessionSlots = self.gate.gateway.parts.smscs["alpha"].session_slots
        return found

    def change(self, **settings: Any) -> None:
        """Reload with other settings of the SMSC."""
        of = self.gate.gateway
        of.reload(evolve(of.settings, smsc=(evolve(of.settings.smsc[0], **settings),)))
        self.gate.turn()

    def attached(self) -> End:
        """A session with outbind."""
        end = self.gate.outbind(OUTBIND)
        (request,) = end.heard()
        assert request.command_id == CommandId.BIND_RECEIVER
        end.answer(request, 0, b"smsc\0")
        return end


# With outbind


def test_a_session_with_outbind_has_a_slot_until_its_connection_is_closed() -> None:
    site = Site()
    idle = site.gate.outbind()
    assert site.provider.taken == 0
    end = site.attached()
    assert (site.provider.taken, len(site.slots)) == (1, 1)
    end.ask(Unbind(), 5)
    assert end.is_closed()
    end.transport.lose()
    idle.transport.lose()
    assert (site.provider.taken, len(site.slots)) == (0, 0)
    site.attached()
    assert site.provider.taken == 1


def test_an_outbind_beyond_the_total_is_not_bound_and_told_in_summary() -> None:
    site = Site()
    first = site.attached()
    with Log() as log:
        for _ in range(3):
            late = site.gate.outbind(OUTBIND)
            assert late.heard() == []
            assert late.is_closed()
            late.transport.lose()
        site.gate.reactor.advance(70.0)
    told = [line for line in log.lines if "all sessions_total = 1 are in use" in line]
    assert told[0].startswith("SG-1103 outbind of SMSC alpha outbind from")
    # The other two in one line, and no other line about what is no surprise.
    assert sum("2 more refused" in line for line in told) == 1
    assert not any("without a bind" in line for line in log.lines)
    assert site.gate.router.events.connections_refused == 3
    assert not first.is_closed()
    assert site.provider.taken == 1


def test_an_outbind_without_an_answer_of_the_store_is_not_bound() -> None:
    site = Site()
    site.provider.fault = StoreError("Redis does not answer")
    with Log() as log:
        end = site.gate.outbind(OUTBIND)
    assert end.is_closed()
    assert any("whether it may bind: Redis does not answer" in line for line in log.lines)
    end.transport.lose()
    site.provider.fault = None
    site.attached()


def test_what_is_given_to_an_outbind_that_has_gone_is_given_back() -> None:
    provider = Provider()
    provider.waiting = []
    site = Site(provider)
    end = site.gate.outbind(OUTBIND)
    assert end.heard() == []
    end.transport.lose()
    provider.waiting[0].callback(None)
    assert (provider.taken, len(site.slots)) == (0, 0)


def test_links_and_sessions_with_outbind_share_the_slots() -> None:
    site = Site(sessions=1, total=2)
    assert site.provider.taken == 1
    site.attached()
    assert site.gate.outbind(OUTBIND).is_closed()


def test_without_a_total_no_session_has_a_slot() -> None:
    site = Site(total=0)
    site.attached()
    site.attached()
    assert (site.provider.taken, len(site.slots)) == (0, 0)


def test_sessions_that_are_there_are_counted_from_a_reload_on() -> None:
    site = Site(total=0)
    ends = [site.attached() for _ in range(3)]
    site.change(sessions_total=2)
    # Two have one, the third stays: no session is cut for it.
    assert (site.provider.taken, len(site.slots)) == (2, 2)
    assert not any(end.is_closed() for end in ends)
    assert site.gate.outbind(OUTBIND).is_closed()
    site.change(sessions_total=0)
    assert site.provider.taken == 0
    for end in ends:
        end.transport.lose()
    assert (site.provider.taken, len(site.slots)) == (0, 0)


# Passed through


def test_a_session_of_a_bind_passed_through_has_a_slot_until_it_is_closed() -> None:
    site = Site()
    end, link = site.gate.joined()
    assert site.provider.taken == 1
    end.transport.lose()
    assert site.provider.taken == 1
    link.unbound()
    link.transport.lose()
    assert (site.provider.taken, len(site.slots)) == (0, 0)


def test_a_bind_beyond_the_total_is_refused_without_the_smsc() -> None:
    """As an SMSC does that is bound as often as it allows."""
    site = Site()
    site.gate.joined()
    with Log() as log:
        end = site.gate.esme(bind(number=9))
    (answer,) = end.heard()
    assert answer[:3] == (CommandId.BIND_TRANSCEIVER_RESP, 0x0D, 9)
    assert end.is_closed()
    assert len(site.gate.connections) == 1
    assert any("SMSC alpha: all sessions_total = 1 are in use" in line for line in log.lines)
    assert not any("gave no answer" in line for line in log.lines)


def test_a_bind_beyond_the_total_goes_to_another_smsc_of_the_pool() -> None:
    pool = PoolSettings(name="both", members=("alpha", "beta"))
    gate = MemoryGateway(
        smsc("alpha", sessions_total=1),
        smsc("beta"),
        pool=(pool,),
        esme=(esme(pool="both"),),
        kept=SlotStore(Provider()),
    )
    for _ in range(3):
        gate.joined()
    assert sorted(gate.connections) == [3097, 3098, 3098]


def test_a_bind_that_its_smsc_refuses_or_does_not_reach_gives_its_slot_back() -> None:
    site = Site()
    for _ in range(2):
        end = site.gate.esme(bind())
        site.gate.refuse()
        (answer,) = end.heard()
        assert answer.command_status == 0x0D
        assert site.provider.taken == 0
    end, link = site.gate.esme(bind()), site.gate.smsc()
    (request,) = link.heard()
    link.answer(request, 0x05)
    link.transport.lose()
    assert site.provider.taken == 0


def test_a_bind_whose_esme_has_gone_gives_back_what_it_is_given() -> None:
    provider = Provider()
    provider.waiting = []
    site = Site(provider)
    end = site.gate.esme(bind())
    assert site.gate.connections == []
    end.transport.lose()
    site.gate.turn()
    provider.waiting[0].callback(None)
    assert (provider.taken, len(site.slots)) == (0, 0)
    assert site.gate.connections == []


# Whatever happens


class Sessions(RuleBasedStateMachine):
    """Sessions of two processes, limits that change, and a store that answers late."""

    def __init__(self) -> None:
        super().__init__()
        self.provider = Provider()
        self.limit = 2
        self.stores = [SlotStore(self.provider) for _ in range(2)]
        self.slots = [SessionSlots(store, "alpha", self.limit) for store in self.stores]
        self.open: list[tuple[int, object]] = []
        self.asking: list[tuple[int, object, Deferred[Any], list[Any]]] = []

    @rule(at=st.integers(0, 1))
    def take(self, at: int) -> None:
        session = object()
        asking = ensureDeferred(self.slots[at].take(session))
        self.asking.append((at, session, asking, outcomes(asking)))
        self.settle()

    @rule()
    def answers_come_late(self) -> None:
        if self.provider.waiting is None:
            self.provider.waiting = []

    @rule()
    def answers_come(self) -> None:
        waiting, self.provider.waiting = self.provider.waiting or [], None
        for each in waiting:
            each.callback(None)
        self.settle()

    @rule(at=st.integers(0, 9), cancels=st.booleans())
    def end(self, at: int, cancels: bool) -> None:
        if self.asking and cancels:
            where, session, asking, _ = self.asking.pop(at % len(self.asking))
            asking.cancel()
            self.slots[where].give(session)
        elif self.open:
            where, session = self.open.pop(at % len(self.open))
            self.slots[where].give(session)

    @rule(limit=st.integers(0, 3))
    def change(self, limit: int) -> None:
        self.limit = limit
        for slots in self.slots:
            slots.change(limit)

    def settle(self) -> None:
        for each in list(self.asking):
            where, session, _, seen = each
            if seen:
                self.asking.remove(each)
                if seen[0] is None:
                    self.open.append((where, session))
                else:
                    assert seen[0].check(NoSlot)
                    self.slots[where].give(session)

    @invariant()
    def none_is_lost_and_none_doubled(self) -> None:
        held = sum(len(each) for each in self.slots)
        assert self.provider.taken == sum(store.held for store in self.stores)
        assert held <= self.provider.taken
        if self.provider.waiting is None:
            assert held == self.provider.taken
        assert held <= len(self.open) + len(self.asking)

    def teardown(self) -> None:
        self.answers_come()
        for where, session in self.open:
            self.slots[where].give(session)
        assert self.provider.taken == 0


TestSessions = Sessions.TestCase
