"""Asking all workers at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, DeferredList

from smppgate.admin.messages import Problem
from smppgate.workers.joining.ports import Answered, Worker, WorkerGone, Workers, WorkerSilent

Answers = list[tuple[Worker, Answered]]
"""Of each worker that has answered, in order of their numbers."""


_SILENT = Answered(503, json.dumps({"detail": "it does not answer"}).encode())


async def ask_all(
    workers: Workers,
    method: str,
    path: str,
    query: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Answers:
    """What they answer. One that ends meanwhile has nothing to say any more.

    One that does not answer in time is as one that has answered 503.

    :raises Problem: 503: there is none.
    """
    asked = [(each, each.ask(method, path, query, body)) for each in workers.up()]
    answers: Answers = []
    for (worker, _), (is_answered, found) in zip(asked, await all_of(asked), strict=True):
        if is_answered:
            answers.append((worker, found))
        elif found.check(WorkerSilent):
            answers.append((worker, _SILENT))
        elif not found.check(WorkerGone):
            found.raiseException()
    if not answers:
        raise Problem(503, "no worker is up")
    return answers


async def all_of(
    asked: Iterable[tuple[Worker, Deferred[Any]]],
) -> Sequence[tuple[bool, Any]]:
    """Whether each has fired without a failure, and with what; else its failure.

    :raises CancelledError: who waits for them wants them no more.
    """
    found: Sequence[tuple[bool, Any]] = await DeferredList(
        [answer for _, answer in asked], consumeErrors=True
    )
    # A list that is cancelled fires with those that were.
    for is_answered, failure in found:
        if not is_answered and failure.check(CancelledError):
            raise CancelledError
    return found


def documents(answers: Answers) -> list[tuple[int, Any]]:
    """What all have answered, by their numbers.

    :raises Problem: what one has said instead.
    """
    check(answers)
    return [(worker.number, json.loads(answered.body)) for worker, answered in answers]


def check(answers: Answers) -> None:
    """See that all have answered what they were asked for.

    :raises Problem: what one has said instead.
    """
    for worker, answered in answers:
        if answered.status >= 300:
            problem = problem_of(answered)
            raise Problem(problem.status, f"worker {worker.number}: {problem.detail}")


def problem_of(answered: Answered) -> Problem:
    """The problem that a worker has answered with."""
    told = _document(answered)
    errors = [(each["path"], each["message"]) for each in told.get("errors", ())]
    return Problem(answered.status, str(told.get("detail", "")), errors=errors)


def _document(answered: Answered) -> Mapping[str, Any]:
    try:
        found = json.loads(answered.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
