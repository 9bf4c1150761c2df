"""``python -m benchmarks.flooder PORT SYSTEM_ID KIND STYLE SESSIONS SECONDS``: floods a gate.

It sends as much of one kind of PDU as the gate reads, that the gate refuses or answers by itself.
It has what its core has left over: the generator beside it is never kept waiting.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import time
from collections.abc import Callable
from itertools import count
from typing import Final

from benchmarks import wire
from benchmarks.esme import PASSWORD, connect

_DESTINATION = "447700000000"
_DELIVER_SM_RESP = wire.DELIVER_SM | wire.RESPONSE
_QUERY_SM = 0x03
_UNKNOWN = 0x0ABC
_READ_SIZE = 1 << 18
_WRITE_SIZE = 1 << 16

TAG = "zz9"
"""That of the SMSC which the flooder's messages are for: ids with it are looked up."""

_numbers = count(2)


def _submit(_number: int) -> bytes:
    return wire.message(wire.SUBMIT_SM, _DESTINATION)


def _query(number: int) -> bytes:
    return wire.pdu(_QUERY_SM, number, b"%b%012d\0\0\0\0" % (TAG.encode(), number))


STRAY: Final = "stray-resp"
"""The kind that is never answered."""

KINDS: Final[dict[str, Callable[[int], bytes]]] = {
    "over-the-window": _submit,
    "no-smsc": _submit,
    "unknown-command": lambda number: wire.pdu(_UNKNOWN, number),
    "enquire_link": lambda number: wire.pdu(wire.ENQUIRE_LINK, number),
    "query-unknown-id": _query,
    STRAY: lambda number: wire.pdu(_DELIVER_SM_RESP, number, b"\0"),
    "not-allowed": lambda number: wire.pdu(wire.DELIVER_SM, number, b"\0" * 20),
    "malformed-query": lambda number: wire.pdu(_QUERY_SM, number, b"no end"),
}
"""What is sent, by its name."""

LARGE, SINGLE, PING = "large", "single", "ping"
STYLES: Final = (LARGE, SINGLE, PING)
"""Writes of 64 KiB; one PDU a packet, as many as go; one PDU a packet, each after the answer."""


class _Flood:
    """One session that floods."""

    def __init__(self, sock: socket.socket, kind: str, style: str) -> None:
        self.sock = sock
        self.sent = 0
        self._make = KINDS[kind]
        self._style = style
        self._run = self._run_left = b""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)

    @property
    def events(self) -> int:
        """What it waits for."""
        return select.EPOLLIN if self._style == PING else select.EPOLLIN | select.EPOLLOUT

    def write(self) -> None:
        """Send what the kernel takes of it, at most a write's worth."""
        if not self._run_left:
            self._run_left = self._next()
        try:
            done = self.sock.send(self._run_left)
        except BlockingIOError:
            return
        self._run_left = self._run_left[done:]

    def ready(self, events: int) -> None:
        """Read answers, and go on."""
        if events & select.EPOLLIN:
            octets = self.sock.recv(_READ_SIZE)
            if not octets:
                raise ConnectionError("the gate has closed the connection")
            if self._style == PING:
                self.write()
        if events & select.EPOLLOUT:
            self.write()

    def _next(self) -> bytes:
        if self._style != LARGE:
            self.sent += 1
            return self._make(next(_numbers))
        size = len(self._make(1))
        each = _WRITE_SIZE // size
        self.sent += each
        if not self._run or self._make is _query:
            self._run = b"".join(self._make(next(_numbers)) for _ in range(each))
        return self._run


def main(port: int, system_id: str, kind: str, style: str, sessions: int, seconds: float) -> None:
    """Bind, say so, flood for so long, and tell how much of it there was."""
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    floods = [_Flood(_bound(port, system_id), kind, style) for _ in range(sessions)]
    by_fd = {flood.sock.fileno(): flood for flood in floods}
    end = time.monotonic() + seconds
    with select.epoll() as epoll:
        for flood in floods:
            epoll.register(flood.sock.fileno(), flood.events)
            # Twice, because an SMSC has the first one and answers nothing.
            flood.write()
            flood.write()
        print("floods", flush=True)
        while time.monotonic() < end:
            for fd, events in epoll.poll(0.1):
                by_fd[fd].ready(events)
    print(json.dumps({"sent": sum(flood.sent for flood in floods)}), flush=True)


def _bound(port: int, system_id: str) -> socket.socket:
    sock = connect(port)
    sock.sendall(wire.bind(wire.BIND_TRANSCEIVER, system_id, PASSWORD))
    answer = sock.recv(_READ_SIZE)
    if answer[8:12] != b"\0\0\0\0":
        raise ConnectionError(f"bind refused: {answer!r}")
    return sock


if __name__ == "__main__":
    port, system_id, kind, style, sessions, seconds = sys.argv[1:]
    main(int(port), system_id, kind, style, int(sessions), float(seconds))
