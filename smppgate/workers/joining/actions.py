"""`JoinedActions`: what operators do, told to all workers. Those do it that it concerns."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import quote

from smppgate.admin.audit import Audit
from smppgate.admin.messages import Answer, Problem, json_answer
from smppgate.admin.process import Process, Reload
from smppgate.admin.routes import Call
from smppgate.admin.views import unknown
from smppgate.workers.face import DROP
from smppgate.workers.joining.asking import Answers, ask_all, check, problem_of
from smppgate.workers.joining.decisions import Decisions
from smppgate.workers.joining.ports import Worker, Workers
from smppgate.workers.joining.views import item_of


class JoinedActions:
    """What operators do with all workers."""

    def __init__(self, workers: Workers, audit: Audit, decisions: Decisions) -> None:
        self._workers = workers
        self._audit = audit
        self._decisions = decisions

    async def smsc(self, call: Call, action: str) -> Answer:
        """``ready``, ``drain``, ``maint``, ``end-ejection``: of an SMSC."""
        return await self._done(call, "smscs", action)

    async def weight(self, call: Call) -> Answer:
        """Another share of messages."""
        weight = call.body["weight"]
        what = f"weight {'of the settings' if weight is None else weight}"
        return await self._done(call, "smscs", what)

    async def link(self, call: Call, action: str) -> Answer:
        """``ready``, ``drain``, ``maint``: of a link."""
        return await self._done(call, "links", action)

    async def account(self, call: Call, action: str) -> Answer:
        """``open`` or ``close``: of an account."""
        return await self._done(call, "accounts", action)

    async def kick_account(self, call: Call) -> Answer:
        """Unbind all sessions of an account."""
        return await self._done(call, "accounts", "kick")

    async def kick_session(self, call: Call) -> Answer:
        """Unbind one session."""
        return await self._done(call, "sessions", "kick")

    async def drop(self, call: Call) -> Answer:
        """Remove what waits in a queue."""
        name = call.names["system_id"]
        path = DROP.format(system_id=quote(name, safe=""))
        answers = await ask_all(self._workers, "POST", path)
        dropped = _done_by("queues", name, answers)
        count = sum(json.loads(answered.body)["count"] for _, answered in dropped)
        self._audit.changed(call, f"drop {count} messages of", name, "queues")
        path = call.asked.path.rpartition("/")[0]
        return json_answer(item_of("queues", name, await ask_all(self._workers, "GET", path)))

    async def retry(self, call: Call) -> Answer:
        """Send what waits in a queue at once."""
        return await self._done(call, "queues", "retry")

    async def _done(self, call: Call, kind: str, action: str) -> Answer:
        """Tell all, and answer with the object as they have it: 202 where it takes one time."""
        (name,) = call.names.values()
        done = _done_by(kind, name, await self._told(call, kind, name))
        self._audit.changed(call, action, name, kind)
        status = max(answered.status for _, answered in done)
        return json_answer(item_of(kind, name, done), status)

    async def _told(self, call: Call, kind: str, name: str) -> Answers:
        """What all answer. One that comes meanwhile is told too, though not waited for."""
        asked = call.asked
        with self._decisions.being_told(asked.method, asked.path, asked.body):
            answers = await ask_all(self._workers, asked.method, asked.path, body=asked.body)
        if any(answered.status < 300 for _, answered in answers):
            # It holds for those too that could not be told, as soon as they can.
            self._decisions.decided(asked.method, asked.path, kind, name, call.body)
        return answers


class JoinedProcess(Process):
    """What is shown and done of the master; workers log as it does."""

    def __init__(
        self, workers: Workers, audit: Audit, reload: Reload | None, decisions: Decisions
    ) -> None:
        super().__init__(audit, reload)
        self._workers = workers
        self._decisions = decisions

    async def change_level(self, call: Call) -> Answer:
        """Log more, or less."""
        asked = call.asked
        self._decisions.decided(asked.method, asked.path, "", "", call.body)
        answer = await super().change_level(call)
        check(await ask_all(self._workers, asked.method, asked.path, body=asked.body))
        return answer


def _done_by(kind: str, name: str, answers: Answers) -> Answers:
    """Those that have done it; others may have nothing of that name.

    :raises Problem: none has, or one could not do what others have done.
    """
    done = [(worker, answered) for worker, answered in answers if answered.status < 300]
    failed = [(w, a) for w, a in answers if a.status >= 300 and a.status != 404]
    if failed and done:
        (worker, answered), others = failed[0], " ".join(str(w.number) for w, _ in done)
        why = f"worker {worker.number}: {problem_of(answered).detail}; done by: {others}"
        raise Problem(answered.status, why)
    if failed:
        raise problem_of(failed[0][1])
    if not done:
        raise unknown(kind, name)
    return done


def tell_decisions(decisions: Decisions) -> Callable[[Worker], None]:
    """What tells a worker that has come what was decided before."""

    def tell(worker: Worker) -> None:
        for method, path, body in decisions.all():
            # One that has ended comes again; what it knows nothing of is no more.
            worker.ask(method, path, body=body).addErrback(lambda _: None)

    return tell
