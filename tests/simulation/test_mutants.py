"""The deliberate faults themselves: that there are enough, and that they go away again."""

from __future__ import annotations

from typing import Any

import pytest

from smppgate.gate.queue.queues import Queues
from tests.simulation import mutants, runner
from tests.simulation.mutants import MUTANTS, Mutant, StaleMutant


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


@pytest.mark.parametrize(
    "made", ["def fail(*_): {}.no_such_name", "def fail(self, other, arguments, than, it): pass"]
)
def test_one_that_does_not_fit_the_gate_proves_nothing(made: str) -> None:
    """It breaks off, whether the gate logs its error or a model meets it."""
    # The code is taken for that of the module of mutants.
    code = compile(f"def make():\n {made}\n return fail", mutants.__file__, "exec")
    names: dict[str, Any] = {}
    exec(code, names)
    mutant = Mutant("stale", "It is stale.", Queues, "keep", lambda _keep: names["make"]())
    with mutant.installed(), pytest.raises(StaleMutant):
        list(map(runner.run, range(20)))


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["late-answer-sent-on", "receipts-in-turn", "ids-without-tag"])
def test_it_is_found(name: str) -> None:
    """By one of the first seeds; ``make mutants`` looks at all of them."""
    assert runner.find(name, range(20)) is not None
