"""`Worker`: a gate whose connections the master hands over, and whose peers are other workers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from smppgate.daemon.own_log import OwnLog
from smppgate.daemon.state_lines import state_lines
from smppgate.gate import Gateway
from smppgate.gate.seat import Seat
from smppgate.gate.sessions.listeners import MakeEndpoint
from smppgate.observe.message_logs import MessageLogs
from smppgate.settings import Settings
from smppgate.store import StoreError
from smppgate.workers.common import Common
from smppgate.workers.face import WorkerFace
from smppgate.workers.settings import worker_settings
from smppgate.workers.shared_strangers import SharedStrangers
from smppgate.workers.stores import make_shared_store


class Worker(Gateway):
    """One worker.

    :param common: what it has in common with others.
    :param number: its own, counted from 1.
    :param endpoint: makes what its listeners are opened on.
    :param esmes_ended: called at a stop, when it serves no ESME any more; it may let go of its
        SMSCs when that returns.
    :raises SettingsError: the hooks that the settings name cannot be made.
    :ivar shared: its store, which answers its master.
    :ivar strangers: what it asks its master about peers that are not bound.
    :ivar face: answers for it.
    :ivar started: fires when the store is open; fails where it cannot be, or is stopped before.
    """

    def __init__(
        self,
        common: Common,
        number: int,
        reactor: Any,
        endpoint: MakeEndpoint,
        esmes_ended: Callable[[], Awaitable[None]],
    ) -> None:
        settings = worker_settings(common, number)
        self.shared = make_shared_store(settings, reactor)
        self.strangers = SharedStrangers(settings.gate.bind_delay)
        seat = Seat(number - 1, common.workers, common.smscs, endpoint, self.strangers)
        super().__init__(settings, reactor, store=self.shared, seat=seat)
        self.number = number
        self._told_esmes_ended = esmes_ended
        self.started: Deferred[Any] = Deferred()
        self._message_logs = MessageLogs(self, reactor)
        self._message_logs.setServiceParent(self)
        self.face = WorkerFace(self, number, self._message_logs)
        self.face.setServiceParent(self)
        OwnLog.begin(settings, self.follow_reloads)

    def startService(self) -> None:
        """Start the gate; `started` tells when it serves."""
        super().startService()
        self.router.ready().addBoth(self._came)

    def go_by(self, common: Common) -> Deferred[Settings]:
        """Go by another ``common``; see `reload`."""
        self.parts.seat = evolve(self.parts.seat, smscs=common.smscs)
        return self.reload(worker_settings(common, self.number))

    def store_failed(self, error: StoreError) -> None:
        """It cannot start."""
        super().store_failed(error)
        self._came(Failure(error))

    async def esmes_ended(self) -> None:
        """Keep the links until no worker needs them any more."""
        await self._told_esmes_ended()

    def reopen_files(self) -> None:
        """Open the files of messages anew under their paths."""
        self._message_logs.reopen()

    def status(self) -> tuple[int, int, int]:
        """Sessions with ESMEs that are bound, links that are, and links that are to be."""
        esmes = self.router.statistics().esme_sessions
        return esmes, sum(link.is_bound for link in self.links), len(self.links)

    def state_lines(self) -> Iterator[str]:
        """The state, a line each."""
        return state_lines(self.state())

    def _came(self, outcome: Failure | None) -> None:
        if not self.started.called:
            self.started.callback(outcome)
