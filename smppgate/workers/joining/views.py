"""`JoinedViews`: what the API shows of several workers: all of them are asked, each time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from smppgate.admin import records
from smppgate.admin.api import ROOT
from smppgate.admin.messages import Answer, Problem, json_answer
from smppgate.admin.routes import Call
from smppgate.admin.shapes import iso
from smppgate.admin.slices import in_slices, json_array
from smppgate.admin.views import ITEMS, LISTS, unknown
from smppgate.observe import Metrics
from smppgate.store import StoreStatistics
from smppgate.txsmpp.clock import Clock
from smppgate.version import installed_version
from smppgate.workers.joining.asking import Answers, ask_all, check, documents, problem_of
from smppgate.workers.joining.history import joined_history
from smppgate.workers.joining.lists import JoinedList, JoinedState, joined_one
from smppgate.workers.joining.metrics import WorkersMetrics
from smppgate.workers.joining.ports import Workers
from smppgate.workers.joining.roster import Roster
from smppgate.workers.refusals import Refusals

WORKERS = "workers"
"""The one list that is not the workers' own."""

LISTENERS = "listeners"
"""The list of what the master has, of which workers know the connections alone."""

Listeners = Callable[[], Mapping[str, str]]
"""The address, in words, of each endpoint string for ESMEs; empty where it is not open."""

_JUST_BEFORE = 0.001
"""Seconds: samples have their times in milliseconds."""


class JoinedViews:
    """What is shown of all workers.

    :param roster: says how each of them is.
    :param name: of the gate.
    :param store: what the master keeps for all of them.
    :param listeners: where the master listens.
    :param refusals: connections that the master has cut over a limit.
    :ivar metrics: None without them.
    """

    def __init__(
        self,
        workers: Workers,
        roster: Roster,
        clock: Clock,
        name: str,
        metrics: WorkersMetrics,
        store: Callable[[], StoreStatistics],
        listeners: Listeners,
        refusals: Refusals,
    ) -> None:
        self._workers = workers
        self._clock = clock
        self._name = name
        self._metrics = metrics
        self._store = store
        self._listeners = listeners
        self._refusals = refusals
        self._roster = roster
        self._started_at = clock.wall()
        self.has_metrics = True

    async def list(self, name: str) -> Answer:
        """A list of `LISTS`."""
        if name == WORKERS:
            return Answer(body=(await self._workers_array(),))
        joined = self._joined_lists()[name]
        answers = await ask_all(self._workers, "GET", f"{ROOT}/{name}")
        check(answers)
        for worker, answered in answers:
            joined.begin(worker.number)
            await in_slices(joined.taken(answered.body.decode()), self._clock)
        return Answer(body=(await joined.octets(self._clock),))

    async def item(self, kind: str, name: str) -> Answer:
        """One object of `ITEMS`."""
        path = f"{ROOT}/{kind}/{quote(name, safe='')}"
        answers = await ask_all(self._workers, "GET", path)
        return json_answer(item_of(kind, name, answers))

    async def store(self, _call: Call) -> Answer:
        """What the stores hold."""
        answers = await ask_all(self._workers, "GET", f"{ROOT}/store")
        return json_answer(self._with_own([row for _, row in documents(answers)]))

    async def state(self, _call: Call) -> Answer:
        """All of it."""
        joined = JoinedState(self._joined_lists())
        answers = await ask_all(self._workers, "GET", f"{ROOT}/state")
        check(answers)
        for worker, answered in answers:
            text = answered.body.decode()
            await in_slices(joined.taken(worker.number, text), self._clock)
        body = [json.dumps(self._head(joined.heads), separators=(",", ":")).encode()[:-1]]
        for name, each in joined.lists.items():
            octets = self._workers_array() if name == WORKERS else each.octets(self._clock)
            body += [f',"{name}":'.encode(), await octets]
        return Answer(body=(*body, b"}"))

    async def history(self, call: Call) -> Answer:
        """The last minutes, a sample a second."""
        since = call.query["since"]
        query = {"since": iso(since - _JUST_BEFORE) or ""} if since > 1.0 else {}
        answers = await ask_all(self._workers, "GET", f"{ROOT}/history", query)
        told = [document for _, document in documents(answers)]
        return json_answer(joined_history(told, since, self._clock.wall()))

    async def metrics(self, _call: Call) -> Answer:
        """The metrics as Prometheus reads them."""
        if not self.has_metrics:
            raise Problem(404, "metrics are switched off: [admin] metrics = false")
        body = await self._metrics.exposition()
        return Answer(content_type=Metrics.content_type, body=(body,))

    async def is_ready(self) -> bool:
        """Whether ESMEs can connect, the store is open at one worker, and one has a link."""
        if not any(self._listeners().values()):
            return False
        told = list((await self._roster.summaries()).values())
        return any(each["is_open"] for each in told) and any(each["is_linked"] for each in told)

    def _joined_lists(self) -> dict[str, JoinedList]:
        addresses = self._listeners()
        # Added to what one of the workers has.
        refused = {endpoint: self._refusals.of(endpoint) for endpoint in addresses}

        def with_masters(row: dict[str, Any]) -> None:
            endpoint = row["endpoint"]
            row["address"] = addresses.get(endpoint, "")
            row["refused"] += refused.pop(endpoint, 0)

        amended = {LISTENERS: with_masters}
        return {name: JoinedList(shape, amended.get(name)) for name, (shape, _) in LISTS.items()}

    async def _workers_array(self) -> bytes:
        return await json_array(records.WORKER.plain, await self._roster.states(), self._clock)

    def _with_own(self, stores: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """These stores and the master's as one."""
        own = records.STORE.plain(self._store())
        return joined_one(records.STORE, [(0, row) for row in (*stores, own)])

    def _head(self, heads: Sequence[dict[str, Any]]) -> dict[str, Any]:
        wall = self._clock.wall()
        return {
            **records.HEAD.one(heads),
            "store": self._with_own([head["store"] for head in heads]),
            "name": self._name,
            "version": installed_version(),
            "time": iso(wall),
            "started_at": iso(self._started_at),
            "uptime_seconds": max(0.0, wall - self._started_at),
        }


def item_of(kind: str, name: str, answers: Answers) -> dict[str, Any]:
    """One object of `ITEMS`, of which workers have answered what they have of it.

    :raises Problem: 404: none has it; or what they had to say instead.
    """
    found = [(worker, answered) for worker, answered in answers if answered.status < 300]
    if not found:
        raise next((problem_of(a) for _, a in answers if a.status != 404), unknown(kind, name))
    return joined_one(ITEMS[kind][0], documents(found))
