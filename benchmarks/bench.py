"""What a measurement is made with: a generator of one shape of traffic, and SMSCs."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from attrs import frozen

from benchmarks import esme, wire
from benchmarks.gate_process import Accounts
from benchmarks.ids import Judge, Tags, no_id
from benchmarks.loop import Loop
from benchmarks.pace import Pace, Paced
from benchmarks.requester import LARGEST_WINDOW, Asker, Requester
from benchmarks.responder import Responder
from benchmarks.ring import AnswerRing, MessageIdRing, RequestRing
from benchmarks.session import Ledger, Session
from benchmarks.smsc import Smsc

SMSCS = 2

_DRAIN_SECONDS = 10.0
_AFTERWARDS_SECONDS = 0.05  # how long an answer too many is waited for
_REQUESTS_IN_RING = 1000


@frozen
class Shape:
    """How much is asked at once: ESME sessions, and requests outstanding on each.

    ``to_esmes`` turns the traffic round: the SMSCs send deliver_sm, as many outstanding in all
    as a session's largest window allows. With ``receipts`` the SMSCs send the receipts that
    were asked for, with TLVs if ``tlvs``. ``rate`` is messages per second over all sessions, 0
    for as many as go.
    """

    sessions: int
    window: int
    to_esmes: bool = False
    receipts_asked: bool = True
    receipts: bool = False
    rate: int = 0
    tlvs: bool = False

    def __str__(self) -> str:
        return f"{self.sessions}x{self.window}"


@frozen
class Tally:
    """Messages answered, and receipts."""

    answered: int
    receipts: int

    def __sub__(self, earlier: Tally) -> Tally:
        return Tally(self.answered - earlier.answered, self.receipts - earlier.receipts)


class Bench:
    """A generator, SMSCs, and what stands between them; ready for one measurement.

    ``tagged`` says whether ESMEs are to be given ids with tags.
    """

    def __init__(self, shape: Shape, accounts: Accounts, tagged: bool = True) -> None:
        self.shape = shape
        self.accounts = accounts
        self.loop = Loop()
        self.ledger = Ledger()
        self.receipt_ledger = Ledger(self.ledger.faults)
        self.requesters: list[Asker] = []
        self.responders: list[Session] = []
        command_id = wire.DELIVER_SM if shape.to_esmes else wire.SUBMIT_SM
        self.judge: Judge = no_id if shape.to_esmes else Tags(tagged).judge
        self.requests = RequestRing(
            [
                wire.message(command_id, number, receipt_asked=shape.receipts_asked)
                for number in accounts.destinations(shape.sessions, _REQUESTS_IN_RING)
            ]
        )
        # A deliver_sm_resp has an empty message_id; SMPP v3.4 §4.6.2.
        delivered = wire.pdu(wire.DELIVER_SM | wire.RESPONSE, 0, b"\0")
        self.delivered = AnswerRing([delivered] * _REQUESTS_IN_RING)
        self._pace: Pace | None = None
        self.smscs: list[Smsc[Session]] = [self._smsc(number) for number in range(SMSCS)]

    @property
    def smsc_ports(self) -> list[int]:
        """Where the SMSCs listen."""
        return [smsc.port for smsc in self.smscs]

    @property
    def askers(self) -> Sequence[Asker]:
        """All sessions that ask."""
        return self.requesters

    @property
    def tally(self) -> Tally:
        """What has been answered so far."""
        return Tally(sum(session.answered for session in self.requesters), 0)

    def bind(self, ports: list[int]) -> None:
        """Bind the ESME sessions over these ports; raises esme.BindError."""
        make = self._responder_esme if self.shape.to_esmes else self._requester_esme
        system_ids = self.accounts.spread(self.shape.sessions)
        esme.bind_all(self.loop, ports, make, system_ids)

    def await_gate(self, seconds: float) -> None:
        """Run until each SMSC has the gate's session; raises esme.BindError."""
        if not self.loop.run_until(self._has_gate, seconds):
            raise esme.BindError("the gate did not bind to the SMSCs")

    def start(self) -> None:
        """Begin to ask, on all sessions that are bound."""
        bound = [session for session in self.requesters if session.bound]
        for session in bound:
            session.start()
        if self.shape.rate:
            self._pace = Pace([s for s in bound if isinstance(s, Paced)], self.shape.rate)

    def run(self, seconds: float) -> None:
        """Go on for so long."""
        self.loop.run(seconds, self._pace)

    def forget_latencies(self) -> None:
        """What was timed so far does not count."""
        del self.ledger.latencies[:], self.receipt_ledger.latencies[:]

    def drain(self) -> None:
        """Ask no more, wait for what is outstanding, check that the books balance."""
        for session in self.askers:
            session.stop()
        self.loop.run_until(lambda: all(s.drained for s in self.askers), _DRAIN_SECONDS)
        self.loop.run(_AFTERWARDS_SECONDS)
        for session in self.askers:
            session.check()
        asked = sum(session.answered for session in self.responders)
        if asked != self.tally.answered:
            self.ledger.faults["requests seen minus answers"] = asked - self.tally.answered

    def close(self) -> None:
        """Close all sessions and listeners."""
        for session in [*self.askers, *self.responders]:
            session.close()
        for smsc in self.smscs:
            smsc.close()
        self.loop.close()

    def _has_gate(self) -> bool:
        return all(smsc.is_bound for smsc in self.smscs)

    def _smsc(self, number: int) -> Smsc[Session]:
        answers = MessageIdRing(number + 1)
        window = min(LARGEST_WINDOW, self.shape.sessions * self.shape.window // SMSCS)

        def make(sock: socket.socket) -> Session:
            return (
                self._requester(sock, window)
                if self.shape.to_esmes
                else self._responder(sock, answers)
            )

        return Smsc(self.loop, make)

    def _requester_esme(self, sock: socket.socket, _system_id: str) -> Session:
        return self._requester(sock, self.shape.window)

    def _responder_esme(self, sock: socket.socket, _system_id: str) -> Session:
        return self._responder(sock, self.delivered)

    def _requester(self, sock: socket.socket, window: int) -> Asker:
        kind = Paced if self.shape.rate else Requester
        session = kind(self.loop, sock, self.ledger, self.requests, window, self.judge)
        self.requesters.append(session)
        return session

    def _responder(self, sock: socket.socket, answers: AnswerRing) -> Responder:
        session = Responder(self.loop, sock, self.ledger, answers, self.requests)
        self.responders.append(session)
        return session
