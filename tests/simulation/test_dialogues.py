"""Dialogues of models: who has one, and what its steps say."""

from __future__ import annotations

import pytest

from smppgate.txsmpp.dialogues import Step, step_of
from tests.simulation import runner, wire
from tests.simulation.ledger import MOST_STEPS, Dialogue
from tests.simulation.scenario import scenario
from tests.simulation.world import World


def dialogue(number: int | None) -> Dialogue:
    """One that has not begun."""
    (account, *_) = scenario(1).accounts
    return Dialogue(account, b"881", number, b"471012345")


@pytest.mark.parametrize("number", [None, 0, 255])
def test_its_steps_are_so_for_the_gate_too(number: int | None) -> None:
    """The last of them says that it is, where the number of a session is told."""
    steps = []
    it = dialogue(number)
    while not it.is_over:
        tlvs = it.next()
        values = {wire.SERVICE_OP: tlvs[4:5]}
        if number is not None:
            values[wire.SESSION_INFO] = tlvs[9:11]
        steps.append(step_of(values))
    assert steps[0] == Step(number, True, False)
    assert steps[-1] == Step(number, True, number is not None)
    assert len(steps) == MOST_STEPS


def test_both_sides_have_steps_of_one_dialogue() -> None:
    """It goes on from side to side."""
    runner.prepare()
    world = World(scenario(0, ("dialogues",)))
    world.run()
    by_esmes = {id(r.dialogue) for r in world.ledger.requests.values() if r.dialogue is not None}
    deliveries = world.ledger.deliveries.values()
    by_smscs = {id(d.dialogue) for d in deliveries if d.dialogue is not None}
    assert by_esmes & by_smscs


@pytest.mark.parametrize("name", ["steps-to-any-smsc", "steps-to-any-session", "step-not-heard"])
def test_a_step_that_goes_elsewhere_is_found(name: str) -> None:
    assert runner.find(name, range(20)) is not None
