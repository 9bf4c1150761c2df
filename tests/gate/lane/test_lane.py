"""With the lane and without it the same octets leave the gate, and the same records are kept."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from smppgate.gate.lane import lots
from smppgate.txsmpp.frame import Frame, response
from smppgate.txsmpp.pdu import SubmitSm
from tests.gate.lane.scripts import (
    STEPS,
    TERMS,
    EsmeSends,
    Reloads,
    Reply,
    SmscSends,
    Step,
    Terms,
)
from tests.gate.lane.stages import Script, Stage
from tests.txsmpp.pairs import numbered


def played(terms: Terms, steps: list[Step], stage: type[Stage] = Stage) -> Script:
    """The script, after it was played to a gate with the lane and to one without."""
    with patch.object(lots, "PART", 1000):
        script = Script(stage(terms, has_lane=True), stage(terms, has_lane=False))
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


@given(
    asks=st.lists(st.integers(0, 1), min_size=1, max_size=40),
    statuses=st.lists(st.sampled_from((0, 0, 0, 0x0B, 0x45)), min_size=1, max_size=5),
)
def test_every_message_is_answered_as_its_smsc_says_whichever_that_is(
    asks: list[int], statuses: list[int]
) -> None:
    """With two SMSCs it may be another that takes a message; the ESME cannot tell."""
    messages = [
        SubmitSm(source_addr=b"1", registered_delivery=each, short_message=b"n%d" % at)
        for at, each in enumerate(asks, 1)
    ]
    octets = b"".join(numbered(pdu, at) for at, pdu in enumerate(messages, 1))
    expected = [(at, statuses[at % len(statuses)]) for at in range(1, len(asks) + 1)]
    for has_lane in (True, False):
        stage = Stage(Terms(smscs=2), has_lane)
        stage.settle()
        stage.esmes[0].send(octets)
        for link in stage.links:
            link.send(b"".join(_answered(link.heard(), statuses)))
        heard = stage.esmes[0].heard()
        assert sorted((each.sequence_number, each.command_status) for each in heard) == expected
        assert stage.gate.router.open_exchanges == 0


def _answered(requests: list[Frame], statuses: list[int]) -> Iterator[bytes]:
    for request in requests:
        at = int(request.octets.rpartition(b"n")[2])
        status = statuses[at % len(statuses)]
        yield response(request, status, b"" if status else b"%d\0" % at)
