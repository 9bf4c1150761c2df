"""The SMSC side: a session that the gate binds to an SMSC, and the service that keeps it up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

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

from smppgate.gate.peer import Peer
from smppgate.gate.router import RouterService
from smppgate.routing.pools import Member
from smppgate.txsmpp.errors import BindRefused, SmppError
from smppgate.txsmpp.frame import MAX_PDU_SIZE, Frame
from smppgate.txsmpp.pdu import Pdu
from smppgate.txsmpp.states import Role
from smppgate.txsmpp.timers import Timers
from smppgate.txsmpp.versions import V3_4, Version

if TYPE_CHECKING:
    from smppgate.gate.esme import EsmeProtocol


@define
class Reconnection:
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


@define
class SmscSide:
    """What sessions with one SMSC have in common.

    :param name: for the log.
    :param version: what it speaks.
    :param window: unanswered requests allowed on it.
    """

    name: str
    router: RouterService
    member: Member
    timers: Timers = field(factory=Timers)
    version: Version = V3_4
    window: int = 100
    max_pdu_size: int = MAX_PDU_SIZE


@define(kw_only=True)
class LinkSide(SmscSide):
    """What the sessions of one link have in common.

    :param bind: the bind PDU to begin with.
    """

    bind: Pdu
    reconnection: Reconnection


class SmscProtocol(Peer):
    """A session with an SMSC; the gate is its ESME."""

    log = Logger()

    def __init__(self, side: SmscSide) -> None:
        super().__init__(
            Role.ESME,
            side.router.clock,
            side.timers,
            side.max_pdu_size,
            side.router.batch,
            side.window,
        )
        self.name = side.name
        self.router = side.router
        self.member = side.member
        self.version = side.version
        self.owner: EsmeProtocol | None = None
        """The only ESME session that this session is for; None where it is for everyone."""

    async def attach(self, bind: Pdu) -> None:
        """Bind; from its bind_resp on the router may use the session.

        :raises SmppError: when that fails; the session is closed and it is in the log.
        """
        try:
            await self.bind(bind)
        except BindRefused as refusal:
            self.log.error("SMSC {name}: {refusal}", name=self.name, refusal=refusal)
            self.close(str(refusal))
            raise
        except SmppError as error:
            self.close(f"no usable bind_resp: {error}")
            raise
        self.attached()

    def attached(self) -> None:
        """It is bound: the router may use it."""
        self.router.smsc_bound(self)
        self.log.info("SMSC {name} bound at {where}", name=self.name, where=self.where)

    def requestReceived(self, frame: Frame, now: float) -> None:
        """The SMSC has something for an ESME."""
        self.router.deliver(self, frame, now)

    def strayReceived(self, frame: Frame) -> None:
        """A resp to nothing: it goes nowhere."""
        self.router.stray()

    def sessionEnding(self, reason: str) -> None:
        """Take the session out of its member."""
        self.router.smsc_lost(self)
        self.log.info("SMSC {name} gone: {reason}", name=self.name, reason=reason)


class LinkProtocol(SmscProtocol):
    """A session of a link: it binds as soon as it is connected."""

    def __init__(self, side: LinkSide) -> None:
        super().__init__(side)
        self._bind_pdu = side.bind
        self._reconnection = side.reconnection

    def connectionMade(self) -> None:
        """Bind."""
        super().connectionMade()
        ensureDeferred(self._begin())

    def attached(self) -> None:
        """It is bound: the router may use it."""
        self._reconnection.bound(self.clock.seconds())
        super().attached()

    def sessionEnding(self, reason: str) -> None:
        """Take the session out of its member."""
        self._reconnection.lost(self.clock.seconds())
        super().sessionEnding(reason)

    async def _begin(self) -> None:
        try:
            await self.attach(self._bind_pdu)
        except BindRefused:
            self._reconnection.refused()
        except SmppError:
            # It is closed; the link connects again.
            pass


class SmscFactory(Factory):
    """Makes the sessions of one link, one after the other.

    :ivar session: the latest; it may have ended.
    """

    noisy = False

    def __init__(self, side: LinkSide) -> None:
        self._side = side
        self.session: LinkProtocol | None = None

    def buildProtocol(self, addr: IAddress | None) -> LinkProtocol:
        """A session on a connection to ``addr``."""
        self.session = LinkProtocol(self._side)
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

    def __init__(self, endpoint: IStreamClientEndpoint, side: LinkSide) -> None:
        self._clock = side.router.clock
        self._factory = SmscFactory(side)
        super().__init__(
            _ToldEndpoint(side.name, endpoint),
            self._factory,
            retryPolicy=side.reconnection,
            clock=side.router.clock,
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
