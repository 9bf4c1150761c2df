"""`Sockets`: plain sockets of many sessions behind one descriptor of the reactor's.

Twisted gives each socket that can be read a context for its log, which costs more than the read
itself, and a turn's end is a timer. Here the sockets are in an epoll of their own, which the
reactor reads as it reads any descriptor: one call of it reads every socket that has something, and
then each peer is written to; and again while there is more, for a moment.

Only reading is done here, and by the transports' own ``doRead``. To a transport this is its
``reactor``, so whoever pauses, resumes or closes it does the right thing without knowing; what
waits to be written, timers and all else are the reactor's as before. What has TLS around it, and
what is on a reactor without epoll, that reactor reads by itself.
"""

from __future__ import annotations

import select
from collections.abc import Callable
from time import perf_counter
from typing import Any, Self

from twisted.internet.interfaces import IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.notices import READ_FAILED
from smppgate.txsmpp.stream import is_plain

SPELL = 0.002
"""Seconds after which the reactor has its timers, and its other descriptors, again, also if there
is more to read. A turn that takes longer than that is the only one."""

LOOK = 15e-6
"""Seconds in which the answer to a message alone is looked for before the reactor sleeps: a peer
next door answers while it goes to sleep, and to wake it takes longer."""


@implementer(IReadDescriptor)
class Sockets:
    """Reads plain sockets, and is the ``reactor`` of each.

    :param reactor: Twisted's, which has these sockets otherwise.
    :param batch: that of the sessions on these sockets.
    :param clock: seconds, as fine as can be.
    """

    log = Logger()

    def __init__(
        self, reactor: Any, batch: Batch, clock: Callable[[], float] = perf_counter
    ) -> None:
        self._reactor = reactor
        self._batch = batch
        self._clock = clock
        self._epoll = select.epoll()
        self._transports: dict[int, Any] = {}
        self.addWriter = reactor.addWriter
        self.removeWriter = reactor.removeWriter
        self.callLater = reactor.callLater

    @classmethod
    def of(cls, reactor: object, batch: Batch) -> Self | None:
        """Those of ``reactor``; None for one that does not use epoll."""
        if not hasattr(select, "epoll"):
            return None
        # Not on every system.
        from twisted.internet.epollreactor import EPollReactor  # noqa: PLC0415

        return cls(reactor, batch) if isinstance(reactor, EPollReactor) else None

    def take(self, transport: Any) -> None:
        """Read ``transport`` from here on, if it is plain and this reactor's."""
        if is_plain(transport) and transport.reactor is self._reactor:
            transport.stopReading()
            transport.reactor = self
            transport.startReading()

    # For the transports, as their reactor

    def addReader(self, transport: Any) -> None:
        """Read ``transport``."""
        number = transport.fileno()
        if number in self._transports:
            return
        if not self._transports:
            self._reactor.addReader(self)
        self._epoll.register(number, select.EPOLLIN)
        self._transports[number] = transport

    def removeReader(self, transport: Any) -> None:
        """Read ``transport`` no more."""
        number = transport.fileno()
        if self._transports.pop(number, None) is None:
            return
        self._epoll.unregister(number)
        if not self._transports:
            self._reactor.removeReader(self)

    # For the reactor, as one of its readers

    def fileno(self) -> int:
        """The descriptor of the epoll: it can be read when any of the sockets can."""
        return self._epoll.fileno()

    def logPrefix(self) -> str:
        """What Twisted calls this in its log."""
        return "SMPP"

    def connectionLost(self, reason: Failure) -> None:
        """The reactor ends: so does every connection."""
        for transport in list(self._transports.values()):
            transport.connectionLost(reason)

    def doRead(self) -> None:
        """Read every socket that has something, and write; again while there is more to read."""
        events, until = self._ready(), self._clock() + SPELL
        while events:
            is_alone = self._turn(events)
            if self._clock() >= until:
                return
            events = self._look() if is_alone else self._ready()

    def _ready(self) -> list[tuple[int, int]]:
        # All of them: a timer that is late judges no session before it was read.
        return self._epoll.poll(0, len(self._transports) or 1)

    def _look(self) -> list[tuple[int, int]]:
        """Those that have something soon; none if the reactor had better sleep."""
        until = self._clock() + LOOK
        events = self._ready()
        while not events and self._clock() < until:
            events = self._ready()
        return events

    def _turn(self, events: list[tuple[int, int]]) -> bool:
        """Read these and write; gives whether nothing goes on but one message."""
        batch, transports = self._batch, self._transports
        batch.open()
        try:
            for number, _ in events:
                # One that was read before this may have closed it.
                transport = transports.get(number)
                if transport is not None:
                    self._read(transport)
        finally:
            is_alone = batch.end_turn()
        return is_alone

    def _read(self, transport: Any) -> None:
        try:
            ended = transport.doRead()
        except Exception:
            # One session's fault is its own end, as it is where Twisted reads.
            failure = Failure()
            self.log.tell_failure(READ_FAILED, failure)
            transport.connectionLost(failure)
        else:
            if ended is not None:
                transport.connectionLost(Failure(ended))
