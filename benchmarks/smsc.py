"""The SMSC side of the generator: a listener that takes any number of sessions.

Over the gate each SMSC has one session; over HAProxy, one for each ESME connection it was given.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Generic, TypeVar

from benchmarks.esme import HOST
from benchmarks.loop import Loop
from benchmarks.session import Session

_BACKLOG = 1024

S = TypeVar("S", bound=Session)


class Smsc(Generic[S]):
    """Listens on a loopback port of the kernel's choice."""

    def __init__(self, loop: Loop, make: Callable[[socket.socket], S]) -> None:
        self._loop = loop
        self._make = make
        self._listener = socket.create_server((HOST, 0), backlog=_BACKLOG)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self.sessions: list[S] = []
        loop.watch(self._listener.fileno(), self._accept)

    @property
    def is_bound(self) -> bool:
        """Whether any of its sessions is."""
        return any(session.bound for session in self.sessions)

    def close(self) -> None:
        """Stop listening and close every session."""
        self._loop.forget(self._listener.fileno())
        self._listener.close()
        for session in self.sessions:
            session.close()

    def _accept(self, _events: int) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return  # gone again before we came to it
        self.sessions.append(self._make(sock))
