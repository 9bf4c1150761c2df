"""`Listener`: one place where ESMEs connect, as a service."""

from __future__ import annotations

from typing import cast

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import (
    IAddress,
    IListeningPort,
    IStreamServerEndpoint,
    ITCPTransport,
)
from twisted.internet.protocol import Factory, Protocol
from twisted.logger import Logger
from twisted.python.failure import Failure


class CannotListen(OSError):
    """A listener's endpoint cannot be opened: it is in use, or not ours to open."""


class Listener(Service):
    """Opens an endpoint when it is started and closes it when it is stopped.

    Twisted's StreamServerEndpointService does the same, but keeps to itself where it listens, and
    lets a failure go unnoticed or end in a traceback.

    :param description: the endpoint string, for what is told of it.
    """

    log = Logger()

    def __init__(
        self, description: str, endpoint: IStreamServerEndpoint, factory: Factory
    ) -> None:
        self.description = description
        self._endpoint = endpoint
        self._factory = factory
        self._port: IListeningPort | None = None
        self._failure: Failure | None = None

    @property
    def address(self) -> IAddress | None:
        """Where it listens; None while it does not."""
        return self._port.getHost() if self._port is not None else None

    def privilegedStartService(self) -> None:
        """Open the endpoint, while the process may still use privileged ports.

        :raises CannotListen: when that fails at once, as it nearly always does.
        """
        opening: Deferred[IListeningPort] = self._endpoint.listen(self._factory)
        opening.addCallbacks(self._opened, self._not_opened)
        if self._failure is not None:
            reason = self._failure.getErrorMessage()
            raise CannotListen(f"cannot listen on {self.description}: {reason}")

    def stopService(self) -> Deferred[None]:
        """Close it; fires when that is done. Sessions go on."""
        super().stopService()
        port, self._port = self._port, None
        stopping = port.stopListening() if port is not None else None
        return stopping if stopping is not None else succeed(None)

    def _opened(self, port: IListeningPort) -> None:
        self._port = port
        self.log.info("listening on {endpoint}", endpoint=self.description)

    def _not_opened(self, failure: Failure) -> None:
        self._failure = failure
        self.log.error(
            "cannot listen on {endpoint}: {reason}",
            endpoint=self.description,
            reason=failure.getErrorMessage(),
        )


class TurnedAway(Protocol):
    """A connection too many.

    A factory that makes None instead is what a listener that wraps its sessions, as TLS does,
    stumbles over.
    """

    def connectionMade(self) -> None:
        """Cut it."""
        cast(ITCPTransport, self.transport).abortConnection()
