"""`Gateway`: the running gate: its start, its stop, and the doors for its operator.

`smppgate.gate.build` makes the parts from the settings, `smppgate.gate.reload` changes them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random, SystemRandom

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.interfaces import IAddress, IReactorTime

from smppgate.gate.build import compare_in_thread
from smppgate.gate.controls import (
    AccountControl,
    LinkControl,
    QueueControl,
    SessionControl,
    SmscControl,
)
from smppgate.gate.explanation import Outlook, decided_by, outlook
from smppgate.gate.observation import Observation, bound_session, key_of_link, octets_of
from smppgate.gate.parts import Parts
from smppgate.gate.peers.build import node_count
from smppgate.gate.reload import Reload
from smppgate.gate.seat import ALONE, Seat
from smppgate.gate.sessions.certificate_watch import CertificateWatch, looks_in_thread
from smppgate.gate.sessions.esme import EsmeProtocol
from smppgate.gate.sessions.links import SmscLink
from smppgate.gate.sessions.password_checks import Compare
from smppgate.gate.sessions.smsc import SmscProtocol
from smppgate.gate.state import GatewayState
from smppgate.gate.stop import Stop
from smppgate.gate.stores import make_store, store_tls
from smppgate.notices.store import STORE_NOT_OPENED
from smppgate.settings import Settings
from smppgate.settings.esme_rules import WILDCARD
from smppgate.store import IStore, StoreError
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.pdu import Pdu


class Gateway(MultiService):
    """The whole gate as one service.

    At the start it binds to its SMSCs and listens for ESMEs. At the stop it does the reverse in
    order, in ``stop_timeout`` seconds at the most: see `smppgate.gate.stop`.

    :param reactor: for sockets, time and timers. Unless `use_monotonic` was called on it, a wall
        clock that is set back delays timers; see `smppgate.txsmpp.clock`.
    :param entropy: the one source of chance; by default the operating system's.
    :param store: keeps return paths and queues; by default the store that the settings describe.
    :param compare: compares a hash with a password; by default in a thread of the reactor's.
    :param seat: of this process, where the gate has several.
    :raises SettingsError: the hooks that the settings name cannot be made.
    :ivar certificates: has those read that have changed.
    """

    log = Logger()

    def __init__(
        self,
        settings: Settings,
        reactor: IReactorTime,
        *,
        entropy: Random | None = None,
        store: IStore | None = None,
        compare: Compare | None = None,
        seat: Seat = ALONE,
    ) -> None:
        super().__init__()
        self.clock = Clock.of(reactor)
        entropy = entropy if entropy is not None else SystemRandom()
        tls = store_tls(settings)
        if store is None:
            store = make_store(settings, reactor, entropy, tls)
        self.store = store
        self._count_nodes(settings)
        compare = compare if compare is not None else compare_in_thread(reactor)
        self.parts = parts = Parts(settings, reactor, self.store, entropy, compare, seat)
        self.router = parts.router
        # It listens before the store is open, and ESMEs may bind already.
        self.router.await_store()
        for service in (parts.router, parts.listeners, parts.serving):
            service.setServiceParent(self)
        self.certificates = CertificateWatch(self.clock, looks_in_thread(reactor))
        self.certificates.sources += [parts.certificates, lambda: [tls]]
        self.certificates.setServiceParent(self)
        self._opening: Deferred[None] | None = None
        self._stop: Stop | None = None
        self._reload = Reload(parts)
        self.follow_reloads(lambda _: self.certificates.changed())
        self.follow_reloads(self._count_nodes)

    @property
    def settings(self) -> Settings:
        """Those in force: of a reload, what does not wait for a restart."""
        return self.parts.settings

    @property
    def links(self) -> list[SmscLink]:
        """The links to all SMSCs, in the order of the settings."""
        return [link for service in self.parts.smscs.values() for link in service.links]

    def addresses(self) -> tuple[IAddress, ...]:
        """The addresses that the gate listens on now: for ESMEs first, in order of settings."""
        return self.parts.listeners.addresses()

    def privilegedStartService(self) -> None:
        """Listen for ESMEs; ports below 1024 may need a user who is given up afterwards."""
        # Here for its type: Twisted's has none.
        super().privilegedStartService()

    def startService(self) -> None:
        """Open the store, then bind to the SMSCs: their receipts need the return paths in it."""
        super().startService()
        self._opening = ensureDeferred(self._open())

    def stopService(self) -> Deferred[None]:
        """Unbind ESMEs, then SMSCs, and close; see `Stop`. Fires when that is done."""
        self._reload.stop()
        gate = self.settings.gate
        self._stop = Stop(self, gate.stop_timeout, gate.unbind_timeout, self.clock)
        return ensureDeferred(self._stop.run())

    def _count_nodes(self, settings: Settings) -> None:
        self.store.share_among(node_count(settings))

    # For its operator

    def reload(self, settings: Settings) -> Deferred[Settings]:
        """Let the running gate be as ``settings`` say; fires with those in force then.

        What differs is changed, and nothing else: sessions that it does not concern notice
        nothing. What has to wait for a restart is told in the log and left as it is. SMSCs and
        accounts that are removed are drained afterwards, and links bound anew one by one.

        The Deferred fails with `SettingsError`, and nothing is changed, where a value that is kept
        until a restart cannot be beside the new ones, or where new hooks cannot be made.
        """
        return self._reload.request(settings)

    def follow_reloads(self, follow: Callable[[Settings], None]) -> None:
        """Call ``follow``, which must not raise, after each reload: with the settings in force."""
        self._reload.followers.append(follow)

    def reload_refused(self, lines: Sequence[str]) -> None:
        """Tell listeners that settings were not taken, and what is wrong with them."""
        if self.router.events.tell_reload_refused is not None:
            self.router.events.tell_reload_refused(lines)

    def state(self) -> GatewayState:
        """The gate as it is now: a frozen record of all that is worth showing."""
        return self.observation().state()

    def observation(self) -> Observation:
        """The same part by part, for who shows thousands of accounts while the gate runs."""
        return Observation(self.parts)

    def explain(self, system_id: str, pdu: Pdu, wall: float) -> tuple[str, Outlook]:
        """What decides where messages of an account go, in words, and what becomes of ``pdu``.

        The balancer is asked as for a message that is sent.

        :param wall: seconds since 1970.
        :raises KeyError: where a bind of that name is refused.
        :raises PduError: when ``pdu`` cannot be encoded.
        """
        name, router = octets_of(system_id), self.router
        account = router.accounts.named(name) or router.accounts.configured(WILDCARD.encode())
        if account is None:
            raise KeyError(system_id)
        policy, now = account.policy, self.clock.monotonic()
        rules = router.transform.rewriting.submit
        found = outlook(name, policy, router.routes, rules, pdu, wall, now)
        hooks = self.settings.gate.hooks
        return decided_by(system_id, policy, router.routes, hooks), found

    def smsc(self, name: str) -> SmscControl:
        """What an operator may do with an SMSC.

        :raises KeyError: when there is none of that name.
        """
        return SmscControl(self.router, self.parts.smscs[name])

    def link(self, link_id: str) -> LinkControl:
        """What an operator may do with a link.

        :param link_id: see `LinkState.id`.
        :raises KeyError: when there is none of that name.
        """
        service, key = key_of_link(self.parts, link_id)
        return LinkControl(self.router, service, key)

    def session(self, session_id: int) -> SessionControl:
        """What an operator may do with a session.

        :param session_id: see `SessionState.id`.
        :raises KeyError: when none with that number is bound.
        """
        return SessionControl(bound_session(self.parts, session_id), self.router)

    def queue(self, system_id: str) -> QueueControl:
        """What an operator may do with the queue of an account.

        :raises KeyError: when there is no account of that name, or it has no queue.
        """
        account = self.router.accounts.configured(octets_of(system_id))
        if account is None or account not in self.router.queues:
            raise KeyError(system_id)
        return QueueControl(self.router.queues[account])

    def account(self, system_id: str) -> AccountControl:
        """What an operator may do with an account.

        :raises KeyError: when there is none of that name.
        """
        account = self.router.accounts.configured(octets_of(system_id))
        if account is None:
            raise KeyError(system_id)
        return AccountControl(account, self.router)

    def cut(self) -> None:
        """End a stop that is under way at once: peers are waited for no longer."""
        if self._stop is not None:
            self._stop.cut()

    def store_failed(self, error: StoreError) -> None:
        """The store cannot be opened: without return paths the gate takes no requests.

        This writes it to the log; a program may override it to end.
        """
        self.log.tell(STORE_NOT_OPENED, error=error)

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
            if self.parts.peers is not None:
                self.parts.peers.setServiceParent(self)
            self.parts.linking.setServiceParent(self)

    # What `Stop` needs

    def esme_sessions(self) -> list[EsmeProtocol]:
        """The sessions with ESMEs whose connections are not lost."""
        return self.parts.esme_sessions()

    def other_smsc_sessions(self) -> list[SmscProtocol]:
        """The sessions with SMSCs that no link keeps up: passed through, with outbind, leaving."""
        return self.parts.other_smsc_sessions()

    async def close_doors(self) -> None:
        """Listen no more, connect to no ESME, and refuse the binds that wait for an SMSC."""
        await _wait_for(self.parts.serving.stopService())
        self.parts.pass_through.stop()
        self.parts.password_checks.stop()
        await _wait_for(self.parts.listeners.stopService())

    async def esmes_ended(self) -> None:
        """No ESME is served any more; returns when links to SMSCs are needed no longer."""

    async def close_services(self) -> None:
        """Stop all services and timers."""
        await _wait_for(super().stopService())

    async def close_store(self) -> None:
        """Close the store, which cannot be closed while it is being opened."""
        if self._opening is not None:
            await self._opening
        await self.store.close()


async def _wait_for(stopping: Deferred[None] | None) -> None:
    # stopService gives None where it need not wait.
    if stopping is not None:
        await stopping
