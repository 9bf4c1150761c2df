"""The side that answers, at once and a whole read at a time."""

from __future__ import annotations

import socket

from benchmarks import wire
from benchmarks.loop import Loop
from benchmarks.ring import AnswerRing, RequestRing
from benchmarks.session import Ledger, Session


class Responder(Session):
    """Answers each request with the next PDU of ``answers``.

    ``requests`` is what the other side sends: a relay changes no octet of their bodies.
    """

    __slots__ = ("_bodies", "_command_octet", "_length_octet", "_ring")

    def __init__(
        self,
        loop: Loop,
        sock: socket.socket,
        ledger: Ledger,
        answers: AnswerRing,
        requests: RequestRing,
    ) -> None:
        super().__init__(loop, sock, ledger)
        self._ring = answers
        self._bodies = requests.bodies
        self.batch_size = requests.size
        self._length_octet = requests.pdus[3]
        self._command_octet = requests.pdus[7]

    def batch(self, octets: bytes) -> bool:
        """Requests of one size: answer them under their numbers."""
        size = self.batch_size
        count = octets[3::size].count(self._length_octet)
        if count * size != len(octets):
            return False
        self.answered += count
        self.transmit(self._ring.take(octets, size, count))
        return True

    def message(self, pdu: bytes, command_id: int, command_status: int) -> bytes:
        """One request, looked at closely."""
        if command_id != self._command_octet or command_status:
            self.ledger.faults[f"PDU 0x{command_id:08X} status 0x{command_status:08X}"] += 1
            return b""
        if pdu[wire.HEADER_SIZE :] not in self._bodies:
            self.ledger.faults["body changed on its way"] += 1
        self.answered += 1
        return bytes(self._ring.take(pdu, len(pdu), 1))
