"""`Audit`: one line for each change that an operator makes, and for each that is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from smppgate.admin.messages import Client
from smppgate.admin.routes import Call
from smppgate.notices.process import CHANGE_REFUSED
from smppgate.observe import EventLog, Telling
from smppgate.txsmpp.log import Logger

T = TypeVar("T")

_FIELDS = {"smscs": "smsc", "links": "link", "accounts": "account", "queues": "account"}
"""The fields of events by the words of paths."""


class Audit:
    """Writes changes into the log, and tells the log of events.

    :param telling: tells of decisions by itself, where they are not made by `done`.
    """

    log = Logger()

    def __init__(self, events: EventLog, telling: Telling) -> None:
        self._events = events
        self._telling = telling

    def done(self, act: Callable[[], T]) -> T:
        """Do what is told of by `changed`, so that it is one event; gives what comes of it."""
        with self._telling.without_decisions():
            return act()

    def changed(self, call: Call, action: str, name: str, kind: str = "") -> None:
        """The user of ``call`` has done ``action`` to what is called ``name``.

        :param kind: what that is, as paths have it: ``smscs``.
        """
        user, what = call.user.name, f"{action} {name}".rstrip()
        peer = call.asked.client.peer
        self.log.info("admin: {user} at {peer}: {what}", user=user, peer=peer, what=what)
        about = {_FIELDS[kind]: name} if kind in _FIELDS else {}
        self._events.tell("operator", f"{user}: {what}", user=user, **about)

    def refused(self, user: str, client: Client, what: str, why: str) -> None:
        """``user`` was not let do something, or failed to do it."""
        self.log.tell(CHANGE_REFUSED, user=user, peer=client.peer, what=what, reason=why)


class SilentAudit(Audit):
    """Tells nothing: of what a worker is told to do, its master tells."""

    def changed(self, call: Call, action: str, name: str, kind: str = "") -> None:
        """Something was done."""

    def refused(self, user: str, client: Client, what: str, why: str) -> None:
        """Something was not."""
