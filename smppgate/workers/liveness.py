"""`Liveness`: ends workers that answer nothing any more, as systemd's watchdog ends a process.

systemd hears the master alone. A worker that does nothing for as long as its watchdog would wait,
or without one for twice `INTERVAL`, is killed, and started again; the others go on. What is sent
to it waits in the memory of the master until then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

from twisted.internet.task import LoopingCall

from smppgate.notices.workers import WORKER_HANGS
from smppgate.txsmpp.log import Logger
from smppgate.workers.commands import Ping
from smppgate.workers.control import ignore_failure
from smppgate.workers.supervision import Supervised

INTERVAL = 15.0
"""Seconds between two looks where no watchdog says it."""

MOST_UNANSWERED = 2
"""Looks that a worker may leave unanswered: there are two in a watchdog's time."""


class Liveness:
    """Asks each worker for a sign of life.

    :param interval: seconds between two looks, half of the watchdog's time; 0 without one.
    """

    log = Logger()

    def __init__(self, clock: Any, workers: Sequence[Supervised], interval: float) -> None:
        self._workers = workers
        self._interval = interval or INTERVAL
        # Process → looks since its last answer.
        self._unanswered: Counter[int] = Counter()
        self._looks = LoopingCall(self._look)
        self._looks.clock = clock

    def start(self) -> None:
        """Begin to ask."""
        self._looks.start(self._interval, now=False)

    def stop(self) -> None:
        """Ask no more."""
        if self._looks.running:
            self._looks.stop()

    def _look(self) -> None:
        serving = [worker for worker in self._workers if worker.is_serving]
        pids = {worker.pid for worker in serving}
        self._unanswered = Counter({pid: n for pid, n in self._unanswered.items() if pid in pids})
        for worker in serving:
            self._ask(worker)

    def _ask(self, worker: Supervised) -> None:
        pid = worker.pid
        if self._unanswered[pid] >= MOST_UNANSWERED:
            self.log.tell(WORKER_HANGS, worker=worker.number)
            worker.kill()
        elif worker.control is not None:
            self._unanswered[pid] += 1
            asking = worker.control.callRemote(Ping)
            asking.addCallbacks(partial(self._answered, pid), ignore_failure)

    def _answered(self, pid: int, _: object) -> None:
        self._unanswered.pop(pid, None)
