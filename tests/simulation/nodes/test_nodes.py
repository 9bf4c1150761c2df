"""Seeds of the world of nodes, and the faults that they find."""

from __future__ import annotations

import os
from typing import Any

import pytest

from smppgate.gate.peers.here import Here
from tests.simulation.mutant import Mutant, StaleMutant
from tests.simulation.nodes import mutants
from tests.simulation.nodes.mutants import MUTANTS
from tests.simulation.nodes.world import NodesWorld, run

SEEDS = int(os.environ.get("SEEDS", "200")) // 4
"""``make check`` runs 50."""

_CHUNK = 10

MOST_SEEDS = 60
"""Seeds in which a fault must be found."""


@pytest.mark.parametrize("first", range(0, SEEDS, _CHUNK))
def test_no_invariant_is_broken(first: int) -> None:
    """Whatever happens to the wires, and whoever comes and goes."""
    failures = list(filter(None, map(run, range(first, min(first + _CHUNK, SEEDS)))))
    assert not failures, "\n\n".join(failures)


def test_a_seed_decides_all() -> None:
    """The same again gives the same trace."""
    worlds = [NodesWorld(7) for _ in range(2)]
    for world in worlds:
        world.run()
    assert worlds[0].trace.digest() == worlds[1].trace.digest()


@pytest.mark.thorough
@pytest.mark.parametrize("name", MUTANTS)
def test_a_fault_is_found(name: str) -> None:
    """By one of the first seeds."""
    with MUTANTS[name].installed():
        assert any(run(seed) for seed in range(MOST_SEEDS))


def test_one_that_does_not_fit_the_gate_proves_nothing() -> None:
    """It breaks off, and its error is not taken for what it would find."""
    # The code is taken for that of the module of mutants.
    code = compile("def fail(*_): {}.no_such_name", mutants.__file__, "exec")
    names: dict[str, Any] = {}
    exec(code, names)
    mutant = Mutant("stale", "It is stale.", Here, "look", lambda _look: names["fail"])
    with mutant.installed(), pytest.raises(StaleMutant):
        run(0)
