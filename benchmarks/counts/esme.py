"""`CountingEsme`: an ESME's session that counts what it is answered, and what it answers."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from random import Random

from benchmarks import wire
from benchmarks.counts.books import Books
from benchmarks.loop import Loop
from benchmarks.session import Ledger, Session

_REFUSALS = (0x0B, 0x45, 0x08)
_REFUSED = 0.05
"""The part of messages and receipts that ESMEs refuse."""

_DELIVERIES = frozenset({wire.DELIVER_SM, wire.DATA_SM})


class CountingEsme(Session):
    """Sends what it is given, and answers at once.

    :ivar account: its system_id; ``is_leaving``: whether it has sent an unbind.
    """

    __slots__ = ("_books", "_chance", "_next", "_open", "account", "is_leaving")

    def __init__(
        self,
        loop: Loop,
        sock: socket.socket,
        ledger: Ledger,
        account: str,
        books: Books,
        chance: Random,
    ) -> None:
        super().__init__(loop, sock, ledger)
        self.account = account
        self.is_leaving = False
        self._books = books
        self._chance = chance
        # The bind has the first number.
        self._next = 2
        self._open: dict[int, int] = {}

    @property
    def unanswered(self) -> int:
        """Its requests that are not answered."""
        return len(self._open)

    def send(self, requests: Sequence[bytes], leaves: bool = False) -> None:
        """Send these in one write, which one read of the gate may bring.

        :param leaves: an unbind goes behind them, in the same write.
        """
        octets = [self._numbered(each) for each in requests]
        if leaves:
            self.is_leaving = True
            octets.append(wire.pdu(wire.UNBIND, self._next))
        self.transmit(b"".join(octets))

    def batch(self, octets: bytes) -> bool:
        """There are no batches."""
        return False

    def message(self, pdu: bytes, command_id: int, command_status: int) -> bytes:
        """Count an answer, or answer a request and count that."""
        number = int.from_bytes(pdu[12:16])
        if command_id & wire.RESPONSE:
            asked = self._open.pop(number, 0)
            if asked | wire.RESPONSE == command_id:
                self._books.account(self.account, asked, command_status)
                return b""
        elif command_id in _DELIVERIES:
            refused = self._chance.random() < _REFUSED
            status = self._chance.choice(_REFUSALS) if refused else 0
            self._books.account(self.account, command_id, status)
            return wire.pdu(command_id | wire.RESPONSE, number, b"\0", status)
        self.ledger.faults[f"ESME: PDU 0x{command_id:08X} that answers nothing"] += 1
        return b""

    def _numbered(self, request: bytes) -> bytes:
        number, self._next = self._next, self._next + 1
        self._open[number] = int.from_bytes(request[4:8])
        return wire.numbered(request, number)

    def _lost(self) -> None:
        if self._open:
            self.ledger.faults["messages of a session that has ended"] += len(self._open)
        super()._lost()
