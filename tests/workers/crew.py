"""Several gates in memory, as the workers of a master that is asked by its API, over AMP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from attrs import evolve
from twisted.internet.testing import MemoryReactorClock
from twisted.test.iosim import FakeTransport, IOPump, connect

from smppgate.admin.workers import WorkerState
from smppgate.settings import Settings
from smppgate.store import StoreStatistics
from smppgate.txsmpp.clock import Clock
from smppgate.workers.control import Control
from smppgate.workers.face import WorkerFace
from smppgate.workers.face_commands import FaceResponders
from smppgate.workers.faces import WorkerFaces
from smppgate.workers.joining.source import MasterAdmin
from smppgate.workers.refusals import Refusals
from tests.admin.asking import Asker, off
from tests.gate.memory_gateway import MemoryGateway
from tests.gate.test_reload import gate_of

UNIX = "unix:STATE_DIR/admin.sock"


class _Certificates:
    """Of endpoints that are not opened here."""

    def __init__(self) -> None:
        self.sources: list[Any] = []

    def changed(self) -> None:
        """Nothing is looked at."""


class Host:
    """What a master is to its admin interface."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.certificates = cast(Any, _Certificates())
        self.followers: list[Callable[[Settings], None]] = []

    def follow_reloads(self, follow: Callable[[Settings], None]) -> None:
        """Call it with other settings."""
        self.followers.append(follow)

    def reload(self, **parts: Any) -> None:
        """Let other tables be in the settings of the master."""
        self.settings = evolve(self.settings, **parts)
        for follow in self.followers:
            follow(self.settings)


class Member:
    """One worker.

    :ivar is_silent: whether nothing goes over its connection, though it stands.
    """

    def __init__(self, number: int, faces: WorkerFaces, make: Callable[[], MemoryGateway]) -> None:
        self.number = number
        self.gate = make()
        self.face: Any = WorkerFace(self.gate.gateway, number)
        self.face.startService()
        self.at_master = faces.responders(number)
        self.here = FaceResponders(self.face)
        self.is_silent = False
        worker = Control([self.here], lambda: None)
        master = Control([self.at_master], lambda: None)
        self.pump: IOPump = connect(
            master,
            FakeTransport(master, isServer=True),
            worker,
            FakeTransport(worker, isServer=False),
        )
        self.ends = worker, master
        self.turn()
        faces.came(self.at_master)

    def turn(self) -> None:
        """Run what is due, and bring what was written to the other side."""
        self.gate.turn()
        if not self.is_silent:
            self.pump.flush()

    def die(self) -> None:
        """Its process has ended."""
        worker, _ = self.ends
        worker.transport.loseConnection()
        self.pump.flush()


class Crew(Asker):
    """A master with ``count`` workers.

    :param more: for `gate_of`.
    :ivar store: what the master keeps.
    :ivar listening: where the master listens.
    :ivar refusals: what it has cut.
    """

    def __init__(
        self, *smscs: Any, count: int = 2, reload: Any = None, is_served: bool = True, **more: Any
    ) -> None:
        self._make = lambda: gate_of(*smscs, **{"admin": off(), **more})
        self.reactor: Any = MemoryReactorClock()
        self.clock = Clock.of(self.reactor)
        self.members: dict[int, Member] = {}
        self.count = count
        self.restarts = 0
        self.store = StoreStatistics()
        self.faces = WorkerFaces(self.clock, self._states)
        gate = self._make()
        self.host = Host(gate.gateway.settings, self.clock)
        self.listening = {each.endpoint: "0.0.0.0:2775" for each in self.host.settings.listen}
        self.refusals = Refusals(self.clock)
        self.service = MasterAdmin(
            self.host,
            self.reactor,
            self.faces,
            lambda: self.listening,
            self.refusals,
            reload,
            lambda: self.store,
        )
        # As if it were served somewhere.
        if is_served:
            self.service._source.service.setServiceParent(self.service)
        self.service.startService()
        for number in range(1, count + 1):
            self.begin(number)

    def begin(self, number: int) -> Member:
        """The worker of that number is there."""
        member = self.members[number] = Member(number, self.faces, self._make)
        self.turn()
        return member

    def die(self, number: int) -> None:
        """It has ended."""
        self.members.pop(number).die()
        self.restarts += 1
        self.turn()

    def gate(self, number: int) -> MemoryGateway:
        """That of a worker."""
        return self.members[number].gate

    def turn(self) -> None:
        """Run what is due now, everywhere."""
        for _ in range(12):
            self.reactor.advance(0)
            for member in list(self.members.values()):
                member.turn()

    def pump(self, seconds: float, step: float = 0.25) -> None:
        """Let time pass."""
        for _ in range(round(seconds / step)):
            self.reactor.advance(step)
            for member in list(self.members.values()):
                member.gate.reactor.advance(step)
            self.turn()

    def _states(self) -> list[WorkerState]:
        return [
            WorkerState(
                number=number,
                pid=1000 + number if number in self.members else 0,
                state="up" if number in self.members else "down",
                since=1.0 if number in self.members else 0.0,
                restarts=self.restarts,
            )
            for number in range(1, self.count + 1)
        ]
