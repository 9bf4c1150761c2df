"""A socket and a loop for the generator's sessions, in memory."""

from __future__ import annotations

import select
import socket
from collections import deque
from typing import cast

from benchmarks import wire
from benchmarks.loop import Loop
from benchmarks.session import Session


class FakeSocket:
    """Gives what was put into ``arriving``, one piece a read, and keeps what is sent.

    ``order`` has the sockets that share it as often as anything was sent on them.
    """

    def __init__(self) -> None:
        self.order: list[FakeSocket] = []
        self.arriving: deque[bytes] = deque()
        self.sent = bytearray()

    def setblocking(self, flag: bool) -> None:
        """Nothing here blocks."""

    def setsockopt(self, *_: int) -> None:
        """There are no options."""

    def fileno(self) -> int:
        return 0

    def close(self) -> None:
        """There is nothing to close."""

    def recv(self, _size: int) -> bytes:
        if not self.arriving:
            raise BlockingIOError
        return self.arriving.popleft()

    def send(self, octets: bytes) -> int:
        self.sent += octets
        self.order.append(self)
        return len(octets)

    def taken(self) -> list[bytes]:
        """The PDUs sent since this was last asked."""
        octets, self.sent = bytes(self.sent), bytearray()
        return pdus(octets)


class FakeLoop:
    """Watches nothing."""

    def watch(self, fd: int, ready: object) -> None:
        """It would."""

    def watch_writes(self, fd: int, wanted: bool) -> None:
        """It would."""

    def forget(self, fd: int) -> None:
        """It has."""


def loop() -> Loop:
    """A loop that does nothing."""
    return cast(Loop, FakeLoop())


def as_socket(fake: FakeSocket) -> socket.socket:
    """The fake as what sessions ask for."""
    return cast(socket.socket, fake)


def feed(session: Session, sock: FakeSocket, *pieces: bytes) -> None:
    """Let the session read these, one after the other."""
    sock.arriving += pieces
    for _ in pieces:
        session.ready(select.EPOLLIN)


def pdus(octets: bytes) -> list[bytes]:
    """Whole PDUs."""
    found = []
    while octets:
        size = int.from_bytes(octets[:4])
        found.append(octets[:size])
        octets = octets[size:]
    return found


def numbered(pdu: bytes, number: int, command_status: int = 0) -> bytes:
    """The PDU under another number and status."""
    length, command_id, _, _ = wire.HEADER.unpack_from(pdu)
    header = wire.HEADER.pack(length, command_id, command_status, number)
    return header + pdu[wire.HEADER_SIZE :]


def submit_sm_resp(message_id: bytes, number: int) -> bytes:
    """An answer to a submit_sm."""
    return wire.pdu(wire.SUBMIT_SM | wire.RESPONSE, number, message_id + b"\0")


def deliver_sm_resp(number: int) -> bytes:
    """An answer to a receipt."""
    return wire.pdu(wire.DELIVER_SM | wire.RESPONSE, number, b"\0")
