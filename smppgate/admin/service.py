"""`AdminService`: the admin interface of one gate."""

from __future__ import annotations

from typing import Any

from smppgate.admin.gate_source import GateSource
from smppgate.admin.process import Reload
from smppgate.admin.serving import Serving
from smppgate.gate import Gateway
from smppgate.observe.message_logs import MessageLogs


class AdminService(Serving):
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
        made = GateSource(gateway, message_logs)
        self.observer, self.traffic = made.observer, made.traffic
        super().__init__(gateway, reactor, made.source(reload))
