"""Seeds of the simulated world: no invariant is broken in any of them."""

from __future__ import annotations

import os

import pytest

from tests.simulation import runner

SEEDS = int(os.environ.get("SEEDS", "200"))
"""``make check`` runs 200, ``make quick`` 50, ``make simulate SEEDS=10000`` as many as it says."""

_CHUNK = 10


@pytest.mark.parametrize("first", range(0, SEEDS, _CHUNK))
def test_no_invariant_is_broken(first: int) -> None:
    """Whatever the seed decides, the gate keeps what it promises, and comes to rest."""
    failures = [
        result.failure
        for result in map(runner.run, range(first, min(first + _CHUNK, SEEDS)))
        if result.failure
    ]
    assert not failures, "\n\n".join(failures)
