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
    outstanding._next = MAX_SEQUENCE_NUMBER - 2
    numbers = outstanding.claim_run(Made(), 0, 3)
    assert numbers == [MAX_SEQUENCE_NUMBER - 2, 3, 4]
    assert len(outstanding) == 6


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


_STEPS = st.lists(
    st.tuples(st.just("run"), st.integers(0, 6))
    | st.tuples(
        st.sampled_from(("claim", "answer", "late", "expire", "drain", "jump")),
        st.integers(0, 30),
    ),
    max_size=30,
)
Key = tuple[int, int]
"""Which run or request, and the place in it; -1 for a request alone."""


@given(first=st.sampled_from((1, MAX_SEQUENCE_NUMBER - 3)), steps=_STEPS)
def test_each_is_told_once_as_of_a_list(first: int, steps: list[tuple[str, int]]) -> None:
    """The list has number, key and time of each that is unanswered, the oldest first."""
    outstanding = Outstanding(first)
    names: dict[object, int] = {}
    waiting: list[tuple[int, Key, float]] = []
    late: dict[int, Key] = {}
    now = 0.0

    def key(request: Request | None) -> Key | None:
        if isinstance(request, OneOf):
            return names[request.run], request.at
        return (names[request], -1) if request is not None else None

    for step, number in steps:
        now += 1.0
        if step == "run":
            run = Made(now)
            names[run] = len(names)
            got = outstanding.claim_run(run, 2, number)
            waiting += [(each, (names[run], at), now) for at, each in enumerate(got, 2)]
        elif step == "claim":
            request = Request(SUBMIT, now)
            names[request] = len(names)
            waiting.append((outstanding.claim(request), (names[request], -1), now))
        elif step == "answer" and waiting:
            of, expected, _ = waiting.pop(number % len(waiting))
            assert key(outstanding.answered(answer(of))) == expected
        elif step == "late" and late:
            of = list(late)[number % len(late)]
            assert key(outstanding.answered_late(answer(of))) == late.pop(of)
        elif step == "expire":
            expired = [each for each in waiting if each[2] <= now - number]
            assert list(map(key, outstanding.expire(now - number))) == [
                each[1] for each in expired
            ]
            late |= {each[0]: each[1] for each in expired}
            waiting = [each for each in waiting if each not in expired]
        elif step == "drain":
            assert list(map(key, outstanding.drain())) == [each[1] for each in waiting]
            waiting, late = [], {}
        elif step == "jump":
            outstanding._next = ([each[0] for each in waiting] or [first])[0]
        in_use = [each[0] for each in waiting] + list(late)
        assert len(set(in_use)) == len(in_use)
        assert all(1 <= each <= MAX_SEQUENCE_NUMBER for each in in_use)
        assert len(outstanding) == len(waiting)
        assert outstanding.oldest() == (waiting[0][2] if waiting else None)
    for run in names:
        if isinstance(run, Made):
            assert len(set(run.told)) == len(run.told)
