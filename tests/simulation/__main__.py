"""``python -m tests.simulation``: what ``make simulate`` and ``make mutants`` run."""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulation import runner
from tests.simulation.inspection import Coverage
from tests.simulation.moods import MOODS
from tests.simulation.mutants import MUTANTS
from tests.simulation.scenario import scenario
from tests.simulation.trace import Violation
from tests.simulation.world import World


def main() -> int:
    """Do what the command line says; 1 when something was found, or was not."""
    options = _options()
    runner.prepare()
    if options.mutant:
        return _mutant(options)
    if options.mutants:
        return _mutants(options)
    if options.seed is not None:
        return _replay(options)
    return _simulate(options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many to run")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="run this one and show its trace")
    parser.add_argument("--mood", action="append", default=[], choices=list(MOODS))
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--mutants", action="store_true", help="look whether all are found")
    parser.add_argument("--mutant", choices=list(MUTANTS), help="run with this one")
    return parser.parse_args()


def _say(*words: str) -> None:
    print(*words, flush=True)


def _simulate(options: argparse.Namespace) -> int:
    began = time.monotonic()
    seeds = range(options.first, options.first + options.seeds)

    def told(tally: runner.Tally) -> None:
        if sys.stderr.isatty():
            print(f"\r{tally.seeds} seeds, {len(tally.failures)} failed ", end="", file=sys.stderr)

    tally = runner.run_all(seeds, options.jobs, told)
    for result in tally.failures:
        _say(result.failure, "\n")
    _report(tally, time.monotonic() - began)
    return 1 if tally.failures else 0


def _report(tally: runner.Tally, seconds: float) -> None:
    _say(
        f"{tally.seeds} seeds in {seconds:.0f} s ({tally.seconds / tally.seeds:.3f} s of "
        f"processor time each), {tally.steps} PDUs, {len(tally.failures)} failed"
    )
    faults = ", ".join(f"{kind} {count}" for kind, count in sorted(tally.injected.items()))
    _say(f"faults injected: {faults}")
    _say(Coverage.report(tally.coverage))


def _replay(options: argparse.Namespace) -> int:
    world = World(scenario(options.seed, tuple(options.mood)))
    failure = ""
    try:
        world.run()
    except Violation as violation:
        failure = str(violation).splitlines()[0]
    _say(str(world.plan))
    _say(*world.trace.lines(), sep="\n") if False else _say("\n".join(world.trace.lines()))
    _say(failure or "all is well")
    return 1 if failure else 0


def _mutants(options: argparse.Namespace) -> int:
    seeds = range(options.first, options.first + min(options.seeds, 300))
    escaped = []
    for name, result in runner.find_all(seeds, options.jobs):
        if result is None:
            escaped.append(name)
        _say(f"{name:32} {_found(result)}")
    _say(f"{len(MUTANTS) - len(escaped)} of {len(MUTANTS)} found")
    return 1 if escaped else 0


def _found(result: runner.Result | None) -> str:
    if result is None:
        return "NOT FOUND"
    return f"seed {result.seed:4}: {result.failure.splitlines()[0].split(': ', 1)[1][:110]}"


def _mutant(options: argparse.Namespace) -> int:
    with MUTANTS[options.mutant].installed():
        if options.seed is not None:
            return _replay(options)
        result = runner.find(options.mutant, range(options.first, options.first + options.seeds))
    _say(result.failure if result else "not found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
