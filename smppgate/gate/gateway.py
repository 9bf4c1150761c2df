"""`Gateway`: the running gate: what begins and ends in which order.

What it is made of, and how that follows from the settings, is in `smppgate.gate.parts`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import random

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, DeferredList, ensureDeferred
from twisted.internet.endpoints import clientFromString, serverFromString
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.logger import Logger

from smppgate.gate.esme import EsmeFactory, EsmeProtocol, EsmeSide
from smppgate.gate.listener import Listener
from smppgate.gate.outbind import EsmeOutbind
from smppgate.gate.outbind_listener import OutbindFactory, OutbindSide
from smppgate.gate.parts import (
    esme_timers,
    make_bind,
    make_members,
    make_router,
    make_store,
    smsc_timers,
)
from smppgate.gate.passing import Passage, Passages
from smppgate.gate.smsc import LinkSide, Reconnection, SmscLink, SmscProtocol
from smppgate.gate.waiting import until
from smppgate.settings import Settings, SmscSettings
from smppgate.store import IStore, StoreError
from smppgate.txsmpp.pdu import Outbind
from smppgate.txsmpp.versions import version_named

_UNBIND_TIMEOUT = 5.0
"""Seconds that peers have to answer the unbind of a gate that stops."""

_OUTBIND_AGAIN, _OUTBIND_SELDOM = 1.0, 60.0
"""Seconds until an ESME for whom messages wait is asked once more: from the one to the other."""

_CLOSE_TIMEOUT = 1.0
"""Seconds for connections to be gone after that."""

_FEWEST_OUTBINDS = 10
"""Connections with outbind that an SMSC may have, whatever its ``sessions``: one that is dead and
not known to be must not be in the way of its successor."""


class Gateway(MultiService):
    """The whole gate as one service.

    Started, it binds to its SMSCs and listens for ESMEs. Stopped, it does the reverse in order
    and gives outstanding requests ``stop_timeout`` seconds to be answered.

    :param reactor: for sockets, time and timers.
    :param jitter: numbers from 0 to 1 for the pauses between reconnections.
    :param store: what to keep things in, not open yet; by default what the settings say.
    """

    log = Logger()

    def __init__(
        self,
        settings: Settings,
        reactor: IReactorTime,
        jitter: Callable[[], float] = random,
        *,
        store: IStore | None = None,
    ) -> None:
        super().__init__()
        self.settings = settings
        self._reactor = reactor
        self._jitter = jitter
        self.store = store if store is not None else make_store(settings, reactor)
        self.members = make_members(settings.smsc)
        self.router = make_router(settings, reactor, self.members, self.store)
        # It listens before the store is open.
        self.router.is_ready = False
        self.router.setServiceParent(self)
        self.links = [link for smsc in settings.smsc for link in self._make_links(smsc)]
        self._linking = MultiService()
        for link in self.links:
            link.setServiceParent(self._linking)
        self._opening: Deferred[None] | None = None
        self._listeners = MultiService()
        self._listeners.setServiceParent(self)
        self.passages = Passages(self.router, self._make_passages())
        self._esme_side = self._make_esme_side()
        self._factories = list(self._make_listeners())
        self._esme_outbinds = list(self._make_queues())
        self._factories.extend(outbind.factory for outbind in self._esme_outbinds)
        self._outbinds = list(self._make_outbind_listeners())

    def addresses(self) -> tuple[IAddress, ...]:
        """Where the gate listens now: first for ESMEs, each in the order of the settings."""
        addresses = (listener.address for listener in self._listeners)
        return tuple(address for address in addresses if address is not None)

    def startService(self) -> None:
        """Open the store, and then bind to the SMSCs: what they send may be about any message."""
        super().startService()
        self._opening = ensureDeferred(self._open())

    def stopService(self) -> Deferred[None]:
        """Stop listening, let what is outstanding end, unbind both sides, close."""
        return ensureDeferred(self._stop())

    def store_failed(self, error: StoreError) -> None:
        """The store cannot be opened, and nothing that came back would find its way.

        Told in the log; a program may want to end.
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
            self.router.way_back.aliases.fetch()
            self.router.queues.start()
            self._linking.setServiceParent(self)

    async def _stop(self) -> None:
        self.log.info("stopping: {open} requests open", open=self.router.open_exchanges)
        self.router.is_draining = True
        self.router.queues.rest()
        for outbind in self._esme_outbinds:
            outbind.stopService()
        self.passages.stop()
        await _ended(self._listeners.stopService())
        await until(self._is_drained, self.settings.gate.stop_timeout, self._reactor)
        # Links first: what their SMSCs have not answered by now fails, and its ESME is told.
        await self._all_unbound(
            [
                *(ensureDeferred(link.leave()) for link in self.links),
                *(ensureDeferred(s.unbind("the gate is stopping")) for s in self._smscs()),
            ]
        )
        await self._all_unbound(
            [ensureDeferred(s.unbind("the gate is stopping")) for s in self._sessions()]
        )
        await until(self._is_empty, _CLOSE_TIMEOUT, self._reactor)
        for session in (*self._sessions(), *self._smscs()):
            session.abort("the gate is stopping")
        await _ended(super().stopService())
        await until(self._is_empty, _CLOSE_TIMEOUT, self._reactor)
        # Last: what ended just now may have been kept, and what was being opened is open.
        if self._opening is not None:
            await self._opening
        await self.store.close()
        self.log.info("stopped")

    def _is_drained(self) -> bool:
        return not self.router.open_exchanges

    def _is_empty(self) -> bool:
        return not self._sessions() and not self._smscs()

    async def _all_unbound(self, unbinds: list[Deferred[None]]) -> None:
        for unbind in unbinds:
            unbind.addTimeout(_UNBIND_TIMEOUT, self._reactor)
        await DeferredList(unbinds, consumeErrors=True)

    def _sessions(self) -> list[EsmeProtocol]:
        # As they are now: ending one may take it out of its factory.
        return [session for factory in self._factories for session in factory.sessions]

    def _smscs(self) -> list[SmscProtocol]:
        """The sessions with SMSCs that are not the links'."""
        outbinds = (session for factory in self._outbinds for session in factory.sessions)
        return [*self.passages.sessions, *outbinds]

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
                    queue.delivery,
                    clientFromString(self._reactor, esme.outbind),
                    self._esme_side,
                    Outbind(
                        system_id=self.settings.gate.name.encode("latin-1"),
                        password=esme.outbind_password.encode("latin-1"),
                    ),
                    Reconnection(_OUTBIND_AGAIN, _OUTBIND_SELDOM, self._jitter),
                    self._reactor,
                )
                outbind.setServiceParent(self)
                yield outbind

    def _make_esme_side(self) -> EsmeSide:
        gate = self.settings.gate
        return EsmeSide(
            router=self.router,
            name=gate.name,
            timers=esme_timers(gate),
            max_pdu_size=gate.max_pdu_size,
            accepts_without_smsc=gate.accept_binds_without_smsc,
            passages=self.passages,
        )

    def _make_listeners(self) -> Iterator[EsmeFactory]:
        for listen in self.settings.listen:
            factory = EsmeFactory(self._esme_side, listen.max_sessions)
            endpoint = serverFromString(self._reactor, listen.endpoint)
            listener = Listener(listen.endpoint, endpoint, factory)
            listener.setServiceParent(self._listeners)
            yield factory

    def _make_links(self, smsc: SmscSettings) -> Iterator[SmscLink]:
        gate = self.settings.gate
        for number in range(1, smsc.sessions + 1):
            for bind in smsc.bind.split("+"):
                side = LinkSide(
                    name=f"{smsc.name} {bind} {number}",
                    router=self.router,
                    member=self.members[smsc.name],
                    bind=make_bind(smsc, bind),
                    reconnection=Reconnection(
                        smsc.reconnect_min, smsc.reconnect_max, self._jitter
                    ),
                    timers=smsc_timers(self.settings.gate, smsc),
                    version=version_named(smsc.interface_version),
                    window=smsc.window,
                    max_pdu_size=gate.max_pdu_size,
                )
                yield SmscLink(clientFromString(self._reactor, smsc.endpoint), side)

    def _make_passages(self) -> Iterator[Passage]:
        if not any(esme.auth == "smsc" for esme in self.settings.esme):
            return
        for smsc in self.settings.smsc:
            yield Passage(
                self.members[smsc.name],
                clientFromString(self._reactor, smsc.endpoint),
                smsc_timers(self.settings.gate, smsc),
                smsc.window,
                self.settings.gate.max_pdu_size,
            )

    def _make_outbind_listeners(self) -> Iterator[OutbindFactory]:
        for smsc in self.settings.smsc:
            if not smsc.outbind_listen:
                continue
            side = OutbindSide(
                name=f"{smsc.name} outbind",
                router=self.router,
                member=self.members[smsc.name],
                timers=smsc_timers(self.settings.gate, smsc),
                version=version_named(smsc.interface_version),
                window=smsc.window,
                max_pdu_size=self.settings.gate.max_pdu_size,
                bind=make_bind(smsc, "receiver"),
                system_id=smsc.outbind_system_id.encode("latin-1"),
                password=smsc.outbind_password.encode("latin-1"),
            )
            factory = OutbindFactory(side, max(smsc.sessions, _FEWEST_OUTBINDS))
            endpoint = serverFromString(self._reactor, smsc.outbind_listen)
            listener = Listener(smsc.outbind_listen, endpoint, factory)
            listener.setServiceParent(self._listeners)
            yield factory


async def _ended(stopping: Deferred[None] | None) -> None:
    # stopService gives a Deferred only where there is something to wait for.
    if stopping is not None:
        await stopping
