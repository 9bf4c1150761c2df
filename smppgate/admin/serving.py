"""`Serving`: the admin interface of a process: users, endpoints, and the answers of a source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred
from twisted.python.threadpool import ThreadPool

from smppgate.admin.api import table
from smppgate.admin.face import Face
from smppgate.admin.guard import Guard
from smppgate.admin.listeners import AdminListeners
from smppgate.admin.source import Source
from smppgate.gate.build import compare_in_thread
from smppgate.gate.sessions.certificate_watch import CertificateWatch
from smppgate.settings import Settings
from smppgate.txsmpp.clock import Clock


class Host(Protocol):
    """What goes by settings that change, and has certificates: a gate."""

    clock: Clock
    certificates: CertificateWatch

    @property
    def settings(self) -> Settings:
        """Those in force."""

    def follow_reloads(self, follow: Callable[[Settings], None]) -> None:
        """Call ``follow`` after each reload, with the settings in force."""


class Serving(MultiService):
    """Serves the API, the page and the metrics where the settings of ``host`` say.

    :param source: answers.
    """

    def __init__(self, host: Host, reactor: Any, source: Source) -> None:
        super().__init__()
        self._host = host
        self._source = source
        self._threads: ThreadPool | None = None
        compare = compare_in_thread(reactor, self._own_threads)
        self._guard = Guard(host.clock, compare, host.settings.admin.user)
        self.face = Face(table(source, host.clock), self._guard, source.audit)
        self.listeners = AdminListeners(reactor, self.face.respond)
        self.listeners.setServiceParent(self)
        host.certificates.sources.append(self.listeners.all)
        self.change(host.settings)
        host.follow_reloads(self.change)

    def change(self, settings: Settings) -> None:
        """Go by ``settings`` from now on: users, listeners, metrics."""
        self._guard.change(settings.admin.user)
        self._source.change(settings)
        is_wanted, service = bool(settings.admin.endpoint), self._source.service
        if is_wanted and service.parent is None:
            service.setServiceParent(self)
        elif not is_wanted and service.parent is not None:
            service.disownServiceParent()
        self.listeners.change(settings)
        # Of endpoints that were added just now.
        self._host.certificates.changed()

    def stopService(self) -> Deferred[None]:
        """Close all; fires when that is done."""
        stopping: Deferred[None] = super().stopService()
        if self._threads is not None:
            self._threads.stop()
            self._threads = None
        return stopping

    def _own_threads(self) -> ThreadPool:
        if self._threads is None:
            self._threads = ThreadPool(0, 1, "passwords")
            self._threads.start()
        return self._threads
