"""`SmscLink`: the service that keeps one link to an SMSC up."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from attrs import define, evolve
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from smppgate.gate.reports.trouble import in_words
from smppgate.gate.sessions.link_slots import LinkSlot, SlotEndpoint
from smppgate.gate.sessions.smsc import SmscProtocol, SmscSessionConfig
from smppgate.notices.smscs import LINK_NOT_REACHED, LINK_WAITS
from smppgate.txsmpp.backoff import Backoff
from smppgate.txsmpp.errors import BindRefused, SmppError
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.pdu import Pdu
from smppgate.txsmpp.reconnecting import Reconnecting, ToldEndpoint


@define(kw_only=True)
class LinkSessionConfig(SmscSessionConfig):
    """The configuration that the sessions of one link share.

    :param bind: the bind PDU that each of them begins with.
    :param kind: of the bind, by which ``slot`` knows the link.
    :param slot: is taken before they connect.
    :ivar last_error: why the link was lost, not reached or not bound last; empty if never.
    :ivar told_bound: is called whenever a session is bound, before the router may use it.
    :ivar told_waiting: is called when the link begins to wait for its slot.
    """

    bind: Pdu
    kind: str
    slot: LinkSlot
    backoff: Backoff
    told_bound: Callable[[], None] = lambda: None
    told_waiting: Callable[[], None] = lambda: None
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
        config = self._link_config
        self._backoff.bound(self.clock.monotonic())
        config.slot.bound(config.kind)
        config.told_bound()
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

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The SMSC counts the session no more: its slot may be given back."""
        super().connectionLost(reason)
        self._link_config.slot.ended(self._link_config.kind)

    async def _begin(self) -> None:
        try:
            await self.attach(self._bind_pdu)
        except BindRefused:
            self._backoff.refused()
        except SmppError:
            # The session is closed, and `SmscLink` connects again.
            pass


class SmscLink(Reconnecting[LinkProtocol]):
    """Keeps one link to an SMSC up: connects, and after any loss connects again."""

    log = Logger()

    def __init__(self, endpoint: IStreamClientEndpoint, config: LinkSessionConfig) -> None:
        self.config = config
        slotted = SlotEndpoint(endpoint, config.slot, config.kind, self._waits)
        super().__init__(
            # `ClientService` writes the name to the log.
            ToldEndpoint(slotted, self._not_reached, f"SMSC {config.name}"),
            partial(LinkProtocol, config),
            config.backoff,
            config.router.clock,
        )

    @property
    def is_waiting(self) -> bool:
        """Whether it waits until another process, or another link, has a slot less."""
        return bool(self.config.slot.why)

    @property
    def is_bound(self) -> bool:
        """Whether the link is up."""
        session = self.session
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
        session = self.session
        if session is not None:
            session.timers = evolve(session.timers, unbind=patience, unbinding=requests)
            await session.unbind(reason)
        await self.stop()

    def stopService(self) -> Deferred[None]:
        """Connect no more, and give the slot back when the connection is closed."""
        stopping: Deferred[None] = super().stopService()
        return stopping.addCallback(lambda _: self.config.slot.leave(self.config.kind))

    def _waits(self, reason: str) -> None:
        config = self.config
        config.last_error = reason
        self.log.tell(LINK_WAITS, link=config.name, reason=reason)
        config.told_waiting()

    def _not_reached(self, error: BaseException) -> None:
        config = self.config
        config.last_error = reason = in_words(error)
        config.router.link_failed(config.name, config.smsc, reason)
        self.log.tell(LINK_NOT_REACHED, link=config.name, endpoint=config.endpoint, reason=reason)
