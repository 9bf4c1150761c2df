"""A bench whose gate is killed: its SMSCs send receipts for just the ids that ESMEs were told."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from random import Random

from attrs import frozen

from benchmarks import esme, wire
from benchmarks.bench import SMSCS, Bench, Shape
from benchmarks.gate_process import Accounts
from benchmarks.ids import Home
from benchmarks.receipts import Newcomer, ReceiptSender, ReceiptTaker, Submitter
from benchmarks.requester import LARGEST_WINDOW
from benchmarks.ring import ID_SIZE, MessageIdRing
from benchmarks.session import Session
from benchmarks.smsc import Smsc

SHAPE = Shape(16, 50)
ACCOUNTS = Accounts(window=LARGEST_WINDOW)

# As many as it takes for all receipts that the SMSCs may have outstanding, see `ReceiptBench`.
_RECEIVERS_EACH = SMSCS
_LOSS_SECONDS = 10.0
_LEAST_SECONDS = 30.0
_LEAST_RATE = 1000.0
"""Receipts a second: a gate that brings fewer home is not waited for."""


@frozen
class IdRun:
    """Ids whose receipts are sent in one go."""

    ids: list[bytes]

    @property
    def count(self) -> int:
        """How many."""
        return len(self.ids)


class IdDebt:
    """Ids of any order whose receipts are still to be sent; see `AnyDebt`."""

    def __init__(self) -> None:
        self.count = 0
        self.pay: Callable[[], None] = lambda: None
        self._ids: deque[bytes] = deque()

    def owe(self, ids: Iterable[bytes]) -> None:
        """Owe receipts for these, too."""
        self._ids.extend(ids)
        self.count = len(self._ids)

    def take(self, most: int) -> IdRun:
        """The oldest, up to ``most``."""
        run = IdRun([self._ids.popleft() for _ in range(min(most, len(self._ids)))])
        self.count = len(self._ids)
        return run


class IdReceipts:
    """Receipts for any ids, each made when it is sent."""

    def of(self, run: IdRun, numbers: bytes) -> bytes:
        """The receipts for ``run``, numbered by one octet each."""
        receipts = map(wire.receipt, run.ids)
        return b"".join(
            receipt[:15] + numbers[place : place + 1] + receipt[16:]
            for place, receipt in enumerate(receipts)
        )


class KillBench(Bench):
    """ESMEs submit until their gate is killed; the next gate brings home what they were told.

    ``homes`` is what each account was told since the load began, by system_id. The SMSCs never
    give an id twice, whichever gate they give it to.
    """

    def __init__(self, random: Random) -> None:
        self.homes: dict[str, Home] = {}
        self._random = random
        self._debts = [IdDebt() for _ in range(SMSCS)]
        self._senders: list[ReceiptSender[IdRun]] = []
        self._takers: list[ReceiptTaker] = []
        super().__init__(SHAPE, ACCOUNTS)

    @property
    def sessions(self) -> list[Session]:
        """All there are with the gate."""
        return [*self.requesters, *self._takers, *self.responders, *self._senders]

    def load(self, port: int) -> None:
        """Begin to submit, as fast as the gate takes it; raises esme.BindError."""
        system_ids = self.accounts.spread(self.shape.sessions)
        self.homes = {system_id: Home() for system_id in system_ids}
        make = self._submitter
        esme.bind_all(self.loop, [port], make, system_ids, wire.BIND_TRANSMITTER)
        self.start()

    def run_until_lost(self, seconds: float) -> None:
        """Go on until the gate is killed, so many seconds from now.

        What it sent before that is read, up to the end of every session.
        """
        sessions = self.sessions
        seconds += _LOSS_SECONDS
        if not self.loop.run_until(lambda: all(s.closed for s in sessions), seconds):
            self.ledger.faults["sessions left open by a killed gate"] += 1
        # Which is what was to be.
        del self.ledger.faults["session lost"]
        self.hang_up()

    def bring_home(self, port: int) -> None:
        """Have receipts sent for all ids told, in any order; raises esme.BindError."""
        owners = list(self.homes) * _RECEIVERS_EACH
        esme.bind_all(self.loop, [port], self._taker, owners, wire.BIND_RECEIVER)
        told = [i for home in self.homes.values() for i in home.given.counts()]
        self._random.shuffle(told)
        for number, debt in enumerate(self._debts):
            debt.owe(own for own in map(own_id, told) if own[:1] == _first_digit(number))
            debt.pay()
        seconds = _LEAST_SECONDS + len(told) / _LEAST_RATE
        if not self.loop.run_until(lambda: all(s.drained for s in self._senders), seconds):
            self.ledger.faults["receipts not answered in time"] += 1
        if any(sender.closed for sender in self._senders):
            self.ledger.faults["SMSCs' sessions lost before all receipts were sent"] += 1

    def hang_up(self) -> None:
        """Close all sessions, not the listeners; what is owed on them is owed no more."""
        for session in self.sessions:
            session.close()
        for sessions in (self.requesters, self._takers, self.responders, self._senders):
            sessions.clear()
        for debt in self._debts:
            debt.take(debt.count)

    def close(self) -> None:
        """Close all sessions and listeners."""
        self.hang_up()
        super().close()

    def _has_gate(self) -> bool:
        return len(self._senders) == len(self.responders) == SMSCS

    def _smsc(self, number: int) -> Smsc[Session]:
        answers, debt = MessageIdRing(number + 1), self._debts[number]

        def make(sock: socket.socket, command_id: int) -> Session:
            if command_id == wire.BIND_RECEIVER:
                sender = ReceiptSender(self.loop, sock, self.ledger, IdReceipts(), debt)
                self._senders.append(sender)
                return sender
            return self._responder(sock, answers)

        return Smsc(self.loop, partial(Newcomer, self.loop, ledger=self.ledger, make=make))

    def _submitter(self, sock: socket.socket, system_id: str) -> Submitter:
        home, window = self.homes[system_id], self.shape.window
        session = Submitter(self.loop, sock, self.ledger, self.requests, window, self.judge, home)
        self.requesters.append(session)
        return session

    def _taker(self, sock: socket.socket, system_id: str) -> ReceiptTaker:
        home = self.homes[system_id]
        session = ReceiptTaker(self.loop, sock, self.ledger, self.delivered, home)
        self._takers.append(session)
        return session


def own_id(told: bytes) -> bytes:
    """The SMSC's own id in one that an ESME was told: what stands behind the tag."""
    return told[-ID_SIZE:]


def _first_digit(smsc: int) -> bytes:
    """What the ids of that SMSC begin with."""
    return b"%d" % (smsc + 1)
