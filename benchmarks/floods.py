"""Floods of what no window bounds: what they do to the latency of an ESME that does nothing wrong.

The flooder is a process of its own, on the generator's core, and has what the generator leaves of
it. The innocent sends at a steady rate; each of its messages is timed from when it was due.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import sched_getaffinity
from pathlib import Path
from socket import socket
from sys import executable
from typing import Final

from attrs import evolve, field, frozen

from benchmarks.bench import Bench, Shape
from benchmarks.checkout import ROOT
from benchmarks.esme import HOST, PASSWORD
from benchmarks.flooder import KINDS, PING, STRAY, STYLES, TAG
from benchmarks.gate_process import Accounts, GateOptions
from benchmarks.measurement import GATE, Timing, between, percentiles
from benchmarks.process import Program, ProgramError, running
from benchmarks.session import Ledger, Session
from benchmarks.smsc import Smsc

ROUNDS = 3
"""The best of so many counts: what else the machine does makes no flood look smaller."""

_SHAPE = Shape(2, 100, rate=1000)
_NAP_SECONDS = 0.0001
_SETTLE_SECONDS = 1.0
_START_SECONDS = 20.0

_SYSTEM_IDS: Final = {"over-the-window": "narrow"}
"""Kind → account of the flooder, where that matters."""

_MORE = """
[[pool]]
name = "main"
members = ["smsc0", "smsc1"]
[[pool]]
name = "full"
members = ["silent"]
hold = 0
[[smsc]]
name = "silent"
tag = "{tag}"
endpoint = "tcp:{host}:{port}"
system_id = "gate"
password = "pw"
window = 1
[[esme]]
system_id = "narrow"
password = "{password}"
window = 1
pool = "full"
max_binds = 100
[[esme]]
system_id = "wide"
password = "{password}"
window = 10000
pool = "full"
max_binds = 100
"""


@frozen
class Flood:
    """A kind of flood: what, in which packets, on how many sessions."""

    kind: str
    style: str
    sessions: int = 1

    def __str__(self) -> str:
        return f"{self.kind}, {self.style}, {self.sessions} sessions"


_SESSIONS: Final = (1, 10)

FLOODS: Final = tuple(
    Flood(kind, style, sessions)
    for sessions in _SESSIONS
    for kind in KINDS
    for style in STYLES
    # Nothing comes back that the next PDU could wait for.
    if (kind, style) != (STRAY, PING)
)


@frozen
class FloodRound:
    """Latencies of the innocent in microseconds, without and with the flood.

    ``sent`` is PDUs a second that the flooder sent; ``faults`` are those of the innocent's
    messages, by their description.
    """

    quiet_us: dict[str, float]
    flooded_us: dict[str, float]
    sent: float
    faults: dict[str, int] = field(factory=dict)

    @property
    def bound_us(self) -> float:
        """What the p99 under the flood may be."""
        quiet = self.quiet_us["p99"]
        return max(2 * quiet, quiet + 5_000)

    @property
    def share(self) -> float:
        """The p99 under the flood, of what it may be."""
        return self.flooded_us["p99"] / self.bound_us


@frozen
class FloodFound:
    """All rounds of one flood."""

    flood: Flood
    rounds: list[FloodRound]

    @property
    def best(self) -> FloodRound:
        """The round that is judged."""
        return min(self.rounds, key=lambda each: each.share)

    @property
    def met(self) -> bool:
        """Whether the innocent was hardly kept waiting."""
        return self.best.share <= 1


class _Silent(Session):
    """An SMSC that takes a bind and answers no message."""

    __slots__ = ()

    def batch(self, octets: bytes) -> bool:
        """There are no batches."""
        return False

    def message(self, pdu: bytes, command_id: int, command_status: int) -> bytes:
        """Nothing to say."""
        return b""


class FloodBench(Bench):
    """The innocent's sessions and SMSCs, and an SMSC that the flooder's messages are for."""

    def __init__(self) -> None:
        super().__init__(_SHAPE, Accounts())
        self._silent = Smsc(self.loop, self._silent_session)

    @property
    def more(self) -> str:
        """What the gate's configuration has beside what others have."""
        return _MORE.format(host=HOST, port=self._silent.port, password=PASSWORD, tag=TAG)

    def run(self, seconds: float) -> None:
        """Go on for so long, and leave the rest of the core to the flooder."""
        self.loop.run(seconds, self._pace, _NAP_SECONDS)

    def latencies(self, seconds: float) -> dict[str, float]:
        """What is found within so many seconds from now."""
        self.forget_latencies()
        self.run(seconds)
        return percentiles(self.ledger.latencies)

    def close(self) -> None:
        """Close the silent SMSC too."""
        self._silent.close()
        super().close()

    def _silent_session(self, sock: socket) -> Session:
        return _Silent(self.loop, sock, Ledger())


def measure_flood(core: int, timing: Timing, options: GateOptions, flood: Flood) -> FloodRound:
    """Latencies of the innocent before and during a flood, through one gate."""
    bench = FloodBench()
    options = evolve(options, more=bench.more)
    with between(bench, GATE, core, options) as (ports, program):
        bench.start()
        bench.run(timing.warmup)
        quiet = bench.latencies(timing.seconds)
        seconds = _SETTLE_SECONDS + timing.seconds + 1
        with _flooding(bench, ports[0], flood, seconds) as flooder:
            bench.run(_SETTLE_SECONDS)
            flooded = bench.latencies(timing.seconds)
            sent = _told(bench, flooder) / seconds
        bench.drain()
        if program is not None and (errors := program.errors()):
            bench.ledger.faults["errors in the log"] = errors
        return FloodRound(quiet, flooded, sent, dict(bench.ledger.faults))


@contextmanager
def _flooding(bench: FloodBench, port: int, flood: Flood, seconds: float) -> Iterator[Program]:
    """The flooder at work, on the generator's core."""
    system_id = _SYSTEM_IDS.get(flood.kind, "wide")
    arguments = (port, system_id, flood.kind, flood.style, flood.sessions, seconds)
    command = [executable, "-m", "benchmarks.flooder", *map(str, arguments)]
    core = max(sched_getaffinity(0))
    with (
        tempfile.TemporaryDirectory(prefix="smppgate-bench-") as folder,
        running(command, core, Path(folder), ROOT) as flooder,
    ):
        end = time.monotonic() + _START_SECONDS
        while "floods" not in flooder.said():
            if not flooder.running or time.monotonic() > end:
                raise ProgramError(f"the flooder does not flood: {flooder.said()}")
            bench.run(0.05)
        yield flooder


def _told(bench: FloodBench, flooder: Program) -> int:
    """How many PDUs the flooder sent, once it has ended."""
    end = time.monotonic() + _START_SECONDS
    while flooder.running and time.monotonic() < end:
        bench.run(0.05)
    if flooder.status != 0:
        raise ProgramError(f"the flooder did not end well: {flooder.said()}")
    last = flooder.said().strip().rpartition("\n")[2]
    sent: int = json.loads(last)["sent"]
    return sent


def measure_floods(
    core: int,
    timing: Timing,
    options: GateOptions,
    found: list[FloodFound],
    tell: Callable[[str], None],
) -> None:
    """Measure every flood into ``found``, up to `ROUNDS` times until one holds the bound."""
    for flood in FLOODS:
        rounds: list[FloodRound] = []
        while len(rounds) < ROUNDS and not (rounds and rounds[-1].share <= 1):
            rounds.append(measure_flood(core, timing, options, flood))
        found.append(FloodFound(flood, rounds))
        tell(line(found[-1]))


def line(found: FloodFound) -> str:
    """What was found of one flood, in one line."""
    best = found.best
    quiet, flooded = best.quiet_us["p99"] / 1e3, best.flooded_us["p99"] / 1e3
    state = f"  FAULTS {best.faults}" if best.faults else ""
    return (
        f"{found.flood!s:38} {best.sent:9,.0f}/s  p99 quiet {quiet:7.2f} ms, flooded "
        f"{flooded:7.2f} ms, may be {best.bound_us / 1e3:6.2f} ms: "
        f"{'met' if found.met else 'missed'} (round {len(found.rounds)}){state}"
    )
