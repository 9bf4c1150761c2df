"""`Traffic`: ESMEs that send whatever there is, and sessions that come and go."""

from __future__ import annotations

import socket
from collections.abc import Callable
from itertools import count
from random import Random

from benchmarks import esme, wire
from benchmarks.counts.books import Books
from benchmarks.counts.esme import CountingEsme
from benchmarks.counts.smsc import NO_RECEIPT, Request
from benchmarks.loop import Loop
from benchmarks.session import Ledger

WINDOW = 100
"""Of accounts."""

STEADY, ABSENT = ("acme", "bolt"), "cast"
"""Accounts with sessions all the time; one that has a queue, and no session most of the time."""

NUMBERS = {"acme": "447710", "bolt": "447711", "cast": "447712"}
"""Prefixes of the numbers that are theirs."""

_NOBODY = "491510"
_SESSIONS = 4
"""Of each steady account."""

_TURN_SECONDS, _VISIT_SECONDS = 0.05, 0.2
"""Between two acts of a session, and between two sessions that come, in the mean."""

_STAY_SECONDS = 1.5


class Traffic:
    """All ESMEs of the gate at a port. Mutable.

    :ivar sessions: those that are there.
    """

    def __init__(self, loop: Loop, books: Books, chance: Random, ledger: Ledger) -> None:
        self.sessions: list[CountingEsme] = []
        self._loop = loop
        self._books = books
        self._chance = chance
        self._ledger = ledger
        self._port = 0
        self._due: dict[CountingEsme, float] = {}
        self._leaves: dict[CountingEsme, float] = {}
        self._next_visit = 0.0
        self._serials = count()
        self._references = count()
        self._kinds: list[tuple[Callable[[], list[bytes]], int]] = [
            (self._one, 30),
            (self._run, 30),
            (self._run_without_receipts, 10),
            (self._broken_run, 10),
            (self._parts, 10),
            (self._data, 8),
            (self._flood, 2),
        ]

    def begin(self, port: int) -> None:
        """Bind the steady sessions; raises esme.BindError, OSError."""
        self._port = port
        self.sessions += esme.bind_all(self._loop, [port], self._session, [*STEADY] * _SESSIONS)

    def turn(self, now: float) -> None:
        """Do what is due by ``now``."""
        if now >= self._next_visit:
            self._next_visit = now + self._chance.expovariate(1 / _VISIT_SECONDS)
            self._come(now)
        self.sessions = [each for each in self.sessions if not each.closed]
        for session in self.sessions:
            if session.bound and not session.is_leaving and now >= self._due.get(session, 0):
                self._due[session] = now + self._chance.expovariate(1 / _TURN_SECONDS)
                self._act(session, now)

    def hush(self) -> None:
        """Send no more; who has come for a while goes."""
        for session in self._leaves:
            if session.bound and not session.is_leaving:
                session.send((), leaves=True)

    @property
    def is_quiet(self) -> bool:
        """Whether nobody waits for an answer, and all visitors are gone."""
        is_gone = all(session.closed for session in self._leaves)
        return is_gone and not any(session.unanswered for session in self.sessions)

    def own_of_smsc(self) -> Request:
        """What an SMSC sends of its own: a message to an account or to nobody, or a receipt for
        a message that nobody knows."""
        chance = self._chance
        if chance.random() < 0.3:
            return Request.receipt(b"9%d" % next(self._serials), False, chance)
        number = chance.choice((*NUMBERS.values(), _NOBODY)) + "123456"
        if chance.random() < 0.3:
            return Request(wire.data_sm(number))
        return Request(wire.message(wire.DELIVER_SM, number))

    def _session(self, sock: socket.socket, system_id: str) -> CountingEsme:
        return CountingEsme(self._loop, sock, self._ledger, system_id, self._books, self._chance)

    def _come(self, now: float) -> None:
        account = self._chance.choice((*STEADY, ABSENT))
        if account == ABSENT and self._chance.random() < 0.7:
            return
        session = self._session(esme.connect(self._port), account)
        session.transmit(wire.bind(wire.BIND_TRANSCEIVER, account, esme.PASSWORD))
        self.sessions.append(session)
        self._leaves[session] = now + self._chance.expovariate(1 / _STAY_SECONDS)

    def _act(self, session: CountingEsme, now: float) -> None:
        leaves = now >= self._leaves.get(session, now + 1)
        if session.unanswered < WINDOW or leaves:
            [(kind, _)] = self._chance.choices(self._kinds, [weight for _, weight in self._kinds])
            session.send(kind(), leaves)

    # What there is to send

    def _one(self) -> list[bytes]:
        return [self._submit(receipt_asked=self._chance.random() < 0.5)]

    def _run(self) -> list[bytes]:
        return [self._submit() for _ in range(self._chance.randint(6, 40))]

    def _run_without_receipts(self) -> list[bytes]:
        return [self._submit(receipt_asked=False) for _ in range(20)]

    def _broken_run(self) -> list[bytes]:
        """A run, something else, and another run, in one read."""
        return [*self._run(), *self._chance.choice((self._data, self._parts))(), *self._run()]

    def _parts(self) -> list[bytes]:
        """All parts of one long message."""
        number, reference = self._number(), next(self._references) % 256
        total = self._chance.randint(2, 5)
        return [
            wire.message(
                wire.SUBMIT_SM,
                number,
                receipt_asked=True,
                part=wire.part_header(reference, total, each),
            )
            for each in range(1, total + 1)
        ]

    def _data(self) -> list[bytes]:
        return [wire.data_sm(self._number())]

    def _flood(self) -> list[bytes]:
        """More than the window has room for."""
        return [self._submit() for _ in range(2 * WINDOW)]

    def _submit(self, receipt_asked: bool = True) -> bytes:
        number = self._number() if receipt_asked else NO_RECEIPT + self._number()[4:]
        return wire.message(wire.SUBMIT_SM, number, receipt_asked=receipt_asked)

    def _number(self) -> str:
        return f"4477{next(self._serials) % 100_000_000:08d}"
