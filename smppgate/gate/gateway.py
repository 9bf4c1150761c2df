"""`Gateway`: settings in, a running gate out. The one place where the parts are put together."""

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
from smppgate.gate.router import RouterService
from smppgate.gate.smsc import Reconnection, SmscLink, SmscSide
from smppgate.gate.waiting import until
from smppgate.routing.accounts import Account, Accounts
from smppgate.routing.balancers import BALANCERS
from smppgate.routing.pools import Member, Pool
from smppgate.routing.ranges import RangeTable
from smppgate.routing.receipt_routes import ReceiptRoutes
from smppgate.settings import EsmeSettings, Settings, SmscSettings
from smppgate.txsmpp.pdu import BindReceiver, BindTransceiver, BindTransmitter, Pdu
from smppgate.txsmpp.timers import Timers
from smppgate.txsmpp.versions import version_named

_UNBIND_TIMEOUT = 5.0
"""Seconds that peers have to answer the unbind of a gate that stops."""

_CLOSE_TIMEOUT = 1.0
"""Seconds for connections to be gone after that."""


class Gateway(MultiService):
    """The whole gate as one service.

    Started, it binds to its SMSCs and listens for ESMEs. Stopped, it does the reverse in order
    and gives outstanding requests ``stop_timeout`` seconds to be answered.

    :param reactor: for sockets, time and timers.
    :param jitter: numbers from 0 to 1 for the pauses between reconnections.
    """

    log = Logger()

    def __init__(
        self,
        settings: Settings,
        reactor: IReactorTime,
        jitter: Callable[[], float] = random,
    ) -> None:
        super().__init__()
        self.settings = settings
        self._reactor = reactor
        self._jitter = jitter
        self.members = {smsc.name: self._make_member(smsc) for smsc in settings.smsc}
        self.router = self._make_router()
        self.router.setServiceParent(self)
        self.links = [link for smsc in settings.smsc for link in self._make_links(smsc)]
        for link in self.links:
            link.setServiceParent(self)
        self._listeners = MultiService()
        self._listeners.setServiceParent(self)
        self._factories = list(self._make_listeners())

    def addresses(self) -> tuple[IAddress, ...]:
        """Where the gate listens now, in the order of the settings."""
        addresses = (listener.address for listener in self._listeners)
        return tuple(address for address in addresses if address is not None)

    def stopService(self) -> Deferred[None]:
        """Stop listening, let what is outstanding end, unbind both sides, close."""
        return ensureDeferred(self._stop())

    async def _stop(self) -> None:
        self.log.info("stopping: {open} requests open", open=self.router.open_exchanges)
        self.router.is_draining = True
        await _ended(self._listeners.stopService())
        await until(self._is_drained, self.settings.gate.stop_timeout, self._reactor)
        # Links first: what their SMSCs have not answered by now fails, and its ESME is told.
        await self._all_unbound([ensureDeferred(link.leave()) for link in self.links])
        await self._all_unbound(
            [ensureDeferred(s.unbind("the gate is stopping")) for s in self._sessions()]
        )
        await until(self._is_empty, _CLOSE_TIMEOUT, self._reactor)
        for session in self._sessions():
            session.abort("the gate is stopping")
        await _ended(super().stopService())
        await until(self._is_empty, _CLOSE_TIMEOUT, self._reactor)
        self.log.info("stopped")

    def _is_drained(self) -> bool:
        return not self.router.open_exchanges

    def _is_empty(self) -> bool:
        return not any(factory.sessions for factory in self._factories)

    async def _all_unbound(self, unbinds: list[Deferred[None]]) -> None:
        for unbind in unbinds:
            unbind.addTimeout(_UNBIND_TIMEOUT, self._reactor)
        await DeferredList(unbinds, consumeErrors=True)

    def _sessions(self) -> list[EsmeProtocol]:
        # As they are now: ending one may take it out of its factory.
        return [session for factory in self._factories for session in factory.sessions]

    # Parts

    def _make_member(self, smsc: SmscSettings) -> Member:
        gate = self.settings.gate
        routes = ReceiptRoutes(gate.receipt_routes, gate.receipt_route_ttl)
        return Member(smsc.name, smsc.weight, routes)

    def _make_router(self) -> RouterService:
        gate = self.settings.gate
        pools = {
            pool.name: Pool(
                pool.name, BALANCERS[pool.balance]([self.members[name] for name in pool.members])
            )
            for pool in self.settings.pool
        }
        default = next(iter(pools.values()))
        accounts = [
            _account(esme, pools[esme.pool] if esme.pool else default)
            for esme in self.settings.esme
        ]
        ranges: RangeTable[Account[EsmeProtocol]] = RangeTable()
        for esme, account in zip(self.settings.esme, accounts, strict=True):
            for address_range in esme.address_ranges:
                ranges.add(address_range, account)
        return RouterService(
            self._reactor,
            self.members.values(),
            pools,
            Accounts(accounts),
            ranges,
            gate.no_member_status,
        )

    def _make_listeners(self) -> Iterator[EsmeFactory]:
        gate = self.settings.gate
        side = EsmeSide(
            router=self.router,
            name=gate.name,
            timers=Timers(
                session_init=gate.session_init_timeout,
                enquire_link=gate.enquire_link,
                inactivity=gate.inactivity_timeout,
                response=gate.response_timeout,
            ),
            max_pdu_size=gate.max_pdu_size,
            accepts_without_smsc=gate.accept_binds_without_smsc,
        )
        for listen in self.settings.listen:
            factory = EsmeFactory(side, listen.max_sessions)
            endpoint = serverFromString(self._reactor, listen.endpoint)
            listener = Listener(listen.endpoint, endpoint, factory)
            listener.setServiceParent(self._listeners)
            yield factory

    def _make_links(self, smsc: SmscSettings) -> Iterator[SmscLink]:
        gate = self.settings.gate
        for number in range(1, smsc.sessions + 1):
            for bind in smsc.bind.split("+"):
                side = SmscSide(
                    name=f"{smsc.name} {bind} {number}",
                    router=self.router,
                    member=self.members[smsc.name],
                    bind=_bind(smsc, bind),
                    reconnection=Reconnection(
                        smsc.reconnect_min, smsc.reconnect_max, self._jitter
                    ),
                    timers=Timers(
                        session_init=gate.session_init_timeout,
                        enquire_link=smsc.enquire_link,
                        inactivity=0.0,
                        response=gate.response_timeout,
                    ),
                    window=smsc.window,
                    max_pdu_size=gate.max_pdu_size,
                )
                yield SmscLink(clientFromString(self._reactor, smsc.endpoint), side)


async def _ended(stopping: Deferred[None] | None) -> None:
    # stopService gives a Deferred only where there is something to wait for.
    if stopping is not None:
        await stopping


def _account(esme: EsmeSettings, pool: Pool) -> Account[EsmeProtocol]:
    return Account(
        system_id=esme.system_id,
        password=esme.password.encode("latin-1"),
        binds=frozenset(esme.binds),
        max_binds=esme.max_binds,
        window=esme.window,
        pool=pool,
    )


_BINDS: dict[str, type[BindTransceiver | BindTransmitter | BindReceiver]] = {
    "transceiver": BindTransceiver,
    "transmitter": BindTransmitter,
    "receiver": BindReceiver,
}


def _bind(smsc: SmscSettings, kind: str) -> Pdu:
    return _BINDS[kind](
        system_id=smsc.system_id.encode("latin-1"),
        password=smsc.password.encode("latin-1"),
        system_type=smsc.system_type.encode("latin-1"),
        interface_version=version_named(smsc.interface_version).interface_version,
        addr_ton=smsc.addr_ton,
        addr_npi=smsc.addr_npi,
        address_range=smsc.address_range.encode("latin-1"),
    )
