"""One measurement: a shape of traffic, through one thing or nothing, for a bounded time."""

from __future__ import annotations

import contextlib
import gc
import socket
import time
from collections.abc import Iterator, Sequence

from attrs import field, frozen

from benchmarks import esme, wire
from benchmarks.gate_process import Accounts, gate
from benchmarks.haproxy import haproxy
from benchmarks.loop import Loop
from benchmarks.process import Program, ProgramError
from benchmarks.requester import LARGEST_WINDOW, Requester
from benchmarks.responder import Responder
from benchmarks.ring import AnswerRing, MessageIdRing, RequestRing
from benchmarks.session import Ledger, Session
from benchmarks.smsc import Smsc

DIRECT, HAPROXY, GATE = "direct", "haproxy", "gate"
SMSCS = 2

_START_SECONDS = 30.0
_DRAIN_SECONDS = 10.0
_AFTERWARDS_SECONDS = 0.05  # how long an answer too many is waited for
_REQUESTS_IN_RING = 1000


@frozen
class Shape:
    """How much is asked at once: ESME sessions, and requests outstanding on each.

    ``to_esmes`` turns the traffic round: the SMSCs send deliver_sm, as many outstanding in all
    as a session's largest window allows.
    """

    sessions: int
    window: int
    to_esmes: bool = False
    receipts_asked: bool = True

    def __str__(self) -> str:
        return f"{self.sessions}x{self.window}"


@frozen
class Timing:
    """Seconds before counting begins, and seconds counted."""

    warmup: float = 1.0
    seconds: float = 5.0


@frozen
class Measurement:
    """What one measurement found.

    ``rate`` is round trips (request and answer) per second; latencies are microseconds;
    ``cpu_us`` is processor time of the program between, microseconds per round trip.
    """

    through: str
    rate: float
    latency_us: dict[str, float]
    cpu_us: float | None
    rss_mb: float | None
    answered: int
    faults: dict[str, int] = field(factory=dict)

    @property
    def busy(self) -> float | None:
        """The share of its core that the program used.

        Well under 1 with many requests outstanding means that the generator was the slower one.
        """
        return None if self.cpu_us is None else self.cpu_us * self.rate / 1e6


class Bench:
    """A generator, SMSCs, and what stands between them; ready for one measurement."""

    def __init__(self, shape: Shape, accounts: Accounts) -> None:
        self.shape = shape
        self.accounts = accounts
        self.loop = Loop()
        self.ledger = Ledger()
        self.requesters: list[Requester] = []
        self.responders: list[Responder] = []
        command_id = wire.DELIVER_SM if shape.to_esmes else wire.SUBMIT_SM
        self._requests = RequestRing(
            [
                wire.message(command_id, number, receipt_asked=shape.receipts_asked)
                for number in accounts.destinations(shape.sessions, _REQUESTS_IN_RING)
            ]
        )
        # A deliver_sm_resp has an empty message_id; SMPP v3.4 §4.6.2.
        delivered = wire.pdu(wire.DELIVER_SM | wire.RESPONSE, 0, b"\0")
        self._delivered = AnswerRing([delivered] * _REQUESTS_IN_RING)
        self._smscs: list[Smsc[Session]] = [self._smsc(number) for number in range(SMSCS)]

    @property
    def smsc_ports(self) -> list[int]:
        """Where the SMSCs listen."""
        return [smsc.port for smsc in self._smscs]

    @property
    def answered(self) -> int:
        """Answers the requesters have had."""
        return sum(session.answered for session in self.requesters)

    def bind(self, ports: list[int]) -> None:
        """Bind the ESME sessions over these ports; raises esme.BindError."""
        make = self._responder_esme if self.shape.to_esmes else self._requester_esme
        system_ids = self.accounts.spread(self.shape.sessions)
        esme.bind_all(self.loop, ports, make, system_ids)

    def await_gate(self) -> None:
        """Run until each SMSC has the gate's session; raises esme.BindError."""
        if not self.loop.run_until(
            lambda: all(any(s.bound for s in smsc.sessions) for smsc in self._smscs),
            _START_SECONDS,
        ):
            raise esme.BindError("the gate did not bind to the SMSCs")

    def drain(self) -> None:
        """Ask no more, wait for what is outstanding, check that the books balance."""
        for session in self.requesters:
            session.stop()
        self.loop.run_until(lambda: all(s.drained for s in self.requesters), _DRAIN_SECONDS)
        self.loop.run(_AFTERWARDS_SECONDS)
        for session in self.requesters:
            session.check()
        asked = sum(session.answered for session in self.responders)
        if asked != self.answered:
            self.ledger.faults["requests seen minus answers"] = asked - self.answered

    def close(self) -> None:
        """Close all sessions and listeners."""
        for session in [*self.requesters, *self.responders]:
            session.close()
        for smsc in self._smscs:
            smsc.close()
        self.loop.close()

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

    def _requester_esme(self, sock: socket.socket) -> Session:
        return self._requester(sock, self.shape.window)

    def _responder_esme(self, sock: socket.socket) -> Session:
        return self._responder(sock, self._delivered)

    def _requester(self, sock: socket.socket, window: int) -> Requester:
        session = Requester(self.loop, sock, self.ledger, self._requests, window)
        self.requesters.append(session)
        return session

    def _responder(self, sock: socket.socket, answers: AnswerRing) -> Responder:
        session = Responder(self.loop, sock, self.ledger, answers, self._requests)
        self.responders.append(session)
        return session


@contextlib.contextmanager
def between(
    bench: Bench, through: str, core: int, *, bind: bool = True
) -> Iterator[tuple[list[int], Program | None]]:
    """``through`` put before the bench's SMSCs, on ``core``, and the ESME sessions bound over it.

    Gives the ports for ESMEs and the program. Raises ProgramError, with the program's output,
    when it does not come up.
    """
    # The sessions are closed before the program is told to end: nobody answers its unbinds.
    with _program(bench, through, core) as (ports, program), contextlib.closing(bench):
        try:
            if program is not None:
                esme.connect_when_up(ports[0], lambda: program.running, _START_SECONDS).close()
            if through == GATE:
                bench.await_gate()
            if bind:
                bench.bind(ports)
            yield ports, program
        except (esme.BindError, OSError) as error:
            said = program.said() if program else ""
            raise ProgramError(f"{through}: {error}\n{said}") from error


@contextlib.contextmanager
def _program(bench: Bench, through: str, core: int) -> Iterator[tuple[list[int], Program | None]]:
    if through == DIRECT:
        yield bench.smsc_ports, None
    elif through == HAPROXY:
        with haproxy(bench.smsc_ports, core) as (port, program):
            yield [port], program
    else:
        with gate(bench.smsc_ports, core, bench.accounts) as (port, program):
            yield [port], program


def measure(
    shape: Shape, through: str, core: int, timing: Timing, accounts: Accounts
) -> Measurement:
    """Bind, warm up, count, drain, check."""
    bench = Bench(shape, accounts)
    with between(bench, through, core) as (_, program), _no_collections():
        for session in bench.requesters:
            if session.bound:
                session.start()
        bench.loop.run(timing.warmup)
        del bench.ledger.latencies[:]
        cpu, answered, began = _cpu(program), bench.answered, time.perf_counter()
        bench.loop.run(timing.seconds)
        seconds = time.perf_counter() - began
        answered, cpu = bench.answered - answered, _cpu(program) - cpu
        latencies = percentiles(bench.ledger.latencies)
        bench.drain()
        return Measurement(
            through=through,
            rate=answered / seconds,
            latency_us=latencies,
            cpu_us=cpu / answered * 1e6 if program and answered else None,
            rss_mb=program.rss_mb if program else None,
            answered=answered,
            faults=dict(bench.ledger.faults),
        )


def percentiles(nanoseconds: Sequence[int]) -> dict[str, float]:
    """p50, p90, p99 and max in microseconds; empty if there is nothing to rank."""
    ranked = sorted(nanoseconds)
    if not ranked:
        return {}
    last = len(ranked) - 1
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    return {name: ranked[round(share * last)] / 1e3 for name, share in shares.items()}


def _cpu(program: Program | None) -> float:
    return program.cpu_seconds if program else 0.0


@contextlib.contextmanager
def _no_collections() -> Iterator[None]:
    # A collection in the generator is a pause that would be told of the gate.
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
