"""`Asking`: asks hooks, waits for what they decide, and falls back where they fail.

One timer serves all decisions that are waited for: each has ``hook_timeout`` from when it was
asked. Failures are told in the log in summary, and counted.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutine
from typing import Any, ClassVar, TypeVar

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from smppgate.gate.hooks.decisions import Change, Decision, Pass, Refuse, Route
from smppgate.gate.hooks.made import KINDS, Made, raised
from smppgate.gate.options import RouterOptions
from smppgate.gate.reports.summary import Summaries
from smppgate.gate.submit.due_timer import DueTimer
from smppgate.notices.messages import HOOK_FAILED
from smppgate.notices.program import DECISION_NOT_CANCELLED
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

T = TypeVar("T")

_DECISIONS: dict[str, tuple[type, ...]] = {
    "on_bind": (Pass, Refuse),
    "on_submit": (Pass, Change, Route, Refuse),
    "on_deliver": (Pass, Change, Refuse),
    "on_answer": (Pass, Refuse),
}


@define
class HookCount:
    """What came of one method of hooks, since the start. Mutable.

    :ivar asked: how often it was called.
    :ivar refused: how often what it was asked about was refused, by it or since it had failed.
    :ivar failed: how often it failed, was late, or decided what cannot be done.
    """

    asked: int = 0
    refused: int = 0
    failed: int = 0


class Question:
    """A decision that is asked for. Mutable and slotted.

    :param kind: the method, see `KINDS`.
    :param decided: called once with the decision; with None where there is none, and the default
        holds.
    :ivar deadline: seconds on the monotonic clock.
    :ivar is_gone: whether it is decided, or nothing wants to know any more.
    """

    __slots__ = ("awaited", "deadline", "decided", "is_gone", "kind", "made")

    def __init__(self, kind: str, made: Made, decided: Callable[[Decision | None], None]) -> None:
        self.kind = kind
        self.made = made
        self.decided = decided
        self.awaited: Deferred[Any] | None = None
        self.deadline = 0.0
        self.is_gone = False


@define(eq=False)
class Asking:
    """Asks hooks. Mutable.

    :param options: `RouterOptions.hook_timeout` is looked at for each decision.
    :param failures: tells failures in summary.
    :ivar made: the hooks that are asked; None where there are none.
    :ivar counts: by method.
    """

    log: ClassVar[Logger] = Logger()

    _clock: Clock
    _batch: Batch
    _options: RouterOptions
    _failures: Summaries
    made: Made | None = field(default=None, init=False)
    counts: dict[str, HookCount] = field(
        factory=lambda: {kind: HookCount() for kind in KINDS}, init=False
    )
    _due: DueTimer[Question] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._due = DueTimer(self._clock, self._late)

    @property
    def waiting(self) -> int:
        """Decisions that are waited for."""
        return len(self._due)

    def asks(self, kind: str) -> bool:
        """Whether there are hooks with this method."""
        return self.made is not None and self.made.method(kind) is not None

    def ask(
        self, kind: str, view: object, decided: Callable[[Decision | None], None]
    ) -> Question | None:
        """Ask what becomes of ``view``; ``decided`` is called with that, at once or later.

        :returns: what `forget` and `give_up` take; None where it was decided at once.
        """
        made = self.made
        method = made.method(kind) if made is not None else None
        if made is None or method is None:
            decided(Pass())
            return None
        self.counts[kind].asked += 1
        question = Question(kind, made, decided)
        try:
            answer = method(view)
        except Exception as error:
            self._fail(question, f"raised {raised(error)}")
            return None
        if iscoroutine(answer):
            answer = Deferred.fromCoroutine(answer)
        if not isinstance(answer, Deferred):
            self._decide(question, answer)
            return None
        self._wait(question, answer)
        return question if not question.is_gone else None

    def _wait(self, question: Question, answer: Deferred[Any]) -> None:
        answer.addCallbacks(
            self._answered, self._raised, callbackArgs=(question,), errbackArgs=(question,)
        )
        if not question.is_gone:
            question.awaited = answer
            question.deadline = self._clock.monotonic() + self._options.hook_timeout
            question.made.waiting += 1
            self._due.add(question)

    def forget(self, question: Question) -> None:
        """What was asked about is gone: its decision is waited for no longer."""
        self._cancel(self._taken(question))

    def give_up(self, question: Question) -> None:
        """Let the default hold now, unless it is decided; that is no failure."""
        if not question.is_gone:
            self._settle(question, None)

    def stop(self) -> None:
        """Stop the timer."""
        self._due.stop()

    # What comes of it

    def _answered(self, answer: T, question: Question) -> T:
        if not question.is_gone:
            self._decide(question, answer)
        # One Deferred may be the decision about several messages.
        return answer

    def _raised(self, failure: Failure, question: Question) -> None:
        if not question.is_gone:
            error = failure.value
            self._fail(question, f"raised {raised(error)}" if error is not None else "failed")

    def _late(self, question: Question, _now: float) -> None:
        self._fail(question, "was not decided in hook_timeout")

    def _decide(self, question: Question, answer: object) -> None:
        if isinstance(answer, _DECISIONS[question.kind]):
            self._settle(question, answer)  # type: ignore[arg-type]
        else:
            self._fail(question, f"returned {type(answer).__name__}, which is no decision of it")

    def _fail(self, question: Question, how: str) -> None:
        self.failed(question.kind, how)
        self._settle(question, None)

    def failed(self, kind: str, how: str) -> None:
        """Count and tell that ``kind`` has failed: ``how``, in a few words."""
        self.counts[kind].failed += 1
        what = f"{kind} {how}"
        self._failures.add(HOOK_FAILED, what, what=what)

    def refused(self, kind: str) -> None:
        """Count that ``kind`` has refused."""
        self.counts[kind].refused += 1

    def _settle(self, question: Question, decision: Decision | None) -> None:
        """Let ``decision`` hold, and write to sessions afterwards as at the end of a read."""
        awaited = self._taken(question)
        self._batch.open()
        try:
            question.decided(decision)
        finally:
            self._batch.close()
        self._cancel(awaited)

    def _taken(self, question: Question) -> Deferred[Any] | None:
        """Wait for it no longer; gives what was waited for."""
        question.is_gone = True
        awaited, question.awaited = question.awaited, None
        if awaited is not None:
            self._due.forget()
            question.made.decided()
        return awaited

    def _cancel(self, awaited: Deferred[Any] | None) -> None:
        if awaited is None:
            return
        try:
            awaited.cancel()
        except Exception:
            self.log.tell_failure(DECISION_NOT_CANCELLED, Failure())
