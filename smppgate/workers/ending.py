"""`Ending`: the end of all workers, or of one.

A worker that stops unbinds its ESMEs, and tells when it has none. It keeps its links to SMSCs
until it is told to let go of them: others need them as long as they have ESMEs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.interfaces import IDelayedCall

from smppgate.gate.drain import until
from smppgate.notices.workers import WORKERS_LATE
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.timers import NEVER
from smppgate.workers.commands import EndLinks, Stop
from smppgate.workers.supervision import Supervised

GROUP_TIME = 0.5
"""Seconds in which a signal that one worker has got reaches the master too, if the whole group is
sent it: then links are let go of as in any stop."""


class Ending:
    """Lets workers end.

    :ivar is_begun: whether all of them are to.
    """

    log = Logger()

    def __init__(self, clock: Any, workers: Sequence[Supervised]) -> None:
        self.is_begun = False
        self._clock = clock
        self._workers = workers
        self._without_esmes: set[int] = set()
        self._letting_go: dict[int, IDelayedCall] = {}

    def begin(self) -> None:
        """All of them end, and none is started again."""
        self.is_begun = True
        for worker in self._workers:
            worker.stop()
            self._keep(worker.number)
        self._tell_all(Stop, at_once=False)
        self._let_go_if_due()

    def cut(self) -> None:
        """No peer is waited for any more."""
        if self.is_begun:
            self._tell_all(Stop, at_once=True)

    async def over(self, seconds: float) -> None:
        """Returns when all have ended; those that have not after ``seconds`` are killed."""
        if await until(self._have_ended, seconds, self._clock):
            return
        self.log.tell(WORKERS_LATE, count=len(self.running))
        for worker in self.running:
            worker.kill()
        await until(self._have_ended, NEVER, self._clock)

    @property
    def running(self) -> list[Supervised]:
        """Those that have a process."""
        return [worker for worker in self._workers if worker.is_running]

    def esmes_ended(self, worker: Supervised) -> None:
        """A worker that stops serves no ESME any more."""
        self._without_esmes.add(worker.number)
        if self.is_begun:
            self._let_go_if_due()
        else:
            let_go = self._clock.callLater(GROUP_TIME, self._let_go, worker)
            self._letting_go[worker.number] = let_go

    def disconnected(self, worker: Supervised) -> None:
        """A worker hears nothing any more."""
        self._without_esmes.discard(worker.number)
        self._keep(worker.number)

    def ended(self) -> None:
        """A process has ended, which may have been the last that others have waited for."""
        if self.is_begun:
            self._let_go_if_due()

    def _have_ended(self) -> bool:
        return not self.running

    def _let_go_if_due(self) -> None:
        if all(worker.number in self._without_esmes for worker in self.running):
            self._tell_all(EndLinks)

    def _let_go(self, worker: Supervised) -> None:
        """It stops alone, and need not wait for others."""
        del self._letting_go[worker.number]
        worker.tell(EndLinks)

    def _keep(self, number: int) -> None:
        if number in self._letting_go:
            self._letting_go.pop(number).cancel()

    def _tell_all(self, command: Any, **arguments: object) -> None:
        for worker in self._workers:
            worker.tell(command, **arguments)
