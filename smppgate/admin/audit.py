"""`Audit`: one line for each change that an operator makes, and for each that is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from smppgate.admin.messages import Client
from smppgate.notices.process import CHANGE_REFUSED
from smppgate.observe import EventLog, Telling
from smppgate.txsmpp.log import Logger

T = TypeVar("T")


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

    def changed(self, user: str, client: Client, action: str, name: str, **about: str) -> None:
        """``user`` has done ``action`` to what is called ``name``.

        :param about: what that is, as fields of the event: ``smsc="alpha"``.
        """
        what = f"{action} {name}".rstrip()
        self.log.info("admin: {user} at {peer}: {what}", user=user, peer=client.peer, what=what)
        self._events.tell("operator", f"{user}: {what}", user=user, **about)

    def refused(self, user: str, client: Client, what: str, why: str) -> None:
        """``user`` was not let do something, or failed to do it."""
        self.log.tell(CHANGE_REFUSED, user=user, peer=client.peer, what=what, reason=why)
