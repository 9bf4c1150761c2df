"""`SteadySmsc`: answers everything, and brings receipts and messages over any of its links."""

from __future__ import annotations

import socket
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from random import Random
from time import monotonic

from benchmarks import wire
from benchmarks.cluster.books import OWN_ID_SIZE, Books, Owed
from benchmarks.loop import Loop
from benchmarks.session import Ledger, Session
from benchmarks.smsc import Smsc

_ANSWER_SECONDS = 0.02
"""Until a message is answered: so some are always under way."""

_RECEIPT_SECONDS, _LATEST_SECONDS = 2.0, 15.0
"""Until a receipt is sent, in the mean, and at the most."""

_AGAIN_SECONDS, _LATEST_AGAIN_SECONDS = 0.5, 4.0
"""Until it is sent again where it is not taken: twice as long each time."""

_WINDOW = 50


class SteadySmsc:
    """An SMSC with a link of each node. Mutable.

    :ivar books: where all is written down.
    :ivar pushes: messages of its own that it sends a second, to ``account``; 0: none.
    """

    def __init__(self, loop: Loop, name: str, chance: Random, books: Books) -> None:
        self.name = name
        self.books = books
        self.pushes = 0.0
        self._chance = chance
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._next_push = 0.0
        self._listener: Smsc[SmscLink] = Smsc(loop, lambda sock: SmscLink(loop, sock, self))

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._listener.port

    @property
    def bound(self) -> int:
        """How many links are bound."""
        return len(self._links())

    def turn(self, now: float) -> None:
        """Do what is due by ``now``."""
        while self._due and self._due[0][0] <= now:
            heappop(self._due)[2]()
        if self.pushes and now >= self._next_push:
            self._next_push = max(self._next_push + 1 / self.pushes, now - 1 / self.pushes)
            self.bring(self.books.pushed(ABSENT, PREFIXES[ABSENT]))

    def take(self, link: SmscLink, pdu: bytes, now: float) -> None:
        """Answer a submit_sm in a moment; its receipt comes later."""
        own_id = b"%0*d" % (OWN_ID_SIZE, next(_ids))
        answer = wire.pdu(
            wire.SUBMIT_SM | wire.RESPONSE, int.from_bytes(pdu[12:16]), own_id + b"\0"
        )
        self._later(now + _ANSWER_SECONDS, lambda: link.transmit(answer))
        owed = self.books.taken(pdu, own_id)
        if owed is not None:
            seconds = min(self._chance.expovariate(1 / _RECEIPT_SECONDS), _LATEST_SECONDS)
            self._later(now + _ANSWER_SECONDS + seconds, lambda: self.bring(owed))

    def bring(self, owed: Owed) -> None:
        """Send it over one of the links, now or as soon as one has room."""
        links = [link for link in self._links() if len(link.open) < _WINDOW]
        if links:
            self._chance.choice(links).ask(owed)
        else:
            self.again(owed)

    def again(self, owed: Owed) -> None:
        """Bring it once more in a while."""
        seconds = min(_AGAIN_SECONDS * 2 ** min(owed.refusals, 9), _LATEST_AGAIN_SECONDS)
        self._later(monotonic() + seconds, lambda: self.bring(owed))

    def forget(self) -> None:
        """Bring nothing more of what is owed."""
        self._due.clear()

    def close(self) -> None:
        """Close its sessions, and listen no more."""
        self._listener.close()

    def _later(self, when: float, act: Callable[[], None]) -> None:
        heappush(self._due, (when, next(_order), act))

    def _links(self) -> list[SmscLink]:
        sessions = self._listener.sessions = [
            each for each in self._listener.sessions if not each.closed
        ]
        return [each for each in sessions if each.bound]


class SmscLink(Session):
    """The SMSC's end of a link.

    :ivar open: what it has sent that is not answered, by number.
    """

    __slots__ = ("_next", "_smsc", "open")

    def __init__(self, loop: Loop, sock: socket.socket, smsc: SteadySmsc) -> None:
        super().__init__(loop, sock, Ledger())
        self._smsc = smsc
        self._next = 1
        self.open: dict[int, Owed] = {}

    def ask(self, owed: Owed) -> None:
        """Send a receipt, or a message of the SMSC's own."""
        number, self._next = self._next, self._next + 1
        self.open[number] = owed
        owed.sends += 1
        self.transmit(wire.numbered(owed.octets, number))

    def batch(self, octets: bytes) -> bool:
        """There are no batches."""
        return False

    def message(self, pdu: bytes, command_id: int, command_status: int) -> bytes:
        """Have a request answered, or see whether something is taken."""
        if command_id == wire.SUBMIT_SM:
            self._smsc.take(self, pdu, monotonic())
        elif owed := self.open.pop(int.from_bytes(pdu[12:16]), None):
            self._answered(owed, command_status)
        else:
            self._smsc.books.note(f"SMSC: PDU 0x{command_id:08X} that answers nothing")
        return b""

    def close(self) -> None:
        """What is not answered is brought again."""
        super().close()
        for owed in self.open.values():
            self._smsc.again(owed)
        self.open.clear()

    def _answered(self, owed: Owed, status: int) -> None:
        if status:
            owed.refusals += 1
            self._smsc.again(owed)
        else:
            owed.is_taken = True

    def _lost(self) -> None:
        self.close()


ABSENT = "cast"
"""The account that is away most of the time, with a queue."""

PREFIXES = {"acme": "447710", "bolt": "447711", ABSENT: "4988"}
"""Of the numbers of each account."""

_ids = count(1)
_order = count()
