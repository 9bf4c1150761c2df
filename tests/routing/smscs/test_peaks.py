"""A latency that jumps up and falls bit by bit."""

from __future__ import annotations

import pytest

from smppgate.routing.smscs.peaks import DECAY, Peaks


def test_a_slow_answer_counts_at_once_and_quick_ones_bit_by_bit() -> None:
    peaks = Peaks()
    assert peaks.at(0.0, 0) == 0.0
    peaks.answered(0.01)
    assert peaks.at(0.1, 1) == pytest.approx(0.01, rel=0.02)
    peaks.answered(1.0)
    assert peaks.at(0.1, 1) == 1.0
    peaks.answered(0.01)
    assert 0.9 < peaks.at(0.2, 1) < 1.0
    peaks.answered(0.01)
    assert peaks.at(0.2 + DECAY, 1) == pytest.approx(0.01 + 0.99 / 2.718, rel=0.02)


def test_an_smsc_that_nothing_is_asked_of_is_forgiven() -> None:
    peaks = Peaks()
    peaks.answered(1.0)
    peaks.at(0.0, 0)
    assert peaks.at(10 * DECAY, 0) < 0.0001


def test_an_smsc_that_answers_nothing_gets_slower_and_slower() -> None:
    peaks = Peaks()
    peaks.at(0.0, 0)
    assert [peaks.at(float(now), 1) for now in (1, 2, 3)] == [1.0, 2.0, 3.0]
    peaks.answered(3.5)
    assert peaks.at(3.5, 1) == 3.5


def test_to_look_twice_at_one_time_changes_nothing() -> None:
    peaks = Peaks()
    peaks.answered(1.0)
    assert peaks.at(5.0, 1) == peaks.at(5.0, 1) == peaks.at(5.0, 0)
