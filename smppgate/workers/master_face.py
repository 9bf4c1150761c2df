"""`MasterFace`: the admin interface of a master, beside the workers that it asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from twisted.application.service import MultiService

from smppgate.admin.process import Reload
from smppgate.admin.workers import WorkerState
from smppgate.gate.sessions.certificate_watch import CertificateWatch, looks_in_thread
from smppgate.settings import Settings
from smppgate.store import StoreStatistics
from smppgate.txsmpp.clock import Clock
from smppgate.workers.control import Responders
from smppgate.workers.faces import WorkerAtMaster, WorkerFaces
from smppgate.workers.joining.source import MasterAdmin
from smppgate.workers.refusals import Refusals
from smppgate.workers.supervision import Supervised


class Governed(Protocol):
    """What goes by settings that change: a master."""

    clock: Clock

    @property
    def settings(self) -> Settings:
        """Those in force."""

    def listeners(self) -> Mapping[str, str]:
        """The address, in words, of each listener for ESMEs; empty where it is not open."""

    @property
    def refusals(self) -> Refusals:
        """Connections that it has cut over a limit."""

    def follow_reloads(self, follow: Callable[[Settings], None]) -> None:
        """Call ``follow`` after each reload, with the settings in force."""


class MasterFace(MultiService):
    """The admin interface of ``master``. It is there until all workers have ended.

    :param workers: all of them, in order of their numbers.
    :param reload: reads the file again and applies it; None without a file.
    :param store: what the master keeps for all workers; by default nothing.
    """

    def __init__(
        self,
        master: Governed,
        reactor: Any,
        workers: Sequence[Supervised],
        reload: Reload | None,
        store: Callable[[], StoreStatistics] = StoreStatistics,
    ) -> None:
        super().__init__()
        self.clock = master.clock
        self.follow_reloads = master.follow_reloads
        self._master = master
        self._workers = workers
        self._faces = WorkerFaces(self.clock, self._states)
        self._at_master: dict[int, WorkerAtMaster] = {}
        self.certificates = CertificateWatch(self.clock, looks_in_thread(reactor))
        self.certificates.setServiceParent(self)
        self._admin = MasterAdmin(
            self, reactor, self._faces, master.listeners, master.refusals, reload, store
        )
        self._admin.setServiceParent(self)

    @property
    def settings(self) -> Settings:
        """Those in force."""
        return self._master.settings

    def privilegedStartService(self) -> None:
        """Open the endpoints.

        :raises CannotListen: when one that is needed cannot be opened.
        """
        # Here for its type: Twisted's has none.
        super().privilegedStartService()

    def responders(self, worker: Supervised) -> Responders:
        """What the connection to a process of ``worker`` needs."""
        made = self._at_master[worker.number] = self._faces.responders(worker.number)
        return made

    def came(self, worker: Supervised) -> None:
        """It serves: it is asked from now on, and told what operators have decided."""
        self._faces.came(self._at_master[worker.number])

    def reload_refused(self, lines: Sequence[str]) -> None:
        """Tell that settings were not taken, and what is wrong with them."""
        self._admin.reload_refused(lines)

    def _states(self) -> list[WorkerState]:
        return [
            WorkerState(
                number=worker.number,
                pid=worker.pid,
                state=worker.state,
                since=worker.since,
                restarts=worker.restarts,
            )
            for worker in self._workers
        ]
