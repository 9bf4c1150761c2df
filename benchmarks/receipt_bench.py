"""A bench whose SMSCs send the receipts that were asked for."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from functools import partial

from attrs import evolve

from benchmarks import esme, wire
from benchmarks.bench import SMSCS, Bench, Shape, Tally
from benchmarks.debt import Debt, OwingRing, ReceiptRing, Run
from benchmarks.gate_process import Accounts
from benchmarks.ids import Home
from benchmarks.pace import Paced
from benchmarks.receipts import (
    Newcomer,
    OwingResponder,
    ReceiptSender,
    ReceiptTaker,
    Submitter,
)
from benchmarks.requester import LARGEST_WINDOW, Asker
from benchmarks.session import Session
from benchmarks.smsc import Smsc

# With the largest window each, the receivers of one account have room for all receipts that the
# SMSCs may have outstanding: none is refused because the others went the same way.
_RECEIVERS_EACH = SMSCS


class ReceiptBench(Bench):
    """ESMEs submit on transmitters and have receivers; SMSCs have pairs of sessions.

    What each account is told in answers is compared with its receipts in the end.
    """

    def __init__(self, shape: Shape, accounts: Accounts, tagged: bool = True) -> None:
        self._homes = {accounts.system_id(n): Home() for n in range(accounts.count)}
        self._senders: list[ReceiptSender[Run]] = []
        self._takers: list[ReceiptTaker] = []
        roomy = evolve(accounts, window=max(accounts.window, LARGEST_WINDOW))
        super().__init__(shape, roomy, tagged)

    @property
    def askers(self) -> Sequence[Asker]:
        """All sessions that ask."""
        return [*self.requesters, *self._senders]

    @property
    def tally(self) -> Tally:
        """What has been answered so far."""
        return Tally(super().tally.answered, sum(sender.answered for sender in self._senders))

    def bind(self, ports: list[int]) -> None:
        """Bind transmitters and receivers; raises esme.BindError."""
        system_ids = self.accounts.spread(self.shape.sessions)
        esme.bind_all(self.loop, ports, self._submitter, system_ids, wire.BIND_TRANSMITTER)
        owners = list(self._homes) * _RECEIVERS_EACH
        esme.bind_all(self.loop, ports, self._taker, owners, wire.BIND_RECEIVER)

    def drain(self) -> None:
        """Check in addition that each receipt went to the account that was given its id."""
        super().drain()
        for home in self._homes.values():
            self.ledger.faults.update(home.faults())
        taken = sum(session.answered for session in self.responders)
        receipts = sum(session.answered for session in self._takers)
        if taken != receipts:
            self.ledger.faults["messages taken minus receipts"] = taken - receipts

    def close(self) -> None:
        """Close all sessions and listeners."""
        for session in self._takers:
            session.close()
        super().close()

    def _has_gate(self) -> bool:
        return len(self._senders) == len(self.responders) == SMSCS

    def _smsc(self, number: int) -> Smsc[Session]:
        debt = Debt()
        answers, receipts = (
            OwingRing(number + 1, debt),
            ReceiptRing(number + 1, tlvs=self.shape.tlvs),
        )

        def make(sock: socket.socket, command_id: int) -> Session:
            if command_id == wire.BIND_RECEIVER:
                sender = ReceiptSender(self.loop, sock, self.receipt_ledger, receipts, debt)
                self._senders.append(sender)
                return sender
            responder = OwingResponder(self.loop, sock, self.ledger, answers, self.requests, debt)
            self.responders.append(responder)
            return responder

        return Smsc(self.loop, partial(Newcomer, self.loop, ledger=self.ledger, make=make))

    def _submitter(self, sock: socket.socket, system_id: str) -> Asker:
        home, window = self._homes[system_id], self.shape.window
        session: Asker
        if self.shape.rate:
            session = Paced(self.loop, sock, self.ledger, self.requests, window, self.judge, home)
        else:
            session = Submitter(
                self.loop, sock, self.ledger, self.requests, window, self.judge, home
            )
        self.requesters.append(session)
        return session

    def _taker(self, sock: socket.socket, system_id: str) -> ReceiptTaker:
        home = self._homes[system_id]
        session = ReceiptTaker(
            self.loop, sock, self.ledger, self.delivered, home, tlvs=self.shape.tlvs
        )
        self._takers.append(session)
        return session
