"""`GateSource`: what answers the routes for one gate."""

from __future__ import annotations

from smppgate.admin.actions import Actions
from smppgate.admin.audit import Audit
from smppgate.admin.process import Process, Reload
from smppgate.admin.routing import Explaining
from smppgate.admin.source import Source
from smppgate.admin.traffic import Looks
from smppgate.admin.views import Views
from smppgate.gate import Gateway
from smppgate.observe import Observer
from smppgate.observe.message_logs import MessageLogs
from smppgate.observe.traffic import Traffic
from smppgate.settings import Settings
from smppgate.version import installed_version


class GateSource:
    """Makes what answers for ``gateway``.

    :param message_logs: what metrics have the losses of; None where there are none.
    :param worker: the number of the worker that the gate is; 0 where it is all there is.
    """

    def __init__(
        self, gateway: Gateway, message_logs: MessageLogs | None = None, worker: int = 0
    ) -> None:
        self._gateway = gateway
        self._worker = worker
        losses = message_logs.losses if message_logs is not None else {}
        has_metrics = gateway.settings.admin.metrics
        self.observer = Observer(gateway, has_metrics=has_metrics, losses=losses)
        self.traffic = Traffic(gateway)
        self.views = Views(gateway, self.observer, installed_version(), gateway.clock.wall())

    def source(self, reload: Reload | None, audit: Audit | None = None) -> Source:
        """The source.

        :param audit: tells of changes; by default in the log and to this gate's events.
        """
        gateway, events = self._gateway, self.observer.event_log
        audit = audit if audit is not None else Audit(events, self.observer.telling)
        return Source(
            process=Process(audit, reload),
            views=self.views,
            actions=Actions(gateway, self.views, audit),
            explain=Explaining(gateway).explain,
            looks=Looks(gateway, self.traffic, audit, installed_version(), self._worker),
            events=events,
            audit=audit,
            service=self.observer,
            change=self._change,
        )

    def _change(self, settings: Settings) -> None:
        self.observer.change(settings.admin.metrics)
