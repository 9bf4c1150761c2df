"""`PlayedSmsc`: an SMSC that is slow, refuses, is congested or freezes, as it is told."""

from __future__ import annotations

import socket
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from random import Random
from time import monotonic

from benchmarks import wire
from benchmarks.loop import Loop
from benchmarks.session import Ledger, Session
from benchmarks.smsc import Smsc

_SUBMIT_SM_RESP = wire.SUBMIT_SM | wire.RESPONSE
_CONGESTION_STATE = 0x0428

Judgement = Callable[[], int]
"""Gives the command_status of the next answer."""


def takes_all() -> int:
    """Every message is taken."""
    return 0


def fails_by_chance(part: float, status: int, chance: Random) -> Judgement:
    """This part of messages is refused."""
    return lambda: status if chance.random() < part else 0


class Throttle:
    """A `Judgement`: takes so many a second, in bursts of as many, and throttles the rest."""

    def __init__(self, rate: float) -> None:
        self._rate = self._tokens = rate
        self._at = monotonic()

    def __call__(self) -> int:
        """The status of the next."""
        now = monotonic()
        self._tokens = min(self._rate, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            return wire.THROTTLED
        self._tokens -= 1
        return 0


class PlayedSmsc:
    """Answers each submit_sm by itself. Mutable: what it does may change at any time.

    :ivar latency: seconds from a message to its answer.
    :ivar judge: gives the status of each answer.
    :ivar congestion: its congestion_state, if it is to tell it.
    :ivar came: when each message came, on the monotonic clock; ``taken``: those that it took.
    """

    def __init__(self, loop: Loop, latency: float = 0.0) -> None:
        self.latency = latency
        self.judge: Judgement = takes_all
        self.congestion: int | None = None
        self.came: list[float] = []
        self.taken: list[float] = []
        self._due: list[tuple[float, int, _Link, bytes]] = []
        self._serials = count()
        self._is_frozen = False
        self._loop = loop
        self._listener: Smsc[_Link] = Smsc(loop, self._link)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._listener.port

    @property
    def is_bound(self) -> bool:
        """Whether the gate is bound to it."""
        return self._listener.is_bound

    @property
    def unread(self) -> int:
        """Octets that lie in its sockets."""
        return sum(link.unread for link in self._listener.sessions)

    def freeze(self, is_frozen: bool) -> None:
        """Read and write nothing, as a process that is sent SIGSTOP, or go on."""
        for link in self._listener.sessions:
            link.freeze(is_frozen)
        self._is_frozen = is_frozen

    def turn(self, now: float) -> None:
        """Give the answers that are due by ``now``."""
        due = self._due
        while due and due[0][0] <= now and not self._is_frozen:
            _, _, link, octets = heappop(due)
            link.transmit(octets)

    def submitted(self, link: _Link, number: int) -> None:
        """A message came."""
        now, status = monotonic(), self.judge()
        self.came.append(now)
        body = b""
        if not status:
            self.taken.append(now)
            body = b"%d\0" % len(self.taken)
            if self.congestion is not None:
                body += wire.tlv(_CONGESTION_STATE, bytes((self.congestion,)))
        answer = wire.pdu(_SUBMIT_SM_RESP, number, body, status)
        heappush(self._due, (now + self.latency, next(self._serials), link, answer))

    def _link(self, sock: socket.socket) -> _Link:
        link = _Link(self._loop, sock, self)
        link.freeze(self._is_frozen)
        return link

    def close(self) -> None:
        """Close its sessions, and listen no more."""
        self._due.clear()
        self._listener.close()


class _Link(Session):
    """The SMSC's end of one of the gate's sessions."""

    __slots__ = ("_smsc",)

    def __init__(self, loop: Loop, sock: socket.socket, smsc: PlayedSmsc) -> None:
        super().__init__(loop, sock, Ledger())
        self._smsc = smsc

    @property
    def unread(self) -> int:
        """Octets that lie in its socket."""
        return 0 if self.closed else len(_peeked(self._sock))

    def freeze(self, is_frozen: bool) -> None:
        """Read nothing, or read on."""
        if not self.closed:
            self._loop.watch_reads(self._sock.fileno(), not is_frozen)

    def batch(self, octets: bytes) -> bool:
        """There are no batches."""
        return False

    def message(self, pdu: bytes, command_id: int, command_status: int) -> bytes:
        """A submit_sm is answered later; nothing else is sent."""
        if command_id == wire.SUBMIT_SM:
            self._smsc.submitted(self, int.from_bytes(pdu[12:16]))
        return b""


def _peeked(sock: socket.socket) -> bytes:
    try:
        return sock.recv(1 << 20, socket.MSG_PEEK)
    except OSError:
        return b""
