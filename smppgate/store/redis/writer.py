"""`Writer`: runs scripts of which replicas must have what they do.

What is asked for while a round trip is under way goes with the next one: replicas are waited for
once for all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from attrs import define, field
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from smppgate.store.redis.pipe import LACKING, Told, wait_time
from smppgate.store.redis.ports import Refused, Unreached, Word
from smppgate.store.redis.script import Script


class Asks(Protocol):
    """A connection that answers in order."""

    def ask(self, *words: Word, due: float | None = None) -> Deferred[Any]:
        """What a command is answered, by the time ``due``."""


@define(eq=False)
class _Call:
    """One script. ``has_text``: its text must be sent, for the server does not have it."""

    script: Script
    # Messages may be in it.
    rest: tuple[Word, ...] = field(repr=False)
    due: float
    has_text: bool = False
    done: Deferred[Any] = field(factory=Deferred)

    @property
    def words(self) -> tuple[Word, ...]:
        script = self.script
        begin = (b"EVAL", script.text) if self.has_text else (b"EVALSHA", script.digest)
        return (*begin, *self.rest)


class Writer:
    """Runs scripts on one connection, one round trip at a time.

    :param patience: seconds from `run` until it has failed.
    :param replicas: how many must have what a script did.
    """

    def __init__(
        self, asker: Asks, clock: IReactorTime, patience: float, replicas: int, told: Told
    ) -> None:
        self._asker = asker
        self._clock = clock
        self._patience = patience
        self._replicas = replicas
        self._told = told
        self._waiting: list[_Call] = []
        self._is_busy = False

    def run(
        self, script: Script, keys: Sequence[bytes], arguments: Sequence[Word]
    ) -> Deferred[Any]:
        """What ``script`` returns, when enough replicas have what it did."""
        due = self._clock.seconds() + self._patience
        call = _Call(script, (len(keys), *keys, *arguments), due)
        self._waiting.append(call)
        if not self._is_busy:
            self._next()
        return call.done

    def give_up(self, error: Exception) -> None:
        """Let what has not been sent fail."""
        calls, self._waiting = self._waiting, []
        for call in calls:
            call.done.errback(error)

    def _next(self) -> None:
        calls, self._waiting = self._waiting, []
        self._is_busy = bool(calls)
        if not calls:
            return
        asked = [self._asker.ask(*call.words, due=call.due) for call in calls]
        if self._replicas:
            wait = (b"WAIT", self._replicas, wait_time(self._patience))
            asked.append(self._asker.ask(*wait, due=calls[-1].due))
        DeferredList(asked, consumeErrors=True).addCallback(self._answered, calls)

    def _answered(self, results: list[tuple[bool, Any]], calls: list[_Call]) -> None:
        answers = [answer for _, answer in results]
        failure = self._lacking(answers.pop()) if self._replicas else None
        again = []
        for call, answer in zip(calls, answers, strict=True):
            if not call.has_text and is_unknown(answer):
                call.has_text = True
                again.append(call)
            elif isinstance(answer, Failure):
                call.done.errback(answer)
            elif failure is not None:
                call.done.errback(failure)
            else:
                call.done.callback(answer)
        self._waiting[:0] = again
        self._next()

    def _lacking(self, answer: Any) -> Exception | None:
        if isinstance(answer, Failure):
            return Unreached(answer.getErrorMessage())
        if answer < self._replicas:
            self._told.lacking()
            return Unreached(LACKING)
        return None


def is_unknown(answer: Any) -> bool:
    """Whether the server does not have the script that it was asked to run."""
    is_refused = isinstance(answer, Failure) and answer.check(Refused)
    return bool(is_refused) and answer.getErrorMessage().startswith("NOSCRIPT")
