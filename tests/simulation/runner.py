"""Runs many seeds in several processes, and gathers what came of them."""

from __future__ import annotations

import gc
import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from time import process_time
from typing import Any

from attrs import define, field, frozen
from twisted.logger import globalLogBeginner
from twisted.python.failure import Failure

from tests.simulation.inspection import Coverage
from tests.simulation.mutants import MUTANTS, StaleMutant
from tests.simulation.scenario import scenario
from tests.simulation.trace import Violation
from tests.simulation.world import World

CHUNK = 20
"""Seeds that a process runs before it tells."""


@frozen
class Result:
    """What came of one seed.

    :param failure: what was wrong; empty when nothing was.
    :param is_broken: whether that was no invariant, but an error that ended the run.
    :param seconds: of the processor's.
    """

    seed: int
    failure: str
    steps: int
    turns: int
    injected: dict[str, int]
    seconds: float
    is_broken: bool = False


@define
class Tally:
    """What came of all of them."""

    seeds: int = 0
    steps: int = 0
    turns: int = 0
    seconds: float = 0.0
    failures: list[Result] = field(factory=list)
    injected: Counter[str] = field(factory=Counter)
    coverage: Counter[Any] = field(factory=Counter)

    def add(self, results: Iterable[Result], coverage: Counter[Any]) -> None:
        """Count a chunk."""
        for result in results:
            self.seeds += 1
            self.steps += result.steps
            self.turns += result.turns
            self.seconds += result.seconds
            self.injected.update(result.injected)
            if result.failure:
                self.failures.append(result)
        self.coverage.update(coverage)


def prepare() -> None:
    """Once for each process: what was imported is no garbage, and no log goes anywhere."""
    globalLogBeginner.beginLoggingTo([], redirectStandardIO=False, discardBuffer=True)
    gc.collect()
    gc.freeze()
    # A world is collected when it is over: to look for garbage in it takes a tenth of its time.
    gc.set_threshold(200_000, 50, 100)


def run(seed: int, moods: tuple[str, ...] = ()) -> Result:
    """One seed."""
    began = process_time()
    world = World(scenario(seed, moods))
    failure, is_broken = "", False
    try:
        world.run()
    except Violation as violation:
        failure = str(violation)
    except StaleMutant:
        raise
    except Exception as error:
        if StaleMutant.is_cause_of(Failure(error)):
            raise StaleMutant(repr(error)) from error
        # The models', or the world's own.
        failure = f"seed {seed}: {error!r}\n{world.trace.last_lines()}"
        is_broken = True
    steps, turns, injected = world.steps, world.turns, dict(world.trace.injected)
    if failure:
        # What a world that was broken off leaves is no error of the next.
        del world
        gc.collect()
        gc.collect()
    return Result(seed, failure, steps, turns, injected, process_time() - began, is_broken)


def _run_chunk(task: tuple[list[int], tuple[str, ...]]) -> tuple[list[Result], Counter[Any]]:
    seeds, moods = task
    Coverage.seen.clear()
    return [run(seed, moods) for seed in seeds], Counter(Coverage.seen)


def run_all(
    seeds: range,
    jobs: int,
    moods: tuple[str, ...],
    told: Callable[[Tally], None],
    most_failures: int = 10,
) -> Tally:
    """All of them, until there are too many failures.

    :param told: told how far it is, after each chunk.
    """
    tally = Tally()
    for results, coverage in _spread([(chunk, moods) for chunk in _chunks(seeds)], jobs):
        tally.add(results, coverage)
        told(tally)
        if len(tally.failures) >= most_failures:
            break
    return tally


def find(mutant: str, seeds: range) -> Result | None:
    """The first seed that finds a mutant."""
    with MUTANTS[mutant].installed():
        for seed in seeds:
            result = run(seed, MUTANTS[mutant].moods)
            if result.failure and not result.is_broken:
                return result
    return None


def _find(task: tuple[str, range]) -> tuple[str, Result | None]:
    return task[0], find(*task)


def find_all(
    mutants: Iterable[str], seeds: range, jobs: int
) -> Iterator[tuple[str, Result | None]]:
    """For each of these mutants, what has found it."""
    tasks = [(name, seeds) for name in mutants]
    with _pool(jobs) as pool:
        yield from pool.imap_unordered(_find, tasks)


def _chunks(seeds: range) -> Iterator[list[int]]:
    for first in range(seeds.start, seeds.stop, CHUNK):
        yield list(range(first, min(first + CHUNK, seeds.stop)))


def _spread(tasks: list[Any], jobs: int) -> Iterator[tuple[list[Result], Counter[Any]]]:
    if jobs == 1:
        yield from map(_run_chunk, tasks)
        return
    with _pool(jobs) as pool:
        yield from pool.imap_unordered(_run_chunk, tasks)


def _pool(jobs: int) -> Any:
    # Forked, so that nothing is imported twice.
    return multiprocessing.get_context("fork").Pool(jobs)
