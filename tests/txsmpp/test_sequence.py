"""A number is taken from the claim until its answer, late or not; every request is told once."""

from __future__ import annotations

from collections import Counter
from unittest.mock import patch

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from smppgate.txsmpp import sequence
from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId
from smppgate.txsmpp.errors import RequestTimeout
from smppgate.txsmpp.frame import Frame, header_only
from smppgate.txsmpp.sequence import MAX_SEQUENCE_NUMBER, Outstanding, Request

SUBMIT, DELIVER = CommandId.SUBMIT_SM, CommandId.DELIVER_SM


def answer(number: int, request_id: int = SUBMIT) -> Frame:
    return Frame.of(header_only(request_id | RESPONSE_BIT, 0, number))


def nack(number: int) -> Frame:
    return Frame.of(header_only(RESPONSE_BIT, 3, number))


def claimed(outstanding: Outstanding, *times: float) -> list[int]:
    return [outstanding.claim(Request(SUBMIT, at)) for at in times]


def test_the_limit_is_the_specifications() -> None:
    """1 to 0x7FFFFFFF, SMPP v3.4 §5.1.4 and v5.0 §4.7.24."""
    assert MAX_SEQUENCE_NUMBER == 0x7FFFFFFF


def test_numbers_begin_with_one_and_go_up() -> None:
    """As the specification recommends."""
    assert claimed(Outstanding(), 0, 0, 0) == [1, 2, 3]


def test_after_the_last_number_comes_one() -> None:
    """Never 0 and never 0x80000000."""
    outstanding = Outstanding(0x7FFFFFFE)
    assert claimed(outstanding, 0, 0, 0, 0) == [0x7FFFFFFE, 0x7FFFFFFF, 1, 2]


def test_outstanding_and_late_numbers_are_passed_over() -> None:
    """Here 1 is outstanding and 2 is late when the numbers begin again."""
    outstanding = Outstanding()
    claimed(outstanding, 5, 0)
    # Only what is at the old end expires, so the second is made the older.
    outstanding.answered(answer(1))
    assert len(outstanding.expire(0)) == 1
    outstanding.begin_at(1)
    assert claimed(outstanding, 6) == [1]
    outstanding.begin_at(0x7FFFFFFF)
    assert claimed(outstanding, 7, 7) == [0x7FFFFFFF, 3]


@pytest.mark.parametrize("kind", [answer, nack])
def test_its_resp_or_a_generic_nack_answers_a_request(kind: type) -> None:
    """Once: the second time there is nothing to answer."""
    outstanding = Outstanding()
    request = Request(SUBMIT, 0)
    frame = kind(outstanding.claim(request))
    assert outstanding.awaits(frame)
    assert outstanding.answered(frame) is request
    assert not outstanding.awaits(frame)
    assert outstanding.answered(frame) is None


def test_the_resp_of_another_command_leaves_the_request_waiting() -> None:
    """It is not this request's, whatever its number says."""
    outstanding = Outstanding()
    request = Request(SUBMIT, 0)
    number = outstanding.claim(request)
    wrong = answer(number, DELIVER)
    assert not outstanding.awaits(wrong)
    assert outstanding.answered(wrong) is None
    assert len(outstanding) == 1
    outstanding.expire(0)
    assert outstanding.answered_late(wrong) is None
    assert outstanding.answered_late(answer(number)) is request


def test_a_request_is_not_an_answer() -> None:
    """The peer's requests have numbers of their own, which mean nothing here."""
    outstanding = Outstanding()
    number = outstanding.claim(Request(SUBMIT, 0))
    assert outstanding.answered(Frame.of(header_only(SUBMIT, 0, number))) is None


def test_the_oldest_is_the_one_sent_first() -> None:
    """None when nothing waits."""
    outstanding = Outstanding()
    assert outstanding.oldest() is None
    claimed(outstanding, 3, 4)
    assert outstanding.oldest() == 3
    outstanding.answered(answer(1))
    assert outstanding.oldest() == 4


def test_expiry_takes_what_was_sent_by_then() -> None:
    """Oldest first, the moment itself included."""
    outstanding = Outstanding()
    requests = [Request(SUBMIT, at) for at in (1, 2, 3)]
    for request in requests:
        outstanding.claim(request)
    assert outstanding.expire(0.5) == []
    assert outstanding.expire(2) == requests[:2]
    assert len(outstanding) == 1
    assert outstanding.expire(2) == []


def test_a_late_answer_frees_the_number_and_is_no_answer() -> None:
    """The request was told already that there was none."""
    outstanding = Outstanding()
    request = Request(SUBMIT, 0)
    number = outstanding.claim(request)
    assert outstanding.answered_late(answer(number)) is None
    outstanding.expire(0)
    assert outstanding.answered(answer(number)) is None
    assert not outstanding.awaits(answer(number))
    assert outstanding.answered_late(answer(number)) is request
    assert outstanding.answered_late(answer(number)) is None


def test_late_numbers_are_bounded() -> None:
    """The oldest are given up first."""
    outstanding = Outstanding()
    numbers = claimed(outstanding, *range(5))
    with patch.object(sequence, "MAX_LATE", 2):
        assert len(outstanding.expire(4)) == 5
    late = [number for number in numbers if outstanding.answered_late(answer(number))]
    assert late == numbers[3:]


def test_drained_means_empty() -> None:
    """All that wait, oldest first; those that expired were told before."""
    outstanding = Outstanding()
    requests = [Request(SUBMIT, at) for at in range(4)]
    numbers = [outstanding.claim(request) for request in requests]
    outstanding.expire(1)
    assert outstanding.drain() == requests[2:]
    assert len(outstanding) == 0
    assert outstanding.drain() == []
    assert not any(outstanding.answered_late(answer(number)) for number in numbers)


def test_a_plain_request_takes_what_it_is_told() -> None:
    """The session's own enquire_link is one of these."""
    request = Request(CommandId.ENQUIRE_LINK, 0)
    request.answered(answer(1), 0)
    request.failed(RequestTimeout("x"))
    request.answered_late(answer(1), 0)
    assert request.command_id == CommandId.ENQUIRE_LINK


class Numbers(RuleBasedStateMachine):
    """`Outstanding` against a plain model, in a world of few numbers, so that they wrap often."""

    LAST = 12
    LATE = 4

    def __init__(self) -> None:
        super().__init__()
        self._limits = [
            patch.object(sequence, "MAX_SEQUENCE_NUMBER", self.LAST),
            patch.object(sequence, "MAX_LATE", self.LATE),
        ]
        for limit in self._limits:
            limit.start()
        self.outstanding = Outstanding(self.LAST - 2)
        self.now = 0
        self.waiting: dict[int, Request] = {}
        self.late: dict[int, Request] = {}
        self.made: list[Request] = []
        self.told: Counter[Request] = Counter()
        self.last = self.LAST - 3

    def teardown(self) -> None:
        self.drain()
        for limit in self._limits:
            limit.stop()
        assert self.told == Counter(self.made), "each request is told once"

    @precondition(lambda self: len(self.waiting) + len(self.late) < self.LAST)
    @rule(command=st.sampled_from([SUBMIT, DELIVER]))
    def claim(self, command: int) -> None:
        request = Request(command, self.now)
        number = self.outstanding.claim(request)
        free = [
            n
            for n in (*range(self.last + 1, self.LAST + 1), *range(1, self.last + 1))
            if n not in self.waiting and n not in self.late
        ]
        assert number == free[0]
        self.last = number
        self.waiting[number] = request
        self.made.append(request)

    @rule(number=st.integers(0, LAST + 1), by_nack=st.booleans(), command=st.sampled_from([4, 5]))
    def answer(self, number: int, by_nack: bool, command: int) -> None:
        frame = nack(number) if by_nack else answer(number, command)
        request = self.waiting.get(number)
        fits = request is not None and (by_nack or request.command_id == command)
        assert self.outstanding.awaits(frame) is fits
        assert self.outstanding.answered(frame) is (request if fits else None)
        if request is not None and fits:
            del self.waiting[number]
            self.told[request] += 1

    @rule(number=st.integers(0, LAST + 1), by_nack=st.booleans(), command=st.sampled_from([4, 5]))
    def answer_late(self, number: int, by_nack: bool, command: int) -> None:
        frame = nack(number) if by_nack else answer(number, command)
        request = self.late.get(number)
        fits = request is not None and (by_nack or request.command_id == command)
        assert self.outstanding.answered_late(frame) is (request if fits else None)
        if fits:
            del self.late[number]

    @rule(seconds=st.integers(1, 5))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @rule(age=st.integers(0, 8))
    def expire(self, age: int) -> None:
        by = self.now - age
        expected = {n: r for n, r in self.waiting.items() if r.sent_at <= by}
        assert self.outstanding.expire(by) == list(expected.values())
        for number, request in expected.items():
            del self.waiting[number]
            self.late[number] = request
            self.told[request] += 1
        for number in list(self.late)[: -self.LATE]:
            del self.late[number]

    @rule()
    def drain(self) -> None:
        assert self.outstanding.drain() == list(self.waiting.values())
        self.told.update(self.waiting.values())
        self.waiting.clear()
        self.late.clear()

    @invariant()
    def counted(self) -> None:
        assert len(self.outstanding) == len(self.waiting)
        sent = [request.sent_at for request in self.waiting.values()]
        assert self.outstanding.oldest() == (sent[0] if sent else None)


TestNumbers = Numbers.TestCase


class Released(Request):
    """Counts how often its place was given back."""

    def __init__(self, sent_at: float) -> None:
        super().__init__(SUBMIT, sent_at)
        self.count = 0

    def released(self) -> None:
        self.count += 1


@pytest.mark.parametrize("how", ["answered", "released", "drained"])
def test_an_overdue_request_takes_its_place_until_it_is_released(how: str) -> None:
    """By its late answer, by time, or by the end of the session; and once."""
    outstanding = Outstanding()
    outstanding.counts_overdue = True
    request = Released(10)
    number = outstanding.claim(request)
    assert outstanding.next_expiry(5) == 15
    assert outstanding.expire(10) == [request]
    assert (len(outstanding), outstanding.overdue, request.count) == (1, 1, 0)
    assert outstanding.next_expiry(5) == 20
    if how == "answered":
        assert outstanding.answered_late(answer(number)) is request
    elif how == "released":
        outstanding.release(9)
        assert request.count == 0
        outstanding.release(10)
    outstanding.drain()
    assert (len(outstanding), outstanding.overdue, request.count) == (0, 0, 1)


def test_where_overdue_ones_are_not_counted_they_are_released_at_once() -> None:
    outstanding = Outstanding()
    request = Released(10)
    outstanding.claim(request)
    outstanding.expire(10)
    assert (len(outstanding), outstanding.overdue, request.count) == (0, 0, 1)
    assert outstanding.next_expiry(5) == float("inf")


def test_a_request_that_is_hurried_times_out_by_the_time_that_it_has() -> None:
    """In front of those that were sent before it, under its own number."""
    outstanding = Outstanding()
    first, second, hurried = (Request(4, at) for at in (5.0, 6.0, 5.5))
    numbers = [outstanding.claim(each) for each in (first, second, hurried)]
    outstanding.hurry()
    assert outstanding.expire(5.7) == [first, hurried]
    assert len(outstanding) == 1
    assert numbers == [1, 2, 3]
    assert outstanding.oldest() == 6.0
