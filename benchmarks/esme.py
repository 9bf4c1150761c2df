"""The ESME side of the generator: sessions that dial and bind."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from benchmarks import wire
from benchmarks.loop import Loop
from benchmarks.session import Session

HOST = "127.0.0.1"
PASSWORD = "secret"

# Twisted and asyncio listen with a backlog of 50 to 100: more connections at once than that and
# the kernel makes the last ones wait for a second.
_AT_ONCE = 40
_CONNECT_SECONDS = 5.0
_BIND_SECONDS = 10.0
_RETRY_SECONDS = 0.02

S = TypeVar("S", bound=Session)


class BindError(Exception):
    """Sessions did not bind in time."""


def connect(port: int) -> socket.socket:
    """A connection to the loopback ``port``; raises OSError."""
    return socket.create_connection((HOST, port), _CONNECT_SECONDS)


def connect_when_up(port: int, running: Callable[[], bool], seconds: float) -> socket.socket:
    """A connection to a program that is still starting.

    Raises BindError when it is not ``running`` any more or not listening within ``seconds``.
    """
    end = time.monotonic() + seconds
    while running() and time.monotonic() < end:
        try:
            return connect(port)
        except ConnectionRefusedError:
            time.sleep(_RETRY_SECONDS)
    raise BindError(f"nothing listens on port {port}")


def bind_all(
    loop: Loop,
    ports: list[int],
    make: Callable[[socket.socket, str], S],
    system_ids: list[str],
    command_id: int = wire.BIND_TRANSCEIVER,
) -> list[S]:
    """One bound session for each system_id, over the ports in turn; raises BindError, OSError.

    ``make`` is given the connection and the system_id; ``command_id`` is the kind of bind.
    """
    sessions: list[S] = []
    for start in range(0, len(system_ids), _AT_ONCE):
        some: list[S] = []
        for place, system_id in enumerate(system_ids[start : start + _AT_ONCE], start):
            session = make(connect(ports[place % len(ports)]), system_id)
            session.transmit(wire.bind(command_id, system_id, PASSWORD))
            some.append(session)
        await_binds(loop, some)
        sessions += some
    return sessions


def await_binds(loop: Loop, sessions: Sequence[Session]) -> None:
    """Run until all are bound; raises BindError."""
    if not loop.run_until(lambda: all(s.bound for s in sessions), _BIND_SECONDS):
        raise BindError(f"ESME sessions did not bind: {dict(sessions[0].ledger.faults)}")
