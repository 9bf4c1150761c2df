"""Peers that attack a gate: sessions that send what they like, as fast as the gate reads it.

An attack is a generator of octets for each of its sessions, and a reply to what the gate sends. No
rate is aimed at: what counts is what the gate keeps of it.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator
from itertools import count, repeat
from typing import Final

from benchmarks import wire
from benchmarks.esme import HOST, PASSWORD
from benchmarks.loop import Loop
from benchmarks.session import Ledger, Session

Flood = Iterator[bytes]
"""What a session sends, piece by piece, each when the one before it was taken."""

Reply = Callable[[bytes, int], bytes]
"""Gives what to send for a PDU of the gate's, by the PDU and its command_id."""

GUESSERS: Final = 200
"""Connections that guess passwords at one time."""

_GUESS_SECONDS = 3.0


def silent(_pdu: bytes, _command_id: int) -> bytes:
    """Answers nothing."""
    return b""


class Attacker(Session):
    """A session that sends a flood, and reads or does not.

    :param reads: whether it reads anything once it is bound.
    """

    __slots__ = ("_command_id", "_flood", "_reads_on", "_reply")

    def __init__(
        self, loop: Loop, sock: socket.socket, flood: Flood, reply: Reply, reads: bool = True
    ) -> None:
        super().__init__(loop, sock, Ledger())
        self._flood = flood
        self._reply = reply
        self._reads_on = reads

    def ready(self, events: int) -> None:
        """Read, unless it does not any more."""
        if self._reads_on or not self.bound:
            super().ready(events)
        elif events & select.EPOLLOUT:
            self._flush()
        else:
            self.close()

    def batch(self, octets: bytes) -> bool:
        """There are no batches."""
        return False

    def message(self, pdu: bytes, command_id: int, command_status: int) -> bytes:
        """Reply as the attack has it."""
        return self._reply(pdu, command_id)

    def is_judged(self) -> bool:
        """Whether its bind was answered, or it was cut."""
        return self.bound or self.closed

    def pump(self) -> None:
        """Send more, if all that came before was taken."""
        if self.bound and not self.closed and not self._backlog:
            piece = next(self._flood, b"")
            if piece:
                self.transmit(piece)
            if not self._reads_on and not self.closed:
                self._loop.watch_writes_only(self._sock.fileno(), bool(self._backlog))


class Guesser:
    """Connects, sends a bind that is refused, perhaps more behind it, and again.

    It waits for no answer longer than a moment.
    """

    def __init__(self, port: int, serial: int, behind: bytes) -> None:
        self._port = port
        # Where more comes behind the bind, all are to wait long: each has one name, and its
        # address does not wait because of others.
        self._address = HOST if behind else f"127.{serial // 250 + 1}.{serial % 250}.1"
        self._behind = behind
        self._names = repeat(serial) if behind else count(serial, GUESSERS)
        self._sock: socket.socket | None = None
        self._left = b""
        self._until = 0.0

    def pump(self, now: float) -> None:
        """Go on, with a new connection if need be."""
        if self._sock is None:
            self._connect(now)
        self._write()
        if self._has_ended() or now > self._until:
            self.close()

    def close(self) -> None:
        """Hang up."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def _connect(self, now: float) -> None:
        self._sock = socket.socket()
        self._sock.bind((self._address, 0))
        self._sock.setblocking(False)
        self._sock.connect_ex((HOST, self._port))
        name = f"guess{next(self._names) % 100_000}"
        self._left = wire.bind(wire.BIND_TRANSCEIVER, name, "guessed") + self._behind
        self._until = now + (60 if self._behind else _GUESS_SECONDS)

    def _write(self) -> None:
        if self._sock is not None and self._left:
            try:
                self._left = self._left[self._sock.send(self._left) :]
            except BlockingIOError:
                return
            except OSError:
                self._left = b""

    def _has_ended(self) -> bool:
        if self._sock is None:
            return False
        try:
            # The answer, or the end.
            self._sock.recv(65536)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True


def bound(port: int, system_id: str, attacker: Callable[[socket.socket], Attacker]) -> Attacker:
    """An attacker that has sent its bind as this account."""
    session = attacker(socket.create_connection((HOST, port)))
    session.transmit(wire.bind(wire.BIND_TRANSCEIVER, system_id, PASSWORD))
    return session
