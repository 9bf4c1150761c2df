"""Requests at a steady rate, whatever becomes of those before.

Each is timed from the moment it was due, not from when it could be sent: a gate that stands
still for a while is charged with all messages that would have come meanwhile.
"""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Sequence

from benchmarks import wire
from benchmarks.ids import Home, Judge
from benchmarks.loop import Loop
from benchmarks.requester import LARGEST_WINDOW, Asker
from benchmarks.ring import RequestRing
from benchmarks.session import Ledger

_BURSTS = 1000  # in a second
_BURST_NS = 1_000_000_000 // _BURSTS

_clock = time.perf_counter_ns


class Paced(Asker):
    """Sends when it is told to, as long as its window has room, and times every message.

    There are so few that each is dealt with by itself. ``home`` is told the ids given, if any.
    """

    __slots__ = ("_due", "_free", "_home", "_judge", "_late", "_ring", "_sent")

    def __init__(
        self,
        loop: Loop,
        sock: socket.socket,
        ledger: Ledger,
        ring: RequestRing,
        window: int,
        judge: Judge,
        home: Home | None = None,
    ) -> None:
        super().__init__(loop, sock, ledger)
        if not 1 <= window <= LARGEST_WINDOW:
            raise ValueError(f"a window of 1 to {LARGEST_WINDOW}, not {window}")
        self._ring = ring
        self._judge = judge
        self._home = home
        self._free = deque(range(1, window + 1))
        self._due: dict[int, int] = {}
        self._late: deque[int] = deque()
        self._sent = 0

    def send(self, due: int) -> None:
        """Send a request that was due at that time, or when the window has room again."""
        if self._free:
            self.transmit(self._request(due))
        else:
            self._late.append(due)

    def batch(self, octets: bytes) -> bool:
        """There are no batches."""
        return False

    def message(self, pdu: bytes, command_id: int, command_status: int) -> bytes:
        """One answer."""
        due = self._due.pop(int.from_bytes(pdu[12:16]), None)
        if command_id != wire.RESPONSE | self._ring.pdus[7] or due is None:
            self.ledger.faults[f"PDU 0x{command_id:08X} that answers nothing"] += 1
            return b""
        self.ledger.latencies.append(_clock() - due)
        self.answered += 1
        if command_status:
            self.ledger.faults[f"command_status 0x{command_status:08X}"] += 1
        elif fault := self._judge(pdu[wire.HEADER_SIZE :]):
            self.ledger.faults[fault] += 1
        elif self._home is not None:
            self._home.note(pdu)
        self._free.append(pdu[15])
        return self._request(self._late.popleft()) if self._late else b""

    def start(self) -> None:
        """The pace begins."""

    def stop(self) -> None:
        """It ends: what is late is not sent any more."""
        self._late.clear()

    @property
    def drained(self) -> bool:
        """Whether all was answered."""
        return self.closed or not self._due

    def check(self) -> None:
        """Write a fault down unless all was answered."""
        if self._due or self.answered != self._sent:
            self.ledger.faults["requests never answered"] += len(self._due)

    def _request(self, due: int) -> bytes:
        number = self._free.popleft()
        self._due[number] = due
        self._sent += 1
        return self._ring.take(bytes((number,)))


class Pace:
    """A burst each millisecond, over the sessions in turn.

    :param rate: messages a second; a multiple of 1 000.
    """

    def __init__(self, sessions: Sequence[Paced], rate: int) -> None:
        if rate % _BURSTS:
            raise ValueError(f"a multiple of {_BURSTS}, not {rate}")
        self._sessions = sessions
        self._burst = rate // _BURSTS
        self._turn = 0
        self._next = _clock()

    def __call__(self) -> None:
        """Send what is due by now."""
        now = _clock()
        while self._next <= now:
            for _ in range(self._burst):
                self._sessions[self._turn].send(self._next)
                self._turn = (self._turn + 1) % len(self._sessions)
            self._next += _BURST_NS
