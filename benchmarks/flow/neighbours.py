"""Row ``neighbours``: what accounts that share an SMSC take from each other."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from os import sched_getaffinity
from pathlib import Path

from benchmarks.checkout import ROOT
from benchmarks.flow.esme import Heard
from benchmarks.flow.found import FlowFound, words
from benchmarks.flow.scene import Scene, Setting, scene
from benchmarks.gate_process import GateOptions
from benchmarks.measurement import percentiles
from benchmarks.process import Program, ProgramError, running

_LATENCY, _WINDOW = 0.05, 50
"""Of the SMSC, in seconds and messages: it takes 1 000 a second."""

_RATE = 200
"""Messages a second of the quiet account, which is 0.4 of its half."""

_SESSIONS, _SESSION_WINDOW = 10, 50
"""Of the greedy one: 500 under way are 20 times its half of the SMSC's window."""

_SECONDS, _SETTLE_SECONDS, _START_SECONDS = 8.0, 2.0, 20.0
_ROUNDS = 3
_MOST_BUSY = 0.6


def measure_neighbours(core: int, options: GateOptions, found: FlowFound) -> None:
    """One account at 20 times its share, and two that both want all."""
    rounds: list[tuple[float, str, dict[int, int], float]] = []
    while len(rounds) < _ROUNDS and not (rounds and rounds[-1][0] <= 1):
        rounds.append(_greedy_neighbour(core, options, found))
    share, told, refused, busy = min(rounds)
    what = "an account at 20 times its share: "
    found.add(f"{what}p99 of another", "<= max(2 x quiet, quiet + 5 ms)", told, share <= 1)
    found.add(f"{what}errors of another", "none", words(refused), not refused)
    found.add(f"{what}the gate is busy", f"< {_MOST_BUSY:.0%}", f"{busy:.0%}", busy < _MOST_BUSY)
    _shares(core, options, found)


def _greedy_neighbour(
    core: int, options: GateOptions, found: FlowFound
) -> tuple[float, str, dict[int, int], float]:
    """p99 of what it may be, that in words, statuses, and how busy the gate was."""
    with scene(Setting({"a": f"window = {_WINDOW}"}), core, options) as peers:
        peers.smscs["a"].latency = _LATENCY
        heard, senders = peers.esme("acme", sessions=2)
        peers.pace(senders, _RATE)
        peers.run(_SETTLE_SECONDS)
        quiet = _p99(heard.between(*peers.run(_SECONDS)))
        with _greedy(peers) as greedy:
            peers.run(_SETTLE_SECONDS)
            cpu = peers.program.cpu_seconds
            begin, end = peers.run(_SECONDS)
            busy = (peers.program.cpu_seconds - cpu) / (end - begin)
            peers.until(lambda: not greedy.running, _START_SECONDS)
            told = json.loads(greedy.said().strip().rpartition("\n")[2])
        loud, refused = heard.between(begin, end), dict(heard.refused)
        p99, most = _p99(loud), max(2 * quiet, quiet + 0.005)
        found.close(peers)
    text = f"{quiet * 1e3:.1f} ms quiet, {p99 * 1e3:.1f} ms beside it (it heard {told})"
    return p99 / most, text, refused, busy


@contextmanager
def _greedy(peers: Scene) -> Iterator[Program]:
    """The greedy account, on the generator's core."""
    seconds = 2 * _SETTLE_SECONDS + _SECONDS
    arguments = (peers.port, "bolt", _SESSIONS, _SESSION_WINDOW, seconds)
    command = [sys.executable, "-m", "benchmarks.flow.greedy", *map(str, arguments)]
    with (
        tempfile.TemporaryDirectory(prefix="smppgate-bench-") as folder,
        running(command, max(sched_getaffinity(0)), Path(folder), ROOT) as program,
    ):
        peers.until(lambda: "is greedy" in program.said() or not program.running, _START_SECONDS)
        if not program.running:
            raise ProgramError(f"nobody is greedy: {program.said()}")
        yield program


def _shares(core: int, options: GateOptions, found: FlowFound) -> None:
    """Shares 3:1, both accounts wanting more than there is."""
    esmes = {"acme": "share = 3", "bolt": ""}
    with scene(Setting({"a": f"window = {_WINDOW}"}, esmes), core, options) as peers:
        peers.smscs["a"].latency = _LATENCY
        heard = {}
        for account, sessions in (("acme", 5), ("bolt", 10)):
            heard[account], senders = peers.esme(account, sessions, _SESSION_WINDOW)
            for sender in senders:
                sender.fill()
        peers.run(_SETTLE_SECONDS)
        span = peers.run(_SECONDS)
        counts = {account: len(each.between(*span).taken) for account, each in heard.items()}
        refused = {**heard["acme"].refused, **heard["bolt"].refused}
        found.close(peers)
    ratio = counts["acme"] / max(1, counts["bolt"])
    told = f"{ratio:.3f} ({counts['acme']} and {counts['bolt']}), {words(refused)}"
    met = abs(ratio / 3 - 1) <= 0.05 and not refused
    found.add("shares 3:1 of two accounts that want all", "3 +- 5 %, no error", told, met)


def _p99(heard: Heard) -> float:
    """In seconds."""
    nanoseconds = [int(each.seconds * 1e9) for each in heard.answers]
    return percentiles(nanoseconds).get("p99", 0.0) / 1e6
