"""`AdminListeners`: where the admin interface is served."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, maybeDeferred

from smppgate.admin.http import AdminFactory, Respond
from smppgate.admin.unix_socket import UnixSocket
from smppgate.gate.sessions.endpoints import server_endpoint
from smppgate.gate.sessions.listener import CannotListen, Listener
from smppgate.settings import Settings
from smppgate.settings.admin_side import DEFAULT_ENDPOINT, STATE_DIR, placed
from smppgate.settings.endpoints import split

_MODE = "600"


class AdminListener(Listener):
    """One endpoint.

    :param is_needed: whether a gate that cannot open it is not to start.
    """

    def __init__(
        self, description: str, endpoint: Any, factory: AdminFactory, is_needed: bool
    ) -> None:
        super().__init__(description, endpoint, factory)
        self.factory = factory
        self._is_needed = is_needed

    def privilegedStartService(self) -> None:
        """Open it.

        :raises CannotListen: when it cannot be opened and is needed.
        """
        with suppress(*(() if self._is_needed else (CannotListen,))):
            super().privilegedStartService()

    def stopService(self) -> Deferred[None]:
        """Close it and cut its connections; fires when that is done."""
        stopping = super().stopService()
        self.factory.close()
        return stopping


class AdminListeners(MultiService):
    """The endpoints of the settings, opened and closed as those change.

    :param respond: answers requests.
    """

    def __init__(self, reactor: Any, respond: Respond) -> None:
        super().__init__()
        self._reactor = reactor
        self._respond = respond
        self._listeners: dict[str, AdminListener] = {}

    @property
    def descriptions(self) -> list[str]:
        """The endpoints that are open."""
        return [name for name, each in self._listeners.items() if each.address is not None]

    def all(self) -> list[AdminListener]:
        """All of them."""
        return list(self._listeners.values())

    def change(self, settings: Settings) -> None:
        """Listen where ``settings`` say, and nowhere else; try again what could not be opened."""
        wanted = {placed(each, settings.gate.state_dir): each for each in settings.admin.endpoint}
        for description in self._listeners.keys() - wanted.keys():
            maybeDeferred(self._listeners.pop(description).disownServiceParent)
        for description, written in wanted.items():
            if description not in self._listeners:
                self._add(description, written)
        if self.running:
            for listener in self._listeners.values():
                listener.open()
                listener.renew()

    def _add(self, description: str, written: str) -> None:
        factory = AdminFactory(self._reactor, self._respond)
        endpoint = _endpoint(self._reactor, description, STATE_DIR in written)
        # Nobody has asked for the default.
        is_needed = written != DEFAULT_ENDPOINT
        listener = AdminListener(description, endpoint, factory, is_needed)
        self._listeners[description] = listener
        # The listener itself logs why.
        with suppress(CannotListen):
            listener.setServiceParent(self)


def _endpoint(reactor: Any, description: str, makes_folder: bool) -> Any:
    parts = split(description)
    if parts.scheme != "unix":
        return server_endpoint(reactor, description)
    mode = int(parts.get("mode", 1) or _MODE, 8)
    return UnixSocket(reactor, parts.get("address", 0) or "", mode, makes_folder)
