"""`Roster`: the workers as the API shows them."""

from __future__ import annotations

import json
from typing import Any

from attrs import evolve

from smppgate.admin.workers import WorkerState
from smppgate.txsmpp.clock import Clock
from smppgate.workers.face import SUMMARY
from smppgate.workers.joining.asking import all_of
from smppgate.workers.joining.ports import Workers

PATIENCE = 0.5
"""Seconds in which a worker says how it is: balancers ask every second, and wait no longer."""

_OWN = ("sessions", "links", "relayed", "lag")
"""What each worker says itself of its `WorkerState`."""


class Roster:
    """All workers, those too that have nothing to say."""

    def __init__(self, workers: Workers, clock: Clock) -> None:
        self._workers = workers
        self._clock = clock

    async def states(self) -> list[WorkerState]:
        """They, in order of their numbers."""
        told = await self.summaries()
        return [
            evolve(each, **{name: told[each.number][name] for name in _OWN})
            if each.number in told
            else each
            for each in self._workers.states()
        ]

    async def summaries(self) -> dict[int, Any]:
        """What those say that answer, by their numbers."""
        asked = [
            (each, each.ask("GET", SUMMARY).addTimeout(PATIENCE, self._clock))
            for each in self._workers.up()
        ]
        return {
            worker.number: json.loads(found.body)
            for (worker, _), (is_answered, found) in zip(asked, await all_of(asked), strict=True)
            if is_answered and found.status == 200
        }
