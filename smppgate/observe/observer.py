"""`Observer`: observes one gate for those who show it."""

from __future__ import annotations

from twisted.application.service import Service

from smppgate.gate import Gateway
from smppgate.observe.event_log import EventLog
from smppgate.observe.history import History
from smppgate.observe.metrics import Metrics


class Observer(Service):
    """Is told of the events of a gate from its start to its stop.

    :param has_metrics: whether there are `metrics`.
    :ivar metrics: None without them.
    """

    def __init__(self, gateway: Gateway, *, has_metrics: bool = True) -> None:
        self._gateway = gateway
        self.event_log = EventLog(gateway.clock)
        self.history = History()
        self.metrics: Metrics | None = None
        self.change(has_metrics)

    def change(self, has_metrics: bool) -> None:
        """Have metrics from now on, or none."""
        if has_metrics != (self.metrics is not None):
            self.metrics = Metrics() if has_metrics else None
