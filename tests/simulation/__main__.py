"""``python -m tests.simulation``: what ``make simulate`` and ``make mutants`` run."""

from __future__ import annotations

import argparse
import os
import sys
import time

from tests.simulation import runner
from tests.simulation.inspection import Coverage
from tests.simulation.moods import MOODS
from tests.simulation.mutants import MUTANTS
from tests.simulation.scenario import scenario
from tests.simulation.trace import Violation
from tests.simulation.world import World

_LINE_EVERY = 500
"""Seeds from one line of progress to the next, where there is no terminal."""


def main() -> int:
    """Do what the command line says; 1 when something was found, or a mutant was not."""
    options = _options()
    runner.prepare()
    if options.mutants is not None:
        return _mutants(options)
    if options.mutant:
        mutant = MUTANTS[options.mutant]
        options.mood += mutant.moods
        with mutant.installed():
            return _one_or_many(options)
    return _one_or_many(options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    add = parser.add_argument
    add("--seeds", type=int, default=1000, help="how many to run (default: 1000)")
    add("--first", type=int, default=0, help="the first of them (default: 0)")
    add("--seed", type=int, help="run this one only, and show its trace")
    add("--mood", action="append", default=[], choices=list(MOODS), help="in this mood, too")
    add("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: all cores)")
    add(
        "--mutants",
        nargs="*",
        metavar="NAME",
        help="look whether deliberate faults are found: these, or all whose names have it in them",
    )
    add("--mutant", choices=list(MUTANTS), help="with this fault in the gate")
    add("--digests", action="store_true", help="say a digest of each trace, and nothing else")
    return parser.parse_args()


def _one_or_many(options: argparse.Namespace) -> int:
    if options.digests:
        return _digests(options)
    if options.seed is not None:
        return _replay(options)
    return _simulate(options)


def _say(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)


def _seeds(options: argparse.Namespace) -> range:
    return range(options.first, options.first + options.seeds)


# Many seeds


def _simulate(options: argparse.Namespace) -> int:
    began = time.monotonic()
    moods = tuple(options.mood)
    tally = runner.run_all(_seeds(options), options.jobs, moods, _progress)
    for result in tally.failures:
        _say("", result.failure)
    _say("", *_report(tally, time.monotonic() - began))
    return 1 if tally.failures else 0


def _progress(tally: runner.Tally) -> None:
    told = f"{tally.seeds} seeds, {len(tally.failures)} failed"
    if sys.stderr.isatty():
        print(f"\r{told} ", end="", file=sys.stderr, flush=True)
    elif tally.seeds % _LINE_EVERY == 0:
        print(told, file=sys.stderr, flush=True)


def _report(tally: runner.Tally, seconds: float) -> list[str]:
    each = tally.seconds / max(1, tally.seeds)
    faults = (f"  {count:7}  {kind}" for kind, count in sorted(tally.injected.items()))
    return [
        f"{tally.seeds} seeds in {seconds:.0f} s, {each:.3f} s of processor time each",
        f"{tally.turns} turns of the gate, {tally.steps} PDUs to models",
        Coverage.report(tally.coverage),
        f"{sum(tally.injected.values())} faults injected:",
        *faults,
        f"{len(tally.failures)} seeds failed",
    ]


# One seed


def _replay(options: argparse.Namespace) -> int:
    world = World(scenario(options.seed, tuple(options.mood)))
    failure = ""
    try:
        world.run()
    except Violation as violation:
        failure = str(violation).splitlines()[0]
    _say(*_plan(world), *world.trace.lines(), "", failure or "all is well")
    return 1 if failure else 0


def _plan(world: World) -> list[str]:
    plan = world.plan
    models = (*plan.accounts, *plan.centers, *plan.smscs, plan.store)
    return [str(each) for each in models] + [f"weather: {', '.join(plan.weather)}"]


def _digests(options: argparse.Namespace) -> int:
    for seed in _seeds(options):
        world = World(scenario(seed, tuple(options.mood)))
        world.run()
        _say(f"{seed} {world.trace.digest()} {world.turns}")
    return 0


# Mutants


def _mutants(options: argparse.Namespace) -> int:
    seeds = range(options.first, options.first + options.seeds)
    names = [name for name in MUTANTS if _is_asked(name, options.mutants)]
    escaped = []
    for name, result in runner.find_all(names, seeds, options.jobs):
        if result is None:
            escaped.append(name)
        _say(f"{name:32} {_found(result)}")
    _say(f"{len(names) - len(escaped)} of {len(names)} found")
    return 1 if escaped or not names else 0


def _is_asked(name: str, asked: list[str]) -> bool:
    """Whether a mutant is one of those that were asked for; all are, where none was."""
    return not asked or any(name == each or each in name for each in asked)


def _found(result: runner.Result | None) -> str:
    if result is None:
        return "NOT FOUND"
    what = result.failure.splitlines()[0].split(": ", 1)[1]
    return f"seed {result.seed:3}: {what[:120]}"


if __name__ == "__main__":
    sys.exit(main())
