"""What a listener allows an address, and a guesser, holds over all workers as in one process."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address
from twisted.internet.testing import MemoryReactorClock

from smppgate.gate.seat import ALONE, Seat
from smppgate.gate.sessions.proxy_header import ProxyHeaderFactory
from smppgate.settings import EsmeSettings, GateSettings, ListenSettings
from smppgate.txsmpp.clock import Clock
from smppgate.workers.shared_strangers import SharedStrangers
from smppgate.workers.strangers import AllKnown
from tests.gate.memory_gateway import End, Log, MemoryGateway, bind
from tests.workers.pair import Ends

HERE, THERE = "192.0.2.7", "192.0.2.8"
HOSTS = (HERE, THERE, "2001:db8::1")

WRONG, LATER = 0x0E, 0x0D


class Site:
    """A master and ``count`` workers; one gate without a master where that is 1."""

    def __init__(self, count: int = 2, gate: GateSettings | None = None, **limits: Any) -> None:
        self.settings = gate or GateSettings()
        self.limits = {"bind_rate": 0, **limits}
        self.reactor: Any = MemoryReactorClock()
        self.known = AllKnown(Clock.of(self.reactor), self.settings.bind_delay)
        self.count = count
        self.ends: list[Ends] = []
        self.gates = [self.made(number) for number in range(count)]

    def made(self, number: int) -> MemoryGateway:
        """Worker ``number``, counted from 0."""
        return MemoryGateway(
            listen=(ListenSettings(endpoint="tcp:2775", **self.limits),),
            esme=(EsmeSettings(system_id="acme", password="secret", max_binds=1000),),
            gate=self.settings,
            seat=self.seat(number) if self.count > 1 else ALONE,
        )

    def seat(self, number: int) -> Seat:
        strangers = SharedStrangers(self.settings.bind_delay)
        self.ends.append(Ends([self.known.responders()], [strangers], self.reactor))
        return Seat(number, self.count, strangers=strangers)

    def turn(self) -> None:
        """What is under way arrives, there and back."""
        for _ in range(3):
            for gate in self.gates:
                gate.turn()
            for ends in self.ends:
                ends.turn()

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            for each in (self.reactor, *(gate.reactor for gate in self.gates)):
                each.advance(0.1)
            self.turn()

    def connect(self, at: int, host: str = HERE, octets: bytes = b"") -> End:
        """A connection to a worker; what is sent comes before the master has said anything."""
        gate, kind = self.gates[at % self.count], "TCP"
        factory: Any = gate.reactor.tcpServers[0][1]
        address = IPv4Address(kind, host, 4000)
        end = End(gate, factory.buildProtocol(address))
        end.transport.peerAddr = address
        if octets:
            end.send(octets)
        self.turn()
        return end

    def proxied(self, at: int, host: str, octets: bytes = b"") -> End:
        """A connection by a balancer."""
        gate = self.gates[at]
        factory: Any = gate.reactor.tcpServers[0][1]
        balancer = IPv4Address("TCP", "10.0.0.1", 4000)
        end = End(gate, ProxyHeaderFactory(factory).buildProtocol(balancer))
        end.send(b"PROXY TCP4 %b 10.0.0.1 4000 2775\r\n" % host.encode() + octets)
        self.turn()
        return end

    def lose(self, end: End) -> None:
        end.transport.lose()
        self.turn()

    def fail(self, at: int, host: str = HERE) -> None:
        """A bind with a wrong password, which is answered."""
        end = self.connect(at, host, bind(b"wrong"))
        while not (told := statuses(end)):
            self.wait(0.1)
        assert told == [WRONG]
        self.lose(end)

    def refused(self) -> int:
        """Connections that the workers show as cut."""
        return sum(gate.gateway.state().listeners[0].refused for gate in self.gates)


def statuses(end: End) -> list[int]:
    return [frame.command_status for frame in end.heard()]


# Addresses


def test_connections_of_one_address_are_limited_over_all_workers() -> None:
    site = Site(max_per_address=3)
    with Log() as log:
        ends = [site.connect(at) for at in (0, 0, 1)]
        assert not any(end.is_closed() for end in ends)
        late = [site.connect(at) for at in (0, 1)]
        assert all(end.is_closed() for end in late)
        assert not site.connect(1, THERE).is_closed()
        site.wait(2.0)
    told = [line for line in log.lines if "3 connections from its address are open" in line]
    assert told[0] == f"SG-2002 connection from {HERE}:4000 closed: " + (
        "3 connections from its address are open"
    )
    assert not any("without a bind" in line for line in log.lines)
    assert site.refused() == 2
    assert sum(gate.router.events.connections_refused for gate in site.gates) == 2
    for end in (*late, ends[0]):
        site.lose(end)
    assert not site.connect(1).is_closed()
    assert site.connect(0).is_closed()


def test_a_bind_on_a_connection_that_is_one_too_many_is_not_accepted() -> None:
    """It comes before the worker knows, and has no answer, as where one process cuts it."""
    site = Site(max_per_address=1)
    assert statuses(site.connect(0, HERE, bind())) == [0]
    end = site.connect(1, HERE, bind())
    assert end.is_closed()
    assert statuses(end) == []
    assert sum(gate.router.statistics().esme_sessions for gate in site.gates) == 1


def test_behind_a_balancer_the_address_in_the_header_counts() -> None:
    site = Site(max_per_address=1)
    assert statuses(site.proxied(0, HERE, bind())) == [0]
    assert site.proxied(1, HERE, bind()).is_closed()
    assert statuses(site.proxied(1, THERE, bind())) == [0]
    assert site.refused() == 1


def test_what_a_worker_had_is_free_when_it_has_ended() -> None:
    site = Site(max_per_address=2)
    for _ in range(2):
        site.connect(0, HERE, bind())
    assert site.connect(1).is_closed()
    site.ends[0].transport.lose()
    site.turn()
    assert site.known.connections("tcp:2775", HERE) == 0
    assert len(site.known.guesses._bound) == 0
    assert not site.connect(1).is_closed()


def test_without_a_limit_nothing_is_counted() -> None:
    site = Site(max_per_address=0)
    for at in range(4):
        assert not site.connect(at).is_closed()
    assert len(site.known.addresses) == 0


def test_an_address_whose_place_comes_too_late_gives_it_back() -> None:
    site = Site(max_per_address=1)
    gate = site.gates[0]
    address = IPv4Address("TCP", HERE, 4000)
    end = End(gate, gate.reactor.tcpServers[0][1].buildProtocol(address))
    end.transport.lose()
    site.turn()
    assert site.known.connections("tcp:2775", HERE) == 0
    assert not site.connect(1).is_closed()


# Guesses


def test_a_guesser_waits_whichever_workers_he_comes_to() -> None:
    site = Site()
    for at in (0, 1, 0, 1):
        site.fail(at)
    with Log() as log:
        end = site.connect(0, HERE, bind())
        assert statuses(end) == []
        # From elsewhere the account is bound at once.
        assert statuses(site.connect(1, THERE, bind())) == [0]
        site.wait(0.8)
        assert statuses(end) == []
        site.wait(0.3)
        assert statuses(end) == [0]
    assert any(
        "waits" in line and "4 of that name failed from there" in line for line in log.lines
    )
    # Forgiven, for all.
    assert statuses(site.connect(1, HERE, bind())) == [0]


def test_guesses_at_once_are_judged_one_by_one_over_all_workers() -> None:
    site = Site()
    for at in range(5):
        site.fail(at)
    ends = [site.connect(at, HERE, bind(b"wrong")) for at in range(8)]
    counts = []
    for _ in range(30):
        site.wait(1.0)
        counts.append(sum(statuses(end) == [WRONG] for end in ends))
    assert max(counts) == 1


def test_binds_that_were_judged_at_once_count_as_one_failure() -> None:
    """An ESME has sessions at all workers, and a wrong password: that is one mistake."""
    site = Site()
    waiting = [site.connect(at) for at in range(6)]
    for end in waiting:
        end.send(bind(b"wrong"))
    # None was answered by the master before all had asked.
    site.turn()
    assert [statuses(end) for end in waiting] == [[WRONG]] * 6
    assert site.known.guesses.failures(HERE, b"acme") == 1


def test_a_session_at_another_worker_vouches_for_its_address() -> None:
    """Behind it may be many names; without it the address waits after ten of them."""
    for is_bound in (True, False):
        site = Site()
        if is_bound:
            site.connect(0, HERE, bind())
        for number in range(10):
            name = b"name%d" % number
            site.lose(site.connect(1, HERE, bind(system_id=name)))
        assert statuses(site.connect(1, HERE, bind())) == ([0] if is_bound else [])


def test_failures_outlive_the_worker_where_they_happened() -> None:
    site = Site()
    for _ in range(4):
        site.fail(0)
    site.ends[0].transport.lose()
    site.turn()
    assert statuses(site.connect(1, HERE, bind())) == []


def test_it_can_be_switched_off_and_on_again() -> None:
    site = Site(gate=GateSettings(bind_delay=0.0))
    for at in range(8):
        site.fail(at)
    assert len(site.known.guesses) == 0
    site.known.change(10.0)
    for gate in site.gates:
        changed = evolve(gate.gateway.settings, gate=GateSettings(bind_delay=10.0))
        gate.gateway.reload(changed)
    site.turn()
    for at in range(4):
        site.fail(at)
    assert statuses(site.connect(0, HERE, bind())) == []


def test_a_bind_whose_turn_the_master_does_not_tell_is_refused() -> None:
    site = Site()
    site.known.guesses.wait = None  # type: ignore[assignment,method-assign]
    end = site.connect(0, HERE, bind())
    assert statuses(end) == [LATER]


# All of it as one process

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("connect"), st.integers(0, 3), st.sampled_from(HOSTS)),
        st.tuples(st.just("lose"), st.integers(0, 30), st.none()),
        st.tuples(st.just("bind"), st.integers(0, 30), st.sampled_from((b"secret", b"wrong"))),
        st.tuples(st.just("wait"), st.integers(1, 30), st.none()),
    ),
    max_size=40,
)


def followed(site: Site, steps: Any) -> list[Any]:
    """What peers see who do ``steps``, one after the other."""
    ends: list[End] = []
    seen: list[Any] = []
    for step, number, what in steps:
        if step == "connect":
            ends.append(site.connect(number, what))
        elif step == "wait":
            site.wait(number / 10)
        elif ends and step == "lose":
            end = ends[number % len(ends)]
            if end.transport.connected:
                site.lose(end)
        elif ends:
            end = ends[number % len(ends)]
            if not end.is_closed():
                end.send(bind(what))
                site.turn()
        seen.append([(end.is_closed(), statuses(end)) for end in ends])
    return [*seen, site.refused()]


@pytest.mark.parametrize("count", [2, 3])
@given(steps=STEPS)
def test_workers_are_to_their_peers_as_one_process(count: int, steps: Any) -> None:
    limits = {"max_per_address": 2}
    gate = GateSettings(session_init_timeout=30.0)
    many, one = Site(count, gate, **limits), Site(1, gate, **limits)
    assert followed(many, steps) == followed(one, steps)
