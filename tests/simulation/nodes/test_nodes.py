"""Seeds of the worlds of nodes, without a Redis and with one, and the faults that they find."""

from __future__ import annotations

import os
from typing import Any

import pytest

from smppgate.gate.peers.here import Here
from tests.simulation.mutant import Mutant, StaleMutant
from tests.simulation.nodes import mutants, redis_mutants
from tests.simulation.nodes.redis_nodes import RedisWorld
from tests.simulation.nodes.world import NodesWorld, run

World = type[NodesWorld]

_SEEDS = int(os.environ.get("SEEDS", "200"))

SEEDS: dict[World, int] = {NodesWorld: _SEEDS // 4, RedisWorld: _SEEDS // 8}
"""``make check`` runs 50 and 25."""

_CHUNK = 10

CHUNKS = [
    pytest.param(world, range(first, min(first + _CHUNK, seeds)), id=f"{world.__name__}-{first}")
    for world, seeds in SEEDS.items()
    for first in range(0, seeds, _CHUNK)
]

BEGINS = {
    "all-wishes-fulfilled": 3,
    "awaited-elsewhere-is-not-waited-for": 5,
    "hop-answered-beside": 4,
    "hop-number-in-use": 4,
    "hop-stays-open": 4,
    "late-place-kept": 6,
    "lease-not-counted": 3,
    "lease-used-on": 97,
    "lost-and-not-told": 6,
    "message-sent-back": 5,
    "never-removed": 17,
    "new-message-passes": 9,
    "part-is-the-whole": 49,
    "place-given-back-twice": 3,
    "place-not-given-back": 3,
    "places-counted-here-alone": 2,
    "remote-never-chosen": 2,
    "request-sent-on": 45,
    "run-stays-in-load": 4,
    "stored-too-soon": 2,
    "tokens-with-a-part": 3,
    "unconfirmed-thrown-away": 6,
    "wait-left-out": 106,
    "whole-limit-for-each": 48,
}
"""Fault → the first seed that looks for it, if that is not 0: none before has found it so far."""


def _faults(world: World, table: dict[str, Mutant], most: int) -> list[Any]:
    """Each with the seeds, so many, in which it must be found."""
    return [
        pytest.param(world, mutant, range(first, first + most), id=f"{world.__name__}-{name}")
        for name, mutant in table.items()
        for first in (BEGINS.get(name, 0),)
    ]


FAULTS = [
    *_faults(NodesWorld, mutants.MUTANTS, 60),
    *_faults(RedisWorld, redis_mutants.MUTANTS, 120),
]


@pytest.mark.parametrize(("world", "seeds"), CHUNKS)
def test_no_invariant_is_broken(world: World, seeds: range) -> None:
    """Whatever happens to wires, to nodes and to Redis, and whoever comes and goes."""
    failures = [failure for seed in seeds if (failure := run(seed, world))]
    assert not failures, "\n\n".join(failures)


@pytest.mark.parametrize(("world", "seed"), [(NodesWorld, 7), (RedisWorld, 0)])
def test_a_seed_decides_all(world: World, seed: int) -> None:
    """The same again gives the same trace."""
    worlds = [world(seed) for _ in range(2)]
    for each in worlds:
        each.run()
    assert worlds[0].trace.digest() == worlds[1].trace.digest()


@pytest.mark.thorough
@pytest.mark.parametrize(("world", "mutant", "seeds"), FAULTS)
def test_a_fault_is_found(world: World, mutant: Mutant, seeds: range) -> None:
    """By one of so many seeds."""
    with mutant.installed():
        assert any(run(seed, world) for seed in seeds)


def test_one_that_does_not_fit_the_gate_proves_nothing() -> None:
    """It breaks off, and its error is not taken for what it would find."""
    # The code is taken for that of the module of mutants.
    code = compile("def fail(*_): {}.no_such_name", mutants.__file__, "exec")
    names: dict[str, Any] = {}
    exec(code, names)
    mutant = Mutant("stale", "It is stale.", Here, "look", lambda _look: names["fail"])
    with mutant.installed(), pytest.raises(StaleMutant):
        run(0)
