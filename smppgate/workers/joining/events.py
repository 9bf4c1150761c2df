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
        for close in self._open.values():
            close()
        self._open.clear()
        for worker in self._workers.up():
            worker.observe(False)

    def _came(self, worker: Worker) -> None:
        if self.running:
            self._tell(worker, "worker_up", "is up")
            self._observe(worker)

    def _gone(self, worker: Worker) -> None:
        self._open.pop(worker, None)
        if self.running:
            self._tell(worker, "worker_lost", "has ended")

    def _tell(self, worker: Worker, kind: str, text: str) -> None:
        number = str(worker.number)
        self._log.tell(kind, f"worker {number} {text}", worker=number)

    def _observe(self, worker: Worker) -> None:
        worker.observe(True)

        def write(octets: bytes) -> None:
            for line in octets.split(b"\n"):
                if line.startswith(b"data: "):
                    self._told(worker, json.loads(line[6:]))

        opening = worker.open(f"{ROOT}/events", {}, write, lambda: None)
        opening.addCallbacks(self._opened, lambda _: None, callbackArgs=(worker,))

    def _opened(self, opened: Opened, worker: Worker) -> None:
        if self.running and worker in self._workers.up():
            self._open[worker] = opened.close
        else:
            opened.close()

    def _told(self, worker: Worker, event: dict[str, Any]) -> None:
        kind, text = event.pop("kind"), event.pop("text")
        if kind.startswith(_AMONG_THEM):
            return
        if kind in _OF_ALL:
            if worker is self._workers.up()[0]:
                self._log.tell(kind, text)
            return
        fields = {name: value for name, value in event.items() if name not in ("number", "time")}
        self._log.tell(kind, text, **fields, worker=str(worker.number))
