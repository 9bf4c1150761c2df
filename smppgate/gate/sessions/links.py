"""`SmscLink`: the service that keeps one link to an SMSC up."""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, evolve, field
from twisted.application.internet import ClientService
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred
from twisted.internet.interfaces import (
    IAddress,
    IProtocol,
    IProtocolFactory,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from zope.interface import implementer

from smppgate.gate.reports.trouble import in_words
from smppgate.gate.sessions.smsc import SmscProtocol, SmscSessionConfig
from smppgate.notices.smscs import LINK_NOT_REACHED
from smppgate.txsmpp.errors import BindRefused, SmppError
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.pdu import Pdu

LONG = 3600.0
"""Seconds without trouble after which a link that has to be bound anew is like any other."""


@define
class Backoff:
    """The pause before the next try to connect: anything up to a limit that doubles with failures.

    Full jitter: of links that are lost at one moment each is as likely to come back at any time
    up to the limit, the first time too, so that hundreds of them are spread evenly over it.

    It counts failures itself, because to `ClientService` a connection is a success, even if the
    bind on it is refused.

    :param shortest: seconds of the limit after the first failure.
    :param longest: seconds of the limit at the most, and after every refused bind: trying more
        often would not change the SMSC's settings.
    :param jitter: gives a number from 0 to 1 for each pause, all equally likely.
    """

    shortest: float
    longest: float
    jitter: Callable[[], float]
    _failures: int = field(default=0, init=False)
    _refused: bool = field(default=False, init=False)
    _limit: float = field(default=0.0, init=False)
    _bound_at: float | None = field(default=None, init=False)
    _cured: bool = field(default=False, init=False)

    def cured(self) -> None:
        """The gate is about to unbind the link to bind it anew. See `lost`."""
        self._cured = True

    def bound(self, now: float) -> None:
        """The link is up."""
        self._bound_at = now

    def refused(self) -> None:
        """The SMSC refused the bind."""
        self._refused = True

    def lost(self, now: float) -> None:
        """The link is lost. If it was up longer than the limit before it, failures count anew.

        A link that the gate unbound to bind it anew must have been up for `LONG`: a cure that does
        not help is tried after longer and longer pauses.
        """
        least = LONG if self._cured else self._limit
        if self._bound_at is not None and now - self._bound_at >= least:
            self._failures = 0
        self._bound_at, self._cured = None, False

    def __call__(self, _attempts: int) -> float:
        """Seconds of the pause now."""
        # Bounded, or after some weeks of failures the power overflows.
        self._limit = min(self.longest, self.shortest * 2.0 ** min(self._failures, 32))
        self._failures += 1
        if self._refused:
            self._limit, self._refused = self.longest, False
        return round(self._limit * self.jitter(), 3)


@define(kw_only=True)
class LinkSessionConfig(SmscSessionConfig):
    """The configuration that the sessions of one link share.

    :param bind: the bind PDU that each of them begins with.
    :ivar last_error: why the link was lost, not reached or not bound last; empty if never.
    :ivar told_bound: is called whenever a session is bound, before the router may use it.
    """

    bind: Pdu
    backoff: Backoff
    told_bound: Callable[[], None] = lambda: None
    last_error: str = ""


class LinkProtocol(SmscProtocol):
    """A session of a link: it binds as soon as it is connected."""

    def __init__(self, config: LinkSessionConfig) -> None:
        super().__init__(config)
        self._bind_pdu = config.bind
        self._backoff = config.backoff
        self._link_config = config

    def connectionMade(self) -> None:
        """Bind."""
        super().connectionMade()
        ensureDeferred(self._begin())

    def attached(self) -> None:
        """The session is bound: the router may use it."""
        self._backoff.bound(self.clock.monotonic())
        self._link_config.told_bound()
        super().attached()

    def bindingAnew(self) -> None:
        """Connect again after a pause that grows each time."""
        self._backoff.cured()

    def sessionEnding(self, reason: str) -> None:
        """Take the session out of its SMSC's links."""
        self._backoff.lost(self.clock.monotonic())
        self._link_config.last_error = reason
        super().sessionEnding(reason)
        if not (self.is_attached or self.router.is_draining):
            self.router.link_failed(self.name, self.smsc, reason)

    async def _begin(self) -> None:
        try:
            await self.attach(self._bind_pdu)
        except BindRefused:
            self._backoff.refused()
        except SmppError:
            # The session is closed, and `SmscLink` connects again.
            pass


class SmscFactory(Factory):
    """Makes the sessions of one link, one after the other.

    :ivar session: the latest session; it may have ended.
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
    """An endpoint whose failures are logged: `ClientService` does not log them."""

    log = Logger()

    def __init__(self, config: LinkSessionConfig, endpoint: IStreamClientEndpoint) -> None:
        self._config = config
        self._endpoint = endpoint

    def __repr__(self) -> str:
        # `ClientService` writes it to the log.
        return f"SMSC {self._config.name}"

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Connect, and log a failure."""
        connecting: Deferred[IProtocol] = self._endpoint.connect(protocolFactory)
        return connecting.addErrback(self._failed)

    def _failed(self, failure: Failure) -> Failure:
        # A stop gives up what is still being connected.
        if failure.value is not None and not failure.check(CancelledError):
            self._config.last_error = reason = in_words(failure.value)
            self._config.router.link_failed(self._config.name, self._config.smsc, reason)
            self.log.tell(
                LINK_NOT_REACHED,
                link=self._config.name,
                endpoint=self._config.endpoint,
                reason=reason,
            )
        return failure


class SmscLink(ClientService):
    """Keeps one link to an SMSC up: connects, and after any loss connects again.

    The session binds by itself and not in ``prepareConnection``: a ClientService whose prepared
    connection is lost, as every refused one is, reaches a state that its machine does not know
    (seen in Twisted 26.10: ``NoTransition`` for each).
    """

    def __init__(self, endpoint: IStreamClientEndpoint, config: LinkSessionConfig) -> None:
        self.config = config
        self._clock = config.router.clock
        self._factory = SmscFactory(config)
        super().__init__(
            _ToldEndpoint(config, endpoint),
            self._factory,
            retryPolicy=config.backoff,
            clock=config.router.clock,
        )

    @property
    def session(self) -> LinkProtocol | None:
        """The latest session; it may have ended."""
        return self._factory.session

    @property
    def is_bound(self) -> bool:
        """Whether the link is up."""
        session = self._factory.session
        return session is not None and session.is_attached and not session.has_ended

    def config_changed(self) -> None:
        """Let the session go by `config`, which has changed."""
        if self.session is not None:
            self.session.config_changed()

    async def leave(self, reason: str, patience: float, requests: float) -> None:
        """Unbind the session, and connect no more; returns when its connection is closed.

        :param reason: for the log.
        :param patience: seconds that the SMSC has for its unbind_resp.
        :param requests: seconds that open requests have.
        """
        session = self._factory.session
        if session is not None:
            session.timers = evolve(session.timers, unbind=patience, unbinding=requests)
            await session.unbind(reason)
        await super().stopService()
        # Twisted's machine is still at work when it reports that it has stopped. The parent
        # service will stop it once more, and that fails in the same turn.
        await deferLater(self._clock, 0)
