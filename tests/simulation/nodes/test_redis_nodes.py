"""Seeds of the world of nodes that share a Redis, and the faults that they find."""

from __future__ import annotations

import os

import pytest

from tests.simulation.nodes.redis_mutants import MUTANTS
from tests.simulation.nodes.redis_nodes import RedisWorld, run

SEEDS = int(os.environ.get("SEEDS", "200")) // 8
"""``make check`` runs 25."""

_CHUNK = 10

MOST_SEEDS = 120
"""Seeds in which a fault must be found."""

BEGINS = {
    "lease-used-on": 97,
    "wait-left-out": 84,
    "whole-limit-for-each": 48,
    "never-removed": 17,
}
"""Fault → the first of these seeds, if that is not 0: none before has found it so far."""


@pytest.mark.parametrize("first", range(0, SEEDS, _CHUNK))
def test_no_invariant_is_broken(first: int) -> None:
    """Whatever happens to Redis, and to the nodes."""
    failures = list(filter(None, map(run, range(first, min(first + _CHUNK, SEEDS)))))
    assert not failures, "\n\n".join(failures)


def test_a_seed_decides_all() -> None:
    """The same again gives the same trace."""
    worlds = [RedisWorld(0) for _ in range(2)]
    for world in worlds:
        world.run()
    assert worlds[0].trace.digest() == worlds[1].trace.digest()


@pytest.mark.thorough
@pytest.mark.parametrize("name", MUTANTS)
def test_a_fault_is_found(name: str) -> None:
    """By one of so many seeds."""
    first = BEGINS.get(name, 0)
    with MUTANTS[name].installed():
        assert any(run(seed) for seed in range(first, first + MOST_SEEDS))
