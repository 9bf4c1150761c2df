"""Connections of an address are counted once and no longer than they are there, come what may."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twisted.internet.testing import MemoryReactorClock

from smppgate.gate.sessions.address_places import AddressPlaces
from smppgate.txsmpp.clock import Clock
from smppgate.workers.shared_strangers import SharedStrangers
from smppgate.workers.strangers import AllKnown
from tests.workers.pair import Ends

PLACE, HOSTS, LIMIT = "tcp:2775", ("192.0.2.7", "192.0.2.8"), 3


class Process:
    """One life of a worker."""

    def __init__(self, known: AllKnown, reactor: MemoryReactorClock) -> None:
        strangers = SharedStrangers(0.0)
        self.ends = Ends([known.responders()], [strangers], reactor)
        self.places = AddressPlaces(strangers, PLACE)
        self.sessions: list[tuple[object, str]] = []

    def connect(self, host: str) -> None:
        session = object()
        self.sessions.append((session, host))
        self.places.ask(session, host, LIMIT, lambda: self.cut(session, host))

    def cut(self, session: object, host: str) -> None:
        self.sessions.remove((session, host))
        self.places.leave(session)

    def lose(self, at: int) -> None:
        if self.sessions:
            session, _ = self.sessions.pop(at % len(self.sessions))
            self.places.leave(session)


class Connections(RuleBasedStateMachine):
    """Three workers, which ask at any time and end at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.reactor = MemoryReactorClock()
        self.known = AllKnown(Clock.of(self.reactor), 0.0)
        self.workers = [Process(self.known, self.reactor) for _ in range(3)]
        self.is_settled = True

    @rule(at=st.integers(0, 2), host=st.sampled_from(HOSTS))
    def connect(self, at: int, host: str) -> None:
        self.workers[at].connect(host)
        self.is_settled = False

    @rule(at=st.integers(0, 2), which=st.integers(0, 9))
    def lose(self, at: int, which: int) -> None:
        self.workers[at].lose(which)
        self.is_settled = False

    @rule(at=st.integers(0, 2))
    def kill(self, at: int) -> None:
        self.workers[at].ends.transport.lose()
        # Its successor may be there before the master has noticed.
        self.workers[at] = Process(self.known, self.reactor)
        self.is_settled = False

    @rule()
    def settle(self) -> None:
        self.workers[0].ends.turn()
        self.is_settled = True

    @invariant()
    def what_is_counted_is_what_is_there(self) -> None:
        for host in HOSTS:
            counted = self.known.connections(PLACE, host)
            assert counted <= LIMIT
            if self.is_settled:
                there = [each for worker in self.workers for each in worker.sessions]
                assert counted == sum(of == host for _, of in there)

    def teardown(self) -> None:
        for worker in self.workers:
            while worker.sessions:
                worker.lose(0)
        self.settle()
        assert len(self.known.addresses) == 0
        assert [len(worker.places) for worker in self.workers] == [0, 0, 0]


TestConnections = Connections.TestCase
