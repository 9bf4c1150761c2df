"""`Slot`: whose the answers are that come under a number which is in use twice."""

from __future__ import annotations

from typing import Any

from tests.simulation import wire
from tests.simulation.ledger import Request, Slot

NUMBER = 7
THROTTLED = wire.Pdu(wire.SUBMIT_SM | wire.RESP, 0x58, NUMBER, b"")


def _slot() -> tuple[Slot, Request, Request]:
    """Two messages under one number."""
    nobody: Any = None
    one, two = (
        Request(label, nobody, nobody, NUMBER, wire.SUBMIT_SM, b"", 0.0) for label in (1, 2)
    )
    return Slot([one, two]), one, two


def test_an_answer_that_may_be_to_either_is_what_either_was_owed() -> None:
    """Though the first is taken to have it: the other may be with an SMSC as yet."""
    slot, one, two = _slot()
    assert slot.answered(THROTTLED, [one, two]) == [one]
    assert slot.may_answer([one])
    assert slot.may_answer([two])


def test_one_answer_is_not_what_both_were_owed() -> None:
    slot, one, two = _slot()
    slot.answered(THROTTLED, [one, two])
    assert not slot.may_answer([one, two])
    slot.answered(THROTTLED, [one, two])
    assert slot.may_answer([one, two])


def test_an_answer_that_can_be_to_one_alone_is_not_what_the_other_was_owed() -> None:
    slot, one, two = _slot()
    slot.answered(THROTTLED, [one])
    assert slot.may_answer([one])
    assert not slot.may_answer([two])


def test_without_an_answer_nothing_may_be_owed() -> None:
    slot, one, _ = _slot()
    assert slot.may_answer([])
    assert not slot.may_answer([one])


def test_answers_that_come_later_tell_whose_the_first_was() -> None:
    slot, one, two = _slot()
    slot.answered(THROTTLED, [one, two])
    assert slot.answered(THROTTLED, [one]) == [two, one]
    assert slot.answered(THROTTLED, [one, two]) is None
