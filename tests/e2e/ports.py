"""Ports that nobody else picks, however many tests run beside each other.

A port that was only seen to be free may be anybody's a moment later: another test's, or that of a
connection which the kernel gives it to. So it is held: bound, and never listened on. As all who
bind set SO_REUSEADDR, a gate can listen on it, more than once and again after a crash; until then
a connection to it is refused. The kernel gives it to nobody who asks for any port, nor to an
outgoing connection.
"""

from __future__ import annotations

import socket
from collections import deque

_AT_ONCE = 200
"""More than one test has need of, and far from the descriptors that a process may have."""

_held: deque[socket.socket] = deque()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, and that nobody else is given."""
    if len(_held) == _AT_ONCE:
        _held.popleft().close()
    sock = socket.socket()
    _held.append(sock)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", 0))
    port: int = sock.getsockname()[1]
    return port
