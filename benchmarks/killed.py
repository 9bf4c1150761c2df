"""kill -9 under load, again and again: whether every id that an ESME was told is brought home.

A gate is loaded with messages that ask for receipts and killed at a random moment. The next one
has the same state_dir; the SMSCs send it a receipt for each id that any ESME read in an answer,
and each has to reach a session of the account that was told the id, under that very id. That gate
is the next to be loaded and killed.
"""

from __future__ import annotations

import contextlib
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from random import Random
from threading import Timer

from attrs import evolve, field, frozen

from benchmarks import esme
from benchmarks.gate_process import GateOptions, gate_in
from benchmarks.ids import Home
from benchmarks.kill_bench import ACCOUNTS, KillBench
from benchmarks.process import Program, ProgramError

KILLS = 3
SEED = 1

_SOONEST, _LATEST = 0.05, 2.0
"""Seconds of load before a kill."""
_START_SECONDS = 60.0


@frozen
class Homecoming:
    """What became of the ids that ESMEs were told.

    ``home`` are those whose receipt came to their account, ``missing`` those whose receipt came
    nowhere there. The others are receipts: at an account that was not told the id, for ids that no
    account was told, and those that came again.
    """

    told: int = 0
    home: int = 0
    missing: int = 0
    elsewhere: int = 0
    unknown: int = 0
    again: int = 0

    @classmethod
    def of(cls, homes: Mapping[str, Home]) -> Homecoming:
        """Of the accounts with these homes."""
        given = {name: home.given.counts() for name, home in homes.items()}
        everybodys = {message_id for ids in given.values() for message_id in ids}
        counts: Counter[str] = Counter(told=sum(map(len, given.values())))
        for name, home in homes.items():
            own, receipted = given[name], home.receipted.counts()
            for message_id, times in receipted.items():
                if message_id in own:
                    counts.update(home=1, again=times - 1)
                else:
                    counts["elsewhere" if message_id in everybodys else "unknown"] += times
            counts["missing"] += len(own.keys() - receipted.keys())
        return cls(**counts)

    @property
    def faults(self) -> dict[str, int]:
        """What should not have happened, by its description."""
        found = {
            "ids told whose receipt did not come home": self.missing,
            "receipts at a wrong account": self.elsewhere,
            "receipts for ids that nobody was told": self.unknown,
            "receipts that came again": self.again,
        }
        return {what: count for what, count in found.items() if count}

    def __add__(self, other: Homecoming) -> Homecoming:
        return Homecoming(
            self.told + other.told,
            self.home + other.home,
            self.missing + other.missing,
            self.elsewhere + other.elsewhere,
            self.unknown + other.unknown,
            self.again + other.again,
        )


@frozen
class KilledFound:
    """All kills together; ``start_seconds`` is how long a gate took until it relayed, at most."""

    kills: int
    seed: int
    homecoming: Homecoming
    start_seconds: float
    faults: dict[str, int] = field(factory=dict)


class _Run:
    """The gates one after the other, on one state_dir."""

    def __init__(self, bench: KillBench, folder: Path, core: int, options: GateOptions) -> None:
        self._bench = bench
        self._gate = partial(gate_in, folder, bench.smsc_ports, core, ACCOUNTS, options)
        self.start_seconds = 0.0

    def gate(self, *, brings: bool, load_seconds: float) -> Homecoming:
        """Start a gate that brings home what the one before has told, if ``brings``.

        Load it for so long and kill it, or end it in order for 0 seconds.
        """
        bench, found = self._bench, Homecoming()
        with self._gate() as (port, program):
            try:
                self._enter(port, program)
                if brings:
                    bench.bring_home(port)
                    found = Homecoming.of(bench.homes)
                if load_seconds:
                    self._load_and_kill(port, program, load_seconds)
            except (esme.BindError, OSError) as error:
                raise ProgramError(f"{error}\n{program.said()}") from error
            # Before a gate is told to end: nobody answers its unbinds.
            bench.hang_up()
            if errors := program.errors():
                bench.ledger.faults["errors in the log"] += errors
        return found

    def _enter(self, port: int, program: Program) -> None:
        began = time.monotonic()
        esme.connect_when_up(port, lambda: program.running, _START_SECONDS).close()
        self._bench.await_gate(_START_SECONDS)
        self.start_seconds = max(self.start_seconds, time.monotonic() - began)

    def _load_and_kill(self, port: int, program: Program, seconds: float) -> None:
        """A thread kills it, in the midst of the load: a gate that nobody asks is soon at rest."""
        self._bench.load(port)
        killer = Timer(seconds, program.kill)
        killer.start()
        self._bench.run_until_lost(seconds)
        killer.join()
        if program.status != -signal.SIGKILL:
            raise ProgramError(f"the gate has ended by itself: {program.said()}")


def measure_killed(
    core: int, options: GateOptions, kills: int, seed: int, tell: Callable[[str], None]
) -> KilledFound:
    """Kill so many gates, at moments that follow from ``seed``; ``tell`` hears of each."""
    # How many ids there are to shuffle differs from run to run; the moments are not to.
    random, bench = Random(seed), KillBench(Random(seed))
    all_found = Homecoming()
    with (
        tempfile.TemporaryDirectory(prefix="smppgate-bench-") as name,
        contextlib.closing(bench),
    ):
        run = _Run(bench, Path(name), core, evolve(options, pairs=True))
        load = random.uniform(_SOONEST, _LATEST)
        run.gate(brings=False, load_seconds=load)
        for number in range(1, kills + 1):
            seconds, load = load, random.uniform(_SOONEST, _LATEST) if number < kills else 0.0
            found = run.gate(brings=True, load_seconds=load)
            tell(_kill_line(number, seconds, found))
            all_found += found
    faults = dict(bench.ledger.faults) | all_found.faults
    return KilledFound(kills, seed, all_found, run.start_seconds, faults)


def _kill_line(number: int, seconds: float, found: Homecoming) -> str:
    faults = f"  FAULTS {found.faults}" if found.faults else ""
    return (
        f"kill {number:3} after {seconds:.3f} s: {found.told:,} ids told, {found.home:,} brought "
        f"home{faults}"
    )


def line(found: KilledFound) -> str:
    """What was found, in one line."""
    coming = found.homecoming
    state = f"  FAULTS {found.faults}" if found.faults else "  no faults"
    return (
        f"{found.kills} times kill -9 (seed {found.seed}): {coming.told:,} ids told, "
        f"{coming.home:,} brought home, {coming.missing:,} missing, {coming.elsewhere:,} at a "
        f"wrong account; a gate took up to {found.start_seconds:.1f} s to start;{state}"
    )
