"""`Reconnecting`: the service that keeps one session to a peer up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from twisted.application.internet import ClientService
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import (
    IAddress,
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from zope.interface import implementer

from smppgate.txsmpp.backoff import Backoff
from smppgate.txsmpp.connection import SmppConnection

AnySession = TypeVar("AnySession", bound=SmppConnection)


@implementer(IStreamClientEndpoint)
class ToldEndpoint:
    """An endpoint whose failures are told: `ClientService` does not tell them.

    :param not_reached: is called with the error of each try that failed.
    :param name: what `ClientService` writes to its log.
    """

    def __init__(
        self,
        endpoint: IStreamClientEndpoint,
        not_reached: Callable[[BaseException], None],
        name: str,
    ) -> None:
        self._endpoint = endpoint
        self._not_reached = not_reached
        self._name = name

    def __repr__(self) -> str:
        return self._name

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # noqa: N803
        """Connect, and tell of a failure."""
        connecting: Deferred[IProtocol] = self._endpoint.connect(protocolFactory)
        return connecting.addErrback(self._failed)

    def _failed(self, failure: Failure) -> Failure:
        # A stop gives up what is still being connected.
        if failure.value is not None and not failure.check(CancelledError):
            self._not_reached(failure.value)
        return failure


class _SessionFactory(Factory, Generic[AnySession]):
    """Makes one session after the other; ``session`` is the latest, which may have ended."""

    noisy = False

    def __init__(self, make_session: Callable[[], AnySession]) -> None:
        self._make_session = make_session
        self.session: AnySession | None = None

    def buildProtocol(self, addr: IAddress | None) -> AnySession:  # noqa: N802
        """A session on a connection to ``addr``."""
        self.session = session = self._make_session()
        session.factory = self
        return session


class Reconnecting(ClientService, Generic[AnySession]):
    """Keeps a session up: connects, and after any loss connects again.

    Sessions bind by themselves and not in ``prepareConnection``: a ClientService whose prepared
    connection is lost, as every refused one is, reaches a state that its machine does not know
    (seen in Twisted 26.10: ``NoTransition`` for each).

    :param endpoint: where to connect.
    :param make_session: makes a session for each connection; it tells ``backoff`` what becomes
        of it.
    """

    def __init__(
        self,
        endpoint: ToldEndpoint,
        make_session: Callable[[], AnySession],
        backoff: Backoff,
        clock: IReactorTime,
    ) -> None:
        self._sessions = _SessionFactory(make_session)
        self._reactor_clock = clock
        super().__init__(endpoint, self._sessions, retryPolicy=backoff, clock=clock)

    @property
    def session(self) -> AnySession | None:
        """The latest session; it may have ended."""
        return self._sessions.session

    async def stop(self) -> None:
        """Close the connection, and connect no more."""
        await self.stopService()
        # Twisted's machine is still at work when it reports that it has stopped. The parent
        # service will stop it once more, and that fails in the same turn.
        await deferLater(self._reactor_clock, 0)
