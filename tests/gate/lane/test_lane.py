"""With the lane and without it the same octets leave the gate, and the same records are kept."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import given

from smppgate.gate.lane import submits
from tests.gate.lane.scripts import STEPS, TERMS, Script, Stage, Step, Terms


def played(terms: Terms, steps: list[Step]) -> Script:
    """The script, after it was played to a gate with the lane and to one without."""
    with patch.object(submits, "FEWEST", 1):
        script = Script(Stage(terms, has_lane=True), Stage(terms, has_lane=False))
        for step in steps:
            script.play(step)
    return script


@given(terms=TERMS, steps=STEPS)
def test_the_lane_does_what_the_general_way_does(terms: Terms, steps: list[Step]) -> None:
    played(terms, steps)
