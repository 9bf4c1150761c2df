"""`EsmeService`: one account of the settings while the gate runs: ranges, queue and outbinds."""

from __future__ import annotations

from collections.abc import Callable

from twisted.application.service import MultiService
from twisted.internet.interfaces import IReactorTime

from smppgate.gate.router import RouterService
from smppgate.gate.sessions.endpoints import client_endpoint
from smppgate.gate.sessions.esme import EsmeProtocol, EsmeSessionConfig
from smppgate.gate.sessions.outbind_esme import EsmeOutbind
from smppgate.routing.esmes.account import Account
from smppgate.routing.sessions import EsmeSession
from smppgate.settings import EsmeSettings
from smppgate.txsmpp.backoff import Backoff
from smppgate.txsmpp.pdu import Outbind

MIN_OUTBIND_BACKOFF, MAX_OUTBIND_BACKOFF = 1.0, 60.0
"""Seconds of the shortest and of the longest pause between two outbinds to one ESME."""


class EsmeService(MultiService):
    """An account, its queue, and the outbinds that are sent to its ESME.

    :param account: what decisions know of it.
    :param jitter: gives a number from 0 to 1, for the pauses between two outbinds.
    :ivar settings: in force.
    """

    def __init__(
        self,
        reactor: IReactorTime,
        router: RouterService,
        account: Account[EsmeSession],
        config: EsmeSessionConfig,
        jitter: Callable[[], float],
        settings: EsmeSettings,
    ) -> None:
        super().__init__()
        self.account = account
        self.settings = settings
        self._reactor = reactor
        self._router = router
        self._config = config
        self._jitter = jitter
        self._outbind: EsmeOutbind | None = None
        self._left: list[EsmeProtocol] = []
        for address_range in settings.address_ranges:
            router.ranges.add(address_range, account)
        self._open_queue()

    def sessions(self) -> list[EsmeProtocol]:
        """Its sessions that began with an outbind."""
        self._left = [session for session in self._left if not session.has_ended]
        current = self._outbind.factory.sessions if self._outbind is not None else ()
        return [*self._left, *current]

    def change(self, settings: EsmeSettings) -> None:
        """Go by these settings, at once; the policy of the account is changed elsewhere."""
        before, self.settings = self.settings, settings
        router, account = self._router, self.account
        if settings.address_ranges != before.address_ranges:
            router.ranges.change(account, before.address_ranges, settings.address_ranges)
        if not settings.queue:
            if before.queue:
                self._end_outbind()
                router.queues.close(account)
        elif not before.queue:
            self._open_queue()
        else:
            router.queues.change(account, settings.queue_size, settings.queue_ttl)
            if _outbind_of(settings) != _outbind_of(before):
                self._end_outbind()
                self._begin_outbind()

    def leave(self) -> None:
        """The account is no more: its numbers are free, its queue stays in the store."""
        self._router.ranges.change(self.account, self.settings.address_ranges, ())
        self._end_outbind()
        # It may have one that closes.
        self._router.queues.remove(self.account)

    def _open_queue(self) -> None:
        settings = self.settings
        if settings.queue:
            self._router.queues.add(self.account, settings.queue_size, settings.queue_ttl)
            self._begin_outbind()

    def _begin_outbind(self) -> None:
        settings = self.settings
        queue = self._router.queues.get(self.account)
        if not settings.outbind or queue is None:
            return
        self._outbind = EsmeOutbind(
            self.account,
            queue.sender,
            client_endpoint(self._reactor, settings.outbind),
            self._config,
            Outbind(
                system_id=self._config.name.encode("latin-1"),
                password=settings.outbind_password.encode("latin-1"),
            ),
            Backoff(MIN_OUTBIND_BACKOFF, MAX_OUTBIND_BACKOFF, self._jitter),
            self._router.clock,
        )
        self._outbind.setServiceParent(self)

    def _end_outbind(self) -> None:
        if self._outbind is not None:
            self._left += self._outbind.factory.sessions
            self._outbind.disownServiceParent()
            self._outbind = None


def _outbind_of(settings: EsmeSettings) -> tuple[str, str]:
    return settings.outbind, settings.outbind_password
