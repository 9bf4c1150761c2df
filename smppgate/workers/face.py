"""`WorkerFace`: what a worker answers to its master: the API of its gate, and some more.

The routes are those of a gate that is alone. Whoever asks was let in by the master, which tells of
what is changed, too.
"""

from __future__ import annotations

from collections.abc import Mapping

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, succeed

from smppgate.admin.actions import Actions
from smppgate.admin.api import table
from smppgate.admin.audit import SilentAudit
from smppgate.admin.face import Face
from smppgate.admin.gate_source import GateSource
from smppgate.admin.guard import Guard
from smppgate.admin.messages import JSON, TEXT, Answer, Asked, Client, json_answer
from smppgate.admin.routes import Call, Route, Table
from smppgate.admin.slices import in_slices
from smppgate.gate import Gateway
from smppgate.observe.joined import octets_of
from smppgate.observe.message_logs import MessageLogs

METRICS = "/worker/metrics"
"""Rows of metrics, a line of JSON for some of them each."""

SUMMARY = "/worker/summary"
"""What shows how a worker is."""

DROP = "/worker/drop/{system_id}"
"""Removes what waits in a queue, and says how many messages that was."""

_MASTER = Client(is_local=True, peer="master")


class WorkerFace(MultiService):
    """Answers for ``gateway``, which is worker ``number``."""

    def __init__(
        self, gateway: Gateway, number: int, message_logs: MessageLogs | None = None
    ) -> None:
        super().__init__()
        self._gateway = gateway
        self._made = GateSource(gateway, message_logs, number)
        audit = SilentAudit(self._made.observer.event_log, self._made.observer.telling)
        source = self._made.source(None, audit)
        self._actions = Actions(gateway, self._made.views, audit)
        routes = Table([*table(source, gateway.clock).routes, *self._own()])
        self._face = Face(routes, Guard(gateway.clock, _no_password), audit)

    async def answer(
        self, method: str, path: str, query: Mapping[str, str], body: bytes = b""
    ) -> Answer:
        """What the gate answers."""
        headers = {"content-type": JSON}
        asked = Asked(
            method=method, path=path, query=query, headers=headers, body=body, client=_MASTER
        )
        return await self._face.respond(asked)

    def observe(self, is_wanted: bool) -> None:
        """Count, and tell what happens, or no more: it costs something."""
        observer = self._made.observer
        if is_wanted and observer.parent is None:
            observer.setServiceParent(self)
        elif not is_wanted and observer.parent is not None:
            observer.disownServiceParent()

    def _own(self) -> list[Route]:
        handles = (
            ("GET", METRICS, self._metrics),
            ("GET", SUMMARY, self._summary),
            ("POST", DROP, self._drop),
        )
        return [
            Route(method=method, path=path, handle=handle, summary="", content_type=TEXT)
            for method, path, handle in handles
        ]

    async def _metrics(self, _call: Call) -> Answer:
        told = (octets_of(each) for each in self._made.observer.told())
        return Answer(content_type=TEXT, body=await in_slices(told, self._gateway.clock))

    async def _summary(self, _call: Call) -> Answer:
        seen, links = self._gateway.observation(), self._gateway.links
        sessions = self._gateway.parts.esme_sessions()
        told = {
            "sessions": sum(each.account is not None for each in sessions),
            "links": sum(link.is_bound for link in links),
            "relayed": sum(peer.sent for peer in seen.peers()),
            "lag": self._made.observer.lag.last,
            "is_open": seen.is_open,
            "is_linked": seen.is_linked,
        }
        return json_answer(told)

    async def _drop(self, call: Call) -> Answer:
        count = await self._actions.dropped(call.names["system_id"])
        return json_answer({"count": count})


def _no_password(kept: object, password: str) -> Deferred[bool]:
    """There are no users: the master has none but itself."""
    return succeed(False)
