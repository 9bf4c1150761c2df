"""The two ends of a control connection, in memory or over a pair of real sockets."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from twisted.internet.selectreactor import SelectReactor
from twisted.internet.task import Clock

from smppgate.workers.control import Control, Responders
from tests.fakes import MemoryTransport, connect

# Turns of the reactor in which something has to happen; each lasts this long if nothing does.
TURNS, TURN = 400, 0.05


class Ends:
    """Two ends in memory; `turn` lets what was written be read.

    :ivar lost: the names of ends whose connection was lost.
    """

    def __init__(
        self,
        master: Iterable[Responders] = (),
        worker: Iterable[Responders] = (),
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock if clock is not None else Clock()
        self.lost: list[str] = []
        self.master = Control(master, lambda: self.lost.append("master"))
        self.worker = Control(worker, lambda: self.lost.append("worker"))
        self.transport: MemoryTransport = connect(self.clock, self.master, peer=self.worker)

    def turn(self) -> None:
        """Let everything that is under way arrive."""
        for _ in range(20):
            self.clock.advance(0)


class RealEnds:
    """Two ends over a pair of sockets, on a reactor that `until` runs."""

    def __init__(self) -> None:
        self.reactor: Any = SelectReactor()
        self.master = self.worker = Control((), lambda: None)

    def connect(self, master: Iterable[Responders], worker: Iterable[Responders]) -> None:
        """Make the connection."""
        self.master = Control(master, lambda: None)
        self.worker = Control(worker, lambda: None)
        for end, control in zip(socket.socketpair(), (self.master, self.worker), strict=True):
            with end:
                control.open(self.reactor, end)

    def until(self, is_so: Callable[[], object]) -> None:
        """Run the reactor until it is so."""
        for _ in range(TURNS):
            if is_so():
                return
            self.reactor.iterate(TURN)
        raise AssertionError("it does not come to be so")


@contextmanager
def real_ends() -> Iterator[RealEnds]:
    """Ends that are connected by the test, and closed afterwards."""
    ends = RealEnds()
    try:
        yield ends
    finally:
        ends.master.close()
        ends.until(lambda: ends.master.transport is None and ends.worker.transport is None)
        ends.reactor.removeAll()
