"""Links to an SMSC that allows so many in all: those beyond wait until another has gone."""

from __future__ import annotations

from typing import Any

from attrs import evolve
from twisted.internet.defer import Deferred, fail, succeed

from smppgate.gate.sessions.link_slots import KEPT, LONGEST
from smppgate.settings import EsmeSettings
from smppgate.store import Limits, MemoryStore, StoreError
from smppgate.txsmpp.constants import CommandId
from tests.gate.memory_gateway import End, Log, MemoryGateway, smsc
from tests.store.fakes import BEGUN, clock_at

UNBIND = CommandId.UNBIND


class Provider:
    """What other processes have of the slots of an SMSC, and how the store fails."""

    def __init__(self) -> None:
        self.taken = 0
        self.fault: Exception | None = None
        self.waiting: list[Deferred[Any]] | None = None


class SlotStore(MemoryStore):
    """One process's store, which shares slots with others."""

    def __init__(self, provider: Provider) -> None:
        super().__init__(clock_at(BEGUN), Limits())
        self._provider = provider
        self.held = 0

    def take_slot(self, smsc: str, limit: int) -> Deferred[bool]:
        if self._provider.fault is not None:
            return fail(self._provider.fault)
        has_slot = self._provider.taken < limit
        self._provider.taken += has_slot
        self.held += has_slot
        if self._provider.waiting is None:
            return succeed(has_slot)
        answer: Deferred[bool] = Deferred()
        self._provider.waiting.append(answer)
        return answer.addCallback(lambda _: has_slot)

    def give_slot(self, smsc: str) -> None:
        assert self.held > 0
        self.held -= 1
        self._provider.taken -= 1


class Site:
    """A gate with links to one SMSC."""

    def __init__(self, provider: Provider | None = None, **settings: Any) -> None:
        self.provider = provider or Provider()
        self.store = SlotStore(self.provider)
        self.gate = MemoryGateway(
            smsc("alpha", enquire_link=0.0, **settings),
            esme=(EsmeSettings(system_id="acme", password="secret"),),
            kept=self.store,
        )
        self.ends: list[End] = []

    @property
    def tried(self) -> int:
        """Connections that the gate has begun."""
        return len(self.gate.connections)

    @property
    def errors(self) -> list[str]:
        """Why links are not bound, as the state has it."""
        (smsc,) = self.gate.gateway.state().smscs
        return [link.last_error for link in smsc.links]

    @property
    def conditions(self) -> list[str]:
        """What links do, as the state has it."""
        (smsc,) = self.gate.gateway.state().smscs
        return [link.condition for link in smsc.links]

    def bind(self, at: int = -1, status: int = 0) -> End:
        """The SMSC answers the bind of a connection."""
        end = self.gate.smsc(at)
        (request,) = end.heard()
        end.answer(request, status, b"smsc\0" if not status else b"")
        self.ends.append(end)
        return end

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(round(seconds * 4)):
            self.gate.reactor.advance(0.25)
            self.gate.turn()


def change(site: Site, **settings: Any) -> None:
    """Reload with other settings of the SMSC."""
    of = site.gate.gateway
    (alpha,) = of.settings.smsc
    of.reload(evolve(of.settings, smsc=(evolve(alpha, **settings),)))
    site.gate.turn()


def test_without_a_total_nothing_is_counted() -> None:
    site = Site(sessions=3)
    assert (site.tried, site.store.held) == (3, 0)


def test_no_more_links_connect_than_there_are_in_all() -> None:
    with Log() as log:
        site = Site(sessions=4, sessions_total=3)
        assert (site.tried, site.store.held) == (3, 3)
        for at in range(3):
            site.bind(at)
        site.wait(60.0)
    assert site.tried == 3
    assert site.errors == ["", "", "", "all sessions_total = 3 are in use"]
    assert site.conditions == ["bound", "bound", "bound", "waiting"]
    assert sum("alpha transceiver 4 waits" in line for line in log.lines) == 1


def test_a_link_that_waits_comes_when_another_process_has_ended() -> None:
    provider = Provider()
    provider.taken = 1
    site = Site(provider, sessions=1, sessions_total=1)
    assert site.tried == 0
    site.wait(20.0)
    provider.taken = 0
    site.wait(LONGEST + 0.5)
    assert (site.tried, site.store.held) == (1, 1)


def test_a_link_that_is_lost_keeps_its_slot_for_a_while() -> None:
    site = Site(sessions=1, sessions_total=1, reconnect_min=1.0, reconnect_max=1.0)
    end = site.bind()
    end.transport.lose()
    site.wait(2.0)
    assert (site.tried, site.store.held) == (2, 1)
    for _ in range(5):
        site.gate.refuse()
        site.wait(2.0)
    assert site.store.held == 1
    # Bound in time: its time begins anew with the next loss.
    end = site.bind()
    site.wait(KEPT + 5.0)
    assert site.store.held == 1
    end.transport.lose()
    site.wait(KEPT - 2.0)
    assert site.store.held == 1


def test_a_link_that_does_not_come_back_gives_its_slot_to_others() -> None:
    provider = Provider()
    site = Site(provider, sessions=1, sessions_total=1, reconnect_min=5.0, reconnect_max=5.0)
    tries = 0
    for _ in range(round(KEPT) + 20):
        site.wait(1.0)
        if site.tried > tries:
            site.gate.refuse()
            tries = site.tried
        if not site.store.held:
            break
    assert site.store.held == 0
    provider.taken = 1
    site.wait(60.0)
    assert site.tried == tries
    assert site.errors == ["all sessions_total = 1 are in use"]


def test_a_slot_whose_time_is_over_is_kept_until_the_try_has_ended() -> None:
    site = Site(sessions=1, sessions_total=1)
    site.wait(KEPT - 1.0)
    end = site.gate.smsc()
    end.heard()
    site.wait(2.0)
    assert site.store.held == 1
    end.transport.lose()
    site.gate.turn()
    assert site.store.held == 0


def test_links_wait_where_the_store_does_not_answer_and_those_that_are_bound_go_on() -> None:
    site = Site(sessions=2, sessions_total=2)
    end = site.bind(0)
    site.bind(1)
    site.provider.fault = StoreError("Redis does not answer")
    site.wait(60.0)
    assert not end.is_closed()
    waiting = Site(site.provider, sessions=1, sessions_total=9)
    assert waiting.tried == 0
    assert waiting.errors == ["it cannot be found out whether it may bind: Redis does not answer"]
    site.provider.fault = None
    waiting.wait(LONGEST + 0.5)
    assert (waiting.tried, waiting.conditions) == (1, ["connecting"])


def test_a_link_tries_again_after_a_mistake_of_the_store() -> None:
    """It is told of as a connection that fails."""
    provider = Provider()
    provider.fault = ValueError("a mistake of ours")
    site = Site(provider, sessions=1, sessions_total=1, reconnect_min=1.0, reconnect_max=1.0)
    assert site.tried == 0
    assert "a mistake of ours" in site.errors[0]
    provider.fault = None
    site.wait(2.0)
    assert (site.tried, site.store.held) == (1, 1)


def test_a_pair_has_one_slot() -> None:
    site = Site(sessions=2, sessions_total=1, bind="transmitter+receiver")
    assert (site.tried, site.store.held) == (2, 1)
    for at in range(2):
        site.bind(at)
    site.ends[0].transport.lose()
    site.wait(2 * KEPT)
    assert site.store.held == 1


def test_with_a_lower_total_links_beyond_it_are_unbound_one_by_one() -> None:
    site = Site(sessions=3, sessions_total=3)
    ends = [site.bind(at) for at in range(3)]
    change(site, sessions_total=2)
    for _ in range(30):
        for end in ends:
            if not end.is_closed() and any(it.command_id == UNBIND for it in end.heard()):
                end.transport.lose()
        site.wait(1.0)
        while site.tried > len(ends):
            ends.append(site.bind(len(ends)))
    assert site.provider.taken == 2
    assert sum(not end.is_closed() for end in ends) == 2


def test_with_a_higher_total_no_link_is_unbound_and_more_come() -> None:
    site = Site(sessions=3, sessions_total=2)
    ends = [site.bind(at) for at in range(2)]
    change(site, sessions_total=3)
    site.wait(LONGEST + 0.5)
    assert (site.tried, site.store.held) == (3, 3)
    site.bind(2)
    change(site, sessions_total=0)
    site.wait(5.0)
    assert (site.tried, site.store.held) == (3, 0)
    assert not any(end.is_closed() or end.heard() for end in ends)


def test_a_link_that_waited_and_is_no_more_leaves_no_reason_behind() -> None:
    """Another link of its number does not wait before it has asked."""
    site = Site(sessions=2, sessions_total=1)
    site.bind(0)
    change(site, sessions=1)
    site.wait(1.0)
    (alpha,) = site.gate.gateway.parts.smscs.values()
    assert alpha._slots[2].why == ""
    site.provider.waiting = []
    change(site, sessions=2)
    assert site.conditions == ["bound", "connecting"]


def test_a_link_without_a_total_any_more_connects_whatever_is_answered_to_it() -> None:
    """It asked while there was one."""
    provider = Provider()
    provider.taken, provider.waiting = 1, []
    site = Site(provider, sessions=1, sessions_total=1)
    change(site, sessions_total=0)
    with Log() as log:
        provider.waiting[0].callback(None)
        site.gate.turn()
    assert (site.tried, site.conditions, site.errors) == (1, ["connecting"], [""])
    assert not any("in use" in line for line in log.lines)


def test_slots_are_given_back_at_the_stop() -> None:
    site = Site(sessions=2, sessions_total=1)
    end = site.bind(0)
    site.gate.gateway.stopService()
    site.gate.turn()
    end.unbound()
    site.wait(1.0)
    assert site.provider.taken == 0


def test_a_slot_that_comes_after_the_stop_is_given_back() -> None:
    provider = Provider()
    provider.waiting = []
    site = Site(provider, sessions=1, sessions_total=1)
    site.gate.gateway.stopService()
    site.wait(1.0)
    assert provider.taken == 1
    provider.waiting[0].callback(None)
    assert provider.taken == 0
