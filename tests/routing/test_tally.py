"""What a tally has counted."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.tally import (
    LATENCY_BOUNDS,
    MOST_UNKNOWN,
    OTHER,
    OTHER_WORD,
    SmscTally,
    Tally,
    word_of,
)

_SUBMITS = (0x04, 0x21, 0x103, 0x111)
_COMMANDS = st.sampled_from((*_SUBMITS, 0x05, 0x03, 0x08))
_STATUSES = st.sampled_from((0, 0, 0, 0x08, 0x45, 0x58, 0x0400))
_SECONDS = st.sampled_from((0.0, 0.001, 0.0011, 0.3, 60.0, 61.0))


@given(st.lists(st.tuples(_COMMANDS, _STATUSES)))
def test_it_has_what_was_counted(requests: list[tuple[int, int]]) -> None:
    tally = Tally()
    for command_id, command_status in requests:
        tally.count(command_id, command_status)
    expected = Counter(requests) + Counter()
    found = {(command, status): count for command, status, count in tally.counts()}
    assert {key: count for key, count in found.items() if count} == dict(expected)
    assert tally.messages == sum(command in _SUBMITS for command, _ in requests)
    assert tally.errors == sum(
        bool(status) and command in _SUBMITS for command, status in requests
    )
    assert tally.deliveries == sum(command == 0x05 for command, _ in requests)


@given(st.lists(st.tuples(_COMMANDS, _STATUSES, _SECONDS)), st.integers(0, 100))
def test_answers_of_one_read_are_counted_like_any_others(
    answers: list[tuple[int, int, float]], look: int
) -> None:
    """As `Counting.taken` does it, looked at in between."""
    tally = SmscTally()
    for n, (command_id, command_status, seconds) in enumerate(answers):
        if (command_id, command_status, seconds) == (0x04, 0, tally.seconds):
            tally.repeats += 1
        else:
            tally.answered(command_id, command_status, seconds)
        if n == look:
            tally.latencies()
    buckets, total = tally.latencies()
    expected = Counter(bisect_left(LATENCY_BOUNDS, seconds) for *_, seconds in answers)
    assert {n: count for n, count in enumerate(buckets) if count} == dict(expected)
    assert total == pytest.approx(sum(seconds for *_, seconds in answers))
    found = {(command, status): count for command, status, count in tally.counts() if count}
    assert found == dict(Counter((command, status) for command, status, _ in answers))


def test_submit_sm_and_deliver_sm_are_there_from_the_first() -> None:
    for tally in (Tally(), SmscTally()):
        assert tally.counts() == [(0x04, 0, 0), (0x05, 0, 0)]


def test_of_statuses_that_nobody_knows_so_many_are_told_apart() -> None:
    tally = Tally()
    for status in range(0x500, 0x500 + 2 * MOST_UNKNOWN):
        tally.count(0x04, status)
        tally.count(0x04, status)
    tally.count(0x04, 0xFFFFFFFF)
    counts = {status: count for command, status, count in tally.counts() if count}
    assert len(counts) == MOST_UNKNOWN + 1
    assert counts[OTHER] == 2 * MOST_UNKNOWN + 1
    assert tally.errors == 4 * MOST_UNKNOWN + 1
    tally.count(0x04, 0x08)
    assert (0x04, 0x08, 1) in tally.counts()


@pytest.mark.parametrize(
    ("stat", "state", "word"),
    [
        (b"DELIVRD", None, b"DELIVRD"),
        (b"delivrd", 5, b"DELIVRD"),
        (b"", 2, b"DELIVRD"),
        (b"", 8, b"REJECTD"),
        (b"", None, OTHER_WORD),
        (b"", 77, OTHER_WORD),
        (b"ACKED", 2, OTHER_WORD),
    ],
)
def test_words_of_receipts(stat: bytes, state: int | None, word: bytes) -> None:
    assert word_of(stat, state) == word
