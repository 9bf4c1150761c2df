"""`CountingSmsc`: an SMSC that counts what it answers, and what it is answered."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from random import Random
from time import monotonic

from attrs import frozen

from benchmarks import wire
from benchmarks.counts.books import Books, Entry
from benchmarks.loop import Loop
from benchmarks.session import Ledger, Session
from benchmarks.smsc import Smsc

_WINDOW = 50
"""Requests of its own that a link has open at the most."""

_REFUSALS = (0x08, 0x0B, 0x14, 0x45, 0x58, 0x58, 0x58, 0x64, 0x400)
"""Those after which the gate tries another SMSC, and those after which it does not."""

_STATES = ("DELIVRD", "DELIVRD", "UNDELIV", "EXPIRED", "REJECTD", "BOGUS")
_KNOWN_STATES = frozenset(_STATES[:-1])
_RECEIPT_SECONDS = 0.5
NO_RECEIPT = "4478"
"""Destinations of messages that ask for no receipt."""


@frozen
class Request:
    """What an SMSC sends of its own.

    :param state: of a receipt, as it is counted; empty where it is none. ``is_matched``: whether
        the gate knows the message.
    """

    octets: bytes
    state: str = ""
    is_matched: bool = False

    @classmethod
    def receipt(cls, message_id: bytes, is_matched: bool, chance: Random) -> Request:
        """A receipt with any state."""
        word = chance.choice(_STATES)
        state = word if word in _KNOWN_STATES else "other"
        return cls(wire.receipt(message_id, state=word), state, is_matched)


@frozen
class Manner:
    """How one SMSC is.

    :param latency: seconds to an answer at the most; 0: all answers to a read in one write.
    :param refused: the part of requests that it refuses; ``receipted``: of messages that get
        their receipt.
    :param own: requests a second that it sends of its own.
    :param stays: seconds until it unbinds a link, in the mean; 0: it does not.
    """

    latency: float = 0.0
    refused: float = 0.1
    receipted: float = 0.5
    own: float = 20.0
    stays: float = 0.0


class CountingSmsc:
    """Answers, sends receipts, and messages of its own. Mutable.

    :param own: gives the next request of its own.
    :ivar asked: requests that it answered, by its name and ``taken`` or ``refused``.
    """

    def __init__(
        self,
        loop: Loop,
        name: str,
        manner: Manner,
        books: Books,
        own: Callable[[], Request],
        chance: Random,
        ledger: Ledger,
    ) -> None:
        self.name = name
        self.manner = manner
        self.books = books
        self.chance = chance
        self.asked: Counter[Entry] = Counter()
        self.ledger = ledger
        self._own = own
        self._ids = count(10_000_000)
        self._serials = count()
        self._answers: list[tuple[float, int, _Link, bytes]] = []
        self._receipts: list[tuple[float, int, Request]] = []
        self._is_hushed = False
        self._next_own = self._next_leave = 0.0
        self._listener: Smsc[_Link] = Smsc(loop, lambda sock: _Link(loop, sock, self))

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._listener.port

    @property
    def is_bound(self) -> bool:
        """Whether the gate is bound to it."""
        return self._listener.is_bound

    @property
    def is_quiet(self) -> bool:
        """Whether neither it nor the gate owes an answer."""
        return not self._answers and not any(link.open for link in self._listener.sessions)

    def hush(self) -> None:
        """Send nothing of its own any more."""
        self._is_hushed = True
        self._receipts.clear()

    def turn(self, now: float) -> None:
        """Do what is due by ``now``."""
        links = self._listener.sessions = [
            each for each in self._listener.sessions if not each.closed
        ]
        answers = self._answers
        while answers and answers[0][0] <= now:
            _, _, link, octets = heappop(answers)
            link.transmit(octets)
        free = [each for each in links if each.has_room]
        if free and not self._is_hushed:
            self._send_own(free, now)

    def _send_own(self, links: list[_Link], now: float) -> None:
        link, chance, manner = self.chance.choice(links), self.chance, self.manner
        receipts, room = self._receipts, _WINDOW - len(link.open)
        while room and receipts and receipts[0][0] <= now:
            link.ask(heappop(receipts)[2])
            room -= 1
        if room and now >= self._next_own:
            self._next_own = now + chance.expovariate(manner.own)
            link.ask(self._own())
        if manner.stays and now >= self._next_leave:
            if self._next_leave:
                link.leave()
            self._next_leave = now + chance.expovariate(1 / manner.stays)

    def answer(self, link: _Link, pdu: bytes, command_id: int, now: float) -> bytes:
        """Answer a request of the gate's, now or later."""
        chance = self.chance
        refused = chance.random() < self.manner.refused
        status = chance.choice(_REFUSALS) if refused else 0
        self.books.smsc(self.name, command_id, status)
        self.asked[self.name, "refused" if status else "taken"] += 1
        body = b""
        if not status:
            message_id = b"%d" % next(self._ids)
            body = message_id + b"\0"
            if command_id == wire.SUBMIT_SM and NO_RECEIPT.encode() not in pdu:
                self._owe_receipt(message_id, now)
        octets = wire.pdu(command_id | wire.RESPONSE, int.from_bytes(pdu[12:16]), body, status)
        if not self.manner.latency:
            return octets
        due = now + chance.random() * self.manner.latency
        heappush(self._answers, (due, next(self._serials), link, octets))
        return b""

    def _owe_receipt(self, message_id: bytes, now: float) -> None:
        if self.chance.random() < self.manner.receipted and not self._is_hushed:
            due = now + self.manner.latency + self.chance.random() * _RECEIPT_SECONDS
            receipt = Request.receipt(message_id, True, self.chance)
            heappush(self._receipts, (due, next(self._serials), receipt))

    def close(self) -> None:
        """Close its sessions, and listen no more."""
        self._listener.close()


class _Link(Session):
    """The SMSC's end of one of the gate's sessions.

    :ivar open: its requests that the gate has not answered, by number.
    :ivar is_leaving: whether it has sent an unbind.
    """

    __slots__ = ("_next", "_smsc", "is_leaving", "open")

    def __init__(self, loop: Loop, sock: socket.socket, smsc: CountingSmsc) -> None:
        super().__init__(loop, sock, smsc.ledger)
        self._smsc = smsc
        self._next = 1
        self.open: dict[int, int] = {}
        self.is_leaving = False

    @property
    def has_room(self) -> bool:
        """Whether it may send a request of its own."""
        return self.bound and not self.is_leaving and len(self.open) < _WINDOW

    def ask(self, request: Request) -> None:
        """Send a request of its own."""
        number, self._next = self._next, self._next + 1
        self.open[number] = int.from_bytes(request.octets[4:8])
        if request.state:
            self._smsc.books.receipt(self._smsc.name, request.state, request.is_matched)
        self.transmit(wire.numbered(request.octets, number))

    def leave(self) -> None:
        """Send an unbind: what is open is answered before its answer comes."""
        self.is_leaving = True
        self.transmit(wire.pdu(wire.UNBIND, self._next))

    def batch(self, octets: bytes) -> bool:
        """There are no batches."""
        return False

    def message(self, pdu: bytes, command_id: int, command_status: int) -> bytes:
        """Count an answer, or have a request answered."""
        if not command_id & wire.RESPONSE:
            return self._smsc.answer(self, pdu, command_id, monotonic())
        asked = self.open.pop(int.from_bytes(pdu[12:16]), 0)
        if asked | wire.RESPONSE == command_id:
            self._smsc.books.smsc(self._smsc.name, asked, command_status)
        else:
            self.ledger.faults[f"SMSC: PDU 0x{command_id:08X} that answers nothing"] += 1
        return b""

    def _lost(self) -> None:
        if self.open:
            self.ledger.faults["requests of a link that has ended"] += len(self.open)
        super()._lost()
