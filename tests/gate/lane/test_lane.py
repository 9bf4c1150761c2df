"""With the lane and without it the same octets leave the gate, and the same records are kept."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import given

from smppgate.gate.lane import submits
from tests.gate.lane.scripts import (
    STEPS,
    TERMS,
    EsmeSends,
    Reloads,
    Reply,
    Script,
    SmscSends,
    Stage,
    Step,
    Terms,
)


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


def test_messages_keep_their_own_return_paths_when_queries_are_turned_off() -> None:
    """Some of one read ask for a receipt, and others do not; all had a return path before."""
    kinds = ("plain", "with receipt") * 4
    replies = tuple(Reply(0, 0, b"10%d" % at) for at in range(8))
    off = Reloads((("queries", False),), ())
    script = played(Terms(), [EsmeSends(0, kinds), off, SmscSends(0, replies)])
    assert len(script.stages[0].records()) == 4


def test_a_run_leaves_what_is_over_the_rate_of_an_smsc() -> None:
    terms = Terms(smsc=(("rate", 5.0),))
    script = played(terms, [EsmeSends(0, ("plain",) * 16)])
    assert len(script.waiting(0)) == 1
