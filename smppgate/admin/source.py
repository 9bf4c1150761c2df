"""`Source`: what answers the routes: one gate, or several workers together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from attrs import frozen
from twisted.application.service import Service

from smppgate.admin.audit import Audit
from smppgate.admin.messages import Answer
from smppgate.admin.process import Process
from smppgate.admin.routes import Call, Handle
from smppgate.observe import EventLog
from smppgate.settings import Settings


class Viewing(Protocol):
    """What is shown. All raise `Problem` where it cannot be."""

    async def list(self, name: str) -> Answer:
        """All objects of a kind, such as ``smscs``."""

    async def item(self, kind: str, name: str) -> Answer:
        """One of them."""

    async def state(self, call: Call) -> Answer:
        """The whole gate."""

    async def store(self, call: Call) -> Answer:
        """What the store holds."""

    async def history(self, call: Call) -> Answer:
        """The last minutes, a sample a second."""

    async def metrics(self, call: Call) -> Answer:
        """The metrics as Prometheus reads them."""

    async def is_ready(self) -> bool:
        """Whether the gate can serve."""


class Acting(Protocol):
    """What operators may do. All raise `Problem` where it cannot be done."""

    async def smsc(self, call: Call, action: str) -> Answer:
        """``ready``, ``drain``, ``maint``, ``end-ejection``: of an SMSC."""

    async def weight(self, call: Call) -> Answer:
        """Another share of messages."""

    async def link(self, call: Call, action: str) -> Answer:
        """``ready``, ``drain``, ``maint``: of a link."""

    async def account(self, call: Call, action: str) -> Answer:
        """``open`` or ``close``: of an account."""

    async def kick_account(self, call: Call) -> Answer:
        """Unbind all sessions of an account."""

    async def kick_session(self, call: Call) -> Answer:
        """Unbind one session."""

    async def drop(self, call: Call) -> Answer:
        """Remove what waits in a queue."""

    async def retry(self, call: Call) -> Answer:
        """Send what waits in a queue at once."""


class Looking(Protocol):
    """What passes through the gate."""

    async def trace(self, call: Call) -> Answer:
        """PDUs as they pass, decoded."""

    async def capture(self, call: Call) -> Answer:
        """PDUs as they pass, as packets."""


@frozen(kw_only=True)
class Source:
    """What answers the routes.

    :ivar explain: where a message would go.
    :ivar events: what has happened.
    :ivar service: observes; it runs while the interface is served anywhere.
    :ivar change: is called with other settings.
    """

    process: Process
    views: Viewing
    actions: Acting
    explain: Handle
    looks: Looking
    events: EventLog
    audit: Audit
    service: Service
    change: Callable[[Settings], None]
