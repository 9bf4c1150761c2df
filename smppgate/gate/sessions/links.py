"""`SmscLink`: the service that keeps one link to an SMSC up."""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field
from twisted.application.internet import ClientService
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.interfaces import (
    IAddress,
    IProtocol,
    IProtocolFactory,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from smppgate.gate.sessions.smsc import SmscProtocol, SmscSessionConfig
from smppgate.txsmpp.errors import BindRefused, SmppError
from smppgate.txsmpp.pdu import Pdu


@define
class Backoff:
    """How long to wait before the next try: doubling from the quick end to the slow one.

    It counts failures itself, because to the `ClientService` a connection that was made was a
    success, whatever became of the bind on it.

    :param quickest: seconds after the first failure.
    :param slowest: seconds at the most; at once after a refused bind, which asking more often
        would not mend.
    :param jitter: gives a number from 0 to 1 for each try, so that links do not return in step.
    """

    quickest: float
    slowest: float
    jitter: Callable[[], float]
    _failures: int = field(default=0, init=False)
    _refused: bool = field(default=False, init=False)
    _step: float = field(default=0.0, init=False)
    _bound_at: float | None = field(default=None, init=False)

    def bound(self, now: float) -> None:
        """The link is up."""
        self._bound_at = now

    def refused(self) -> None:
        """The SMSC refused the bind."""
        self._refused = True

    def lost(self, now: float) -> None:
        """The link is gone. If it stood longer than it was waited for, failures count anew."""
        if self._bound_at is not None and now - self._bound_at >= self._step:
            self._failures = 0
        self._bound_at = None

    def __call__(self, _attempts: int) -> float:
        """Seconds to wait now: between half and all of the step."""
        # Beyond 2**32 the power would only overflow, some weeks later.
        self._step = min(self.slowest, self.quickest * 2.0 ** min(self._failures, 32))
        self._failures += 1
        if self._refused:
            self._step, self._refused = self.slowest, False
        return round(self._step * (0.5 + 0.5 * self.jitter()), 3)


@define(kw_only=True)
class LinkSessionConfig(SmscSessionConfig):
    """What the sessions of one link have in common.

    :param bind: the bind PDU to begin with.
    """

    bind: Pdu
    backoff: Backoff


class LinkProtocol(SmscProtocol):
    """A session of a link: it binds as soon as it is connected."""

    def __init__(self, config: LinkSessionConfig) -> None:
        super().__init__(config)
        self._bind_pdu = config.bind
        self._backoff = config.backoff

    def connectionMade(self) -> None:
        """Bind."""
        super().connectionMade()
        ensureDeferred(self._begin())

    def attached(self) -> None:
        """It is bound: the router may use it."""
        self._backoff.bound(self.clock.seconds())
        super().attached()

    def sessionEnding(self, reason: str) -> None:
        """Take the session out of its member."""
        self._backoff.lost(self.clock.seconds())
        super().sessionEnding(reason)

    async def _begin(self) -> None:
        try:
            await self.attach(self._bind_pdu)
        except BindRefused:
            self._backoff.refused()
        except SmppError:
            # It is closed; the link connects again.
            pass


class SmscFactory(Factory):
    """Makes the sessions of one link, one after the other.

    :ivar session: the latest; it may have ended.
    """

    noisy = False

    def __init__(self, config: LinkSessionConfig) -> None:
        self._config = config
        self.session: LinkProtocol | None = None

    def buildProtocol(self, addr: IAddress | None) -> LinkProtocol:
        """A session on a connection to ``addr``."""
        self.session = LinkProtocol(self._config)
        self.session.factory = self
        return self.session


@implementer(IStreamClientEndpoint)
class _ToldEndpoint:
    """An endpoint whose failures are logged: the `ClientService` keeps them to itself."""

    log = Logger()

    def __init__(self, name: str, endpoint: IStreamClientEndpoint) -> None:
        self._name = name
        self._endpoint = endpoint

    def __repr__(self) -> str:
        # What the ClientService writes into its log.
        return f"SMSC {self._name}"

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Connect, and tell when that fails."""
        connecting: Deferred[IProtocol] = self._endpoint.connect(protocolFactory)
        return connecting.addErrback(self._failed)

    def _failed(self, failure: Failure) -> Failure:
        reason = failure.getErrorMessage()
        self.log.warn("SMSC {name} not reached: {reason}", name=self._name, reason=reason)
        return failure


class SmscLink(ClientService):
    """Keeps one link to an SMSC up: connects, and after any loss connects again.

    The bind is the session's own business and not ``prepareConnection``'s: a ClientService
    whose prepared connection is lost, as every refused one is, ends up in a state that its
    machine does not know (seen in Twisted 26.10: ``NoTransition`` for each).
    """

    def __init__(self, endpoint: IStreamClientEndpoint, config: LinkSessionConfig) -> None:
        self._clock = config.router.clock
        self._factory = SmscFactory(config)
        super().__init__(
            _ToldEndpoint(config.name, endpoint),
            self._factory,
            retryPolicy=config.backoff,
            clock=config.router.clock,
        )

    async def leave(self) -> None:
        """End the session in order, and do not come back."""
        session = self._factory.session
        if session is not None:
            await session.unbind("the gate is stopping")
        await super().stopService()
        # Twisted's machine is still at work when it tells that it has stopped, and cannot be
        # asked to stop once more, as the parent service does, before it is done.
        await deferLater(self._clock, 0)
