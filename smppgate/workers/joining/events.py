"""`WorkerEvents`: what happens in workers, told as events of the gate."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from twisted.application.service import Service

from smppgate.admin.api import ROOT
from smppgate.observe import EventLog
from smppgate.observe.lag import ReactorLag
from smppgate.workers.joining.ports import Opened, Worker, Workers

_OF_ALL = ("reloaded",)
"""Kinds that all workers tell alike: one of them is enough."""

_AMONG_THEM = "peer_"
"""The beginning of kinds about what workers are to each other."""


class WorkerEvents(Service):
    """Tells ``log`` what workers tell, with the number of each, while it runs.

    Workers count and tell meanwhile, and no longer.

    :param lag: of the master itself, measured meanwhile.
    """

    def __init__(self, workers: Workers, log: EventLog, lag: ReactorLag) -> None:
        self._workers = workers
        self._log = log
        self._lag = lag
        self._open: dict[Worker, Callable[[], None]] = {}
        # The numbers of the last events that were told, so that none is told again.
        self._last: dict[Worker, int] = {}
        workers.follow(self._came, self._gone)

    def startService(self) -> None:
        """Listen to all."""
        super().startService()
        self._lag.start()
        for worker in self._workers.up():
            self._observe(worker)

    def stopService(self) -> None:
        """Listen no more."""
        super().stopService()
        self._lag.stop()
        is_open, self._open = self._open, {}
        for close in is_open.values():
            close()
        for worker in self._workers.up():
            worker.observe(False)

    def _came(self, worker: Worker) -> None:
        if self.running:
            self._tell(worker, "worker_up", "is up")
            self._observe(worker)

    def _gone(self, worker: Worker) -> None:
        self._open.pop(worker, None)
        self._last.pop(worker, None)
        if self.running:
            self._tell(worker, "worker_lost", "has ended")

    def _tell(self, worker: Worker, kind: str, text: str) -> None:
        number = str(worker.number)
        self._log.tell(kind, f"worker {number} {text}", worker=number)

    def _observe(self, worker: Worker) -> None:
        worker.observe(True)
        self._ask(worker)

    def _ask(self, worker: Worker) -> None:
        """Have it tell what it has not told yet."""

        def write(octets: bytes) -> None:
            for line in octets.split(b"\n"):
                if line.startswith(b"data: "):
                    self._told(worker, json.loads(line[6:]))

        since = {"since": str(self._last.get(worker, 0))}
        opening = worker.open(f"{ROOT}/events", since, write, lambda: self._ended(worker))
        opening.addCallbacks(self._opened, lambda _: None, callbackArgs=(worker,))

    def _opened(self, opened: Opened, worker: Worker) -> None:
        if self.running and worker in self._workers.up():
            self._open[worker] = opened.close
        else:
            opened.close()

    def _ended(self, worker: Worker) -> None:
        """It has cut its stream, as of a client that was too far behind, or has ended itself."""
        if self._open.pop(worker, None) is not None and self.running:
            self._ask(worker)

    def _told(self, worker: Worker, event: dict[str, Any]) -> None:
        self._last[worker] = event["number"]
        kind, text = event.pop("kind"), event.pop("text")
        if kind.startswith(_AMONG_THEM):
            return
        if kind in _OF_ALL:
            if worker is self._workers.up()[0]:
                self._log.tell(kind, text)
            return
        fields = {name: value for name, value in event.items() if name not in ("number", "time")}
        self._log.tell(kind, text, **fields, worker=str(worker.number))
