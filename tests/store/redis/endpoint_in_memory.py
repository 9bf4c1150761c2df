"""Endpoints that lead to the test."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint
from twisted.internet.task import Clock
from zope.interface import implementer

from tests.fakes import MemoryTransport, connect


@implementer(IStreamClientEndpoint)
class InMemory:
    """Connects at once, unless it ``refuses`` or is ``silent``.

    :ivar transports: those of the connections, in their order.
    """

    def __init__(self, clock: Clock, refuses: bool = False, silent: bool = False) -> None:
        self.transports: list[MemoryTransport] = []
        self._clock = clock
        self._refuses = refuses
        self._silent = silent

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:  # noqa: N803 - Twisted's name
        if self._refuses:
            return fail(ConnectionRefusedError())
        if self._silent:
            return Deferred()
        protocol: Any = protocolFactory.buildProtocol(None)  # type: ignore[arg-type]
        self.transports.append(connect(self._clock, protocol))
        return succeed(protocol)
