"""PDUs built ahead, handed out in runs.

A generator that touches each PDU in Python tops out near the rate of what it measures. Here n
PDUs cost one or a few slice copies and one send, whatever n is: all PDUs of a ring have one
size, so an octet's place in each of them is one extended slice, and so is its place in each PDU
of a batch read.

One ring serves many sessions: what is taken has been copied, by the kernel or the session,
before the next take.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks import wire

_WORD = 4

# A few hundred kilo-octets: no more than the processor's second cache holds.
_RUNS_KEPT = 256


class Ring:
    """Prebuilt PDUs of one size, used round and round; ``bodies`` is what they say."""

    def __init__(self, pdus: Sequence[bytes]) -> None:
        self.size = len(pdus[0])
        self.capacity = len(pdus)
        self.pdus = bytearray(b"".join(pdus))
        if len(self.pdus) != self.size * self.capacity:
            raise ValueError("the PDUs of a ring have one size")
        self.bodies = frozenset(pdu[wire.HEADER_SIZE :] for pdu in pdus)
        self._octets = memoryview(self.pdus)
        self._next = 0

    def _run(self, count: int) -> int:
        """The place of the next ``count`` PDUs in a row."""
        start = self._next
        if start + count > self.capacity:
            # The rest of this lap is left out: a run has to be in one piece.
            self._turn()
            start = 0
        self._next = start + count
        return start

    def _turn(self) -> None:
        """A new lap begins."""


class RequestRing(Ring):
    """Requests whose numbers differ in their last octet only, the first three being zero.

    A relay that keeps the order asks for the same few runs again and again, so these are kept.
    """

    def __init__(self, pdus: Sequence[bytes]) -> None:
        super().__init__(pdus)
        self._runs: dict[bytes, bytes] = {}

    def take(self, numbers: bytes) -> bytes:
        """Requests under these numbers, one for each octet of ``numbers``.

        Raises ValueError if that is more than the ring holds.
        """
        return self._runs.get(numbers) or self._number(numbers)

    def _number(self, numbers: bytes) -> bytes:
        count = len(numbers)
        size = self.size
        first = self._run(count) * size
        last = first + count * size
        self.pdus[first + 15 : last : size] = numbers
        if len(self._runs) == _RUNS_KEPT:
            self._runs.clear()
        run = self._runs[numbers] = bytes(self._octets[first:last])
        return run


class AnswerRing(Ring):
    """Answers, which carry whatever four octets of number their requests had."""

    def __init__(self, pdus: Sequence[bytes]) -> None:
        super().__init__(pdus)
        self._words = self._octets.cast("I") if self.size % _WORD == 0 else None

    def take(self, requests: bytes, size: int, count: int) -> memoryview:
        """The next ``count`` answers, to ``requests`` of ``size`` octets each.

        Raises ValueError if that is more than the ring holds.
        """
        mine = self.size
        first = self._run(count) * mine
        last = first + count * mine
        if self._words is None or size % _WORD:
            for octet in (12, 13, 14, 15):
                self.pdus[first + octet : last : mine] = requests[octet::size]
        else:
            # The sizes were chosen so that a number is one aligned word: one copy, not four.
            numbers = memoryview(requests).cast("I")[3 :: size >> 2]
            self._words[(first >> 2) + 3 : last >> 2 : mine >> 2] = numbers
        return self._octets[first:last]


class MessageIdRing(AnswerRing):
    """submit_sm_resp whose message ids never repeat: a kilometre counter of eleven digits.

    The first digit names the SMSC and the last three the place in the ring; the seven between
    count the laps and are rewritten at each turn, for all PDUs at once.
    """

    def __init__(self, smsc: int) -> None:
        ids = first_ids(smsc)
        super().__init__([wire.pdu(wire.SUBMIT_SM | wire.RESPONSE, 0, id_ + b"\0") for id_ in ids])
        self.lap = 0

    def _turn(self) -> None:
        self.lap += 1
        write_lap(self, wire.HEADER_SIZE, self.lap)


ID_SIZE = 11
_IDS = 1000


def first_ids(smsc: int) -> list[bytes]:
    """The ids of an SMSC's first lap."""
    return [f"{smsc % 10}0000000{place:03d}".encode() for place in range(_IDS)]


def write_lap(ring: Ring, id_place: int, lap: int) -> None:
    """Count the ids of all PDUs on to ``lap``; ``id_place`` is where ids begin in a PDU."""
    for octet, digit in enumerate(b"%07d" % lap, id_place + 1):
        ring.pdus[octet :: ring.size] = bytes((digit,)) * ring.capacity
