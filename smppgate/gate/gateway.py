"""`Gateway`: the running gate, and the order in which its parts start and stop.

`smppgate.gate.build` makes the parts from the settings.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random, SystemRandom

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, DeferredList, ensureDeferred
from twisted.internet.interfaces import IAddress, IReactorTime

from smppgate.gate.build import (
    esme_timers,
    make_bind,
    make_router,
    make_smscs,
    make_store,
    make_targets,
    smsc_timers,
)
from smppgate.gate.drain import until
from smppgate.gate.sessions.bind_delays import BindDelays
from smppgate.gate.sessions.endpoints import client_endpoint, server_endpoint
from smppgate.gate.sessions.esme import EsmeProtocol, EsmeSessionConfig
from smppgate.gate.sessions.links import Backoff, LinkSessionConfig, SmscLink
from smppgate.gate.sessions.listener import Listener
from smppgate.gate.sessions.listeners import Listeners
from smppgate.gate.sessions.outbind_esme import EsmeOutbind
from smppgate.gate.sessions.outbind_smsc import OutbindFactory, OutbindSessionConfig
from smppgate.gate.sessions.pass_through import PassThrough
from smppgate.gate.sessions.smsc import SmscProtocol
from smppgate.routing.esmes.guesses import Guesses
from smppgate.routing.esmes.refused_credentials import RefusedCredentials
from smppgate.settings import Settings, SmscSettings
from smppgate.store import IStore, StoreError
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.pdu import Outbind
from smppgate.txsmpp.versions import version_named

UNBIND_TIMEOUT = 5.0
"""Seconds that peers have to answer the unbind of a gate that stops: then they are cut off."""

CLOSE_TIMEOUT = 1.0
"""Seconds that connections have to close after the unbind, and again after they are cut off."""

MIN_OUTBIND_BACKOFF, MAX_OUTBIND_BACKOFF = 1.0, 60.0
"""Seconds of the shortest and of the longest pause between two outbinds to one ESME."""

MIN_OUTBIND_CONNECTIONS = 10
"""Connections with outbind that every SMSC may have, however small its ``sessions``. A connection
that was lost unnoticed counts until its timer ends it, and must not keep a new one out."""


class Gateway(MultiService):
    """The whole gate as one service.

    At the start it binds to its SMSCs and listens for ESMEs. At the stop it does the reverse in
    order, and gives outstanding requests ``stop_timeout`` seconds to be answered.

    :param reactor: for sockets, time and timers. Unless `use_monotonic` was called on it, a wall
        clock that is set back delays timers; see `smppgate.txsmpp.clock`.
    :param entropy: the one source of chance; by default the operating system's.
    :param store: keeps return paths and queues; by default the store that the settings describe.
    """

    log = Logger()

    def __init__(
        self,
        settings: Settings,
        reactor: IReactorTime,
        *,
        entropy: Random | None = None,
        store: IStore | None = None,
    ) -> None:
        super().__init__()
        self.settings = settings
        self._reactor = reactor
        self._clock = clock = Clock.of(reactor)
        self._entropy = entropy = entropy if entropy is not None else SystemRandom()
        self.store = store if store is not None else make_store(settings, reactor)
        self.smscs = make_smscs(settings.smsc)
        self.router = make_router(settings, clock, self.smscs, self.store, entropy)
        # It listens before the store is open, and ESMEs may bind already.
        self.router.await_store()
        self.router.setServiceParent(self)
        self.links = [link for smsc in settings.smsc for link in self._make_links(smsc)]
        self._linking = MultiService()
        for link in self.links:
            link.setServiceParent(self._linking)
        self._opening: Deferred[None] | None = None
        self.pass_through = PassThrough(
            self.router,
            make_targets(settings, self.smscs, reactor),
            RefusedCredentials(entropy.randbytes(32)),
        )
        self._esme_config = self._make_esme_config()
        self._listeners = Listeners(reactor, self._esme_config)
        self._listeners.setServiceParent(self)
        for listen in settings.listen:
            self._listeners.add(listen.endpoint, listen.max_sessions)
        self._esme_outbinds = list(self._make_queues())
        self._outbinds = list(self._make_outbind_listeners())

    def addresses(self) -> tuple[IAddress, ...]:
        """The addresses that the gate listens on now: for ESMEs first, in order of settings."""
        return self._listeners.addresses()

    def startService(self) -> None:
        """Open the store, then bind to the SMSCs: their receipts need the return paths in it."""
        super().startService()
        self._opening = ensureDeferred(self._open())

    def stopService(self) -> Deferred[None]:
        """Stop listening, let outstanding requests end, unbind SMSCs and then ESMEs, close."""
        return ensureDeferred(self._stop())

    def store_failed(self, error: StoreError) -> None:
        """The store cannot be opened: without return paths the gate takes no requests.

        This writes it to the log; a program may override it to end.
        """
        self.log.critical("the store cannot be opened: {error}", error=error)

    async def _open(self) -> None:
        try:
            await self.store.open()
        except StoreError as error:
            self.store_failed(error)
            return
        if self.running:
            self.router.store_opened()
            self.router.return_paths.aliases.fetch()
            self.router.queues.start()
            self._linking.setServiceParent(self)

    async def _stop(self) -> None:
        self.log.info("stopping: {open} requests open", open=self.router.open_exchanges)
        self.router.drain()
        self.router.queues.rest()
        for outbind in self._esme_outbinds:
            outbind.stopService()
        self.pass_through.stop()
        await _wait_for(self._listeners.stopService())
        await until(self._is_drained, self.settings.gate.stop_timeout, self._clock)
        # Links first: a request that its SMSC has not answered by now fails, and its ESME, still
        # bound, is answered ESME_RSYSERR.
        await self._all_unbound(
            [
                *(ensureDeferred(link.leave()) for link in self.links),
                *(
                    ensureDeferred(s.unbind("the gate is stopping"))
                    for s in self._other_smsc_sessions()
                ),
            ]
        )
        await self._all_unbound(
            [ensureDeferred(s.unbind("the gate is stopping")) for s in self._esme_sessions()]
        )
        await until(self._is_empty, CLOSE_TIMEOUT, self._clock)
        for session in (*self._esme_sessions(), *self._other_smsc_sessions()):
            session.abort("the gate is stopping")
        await _wait_for(super().stopService())
        await until(self._is_empty, CLOSE_TIMEOUT, self._clock)
        # The store last: exchanges that ended just now may have written to it. It cannot be closed
        # while it is being opened.
        if self._opening is not None:
            await self._opening
        await self.store.close()
        self.log.info("stopped")

    def _is_drained(self) -> bool:
        return not self.router.open_exchanges

    def _is_empty(self) -> bool:
        return not self._esme_sessions() and not self._other_smsc_sessions()

    async def _all_unbound(self, unbinds: list[Deferred[None]]) -> None:
        for unbind in unbinds:
            unbind.addTimeout(UNBIND_TIMEOUT, self._clock)
        await DeferredList(unbinds, consumeErrors=True)

    def _esme_sessions(self) -> list[EsmeProtocol]:
        outbinds = (s for outbind in self._esme_outbinds for s in outbind.factory.sessions)
        return [*self._listeners.sessions(), *outbinds]

    def _other_smsc_sessions(self) -> list[SmscProtocol]:
        """The sessions with SMSCs that no `SmscLink` keeps: passed through or with outbind."""
        outbinds = (session for factory in self._outbinds for session in factory.sessions)
        return [*self.pass_through.sessions, *outbinds]

    # Parts

    def _make_queues(self) -> Iterator[EsmeOutbind]:
        for esme in self.settings.esme:
            account = self.router.accounts.named(esme.system_id.encode("latin-1"))
            if not esme.queue or account is None:
                continue
            queue = self.router.queues.add(account, esme.queue_size, esme.queue_ttl)
            if esme.outbind:
                outbind = EsmeOutbind(
                    account,
                    queue.sender,
                    client_endpoint(self._reactor, esme.outbind),
                    self._esme_config,
                    Outbind(
                        system_id=self.settings.gate.name.encode("latin-1"),
                        password=esme.outbind_password.encode("latin-1"),
                    ),
                    Backoff(MIN_OUTBIND_BACKOFF, MAX_OUTBIND_BACKOFF, self._entropy.random),
                    self._clock,
                )
                outbind.setServiceParent(self)
                yield outbind

    def _make_esme_config(self) -> EsmeSessionConfig:
        gate = self.settings.gate
        return EsmeSessionConfig(
            router=self.router,
            name=gate.name,
            timers=esme_timers(gate),
            max_pdu_size=gate.max_pdu_size,
            accepts_without_smsc=gate.accept_binds_without_smsc,
            pass_through=self.pass_through,
            refusal_rate=gate.refusal_rate,
            refused_bind_wait=gate.refused_bind_wait,
            stale_bind_timeout=gate.stale_bind_timeout,
            bind_delays=BindDelays(Guesses(gate.bind_delay)),
        )

    def _make_links(self, smsc: SmscSettings) -> Iterator[SmscLink]:
        gate = self.settings.gate
        for number in range(1, smsc.sessions + 1):
            for bind in smsc.bind.split("+"):
                config = LinkSessionConfig(
                    name=f"{smsc.name} {bind} {number}",
                    router=self.router,
                    smsc=self.smscs[smsc.name],
                    bind=make_bind(smsc, bind),
                    backoff=Backoff(smsc.reconnect_min, smsc.reconnect_max, self._entropy.random),
                    timers=smsc_timers(self.settings.gate, smsc),
                    version=version_named(smsc.interface_version),
                    window=smsc.window,
                    max_pdu_size=gate.max_pdu_size,
                    endpoint=smsc.endpoint,
                    refusal_rate=gate.refusal_rate,
                    rebinds=smsc.rebind,
                    max_timeouts=smsc.max_timeouts,
                )
                endpoint = client_endpoint(self._reactor, smsc.endpoint_for(bind))
                yield SmscLink(endpoint, config)

    def _make_outbind_listeners(self) -> Iterator[OutbindFactory]:
        for smsc in self.settings.smsc:
            if not smsc.outbind_listen:
                continue
            config = OutbindSessionConfig(
                name=f"{smsc.name} outbind",
                router=self.router,
                smsc=self.smscs[smsc.name],
                timers=smsc_timers(self.settings.gate, smsc),
                version=version_named(smsc.interface_version),
                window=smsc.window,
                max_pdu_size=self.settings.gate.max_pdu_size,
                endpoint=smsc.outbind_listen,
                refusal_rate=self.settings.gate.refusal_rate,
                bind=make_bind(smsc, "receiver"),
                system_id=smsc.outbind_system_id.encode("latin-1"),
                password=smsc.outbind_password.encode("latin-1"),
            )
            factory = OutbindFactory(config, max(smsc.sessions, MIN_OUTBIND_CONNECTIONS))
            endpoint = server_endpoint(self._reactor, smsc.outbind_listen)
            listener = Listener(smsc.outbind_listen, endpoint, factory)
            listener.setServiceParent(self._listeners)
            yield factory


async def _wait_for(stopping: Deferred[None] | None) -> None:
    # stopService gives None where it need not wait.
    if stopping is not None:
        await stopping
