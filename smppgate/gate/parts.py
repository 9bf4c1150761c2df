"""`Parts`: what a gate is made of, and how a part is added while it runs.

`Gateway` starts and stops them, `Reload` changes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from random import Random
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.interfaces import IReactorTime

from smppgate.gate.build import (
    Centers,
    esme_timers,
    listener_rules,
    make_hooks,
    make_router,
    make_target,
)
from smppgate.gate.esme_service import EsmeService
from smppgate.gate.peers.build import make_peers
from smppgate.gate.seat import ALONE, Seat
from smppgate.gate.sessions.all_strangers import AllGuesses, OwnGuesses
from smppgate.gate.sessions.bind_delays import BindDelays
from smppgate.gate.sessions.bind_places import BindPlaces
from smppgate.gate.sessions.certificate_watch import Renewable
from smppgate.gate.sessions.esme import EsmeProtocol, EsmeSessionConfig
from smppgate.gate.sessions.listener import CannotListen
from smppgate.gate.sessions.listeners import Listeners
from smppgate.gate.sessions.pass_through import PassThrough
from smppgate.gate.sessions.password_checks import Compare, PasswordChecks
from smppgate.gate.sessions.smsc import SmscProtocol
from smppgate.gate.smsc_service import SmscService
from smppgate.routing.esmes.account import Account
from smppgate.routing.esmes.guesses import Guesses
from smppgate.routing.esmes.refused_credentials import RefusedCredentials
from smppgate.routing.sessions import EsmeSession
from smppgate.routing.smscs.smsc import Smsc
from smppgate.settings import EsmeSettings, GateSettings, Settings, SmscSettings
from smppgate.store import IStore
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.sockets import Sockets


class Parts:
    """The parts of one gate.

    :raises SettingsError: its hooks cannot be made.
    :param entropy: the one source of chance.
    :param compare: compares a hash with a password, off the reactor.
    :ivar settings: those in force.
    :ivar seat: of this process, where the gate has several.
    :ivar smscs: the services of SMSCs, by name.
    :ivar leaving: those of SMSCs that are removed, until their links are unbound.
    :ivar accounts: the services of accounts, by system_id.
    :ivar linking: has the services of SMSCs; it starts when the store is open.
    :ivar serving: has the services of accounts.
    :ivar peers: the links to other nodes, which start when the store is open; None without any.
    """

    def __init__(
        self,
        settings: Settings,
        reactor: IReactorTime,
        store: IStore,
        entropy: Random,
        compare: Compare,
        seat: Seat = ALONE,
    ) -> None:
        self.settings, self.seat = settings, seat
        self.entropy, self._store = entropy, store
        self.reactor = reactor
        self.clock = Clock.of(reactor)
        self._jitter = entropy.random
        self.centers = Centers()
        smscs = {smsc.name: self.centers.smsc(settings.gate, smsc) for smsc in settings.smsc}
        hooks = make_hooks(settings.gate, reactor)
        self.router = make_router(settings, self.clock, smscs, store, entropy)
        self.router.hooks.change(hooks)
        self.router.batch.sockets = Sockets.of(reactor, self.router.batch)
        places = BindPlaces(store)
        store.tell_full(self._account_full)
        self.pass_through = PassThrough(
            self.router, (), RefusedCredentials(entropy.randbytes(32)), places
        )
        bind_delays = BindDelays(_guesses(settings.gate, seat))
        self.password_checks = PasswordChecks(
            compare,
            entropy.randbytes(32),
            lambda network, name: bind_delays.failed_unheard(
                network, name, self.clock.monotonic()
            ),
        )
        self.esme_config = EsmeSessionConfig(
            router=self.router,
            pass_through=self.pass_through,
            password_checks=self.password_checks,
            bind_delays=bind_delays,
            ids=seat.session_ids(),
            places=places,
            **_esme_rules(settings.gate),
        )
        self.listeners = Listeners(reactor, self.esme_config, seat.endpoint, seat.strangers)
        for listen in settings.listen:
            self.listeners.add(
                listen.endpoint, listen.max_sessions, listener_rules(listen), listen.tls
            )
        self.router.queues.tells_orphans = seat.number == 0
        self.peers = make_peers(
            settings, reactor, self.router, self._jitter, are_alike=not seat.is_alone
        )
        if self.peers is not None:
            self.peers.listener.setServiceParent(self.listeners)
        self.linking = MultiService()
        self.serving = MultiService()
        self.smscs: dict[str, SmscService] = {}
        self.leaving: dict[SmscService, None] = {}
        self.accounts: dict[str, EsmeService] = {}
        # Sessions that began with an outbind and whose accounts are removed.
        self._left: list[EsmeProtocol] = []
        self._add_all(settings, smscs)

    def _add_all(self, settings: Settings, smscs: Mapping[str, Smsc]) -> None:
        for smsc in settings.smsc:
            self.add_smsc(smsc, smscs[smsc.name])
        for esme in settings.esme:
            account = self.router.accounts.configured(esme.system_id.encode("latin-1"))
            if account is not None:
                self.add_account(esme, account)

    def add_smsc(self, settings: SmscSettings, smsc: Smsc) -> None:
        """Have links to ``smsc``, which the router knows."""
        gate = self.settings.gate
        service = SmscService(
            self.reactor, self.router, smsc, self._jitter, gate, settings, self._store, self.seat
        )
        self.smscs[settings.name] = service
        service.setServiceParent(self.linking)
        target = make_target(
            gate, settings, smsc, self.reactor, service.tls, service.session_slots
        )
        self.pass_through.set_target(target)
        listener = service.listen()
        if listener is not None:
            # While the gate runs, the listener itself logs why it cannot be opened.
            with suppress(CannotListen):
                listener.setServiceParent(self.listeners)

    def add_account(self, settings: EsmeSettings, account: Account[EsmeSession]) -> None:
        """Have ranges and a queue of ``account``, which the router knows."""
        service = EsmeService(
            self.reactor, self.router, account, self.esme_config, self._jitter, settings
        )
        self.accounts[settings.system_id] = service
        service.setServiceParent(self.serving)

    def certificates(self) -> list[Renewable]:
        """What has certificates, or may have."""
        services = (*self.smscs.values(), *self.leaving)
        clients = [service.tls for service in services if service.tls is not None]
        return [*self.listeners.all(), *clients]

    def esme_sessions(self) -> list[EsmeProtocol]:
        """The sessions with ESMEs whose connections are not lost."""
        dialled = [each for service in self.accounts.values() for each in service.sessions()]
        dialled += [session for session in self._left if not session.has_ended]
        return [*self.listeners.sessions(), *dialled]

    def other_smsc_sessions(self) -> list[SmscProtocol]:
        """The sessions with SMSCs that no link keeps up: passed through, with outbind, leaving."""
        services = (*self.smscs.values(), *self.leaving)
        dialled = [each for service in services for each in service.sessions()]
        dialled += [
            link.session for service in self.leaving for link in service.links if link.session
        ]
        return [*self.pass_through.sessions, *dialled]

    def keep_sessions(self, service: EsmeService) -> None:
        """Know the sessions of an account that is removed, until they have ended."""
        self._left = [session for session in self._left if not session.has_ended]
        self._left += service.sessions()

    def _account_full(self, name: bytes) -> None:
        """Let stale sessions give way: those of the account that are not heard in time are cut."""
        account, patience = self.router.accounts.named(name), self.esme_config.stale_bind_timeout
        for session in tuple(account.sessions) if account is not None and patience else ():
            session.probe(patience)

    def configure_esmes(self, gate: GateSettings) -> None:
        """Let sessions with ESMEs go by ``gate``, those that are bound too."""
        for name, value in _esme_rules(gate).items():
            setattr(self.esme_config, name, value)
        self.esme_config.bind_delays.change_limit(gate.bind_delay)
        for session in self.esme_sessions():
            session.config_changed()


def _guesses(gate: GateSettings, seat: Seat) -> AllGuesses:
    """The failed binds of all processes of the gate."""
    return seat.strangers or OwnGuesses(Guesses(gate.bind_delay))


def _esme_rules(gate: GateSettings) -> dict[str, Any]:
    """What `EsmeSessionConfig` has of the settings, which a reload changes."""
    return {
        "name": gate.name,
        "timers": esme_timers(gate),
        "max_pdu_size": gate.max_pdu_size,
        "accepts_without_smsc": gate.accept_binds_without_smsc,
        "refusal_rate": gate.refusal_rate,
        "refused_bind_wait": gate.refused_bind_wait,
        "stale_bind_timeout": gate.stale_bind_timeout,
    }
