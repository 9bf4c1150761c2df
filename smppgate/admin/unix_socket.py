"""`UnixSocket`: a UNIX socket to listen on, whose file belongs to one process at a time.

A file that is left of a process that is gone is replaced; one that somebody listens on is not. The
file has its mode before anybody can connect, and goes when listening ends. Twisted's own lock is a
link to a process id: in a container, where each process has the same, it outlives its owner.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IListeningPort, IStreamServerEndpoint
from twisted.internet.unix import Port
from twisted.python.failure import Failure
from zope.interface import implementer

BACKLOG = 64


@implementer(IStreamServerEndpoint)
class UnixSocket:
    """An endpoint at ``path``.

    :param mode: of the file.
    :param makes_folder: whether the folder is made, for this user alone, where there is none.
    """

    def __init__(self, reactor: Any, path: str, mode: int, makes_folder: bool = False) -> None:
        self._reactor = reactor
        self._path = path
        self._mode = mode
        self._makes_folder = makes_folder

    def listen(self, protocolFactory: Any) -> Deferred[IListeningPort]:
        """Open it; fails with an OSError where that cannot be."""
        try:
            return succeed(self._opened(protocolFactory))
        except Exception as error:
            return fail(error)

    def renew(self) -> None:
        """There is no certificate."""

    def names(self) -> tuple[str, ...]:
        """None: there is no certificate."""
        return ()

    def _opened(self, factory: Any) -> Any:
        if self._makes_folder:
            os.makedirs(os.path.dirname(self._path) or ".", mode=0o700, exist_ok=True)
        _clear(self._path)
        port = _OwnPort(os.fsencode(self._path), factory, BACKLOG, self._mode, self._reactor)
        # It binds, sets the mode, and listens then.
        port.startListening()
        port.own = _identity(self._path)
        return port


class _OwnPort(Port):
    """Removes its file at the end, and no other's."""

    own: tuple[int, int] | None = None

    def connectionLost(self, reason: Failure) -> None:
        """It listens no more."""
        if self.own is None or _identity(os.fsdecode(self._bindPath)) != self.own:
            # Twisted removes whatever is there.
            self._bindPath = b"\0"
        super().connectionLost(reason)


def _clear(path: str) -> None:
    """Remove a socket that nobody listens on.

    :raises OSError: somebody does, or it is no socket.
    """
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OSError(f"{path!r} is there, and is no socket")
    if _is_in_use(path):
        raise OSError(f"another process listens on {path!r}")
    os.unlink(path)


def _is_in_use(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        # A full backlog is EAGAIN; a file that may not be opened is somebody's.
        return sock.connect_ex(path) not in (errno.ECONNREFUSED, errno.ENOENT)


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
