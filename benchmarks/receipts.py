"""The sessions that receipts come from and go to.

Each stream has PDUs of one size, so ESMEs submit on transmitter sessions and get receipts on
receivers, and SMSCs have a pair of sessions with the gate for the same reason.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from typing import Generic

from benchmarks import wire
from benchmarks.debt import AnyDebt, AnyReceipts, Debt, R
from benchmarks.ids import Home, Judge
from benchmarks.loop import Loop
from benchmarks.requester import LARGEST_WINDOW, Asker, Requester
from benchmarks.responder import Responder
from benchmarks.ring import AnswerRing, RequestRing
from benchmarks.session import Ledger, Session

# An SMSC that owes more takes no message until it owes less: receipts and messages then come at
# one rate, and the one measured is that of both.
_MOST_OWED = 2000

_TIMED = 1
_ANSWER_SIZE = wire.HEADER_SIZE + 1
_RECEIPT_RESP = wire.DELIVER_SM | wire.RESPONSE
_ID_PLACE = wire.receipt(b"").index(b"id:") + 3

_clock = time.perf_counter_ns


class Newcomer(Session):
    """A connection whose bind will tell what it is for: ``make`` then gives it a session."""

    __slots__ = ("_make",)

    def __init__(
        self,
        loop: Loop,
        sock: socket.socket,
        ledger: Ledger,
        make: Callable[[socket.socket, int], Session],
    ) -> None:
        super().__init__(loop, sock, ledger)
        self._make = make

    def batch(self, octets: bytes) -> bool:
        """There are no batches."""
        return False

    def message(self, pdu: bytes, command_id: int, command_status: int) -> bytes:
        """Nothing may come before the bind."""
        self.ledger.faults[f"PDU 0x{command_id:08X} before the bind"] += 1
        return b""

    def _housekeeping(self, command_id: int, command_status: int, number: int) -> bytes:
        answer = super()._housekeeping(command_id, command_status, number)
        if command_id not in wire.BINDS:
            return answer
        self.transmit(answer)
        self.closed = True
        self._loop.forget(self._sock.fileno())
        self._make(self._sock, command_id).bound = True
        return b""


class OwingResponder(Responder):
    """Answers submit_sm, and has the receipts sent after that."""

    __slots__ = ("_debt",)

    def __init__(
        self,
        loop: Loop,
        sock: socket.socket,
        ledger: Ledger,
        answers: AnswerRing,
        requests: RequestRing,
        debt: Debt,
    ) -> None:
        super().__init__(loop, sock, ledger, answers, requests)
        self._debt = debt

    def ready(self, events: int) -> None:
        """Read, unless too much is owed."""
        if self._debt.count < _MOST_OWED or events & select.EPOLLOUT:
            super().ready(events)
            self._debt.pay()


class ReceiptSender(Asker, Generic[R]):
    """Sends the receipts that an SMSC owes, within a window."""

    __slots__ = ("_asked_at", "_debt", "_free", "_is_unbound", "_ring")

    def __init__(
        self,
        loop: Loop,
        sock: socket.socket,
        ledger: Ledger,
        ring: AnyReceipts[R],
        debt: AnyDebt[R],
    ) -> None:
        super().__init__(loop, sock, ledger)
        self._ring = ring
        self._debt = debt
        self._free = bytes(range(1, LARGEST_WINDOW + 1))
        self._asked_at = 0
        self._is_unbound = False
        self.batch_size = _ANSWER_SIZE
        debt.pay = self.pay

    def pay(self) -> None:
        """Send as many receipts as are owed and the window has room for."""
        while self._free and self._debt.count and not self._is_unbound:
            run = self._debt.take(len(self._free))
            numbers, self._free = self._free[: run.count], self._free[run.count :]
            if _TIMED in numbers:
                self._asked_at = _clock()
            self.transmit(self._ring.of(run, numbers))

    def batch(self, octets: bytes) -> bool:
        """deliver_sm_resps with command_status 0."""
        size = _ANSWER_SIZE
        numbers = octets[15::size]
        count = len(numbers)
        if (
            octets[3::size].count(size) * size != len(octets)
            or octets[7::size].count(wire.DELIVER_SM) != count
            or octets[11::size].count(0) != count
        ):
            return False
        self._taken(numbers)
        return True

    def message(self, pdu: bytes, command_id: int, command_status: int) -> bytes:
        """One answer, good or bad."""
        if command_id != _RECEIPT_RESP:
            self.ledger.faults[f"PDU 0x{command_id:08X} for a receipt's answer"] += 1
            return b""
        if command_status:
            self.ledger.faults[f"receipt answered 0x{command_status:08X}"] += 1
        elif pdu[wire.HEADER_SIZE :] != b"\0":
            self.ledger.faults["deliver_sm_resp with a message_id"] += 1
        self._taken(pdu[15:16])
        return b""

    def _housekeeping(self, command_id: int, command_status: int, number: int) -> bytes:
        # What is owed behind an unbind is paid by the next session.
        self._is_unbound = self._is_unbound or command_id == wire.UNBIND
        return super()._housekeeping(command_id, command_status, number)

    def start(self) -> None:
        """Receipts follow messages by themselves."""

    def stop(self) -> None:
        """They end when no more is owed."""

    @property
    def drained(self) -> bool:
        """Whether all that was owed has been taken."""
        return self.closed or (not self._debt.count and len(self._free) >= LARGEST_WINDOW)

    def check(self) -> None:
        """Write a fault down unless each number is free once."""
        if sorted(self._free) != list(range(1, LARGEST_WINDOW + 1)):
            self.ledger.faults["receipts whose answers are not their numbers"] += 1

    def _taken(self, numbers: bytes) -> None:
        self.answered += len(numbers)
        self._free += numbers
        if _TIMED in numbers:
            self.ledger.latencies.append(_clock() - self._asked_at)
        self.pay()


class Submitter(Requester):
    """A requester that notes the ids its account is given."""

    __slots__ = ("_home",)

    def __init__(
        self,
        loop: Loop,
        sock: socket.socket,
        ledger: Ledger,
        ring: RequestRing,
        window: int,
        judge: Judge,
        home: Home,
    ) -> None:
        super().__init__(loop, sock, ledger, ring, window, judge)
        self._home = home

    def batch(self, octets: bytes) -> bool:
        """Answers: note the ids, and ask as often again."""
        size = self.batch_size
        done = super().batch(octets)
        if done:
            self._home.note(octets, size)
        return done

    def message(self, pdu: bytes, command_id: int, command_status: int) -> bytes:
        """One answer."""
        if command_id & wire.RESPONSE and command_status == 0:
            self._home.note(pdu)
        return super().message(pdu, command_id, command_status)


class ReceiptTaker(Session):
    """An ESME's receiver: notes what each receipt is for, and answers it.

    ``tlvs`` says whether receipts have TLVs: they have to name the same message as the text.
    """

    __slots__ = ("_answers", "_copies", "_id_size", "_length_octet", "_receipted", "_tlvs")

    def __init__(
        self,
        loop: Loop,
        sock: socket.socket,
        ledger: Ledger,
        answers: AnswerRing,
        home: Home,
        *,
        tlvs: bool = False,
    ) -> None:
        super().__init__(loop, sock, ledger)
        self._answers = answers
        self._receipted = home.receipted
        self._id_size = 0
        self._length_octet = 0
        self._tlvs = tlvs
        self._copies: tuple[int, ...] = ()

    def batch(self, octets: bytes) -> bool:
        """Receipts of one size."""
        size = self.batch_size
        count = octets[3::size].count(self._length_octet)
        if count * size != len(octets) or octets[7::size].count(wire.DELIVER_SM) != count:
            return False
        if not all(self._is_copied(octets, place) for place in self._copies):
            return False
        self._receipted.note(octets, size, _ID_PLACE, self._id_size)
        self.answered += count
        self.transmit(self._answers.take(octets, size, count))
        return True

    def message(self, pdu: bytes, command_id: int, command_status: int) -> bytes:
        """One receipt, looked at closely: but for the id, it is what the SMSC sent."""
        message_id = pdu[_ID_PLACE : pdu.find(b" ", _ID_PLACE)]
        whole = wire.receipt(message_id, tlvs=self._tlvs)
        if command_id != wire.DELIVER_SM or pdu[wire.HEADER_SIZE :] != whole[wire.HEADER_SIZE :]:
            self.ledger.faults[f"PDU 0x{command_id:08X} that is no receipt sent"] += 1
            return b""
        # Seen, not assumed: whatever stands between may make message ids longer.
        self.batch_size, self._length_octet = len(pdu), pdu[3]
        self._id_size = len(message_id)
        self._copies = wire.places(pdu, message_id)[1:]
        self._receipted.note(pdu, len(pdu), _ID_PLACE, self._id_size)
        self.answered += 1
        return bytes(self._answers.take(pdu, len(pdu), 1))

    def _is_copied(self, octets: bytes, place: int) -> bool:
        """Whether the ids at ``place`` of all PDUs are those of their texts."""
        size = self.batch_size
        return all(
            octets[place + octet :: size] == octets[_ID_PLACE + octet :: size]
            for octet in range(self._id_size)
        )
