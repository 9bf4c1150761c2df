"""The log of workers, which the master writes: `SentLog` and `ReceivedLog`.

An event goes over as `twisted.logger` writes it as JSON, and gets the field ``worker``. In text
the worker stands beside the namespace, so that a line begins with its code, as ever.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

from twisted.logger import (
    ILogObserver,
    LogEvent,
    LogPublisher,
    eventAsJSON,
    eventFromJSON,
    globalLogPublisher,
    textFileLogObserver,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from smppgate.notices.workers import LOG_LINES_LOST
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.stream import unwritten
from smppgate.workers.commands import Log
from smppgate.workers.control import Control, Responders

MOST_WAITING = 1 << 20
"""Octets that may wait for the master; beyond that the log has gaps, which are told."""


@implementer(ILogObserver)
class SentLog:
    """Sends events to the master; without a connection they go to standard error.

    Other threads log too, as those of hooks do; the connection is the reactor's alone.

    :param control: the connection to the master.
    :param reactor: of the thread that makes this.
    """

    log = Logger()

    def __init__(self, control: Control, reactor: Any) -> None:
        self._control = control
        self._reactor = reactor
        self._thread = threading.get_ident()
        self._stderr = textFileLogObserver(sys.stderr)
        self._lost = 0

    def __call__(self, event: LogEvent) -> None:
        """Send ``event``."""
        if threading.get_ident() == self._thread:
            self._send(event)
        else:
            self._reactor.callFromThread(self._send, event)

    def _send(self, event: LogEvent) -> None:
        transport = self._control.transport
        if transport is None:
            self._stderr(event)
        elif (unwritten(transport) or 0) > MOST_WAITING:
            self._lost += 1
        else:
            self._tell_gap()
            self._control.callRemote(Log, event=eventAsJSON(_with_text(event)).encode())

    def _tell_gap(self) -> None:
        lost, self._lost = self._lost, 0
        if lost:
            self.log.tell(LOG_LINES_LOST, count=lost)


def _with_text(event: LogEvent) -> LogEvent:
    """The same, with a traceback as text: an exception does not go over."""
    failure = event.get("log_failure")
    if not isinstance(failure, Failure):
        return event
    found = {key: value for key, value in event.items() if key != "log_failure"}
    found["log_format"] = f"{event.get('log_format') or ''}\n{{traceback}}"
    found["traceback"] = failure.getTraceback()
    return found


class ReceivedLog(Responders):
    """Writes events of one worker into the log of this process.

    :param worker: its number.
    """

    def __init__(self, worker: int, publisher: LogPublisher = globalLogPublisher) -> None:
        self._worker = worker
        self._publisher = publisher

    @Log.responder
    def written(self, event: bytes) -> dict[str, Any]:
        """Write ``event``."""
        found = eventFromJSON(event.decode())
        level = getattr(found.get("log_level"), "name", "-")
        system = found.get("log_system") or f"{found.get('log_namespace', '-')}#{level}"
        found["log_system"] = f"{system} worker {self._worker}"
        found["worker"] = self._worker
        found["log_fields"] = (*found.get("log_fields", ()), "worker")
        self._publisher(found)
        return {}
