"""`SmscService`: one SMSC of the settings while the gate runs: its links, and where it dials in.

Links are kept as the settings have them. One whose bind or endpoint has changed is replaced: the
old link is drained and unbound, then the new one binds, and only when that is bound comes the turn
of the next. So of several links one is down at a time, and with settings that do not work the
others stay up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TypeAlias

from attrs import frozen
from twisted.application.service import MultiService
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred
from twisted.internet.interfaces import IReactorTime

from smppgate.gate.build import make_bind, smsc_timers
from smppgate.gate.drain import NEVER, until
from smppgate.gate.router import RouterService
from smppgate.gate.sessions.endpoints import client_endpoint, server_endpoint
from smppgate.gate.sessions.links import Backoff, LinkSessionConfig, SmscLink
from smppgate.gate.sessions.listener import CannotListen, Listener
from smppgate.gate.sessions.outbind_smsc import OutbindFactory, OutbindSessionConfig
from smppgate.gate.sessions.smsc import SmscProtocol, SmscSessionConfig
from smppgate.routing.admin_state import AdminState
from smppgate.routing.smscs.smsc import Smsc
from smppgate.settings import GateSettings, SmscSettings
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.pdu import Pdu
from smppgate.txsmpp.versions import version_named

MIN_OUTBIND_CONNECTIONS = 10
"""Connections with outbind that every SMSC may have, however small its ``sessions``. A connection
that was lost unnoticed counts until its timer ends it, and must not keep a new one out."""

LinkKey: TypeAlias = tuple[int, str]
"""Number and kind of bind, by which a link is known."""


@frozen
class LinkPlan:
    """What a link is to be. One whose plan has changed is bound anew."""

    key: LinkKey
    endpoint: str
    version: str
    bind: Pdu


class SmscService(MultiService):
    """The links to one SMSC, and the listener for its outbinds.

    :param smsc: what decisions know of it.
    :param jitter: gives a number from 0 to 1, for the pauses between two tries to connect.
    :ivar settings: in force.
    :ivar links: in order of their numbers; of one that is replaced, the new one.
    """

    log = Logger()

    def __init__(
        self,
        reactor: IReactorTime,
        router: RouterService,
        smsc: Smsc,
        jitter: Callable[[], float],
        gate: GateSettings,
        settings: SmscSettings,
    ) -> None:
        super().__init__()
        self.smsc = smsc
        self.settings = settings
        self.links: list[SmscLink] = []
        # Links that an operator has decided something about.
        self._states: dict[LinkKey, AdminState] = {}
        self.outbinds: OutbindFactory | None = None
        self._reactor = reactor
        self._router = router
        self._clock = router.clock
        self._jitter = jitter
        self._gate = gate
        self._plans: dict[SmscLink, LinkPlan] = {}
        self._relinking: Deferred[None] | None = None
        self._outbind_config: OutbindSessionConfig | None = None
        self._listener: Listener | None = None
        self._dialled: list[SmscProtocol] = []
        for plan in self._wanted().values():
            self._add(plan)

    def __repr__(self) -> str:
        return f"<SmscService {self.smsc.name} of {len(self.links)} links>"

    @property
    def answer_timeout(self) -> float:
        """Seconds that requests open on a link may need to be answered."""
        return smsc_timers(self._gate, self.settings).response

    @property
    def keys(self) -> list[LinkKey]:
        """Those of the links that the settings want, also of links that are kept away."""
        return [plan.key for plan in self._all_plans()]

    def name_of(self, key: LinkKey) -> str:
        """The name of a link, for the log."""
        number, kind = key
        return f"{self.settings.name} {kind} {number}"

    def link(self, key: LinkKey) -> SmscLink | None:
        """The link with this key; None while it is kept away."""
        return next((link for link in self.links if self._plans[link].key == key), None)

    def state_of(self, key: LinkKey) -> AdminState:
        """What an operator has decided about a link."""
        return self._states.get(key, AdminState.READY)

    def change_link(self, key: LinkKey, state: AdminState) -> None:
        """Let a link take new messages, or none; `relink` unbinds or binds it."""
        self._states[key] = state
        link = self.link(key)
        if link is not None and link.session is not None:
            self.smsc.hold(link.session, state is not AdminState.READY)

    def link_bound(self, link: SmscLink) -> None:
        """A link is bound: a new session is held as the one before it was."""
        key = self._plans[link].key
        if link.session is not None and self.state_of(key) is not AdminState.READY:
            self.smsc.hold(link.session, True)

    def sessions(self) -> list[SmscProtocol]:
        """Its sessions that no link keeps: those with outbind."""
        self._dialled = [session for session in self._dialled if not session.has_ended]
        return [*self._dialled, *(self.outbinds.sessions if self.outbinds is not None else ())]

    def stopService(self) -> Deferred[None] | None:
        """Replace no more links, and connect no more."""
        if self._relinking is not None:
            self._relinking.cancel()
        stopping: Deferred[None] | None = super().stopService()
        return stopping

    # Changes

    def change(self, gate: GateSettings, settings: SmscSettings) -> None:
        """Go by these settings: at once, but for links that are to be bound anew."""
        self._gate, self.settings = gate, settings
        smsc = self.smsc
        if settings.window != smsc.window:
            smsc.change_window(settings.window)
        smsc.change_undelivered_status(settings.undelivered_status)
        smsc.commands = version_named(settings.interface_version).commands
        for link in self.links:
            self._configure(link.config)
            link.config.backoff.shortest = settings.reconnect_min
            link.config.backoff.longest = settings.reconnect_max
            link.config_changed()
        if self._outbind_config is not None:
            self._configure_outbind(self._outbind_config)
        for session in self.sessions():
            session.config_changed()
        self.relink()

    async def leave(self, seconds: float) -> None:
        """Take no more messages, let open requests be answered for ``seconds``, and unbind."""
        self.smsc.change_state(AdminState.DRAIN)
        await self.drained(seconds)
        if self._relinking is not None:
            self._relinking.cancel()
        links, self.links = self.links, []
        leaving = [self._retired(link, "the SMSC is removed") for link in links]
        leaving += [session.unbind("the SMSC is removed") for session in self.sessions()]
        for each in [ensureDeferred(one) for one in leaving]:
            await each

    async def drained(self, seconds: float) -> bool:
        """Wait until no request is open at the SMSC; gives whether that is so in time."""
        smsc = self.smsc
        return await until(lambda: smsc.outstanding <= smsc.overdue, seconds, self._clock)

    # Links

    def relink(self) -> None:
        """Make the links what the settings want them to be, one after the other."""
        if self._relinking is not None:
            self._relinking.cancel()
        self._relinking = relinking = ensureDeferred(self._relink())
        relinking.addErrback(lambda why: why.trap(CancelledError))
        relinking.addErrback(lambda why: self.log.failure("links were not replaced", why))

    async def _relink(self) -> None:
        wanted = self._wanted()
        here = {self._plans[link].key for link in self.links}
        for key, plan in wanted.items():
            if key not in here:
                self._add(plan)
        for link in list(self.links):
            if self._plans[link].key not in wanted:
                self.links.remove(link)
                await self._retired(link, "the settings have changed")
        for link in list(self.links):
            plan = wanted[self._plans[link].key]
            if self._plans[link] != plan:
                await self._replace(link, plan)

    async def _replace(self, link: SmscLink, plan: LinkPlan) -> None:
        at = self.links.index(link)
        self.links.remove(link)
        await self._retired(link, "it is bound anew with other settings")
        self._add(plan, at)
        new = self.links[at]
        # For as long as it takes: the other links stay as they are until this one works.
        await until(lambda: new.is_bound or new not in self.links, NEVER, self._clock)

    async def _retired(self, link: SmscLink, reason: str) -> None:
        """Drain ``link``, unbind it and forget it."""
        session = link.session
        if session is not None and link.is_bound:
            self.smsc.hold(session, True)
            outstanding = session.outstanding
            seconds = self.answer_timeout
            await until(lambda: len(outstanding) <= outstanding.overdue, seconds, self._clock)
        timers = link.config.timers
        await link.leave(reason, timers.unbind, timers.unbinding)
        if session is not None:
            self.smsc.hold(session, False)
        self._plans.pop(link, None)
        link.disownServiceParent()

    def _wanted(self) -> dict[LinkKey, LinkPlan]:
        """The links that there should be."""
        if self.smsc.state is AdminState.MAINT:
            return {}
        away = AdminState.MAINT
        plans = (plan for plan in self._all_plans() if self.state_of(plan.key) is not away)
        return {plan.key: plan for plan in plans}

    def _all_plans(self) -> Iterator[LinkPlan]:
        settings = self.settings
        for number in range(1, settings.sessions + 1):
            for kind in settings.bind.split("+"):
                yield LinkPlan(
                    (number, kind),
                    settings.endpoint_for(kind),
                    settings.interface_version,
                    make_bind(settings, kind),
                )

    def _add(self, plan: LinkPlan, at: int | None = None) -> None:
        settings = self.settings
        config = LinkSessionConfig(
            name=self.name_of(plan.key),
            router=self._router,
            smsc=self.smsc,
            bind=plan.bind,
            backoff=Backoff(settings.reconnect_min, settings.reconnect_max, self._jitter),
            timers=smsc_timers(self._gate, settings),
            version=version_named(plan.version),
            max_pdu_size=self._gate.max_pdu_size,
            endpoint=plan.endpoint,
        )
        self._configure(config)
        link = SmscLink(client_endpoint(self._reactor, plan.endpoint), config)
        config.told_bound = lambda: self.link_bound(link)
        self._plans[link] = plan
        self.links.insert(len(self.links) if at is None else at, link)
        link.setServiceParent(self)

    def _configure(self, config: SmscSessionConfig) -> None:
        settings, gate = self.settings, self._gate
        config.timers = smsc_timers(gate, settings)
        config.max_pdu_size = gate.max_pdu_size
        config.refusal_rate = gate.refusal_rate
        config.rebinds = settings.rebind
        config.max_timeouts = settings.max_timeouts

    # Outbinds

    def listen(self) -> Listener | None:
        """A listener for its outbinds, not open yet; None where it sends none."""
        settings = self.settings
        if not settings.outbind_listen:
            return None
        config = OutbindSessionConfig(
            name=f"{settings.name} outbind",
            router=self._router,
            smsc=self.smsc,
            timers=smsc_timers(self._gate, settings),
            version=version_named(settings.interface_version),
            max_pdu_size=self._gate.max_pdu_size,
            endpoint=settings.outbind_listen,
            bind=make_bind(settings, "receiver"),
            system_id=b"",
            password=b"",
        )
        self._outbind_config = config
        self._configure_outbind(config)
        limit = max(settings.sessions, MIN_OUTBIND_CONNECTIONS)
        self.outbinds = OutbindFactory(config, limit)
        endpoint = server_endpoint(self._reactor, settings.outbind_listen)
        self._listener = Listener(settings.outbind_listen, endpoint, self.outbinds)
        return self._listener

    def listen_anew(self, listeners: MultiService) -> None:
        """Listen where the settings say now. Sessions that came in elsewhere go on."""
        if self._listener is not None:
            self._dialled += self.outbinds.sessions if self.outbinds is not None else ()
            self._listener.disownServiceParent()
        self._listener = self.outbinds = self._outbind_config = None
        listener = self.listen()
        if listener is not None:
            with suppress(CannotListen):
                # The listener itself logs why.
                listener.setServiceParent(listeners)

    def _configure_outbind(self, config: OutbindSessionConfig) -> None:
        self._configure(config)
        settings = self.settings
        config.version = version_named(settings.interface_version)
        config.bind = make_bind(settings, "receiver")
        config.system_id = settings.outbind_system_id.encode("latin-1")
        config.password = settings.outbind_password.encode("latin-1")
        if self.outbinds is not None:
            self.outbinds.limit = max(settings.sessions, MIN_OUTBIND_CONNECTIONS)
