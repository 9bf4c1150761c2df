"""Requests of a run have numbers like any other, and each is told once, as a single one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId
from smppgate.txsmpp.frame import Frame, header_only
from smppgate.txsmpp.sequence import MAX_SEQUENCE_NUMBER, Outstanding, Request, RequestRun

SUBMIT = int(CommandId.SUBMIT_SM)


class OneOf(Request):
    """The request of a `Made` run at ``at``."""

    def __init__(self, run: Made, at: int) -> None:
        super().__init__(SUBMIT, run.sent_at)
        self.run, self.at = run, at


class Made(RequestRun):
    """Notes which of its requests are told."""

    def __init__(self, sent_at: float = 0.0) -> None:
        self.command_id, self.sent_at = SUBMIT, sent_at
        self.told: list[int] = []

    def single(self, at: int) -> Request:
        self.told.append(at)
        return OneOf(self, at)


def answer(number: int, command_id: int = SUBMIT) -> Frame:
    return Frame.of(header_only(command_id | RESPONSE_BIT, 0, number))


def test_numbers_of_a_run_begin_again_and_pass_over_those_in_use() -> None:
    outstanding = Outstanding(MAX_SEQUENCE_NUMBER - 1)
    outstanding.claim_run(Made(), 0, 3)
    late = Request(SUBMIT, 0.0)
    aside = outstanding.claim_aside(late)
    assert aside == 2
    outstanding.begin_at(MAX_SEQUENCE_NUMBER - 2)
    numbers = outstanding.claim_run(Made(), 0, 3)
    assert numbers == [MAX_SEQUENCE_NUMBER - 2, 3, 4]
    assert len(outstanding) == 6


def test_numbers_begin_again_behind_the_last_one_in_use() -> None:
    outstanding = Outstanding(MAX_SEQUENCE_NUMBER)
    assert outstanding.claim_run(Made(), 0, 4) == [MAX_SEQUENCE_NUMBER, 1, 2, 3]
    assert outstanding.answered(answer(1)) is not None
    outstanding.begin_at(MAX_SEQUENCE_NUMBER)
    assert [*outstanding.claim_run(Made(), 0, 1)] == [1]
    assert [*outstanding.claim_run(Made(), 0, 2)] == [4, 5]
    assert [*outstanding.claim_run(Made(), 0, 2)] == [6, 7]


def test_an_answer_of_another_command_is_none() -> None:
    outstanding, run = Outstanding(), Made()
    [number] = outstanding.claim_run(run, 4, 1)
    stranger = answer(number, CommandId.DATA_SM)
    assert not outstanding.awaits(stranger)
    assert outstanding.answered(stranger) is None
    assert run.told == []
    assert outstanding.awaits(answer(number))
    assert outstanding.has((SUBMIT,))
    assert not outstanding.has((CommandId.DATA_SM,))
    found = outstanding.answered(answer(number))
    assert isinstance(found, OneOf)
    assert (found.run, found.at) == (run, 4)
    assert outstanding.answered(answer(number)) is None


def test_a_request_that_counts_as_older_comes_before_runs() -> None:
    outstanding, run = Outstanding(), Made(5.0)
    outstanding.claim_run(run, 0, 2)
    old = Request(SUBMIT, 1.0)
    outstanding.claim(old)
    outstanding.hurry()
    assert outstanding.oldest() == 1.0
    assert outstanding.expire(4.0) == [old]
    assert outstanding.oldest() == 5.0


class Listed:
    """A list has the number, the name and the time of each that is unanswered, the oldest first.

    :param first: the number to begin with.
    """

    def __init__(self, first: int) -> None:
        self.outstanding = Outstanding(first)
        self.runs: list[Made] = []
        self._alone: list[Request] = []
        self._waiting: list[tuple[int, Key, float]] = []
        self._late: dict[int, Key] = {}
        self._now = 0.0

    def step(self, what: str, number: int) -> None:
        self._now += 1.0
        getattr(self, f"_{what}")(number)
        in_use = [each[0] for each in self._waiting] + list(self._late)
        assert len(set(in_use)) == len(in_use)
        assert all(1 <= each <= MAX_SEQUENCE_NUMBER for each in in_use)
        assert len(self.outstanding) == len(self._waiting)
        assert self.outstanding.oldest() == (self._waiting[0][2] if self._waiting else None)

    def _name(self, request: Request | None) -> Key | None:
        if isinstance(request, OneOf):
            return self.runs.index(request.run), request.at
        return (self._alone.index(request), -1) if request is not None else None

    def _run(self, count: int) -> None:
        self.runs.append(Made(self._now))
        numbers = self.outstanding.claim_run(self.runs[-1], 2, count % 7)
        of = len(self.runs) - 1
        self._waiting += [(each, (of, at), self._now) for at, each in enumerate(numbers, 2)]

    def _claim(self, _: int) -> None:
        self._alone.append(Request(SUBMIT, self._now))
        number = self.outstanding.claim(self._alone[-1])
        self._waiting.append((number, (len(self._alone) - 1, -1), self._now))

    def _answer(self, which: int) -> None:
        if self._waiting:
            number, name, _ = self._waiting.pop(which % len(self._waiting))
            assert self._name(self.outstanding.answered(answer(number))) == name

    def _answer_late(self, which: int) -> None:
        if self._late:
            number = list(self._late)[which % len(self._late)]
            found = self.outstanding.answered_late(answer(number))
            assert self._name(found) == self._late.pop(number)

    def _expire(self, age: int) -> None:
        by = self._now - age
        expired = [each for each in self._waiting if each[2] <= by]
        assert list(map(self._name, self.outstanding.expire(by))) == [each[1] for each in expired]
        self._late |= {number: name for number, name, _ in expired}
        self._waiting = [each for each in self._waiting if each not in expired]

    def _drain(self, _: int) -> None:
        drained = [self._name(each) for each in self.outstanding.drain()]
        assert drained == [each[1] for each in self._waiting]
        self._waiting, self._late = [], {}

    def _jump(self, which: int) -> None:
        """As after 2**31 requests, while some of the first are still unanswered."""
        if self._waiting:
            number, _name, _at = self._waiting[which % len(self._waiting)]
            self.outstanding.begin_at(number)


Key = tuple[int, int]
"""Which run or request, and the place in it; -1 for a request alone."""

_STEPS = st.tuples(
    st.sampled_from(
        ("run", "run", "claim", "answer", "answer", "answer_late", "expire", "drain", "jump")
    ),
    st.integers(0, 30),
)


@given(first=st.sampled_from((1, MAX_SEQUENCE_NUMBER - 3)), steps=st.lists(_STEPS, max_size=30))
def test_each_is_told_once_as_of_a_list(first: int, steps: list[tuple[str, int]]) -> None:
    listed = Listed(first)
    for what, number in steps:
        listed.step(what, number)
    for run in listed.runs:
        assert len(set(run.told)) == len(run.told)
