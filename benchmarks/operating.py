"""Row ``operating``: what it costs messages that somebody scrapes and looks at the page.

One gate, at a steady rate with receipts: first nobody looks, then Prometheus and a page do. Both
times everything is counted.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from os import sched_getaffinity
from pathlib import Path

from attrs import evolve, frozen

from benchmarks.admin import socket_of
from benchmarks.bench import Shape
from benchmarks.checkout import ROOT
from benchmarks.flow.found import FlowFound
from benchmarks.gate_process import Accounts, GateOptions
from benchmarks.measurement import GATE, Timing, between, no_collections, percentiles
from benchmarks.onlooker import EVERY, OCTETS
from benchmarks.process import Program, ProgramError, running
from benchmarks.receipt_bench import ReceiptBench

_SESSIONS, _WINDOW = 64, 50
FLAT_MB = 8.0
"""What memory may grow by in the second half of the time in which somebody looks, beyond what it
has grown by in that of the time before: return paths are kept all the time, and their filters take
memory."""

_P99_RATIO, _P99_MORE_MS = 1.1, 0.5
_LEAST_ANSWERED = 0.9
_NAP_SECONDS, _LOOK_SECONDS = 0.0001, 0.1
_START_SECONDS = 20.0
_MOST_RANKED = 1_000_000


class _Bench(ReceiptBench):
    """Leaves the rest of its core to the onlooker."""

    def run(self, seconds: float) -> None:
        """Go on for so long."""
        self.loop.run(seconds, self._pace, _NAP_SECONDS)


@frozen
class _Half:
    """The time without an onlooker, or with one.

    ``rss_mb`` is at its beginning, after a quarter, a half, and all of it.
    """

    rate: float
    latency_us: dict[str, float]
    rss_mb: list[float]

    @property
    def growth_mb(self) -> float:
        """What memory has grown by in the second half of it."""
        _, _, half, end = self.rss_mb
        return end - half

    def __str__(self) -> str:
        latency = self.latency_us
        rss = ", ".join(f"{each:.0f}" for each in self.rss_mb)
        return (
            f"{self.rate:,.0f}/s, p50 {latency['p50'] / 1e3:.2f} ms, p99 "
            f"{latency['p99'] / 1e3:.2f} ms, RSS {rss} MB"
        )


def measure_operating(
    core: int, options: GateOptions, found: FlowFound, timing: Timing, rate: int
) -> None:
    """Half of it alone, half of it looked at, ``timing.seconds`` each."""
    bench = _Bench(Shape(_SESSIONS, _WINDOW, receipts=True, rate=rate), Accounts())
    options = evolve(options, pairs=True, metrics=True)
    with between(bench, GATE, core, options) as (_, program), no_collections():
        if program is None:
            raise ValueError("what is operated is a program")
        bench.start()
        bench.run(timing.warmup)
        alone = _half(bench, program, timing.seconds)
        found.tell(f"nobody looks: {alone}")
        with _onlooker(bench, program, timing.seconds) as onlooker:
            looked_at = _half(bench, program, timing.seconds)
            found.tell(f"a scrape and a page: {looked_at}")
            told = _told(bench, onlooker)
        bench.drain()
        if errors := program.errors():
            bench.ledger.faults["errors in the log"] = errors
    found.faults.update(bench.ledger.faults)
    _judge(found, alone, looked_at)
    wanted = sum(timing.seconds / every for every in EVERY.values())
    answered = sum(told.get(what, 0) for what in EVERY)
    text = f"{answered} requests, {told.get(OCTETS, 0) / 1e6:.1f} MB"
    what = f"{timing.seconds:.0f} s of a scrape and a page"
    met = answered >= _LEAST_ANSWERED * wanted
    found.add(f"{what}: answered", f">= {_LEAST_ANSWERED * wanted:.0f}", text, met)


def _judge(found: FlowFound, alone: _Half, looked_at: _Half) -> None:
    before, after = alone.latency_us["p99"] / 1e3, looked_at.latency_us["p99"] / 1e3
    most = max(before * _P99_RATIO, before + _P99_MORE_MS)
    told = f"{after:.2f} ms ({before:.2f} ms without)"
    found.add("a scrape and a page: p99", f"<= {most:.2f} ms", told, after <= most)
    without = alone.growth_mb
    growth, most = looked_at.growth_mb, without + FLAT_MB
    what = "a scrape and a page: growth of RSS in the second half"
    told = f"{growth:.1f} MB ({without:.1f} MB without)"
    found.add(what, f"<= {most:.1f} MB", told, growth <= most)


def _half(bench: _Bench, program: Program, seconds: float) -> _Half:
    bench.forget_latencies()
    before, rss = bench.tally, [program.rss_mb]
    for part in (0.25, 0.25, 0.5):
        bench.run(part * seconds)
        rss.append(program.rss_mb)
    latencies = bench.ledger.latencies
    ranked = latencies[:: 1 + len(latencies) // _MOST_RANKED]
    return _Half((bench.tally - before).answered / seconds, percentiles(ranked), rss)


@contextlib.contextmanager
def _onlooker(bench: _Bench, program: Program, seconds: float) -> Iterator[Program]:
    """Somebody who looks for so long, on the generator's core."""
    command = [sys.executable, "-m", "benchmarks.onlooker", str(socket_of(program)), str(seconds)]
    with (
        tempfile.TemporaryDirectory(prefix="smppgate-bench-") as folder,
        running(command, max(sched_getaffinity(0)), Path(folder), ROOT) as onlooker,
    ):
        _await(bench, onlooker, lambda: "looks on" in onlooker.said())
        yield onlooker


def _await(bench: _Bench, onlooker: Program, condition: Callable[[], bool]) -> None:
    end = time.monotonic() + _START_SECONDS
    while not condition():
        if time.monotonic() > end or (onlooker.status or 0) > 0:
            raise ProgramError(f"nobody looks: {onlooker.said()}")
        bench.run(_LOOK_SECONDS)


def _told(bench: _Bench, onlooker: Program) -> dict[str, int]:
    """What it says in the end; raises ProgramError where it failed."""
    _await(bench, onlooker, lambda: not onlooker.running)
    told: dict[str, int] = json.loads(onlooker.said().strip().rpartition("\n")[2])
    return told
