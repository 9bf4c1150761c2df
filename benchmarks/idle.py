"""What sessions cost that are bound and say nothing: memory."""

from __future__ import annotations

from attrs import evolve, field, frozen

from benchmarks.bench import Bench, Shape
from benchmarks.gate_process import ALL_FROM_HERE, Accounts, GateOptions
from benchmarks.measurement import GATE, between

SESSIONS = 5000
_ACCOUNTS = Accounts(count=100, max_binds=100)
_SETTLE_SECONDS = 3.0


@frozen
class IdleSessions:
    """Resident memory of the gate in 10^6 octets, before and with the sessions bound."""

    sessions: int
    rss_before_mb: float
    rss_after_mb: float
    faults: dict[str, int] = field(factory=dict)


def measure_idle(core: int, options: GateOptions, sessions: int = SESSIONS) -> IdleSessions:
    """Bind so many sessions over 100 accounts and look, some seconds later."""
    bench = Bench(Shape(sessions, window=1), _ACCOUNTS)
    options = evolve(options, listen=ALL_FROM_HERE)
    with between(bench, GATE, core, options, bind=False) as (ports, program):
        if program is None:
            raise ValueError("idle sessions are measured through a program")
        before = program.rss_mb
        bench.bind(ports)
        bench.loop.run_until(lambda: False, _SETTLE_SECONDS)
        lost = sum(not session.bound for session in bench.requesters)
        if lost:
            bench.ledger.faults["sessions not bound at the end"] = lost
        return IdleSessions(sessions, before, program.rss_mb, dict(bench.ledger.faults))
