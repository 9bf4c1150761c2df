"""`SmscService`: one SMSC of the settings while the gate runs: its links, and where it dials in.

Links are kept as the settings have them. Where a bind or an endpoint has changed, those of one
number are renewed: the old link is drained and unbound, then the new one binds, and only when that
is bound comes the turn of the next number. So of several links one is down at a time, and with
settings that do not work the others stay up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TypeAlias

from attrs import evolve, field, frozen
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, ensureDeferred, maybeDeferred
from twisted.internet.interfaces import IReactorTime

from smppgate.gate.build import make_bind, smsc_rates, smsc_timers
from smppgate.gate.drain import until
from smppgate.gate.router import RouterService
from smppgate.gate.seat import ALONE, Seat
from smppgate.gate.sessions.endpoints import client_endpoint
from smppgate.gate.sessions.link_slots import LinkSlot
from smppgate.gate.sessions.links import LinkSessionConfig, SmscLink
from smppgate.gate.sessions.listener import CannotListen, Listener
from smppgate.gate.sessions.outbind_smsc import OutbindFactory, OutbindSessionConfig
from smppgate.gate.sessions.session_slots import SessionSlots
from smppgate.gate.sessions.smsc import SmscProtocol, SmscSessionConfig
from smppgate.gate.sessions.tls import ClientTls
from smppgate.notices.program import NOT_UNBOUND
from smppgate.routing.admin_state import AdminState
from smppgate.routing.smscs.smsc import Smsc
from smppgate.settings import GateSettings, SmscSettings, SmscTlsSettings
from smppgate.store import IStore
from smppgate.txsmpp.backoff import Backoff
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.pdu import Pdu
from smppgate.txsmpp.timers import NEVER
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
    # Its password is in it.
    bind: Pdu = field(repr=False)
    tls: SmscTlsSettings | None
    # ``sessions_total``.
    total: int = 0


class SmscService(MultiService):
    """The links to one SMSC, and the listener for its outbinds.

    :param smsc: what decisions know of it.
    :param jitter: gives a number from 0 to 1, for the pauses between two tries to connect.
    :param store: counts the links of all processes, see `IAdmission.take_slot`.
    :param seat: says which of the links are this process's.
    :ivar settings: in force.
    :ivar tls: makes the connections of its links; None where the endpoint string says how.
    :ivar links: in order of their numbers; of one that is replaced, the new one.
    :ivar session_slots: of its sessions with outbind, and of those passed through.
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
        store: IStore,
        seat: Seat = ALONE,
    ) -> None:
        super().__init__()
        self._store = store
        self.smsc = smsc
        self._seat = seat
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
        # By number.
        self._slots: dict[int, LinkSlot] = {}
        self.session_slots = SessionSlots(store, settings.name, settings.sessions_total)
        # Links on their way out, that are drained or unbind.
        self._retiring: dict[SmscLink, None] = {}
        # The number whose links are renewed: the next one's turn comes when they are bound.
        self._renewing = 0
        self._is_relinking = False
        self._is_leaving = self._is_hurried = False
        self._outbind_config: OutbindSessionConfig | None = None
        self._listener: Listener | None = None
        self._dialled: list[SmscProtocol] = []
        self.tls = _tls_of(settings)
        self._limit()
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
        """Those of the links that the settings want here, also of links that are kept away."""
        return [plan.key for plan in self._all_plans()]

    def name_of(self, key: LinkKey) -> str:
        """The name of a link, for the log."""
        number, kind = key
        return f"{self.settings.name} {kind} {number}"

    def id_of(self, key: LinkKey) -> str:
        """The same without spaces, for addresses of the API."""
        number, kind = key
        return f"{self.settings.name}-{kind}-{number}"

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
        plan = self._plans.get(link)
        if plan is None or link.session is None:
            return
        if link in self._retiring or self.state_of(plan.key) is not AdminState.READY:
            self.smsc.hold(link.session, True)
        if plan.key[0] == self._renewing:
            self._relink_soon()

    def link_waits(self, link: SmscLink) -> None:
        """A link waits for a slot: others go on without it."""
        plan = self._plans.get(link)
        if plan is not None and plan.key[0] == self._renewing:
            self._relink_soon()

    def sessions(self) -> list[SmscProtocol]:
        """Its sessions that none of `links` has: with outbind, and of links on their way out."""
        self._dialled = [session for session in self._dialled if not session.has_ended]
        # Those that have ended, too: a link is gone when its connection is.
        own = [link.session for link in self._retiring if link.session is not None]
        dialled = self.outbinds.sessions if self.outbinds is not None else ()
        return [*self._dialled, *dialled, *own]

    @property
    def is_changing(self) -> bool:
        """Whether links are being renewed, or on their way out."""
        return self._is_relinking or bool(self._retiring or self._renewing)

    def stopService(self) -> Deferred[None] | None:
        """Renew no more links, and connect no more."""
        self.hurry()
        stopping: Deferred[None] | None = super().stopService()
        return stopping

    # Changes

    def change(self, gate: GateSettings, settings: SmscSettings) -> None:
        """Go by these settings: at once, but for links that are to be bound anew."""
        self._gate, self.settings = gate, settings
        self._change_tls()
        self._change_total(settings.sessions_total)
        smsc = self.smsc
        if settings.window != smsc.window:
            smsc.change_window(settings.window)
        self._limit()
        smsc.change_undelivered_status(settings.undelivered_status)
        smsc.change_response_timeout(smsc_timers(gate, settings).response)
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

    def _change_tls(self) -> None:
        tls = self.settings.tls
        if self.tls is not None and tls is not None:
            self.tls.change(tls)
        else:
            self.tls = _tls_of(self.settings)

    def _change_total(self, total: int) -> None:
        """Links that may stay with another total are not bound anew."""
        for slot in self._slots.values():
            slot.change(total)
        self.session_slots.change(total)
        for link, plan in self._plans.items():
            if plan.total and (not total or total >= plan.total):
                self._plans[link] = evolve(plan, total=total)

    def renew(self) -> None:
        """Have new links use certificates as their files are now."""
        if self.tls is not None:
            self.tls.renew()

    def _limit(self) -> None:
        """Have the SMSC sent no more messages a second than the settings say."""
        router = self._router
        self.smsc.change_rates(smsc_rates(self.settings), router.refills, self._clock.monotonic())
        router.rate_shares.smsc_changed(self.smsc)

    async def leave(self, seconds: float) -> None:
        """Take no more messages, let open requests be answered for ``seconds``, and unbind."""
        self._is_leaving = True
        self.smsc.change_state(AdminState.DRAIN)
        await self._drained(seconds)
        reason = "the SMSC is removed"
        for link in list(self.links):
            self._retire(link, reason)
        for session in self.sessions():
            session.leave(reason, seconds)
        await until(lambda: not (self._retiring or self.sessions()), NEVER, self._clock)
        self.disownServiceParent()

    def hurry(self) -> None:
        """Renew no more links, and unbind at once those that are drained to be unbound.

        Requests that are open on them may still be answered before the unbind_resp.
        """
        self._is_leaving = self._is_hurried = True

    async def _drained(self, seconds: float) -> None:
        """Wait until no request is open at the SMSC, for ``seconds`` or until `hurry`."""
        smsc = self.smsc
        await until(
            lambda: self._is_hurried or smsc.outstanding <= smsc.overdue, seconds, self._clock
        )

    # Links

    def relink(self) -> None:
        """Make the links what the settings want them to be, one number after the other.

        It is called again whenever a link has gone, or is bound, and goes on from there.
        """
        if self._is_leaving:
            return
        wanted: dict[int, list[LinkPlan]] = {}
        for plan in self._wanted().values():
            wanted.setdefault(plan.key[0], []).append(plan)
        for link in list(self.links):
            if self._number(link) not in wanted:
                self._retire(link, "the settings have changed")
        if self._renewing and self._is_settled(self._renewing, wanted.get(self._renewing, ())):
            self._renewing = 0
        for number, plans in wanted.items():
            if self._may_be_completed(number, plans):
                self._complete(plans)
        if not self._renewing or self._outdated(self._renewing, wanted):
            self._renew_next(wanted)

    def _relink_soon(self) -> None:
        if not self._is_relinking and not self._is_leaving:
            self._is_relinking = True
            self._router.batch.at_end(self._relink_now)

    def _relink_now(self) -> None:
        self._is_relinking = False
        self.relink()

    def _number(self, link: SmscLink) -> int:
        return self._plans[link].key[0]

    def _of(self, number: int) -> list[SmscLink]:
        return [link for link in self.links if self._number(link) == number]

    def _outdated(self, number: int, wanted: Mapping[int, list[LinkPlan]]) -> list[SmscLink]:
        """The links of a number that are not as they are to be."""
        plans = wanted.get(number, [])
        return [link for link in self._of(number) if self._plans[link] not in plans]

    def _is_retiring(self, number: int) -> bool:
        return any(self._number(link) == number for link in self._retiring)

    def _is_settled(self, number: int, plans: Sequence[LinkPlan]) -> bool:
        """Whether the links of a number are as they are to be, and bound, or wait for a slot."""
        links = self._of(number)
        return len(links) == len(plans) and all(
            (link.is_bound or link.is_waiting) and self._plans[link] in plans for link in links
        )

    def _may_be_completed(self, number: int, plans: Sequence[LinkPlan]) -> bool:
        is_sound = all(self._plans[link] in plans for link in self._of(number))
        return is_sound and not self._is_retiring(number)

    def _complete(self, plans: Sequence[LinkPlan]) -> None:
        here = [self._plans[link] for link in self.links]
        for plan in plans:
            if plan not in here:
                self._add(plan)

    def _renew_next(self, wanted: Mapping[int, list[LinkPlan]]) -> None:
        """Renew the links of one number; those that are down come first."""
        outdated = {number: self._outdated(number, wanted) for number in wanted}
        numbers = [number for number, links in outdated.items() if links]
        if not numbers:
            return
        down = (n for n in numbers if not all(link.is_bound for link in outdated[n]))
        self._renewing = next(down, numbers[0])
        for link in outdated[self._renewing]:
            self._retire(link, "it is bound anew with other settings")

    def _retire(self, link: SmscLink, reason: str) -> None:
        """Drain ``link``, unbind it and forget it; nothing but a stop breaks that off."""
        self.links.remove(link)
        self._retiring[link] = None
        retiring = ensureDeferred(self._retired(link, reason))
        retiring.addErrback(lambda why: self.log.tell_failure(NOT_UNBOUND, why, what=str(link)))
        retiring.addCallback(lambda _: self._gone(link))

    def _gone(self, link: SmscLink) -> None:
        self._retiring.pop(link, None)
        self._plans.pop(link, None)
        self._relink_soon()

    async def _retired(self, link: SmscLink, reason: str) -> None:
        session = link.session
        if session is not None and link.is_bound:
            self.smsc.hold(session, True)
            outstanding = session.outstanding
            await until(
                lambda: self._is_hurried or len(outstanding) <= outstanding.overdue,
                self.answer_timeout,
                self._clock,
            )
        timers = link.config.timers
        await link.leave(reason, timers.unbind, timers.unbinding)
        for each in (session, link.session):
            if each is not None:
                self.smsc.hold(each, False)
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
        numbers = range(1, settings.sessions + 1)
        for number in (each for each in numbers if self._seat.has_link(settings.name, each)):
            for kind in settings.bind.split("+"):
                yield LinkPlan(
                    (number, kind),
                    settings.endpoint_for(kind),
                    settings.interface_version,
                    make_bind(settings, kind),
                    settings.tls,
                    settings.sessions_total,
                )

    def _slot(self, number: int) -> LinkSlot:
        if number not in self._slots:
            settings = self.settings
            self._slots[number] = LinkSlot(
                self._store,
                self._clock,
                settings.name,
                settings.sessions_total,
                self._jitter,
            )
        return self._slots[number]

    def _add(self, plan: LinkPlan) -> None:
        settings = self.settings
        config = LinkSessionConfig(
            name=self.name_of(plan.key),
            router=self._router,
            smsc=self.smsc,
            bind=plan.bind,
            kind=plan.key[1],
            slot=self._slot(plan.key[0]),
            backoff=Backoff(settings.reconnect_min, settings.reconnect_max, self._jitter),
            timers=smsc_timers(self._gate, settings),
            version=version_named(plan.version),
            max_pdu_size=self._gate.max_pdu_size,
            endpoint=plan.endpoint,
        )
        self._configure(config)
        link = SmscLink(client_endpoint(self._reactor, plan.endpoint, self.tls), config)
        config.told_bound = lambda: self.link_bound(link)
        config.told_waiting = lambda: self.link_waits(link)
        self._plans[link] = plan
        self.links.append(link)
        self.links.sort(key=lambda each: self._plans[each].key[0])
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
            slots=self.session_slots,
        )
        self._outbind_config = config
        self._configure_outbind(config)
        limit = max(settings.sessions, MIN_OUTBIND_CONNECTIONS)
        self.outbinds = OutbindFactory(config, limit)
        endpoint = self._seat.endpoint(self._reactor, settings.outbind_listen, None)
        self._listener = Listener(settings.outbind_listen, endpoint, self.outbinds)
        return self._listener

    async def listen_no_more(self) -> None:
        """Close the listener for its outbinds, if it has one. Sessions that came in go on."""
        listener = self._listener
        if listener is None:
            return
        self._dialled += self.outbinds.sessions if self.outbinds is not None else ()
        self._listener = self.outbinds = self._outbind_config = None
        await maybeDeferred(listener.disownServiceParent)

    def listen_anew(self, listeners: MultiService) -> None:
        """Listen where the settings say now; `listen_no_more` comes before."""
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


def _tls_of(settings: SmscSettings) -> ClientTls | None:
    tls = settings.tls
    return ClientTls(f"SMSC {settings.name}", tls) if tls is not None else None
