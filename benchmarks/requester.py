"""The side that asks: keeps a window of requests full.

Its sequence numbers are a fixed set, one for each place in the window. A batch of n answers
makes n new requests under the very numbers that were answered. That is also the proof that the
relay is right: the numbers outstanding are always the whole set, so after any answer lost,
doubled or misnumbered the last answers are no longer that set, and ``check`` says so.
"""

from __future__ import annotations

import socket
import time

from benchmarks import wire
from benchmarks.ids import Judge
from benchmarks.loop import Loop
from benchmarks.ring import RequestRing
from benchmarks.session import NEVER, Ledger, Session

# Numbers of one octet: moving them from answers to requests is a single strided copy.
LARGEST_WINDOW = 255

# The exchanges under this number, one place of the window, are those timed.
_TIMED = 1

_clock = time.perf_counter_ns


class Asker(Session):
    """A session that asks, from ``start`` to ``stop``, and whose books can be checked then."""

    __slots__ = ()

    def start(self) -> None:
        """Begin."""
        raise NotImplementedError

    def stop(self) -> None:
        """Ask no more."""
        raise NotImplementedError

    @property
    def drained(self) -> bool:
        """Whether nothing is outstanding, or ever will be answered."""
        raise NotImplementedError

    def check(self) -> None:
        """Write a fault down unless everything was answered once."""
        raise NotImplementedError


class Requester(Asker):
    """Keeps ``window`` requests out of ``ring`` outstanding, from ``start`` to ``stop``.

    ``judge`` says what is wrong with the message id of an answer looked at closely.
    """

    __slots__ = (
        "_asked_at",
        "_command_octet",
        "_judge",
        "_last",
        "_length_octet",
        "_numbers",
        "_ring",
        "_stopped",
    )

    def __init__(
        self,
        loop: Loop,
        sock: socket.socket,
        ledger: Ledger,
        ring: RequestRing,
        window: int,
        judge: Judge,
    ) -> None:
        super().__init__(loop, sock, ledger)
        if not 1 <= window <= LARGEST_WINDOW:
            raise ValueError(f"a window of 1 to {LARGEST_WINDOW}, not {window}")
        self._ring = ring
        self._judge = judge
        self._numbers = bytes(range(1, window + 1))
        self._length_octet = 0
        self._command_octet = ring.pdus[7]
        self._asked_at = 0
        self._stopped = False
        self._last: list[int] = []

    def start(self) -> None:
        """Send the first window."""
        self._asked_at = _clock()
        self.transmit(self._ring.take(self._numbers))

    def batch(self, octets: bytes) -> bool:
        """Answers of one size, all with command_status 0: ask as often again."""
        size = self.batch_size
        numbers = octets[15::size]
        count = len(numbers)
        if (
            octets[3::size].count(self._length_octet) * size != len(octets)
            or octets[7::size].count(self._command_octet) != count
            or octets[11::size].count(0) != count
        ):
            return False
        self.answered += count
        if _TIMED in numbers:
            self._time()
        self.transmit(self._ring.take(numbers))
        return True

    def message(self, pdu: bytes, command_id: int, command_status: int) -> bytes:
        """One answer, good or bad; asks once more."""
        if command_id != wire.RESPONSE | self._command_octet:
            self.ledger.faults[f"PDU 0x{command_id:08X} for an answer"] += 1
            return b""
        self.answered += 1
        if command_status:
            self.ledger.faults[f"command_status 0x{command_status:08X}"] += 1
        elif fault := self._judge(pdu[wire.HEADER_SIZE :]):
            self.ledger.faults[fault] += 1
        number = int.from_bytes(pdu[12:16])
        if self._stopped:
            self._last.append(number)
            return b""
        if number not in self._numbers:
            self.ledger.faults["answer under a number never used"] += 1
            return b""
        return self._ask_again(pdu, command_status)

    def stop(self) -> None:
        """Ask no more; note the number of every answer that still comes."""
        self._stopped = True
        self.batch_size = NEVER

    @property
    def drained(self) -> bool:
        """Whether as many answers came after ``stop`` as requests were outstanding."""
        return self.closed or len(self._last) >= len(self._numbers)

    def check(self) -> None:
        """Write a fault down unless each number outstanding at ``stop`` was answered once."""
        if sorted(self._last) != list(self._numbers):
            self.ledger.faults["session whose last answers are not its window"] += 1

    def _ask_again(self, answer: bytes, command_status: int) -> bytes:
        if command_status == 0:
            # Seen, not assumed: whatever stands between may make message ids longer.
            self.batch_size = len(answer)
            self._length_octet = answer[3]
        if answer[15] == _TIMED:
            self._time()
        return self._ring.take(answer[15:16])

    def _time(self) -> None:
        now = _clock()
        self.ledger.latencies.append(now - self._asked_at)
        self._asked_at = now
