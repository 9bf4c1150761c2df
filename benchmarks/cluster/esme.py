"""`Seat`: a session that an ESME wants to have all the time, and what it sends, steadily."""

from __future__ import annotations

import socket
from heapq import heappop, heappush
from itertools import count
from time import monotonic

from attrs import define, field

from benchmarks import esme, wire
from benchmarks.cluster.books import Books, Message
from benchmarks.loop import Loop
from benchmarks.session import Ledger, Session

_RETRY_SECONDS = 0.2
_BIND_SECONDS = 3.0
"""Until a connection is given up on which no answer to the bind comes."""


@define(eq=False)
class Seat:
    """One session of an account; it comes back whenever it is lost. Mutable.

    :ivar port: where it binds.
    :ivar rate: messages a second; 0: none.
    :ivar latency: seconds until it answers what it is brought.
    :ivar is_wanted: whether there is to be a session; ``is_sending``: whether it sends.
    :ivar books: where all is written down.
    """

    loop: Loop
    account: str
    port: int
    rate: float
    books: Books
    latency: float = 0.0
    is_wanted: bool = True
    is_sending: bool = False
    _session: EsmeSession | None = field(init=False, default=None)
    _next_try: float = field(init=False, default=0.0)
    _next_message: float = field(init=False, default=0.0)

    @property
    def is_bound(self) -> bool:
        """Whether it has its session."""
        return self._session is not None and self._session.bound and not self._session.closed

    def turn(self, now: float) -> None:
        """Do what is due by ``now``."""
        if self.is_wanted:
            self._come(now)
        if self._session is not None:
            self._session.turn(now)
        if self.is_sending and self.rate and now >= self._next_message:
            self._send(now)

    def leave(self) -> None:
        """Hang up, and do not come back until it is wanted again."""
        self.is_wanted = False
        if self._session is not None:
            self._session.leave()

    def close(self) -> None:
        """Hang up without a word."""
        if self._session is not None:
            self._session.close()

    def _come(self, now: float) -> None:
        session = self._session
        if session is not None and not session.closed:
            if not session.bound and now - session.began > _BIND_SECONDS:
                session.close()
            return
        if now < self._next_try:
            return
        self._next_try = now + _RETRY_SECONDS
        try:
            sock = esme.connect(self.port)
        except OSError:
            return
        self._session = EsmeSession(self.loop, sock, self, now)

    def _send(self, now: float) -> None:
        # What could not be sent in time is not made up for.
        self._next_message = max(self._next_message + 1 / self.rate, now - 1 / self.rate)
        if self._session is not None and self.is_bound:
            self._session.submit(now)
        else:
            self.books.held(now)


class EsmeSession(Session):
    """A transceiver that writes down what it is answered and brought.

    :ivar began: when it connected.
    """

    __slots__ = ("_answers", "_next", "_seat", "_sent", "began")

    def __init__(self, loop: Loop, sock: socket.socket, seat: Seat, now: float) -> None:
        super().__init__(loop, sock, Ledger())
        self.began = now
        self._seat = seat
        self._next = 2
        self._sent: dict[int, tuple[Books, Message]] = {}
        self._answers: list[tuple[float, int, bytes]] = []
        self.transmit(wire.bind(wire.BIND_TRANSCEIVER, seat.account, esme.PASSWORD))

    def submit(self, now: float) -> None:
        """Send the next message."""
        message, octets = self._seat.books.sent(self._seat.account, now)
        number, self._next = self._next, self._next + 1
        self._sent[number] = self._seat.books, message
        self.transmit(wire.numbered(octets, number))

    def leave(self) -> None:
        """Ask for the end of the session."""
        number, self._next = self._next, self._next + 1
        self.transmit(wire.pdu(wire.UNBIND, number))

    def turn(self, now: float) -> None:
        """Send the answers that are due."""
        while self._answers and self._answers[0][0] <= now:
            self.transmit(heappop(self._answers)[2])

    def batch(self, octets: bytes) -> bool:
        """There are no batches."""
        return False

    def message(self, pdu: bytes, command_id: int, command_status: int) -> bytes:
        """Write down an answer, or what is brought, and answer that."""
        number, now = int.from_bytes(pdu[12:16]), monotonic()
        if command_id == wire.DELIVER_SM:
            return self._brought(pdu, number, now)
        if command_id == wire.SUBMIT_SM | wire.RESPONSE and number in self._sent:
            books, message = self._sent[number]
            books.answered(message, command_status, pdu[wire.HEADER_SIZE :], now)
        else:
            self._seat.books.note(f"ESME: PDU 0x{command_id:08X} that answers nothing")
        return b""

    def close(self) -> None:
        """What is not answered will not be."""
        for _, message in self._sent.values():
            message.is_cut = message.is_cut or not message.answers
        super().close()

    def _brought(self, pdu: bytes, number: int, now: float) -> bytes:
        self._seat.books.brought(self._seat.account, pdu)
        answer = wire.pdu(wire.DELIVER_SM | wire.RESPONSE, number, b"\0")
        if not self._seat.latency:
            return answer
        heappush(self._answers, (now + self._seat.latency, next(_order), answer))
        return b""

    def _lost(self) -> None:
        self.close()


_order = count()
