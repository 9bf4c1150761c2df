"""Known faults are real ones: each of these moods finds something."""

from __future__ import annotations

import pytest

from tests.simulation import runner
from tests.simulation.known_faults import KNOWN_FAULTS
from tests.simulation.moods import MOODS


def test_all_are_moods() -> None:
    """A mood that is gone is no known fault any more."""
    assert set(KNOWN_FAULTS) <= set(MOODS)


@pytest.mark.parametrize("name", KNOWN_FAULTS)
def test_the_fault_is_there(name: str) -> None:
    """One that the gate bears by now is to be taken off the list."""
    results = (runner.run(seed, (name,)) for seed in range(100))
    assert any(result.failure for result in results), f"{name}: {KNOWN_FAULTS[name]}"
