"""`AdminService`: the admin interface of one gate."""

from __future__ import annotations

from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred
from twisted.python.threadpool import ThreadPool

from smppgate.admin.actions import Actions, Reload
from smppgate.admin.api import table
from smppgate.admin.audit import Audit
from smppgate.admin.face import Face
from smppgate.admin.guard import Guard
from smppgate.admin.listeners import AdminListeners
from smppgate.admin.routing import Explaining
from smppgate.admin.traffic import Looks
from smppgate.admin.views import Views
from smppgate.gate import Gateway
from smppgate.gate.build import compare_in_thread
from smppgate.observe import Observer
from smppgate.observe.message_logs import MessageLogs
from smppgate.observe.traffic import Traffic
from smppgate.settings import Settings
from smppgate.version import installed_version


class AdminService(MultiService):
    """Serves the API, the page and the metrics of ``gateway`` where its settings say.

    It is a service of that gate: ``AdminService(gateway, reactor).setServiceParent(gateway)``.

    :param reload: reads the file again and applies it; None for a gate without a file.
    :param message_logs: what metrics have the losses of; None where there are none.
    """

    def __init__(
        self,
        gateway: Gateway,
        reactor: Any,
        reload: Reload | None = None,
        message_logs: MessageLogs | None = None,
    ) -> None:
        super().__init__()
        self._gateway = gateway
        self._threads: ThreadPool | None = None
        admin = gateway.settings.admin
        losses = message_logs.losses if message_logs is not None else {}
        self.observer = Observer(gateway, has_metrics=admin.metrics, losses=losses)
        compare = compare_in_thread(reactor, self._own_threads)
        self._guard = Guard(gateway.clock, compare, admin.user)
        audit = Audit(self.observer.event_log, self.observer.telling)
        views = Views(gateway, self.observer, installed_version(), gateway.clock.wall())
        actions = Actions(gateway, views, audit, reload)
        events = self.observer.event_log
        self.traffic = Traffic(gateway)
        looks = Looks(gateway, self.traffic, audit, installed_version())
        routes = table(views, actions, Explaining(gateway), looks, events, gateway.clock)
        self.face = Face(routes, self._guard, audit)
        self.listeners = AdminListeners(reactor, self.face.respond)
        self.listeners.setServiceParent(self)
        gateway.certificates.sources.append(self.listeners.all)
        self.change(gateway.settings)
        gateway.follow_reloads(self.change)

    def change(self, settings: Settings) -> None:
        """Go by ``settings`` from now on: users, listeners, metrics."""
        self._guard.change(settings.admin.user)
        self.observer.change(settings.admin.metrics)
        is_wanted = bool(settings.admin.endpoint)
        if is_wanted and self.observer.parent is None:
            self.observer.setServiceParent(self)
        elif not is_wanted and self.observer.parent is not None:
            self.observer.disownServiceParent()
        self.listeners.change(settings)
        # Of endpoints that were added just now.
        self._gateway.certificates.changed()

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
