"""The deliberate faults themselves: that there are enough, and that they go away again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulation import runner
from tests.simulation.mutants import MUTANTS


def test_there_are_enough() -> None:
    """Of every kind that has been thought of, or found by hand."""
    assert len(MUTANTS) >= 14


@pytest.mark.parametrize("name", MUTANTS)
def test_it_goes_away_again(name: str) -> None:
    """The gate is as it was before."""
    mutant = MUTANTS[name]

    def there() -> Any:
        return vars(mutant.owner).get(mutant.attribute)

    before = there()
    with mutant.installed():
        assert there() is not before
    assert there() is before


@pytest.mark.parametrize("name", ["late-answer-sent-on", "receipts-in-turn", "ids-without-tag"])
def test_it_is_found(name: str) -> None:
    """By one of the first seeds; ``make mutants`` looks at all of them."""
    assert runner.find(name, range(20)) is not None
