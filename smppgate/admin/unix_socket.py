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
        self._made: tuple[int, int] | None = None

    def listen(self, protocolFactory: Any) -> Deferred[IListeningPort]:
        """Open it; fails with an OSError where that cannot be."""
        try:
            port = self._opened(protocolFactory)
        except OSError as error:
            return fail(error)
        return succeed(port)

    def renew(self) -> None:
        """There is no certificate."""

    def remove(self) -> None:
        """Remove the file, if it is still the one that was made."""
        made, self._made = self._made, None
        if made is not None and made == _identity(self._path):
            os.unlink(self._path)

    def _opened(self, factory: Any) -> Any:
        if self._makes_folder:
            os.makedirs(os.path.dirname(self._path) or ".", mode=0o700, exist_ok=True)
        _clear(self._path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            before = os.umask(0o177)
            try:
                sock.bind(self._path)
            finally:
                os.umask(before)
            try:
                os.chmod(self._path, self._mode)
                self._made = _identity(self._path)
                sock.setblocking(False)
                sock.listen(BACKLOG)
                return self._reactor.adoptStreamPort(sock.fileno(), socket.AF_UNIX, factory)
            except OSError:
                self.remove()
                raise


def _clear(path: str) -> None:
    """Remove a socket that nobody listens on.

    :raises OSError: somebody does, or it is no socket.
    """
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(errno.EEXIST, "there is a file that is no socket", path)
    if _is_in_use(path):
        raise OSError(errno.EADDRINUSE, "another process listens there", path)
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
