"""`Sender`: an ESME's session that takes down what becomes of each of its messages."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable, Sequence
from time import monotonic

from attrs import field, frozen

from benchmarks import wire
from benchmarks.loop import Loop
from benchmarks.session import Ledger, Session

Number = Callable[[], str]
"""Gives the destination of the next message."""


@frozen
class Answer:
    """What became of one message.

    :param at: when it was answered, on the monotonic clock.
    :param seconds: from when it was due.
    :param smsc: the tag of the one that has it; empty where it was refused.
    """

    at: float
    seconds: float
    status: int
    smsc: str


@frozen
class Heard:
    """All answers of one account."""

    answers: list[Answer] = field(factory=list)

    def between(self, begin: float, end: float) -> Heard:
        """Those of this time."""
        return Heard([each for each in self.answers if begin <= each.at < end])

    @property
    def taken(self) -> Heard:
        """Those of messages that an SMSC has."""
        return Heard([each for each in self.answers if not each.status])

    @property
    def refused(self) -> Counter[int]:
        """Statuses of the others."""
        return Counter(each.status for each in self.answers if each.status)

    def share(self, smsc: str) -> float:
        """The part of the messages taken that this SMSC has; 0 of none."""
        taken = self.taken.answers
        return sum(each.smsc == smsc for each in taken) / len(taken) if taken else 0.0

    def __len__(self) -> int:
        return len(self.answers)


class Sender(Session):
    """Sends when it is told to, as far as its window has room, or keeps its window full."""

    __slots__ = ("_due", "_heard", "_is_full", "_late", "_next", "_number", "_window")

    def __init__(
        self, loop: Loop, sock: socket.socket, heard: Heard, window: int, number: Number
    ) -> None:
        super().__init__(loop, sock, Ledger())
        self._heard = heard
        self._window = window
        self._number = number
        self._next = 1
        self._due: dict[int, float] = {}
        self._late: list[float] = []
        self._is_full = False

    @property
    def unanswered(self) -> int:
        """Messages that are not answered."""
        return len(self._due)

    def fill(self) -> None:
        """Keep the window full from now on."""
        self._is_full = True
        now = monotonic()
        self.transmit(b"".join(self._request(now) for _ in range(self._window)))

    def send(self, due: float) -> None:
        """Send a message that was due at that time, or when the window has room."""
        if len(self._due) < self._window:
            self.transmit(self._request(due))
        else:
            self._late.append(due)

    def stop(self) -> None:
        """Send no more."""
        self._is_full = False
        self._late.clear()

    def batch(self, octets: bytes) -> bool:
        """There are no batches."""
        return False

    def message(self, pdu: bytes, command_id: int, command_status: int) -> bytes:
        """An answer: take it down, and go on."""
        now, due = monotonic(), self._due.pop(int.from_bytes(pdu[12:16]), None)
        if due is None or command_id != wire.SUBMIT_SM | wire.RESPONSE:
            self.ledger.faults[f"PDU 0x{command_id:08X} that answers nothing"] += 1
            return b""
        smsc = "" if command_status else chr(pdu[wire.HEADER_SIZE])
        self._heard.answers.append(Answer(now, now - due, command_status, smsc))
        if self._late:
            return self._request(self._late.pop(0))
        return self._request(now) if self._is_full else b""

    def _request(self, due: float) -> bytes:
        number, self._next = self._next, self._next + 1
        self._due[number] = due
        return wire.numbered(wire.message(wire.SUBMIT_SM, self._number()), number)


class Pace:
    """Messages at a steady rate, over the sessions in turn."""

    def __init__(self, sessions: Sequence[Sender], rate: float) -> None:
        self._sessions = sessions
        self._interval = 1 / rate
        self._next = monotonic()
        self._turn = 0

    def __call__(self, now: float) -> None:
        """Send what is due by now."""
        while self._next <= now:
            self._sessions[self._turn].send(self._next)
            self._turn = (self._turn + 1) % len(self._sessions)
            self._next += self._interval
