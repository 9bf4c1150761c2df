"""`Orders`: what a worker does when the master says so, from its begin to its end.

SIGTERM and SIGINT stop it as they stop any gate, for they may be sent to the whole group. Without
its master a worker has neither new connections nor a log: it ends at once.
"""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import globalLogBeginner

from smppgate.daemon.process import prepare_process
from smppgate.daemon.signals import Signals
from smppgate.daemon.state_lines import log_lines
from smppgate.gate.drain import until
from smppgate.notices.process import CUT_SHORT
from smppgate.settings import SettingsError
from smppgate.store import StoreError
from smppgate.txsmpp.clock import Clock, use_monotonic
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.stream import unwritten
from smppgate.workers import commands
from smppgate.workers.common import Common
from smppgate.workers.control import Control, Responders
from smppgate.workers.face_commands import FaceResponders
from smppgate.workers.handed import HandedOver
from smppgate.workers.logs import SentLog
from smppgate.workers.settings import socket_of
from smppgate.workers.supervision import CONTROL
from smppgate.workers.worker import Worker

STATUS_INTERVAL = 1.0
"""Seconds between two looks whether the status has changed."""

ORPHAN_TIME = 0.5
"""Seconds that a worker has to close what it has open when its master is gone."""

LAST_LINES_TIME = 0.2
"""Seconds that the last lines of the log have to go to the master."""


class Orders(Responders):
    """The life of the worker of this process.

    :param reactor: runs, or is about to.
    :param handed: has its listeners.
    """

    log = Logger()

    def __init__(self, reactor: Any, handed: HandedOver) -> None:
        self.worker: Worker | None = None
        self._reactor = reactor
        self._handed = handed
        self._is_stopping = self._is_cut = self._is_told_by_master = False
        self._links_may_end: Deferred[None] = Deferred()
        self._telling = LoopingCall(self._tell_status)
        self._telling.clock = Clock.of(reactor)
        self._told_status = (-1, -1, -1)
        self._signals = Signals(reactor, {}, lambda: self._is_stopping, self._told_again)
        reactor.addSystemEventTrigger("before", "shutdown", self._stopped)

    def install_signals(self) -> None:
        """Stop for SIGTERM and SIGINT as soon as the reactor runs."""
        self._signals.install()

    @commands.Begin.responder
    def begin(self, number: int, common: bytes) -> dict[str, Any]:
        """Be a worker, and listen."""
        try:
            self.worker = self._made(number, Common.of(common))
            self.control.add(self.worker.shared)
            self.control.add(self.worker.strangers)
            self.control.add(FaceResponders(self.worker.face))
            self.worker.privilegedStartService()
        except (SettingsError, OSError) as error:
            raise commands.CannotStart(str(error)) from None
        return {}

    @commands.Serve.responder
    async def serve(self) -> dict[str, Any]:
        """Open the store, and serve."""
        worker = self.worker
        if worker is None or self._is_stopping:
            raise commands.CannotStart(commands.STOPPED)
        worker.startService()
        try:
            await worker.started
        except CancelledError:
            raise commands.CannotStart(commands.STOPPED) from None
        except StoreError as error:
            raise commands.CannotStart(str(error)) from None
        self._telling.start(STATUS_INTERVAL)
        return {}

    def _made(self, number: int, common: Common) -> Worker:
        path = Path(socket_of(common, number))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # It may be that of a process that was killed; there is no other with this name.
        path.unlink(missing_ok=True)
        return Worker(common, number, self._reactor, self._handed.endpoint, self._esmes_ended)

    @commands.Reload.responder
    async def reload(self, common: bytes) -> dict[str, Any]:
        """Go by other settings."""
        if self.worker is not None:
            try:
                await self.worker.go_by(Common.of(common))
            except SettingsError as error:
                raise commands.SettingsRefused("\n".join(error.errors)) from None
            except CancelledError:
                raise commands.SettingsRefused("the worker is stopping") from None
        return {}

    @commands.Stop.responder
    def told_to_stop(self, at_once: bool) -> dict[str, Any]:
        """Stop in order."""
        self._is_told_by_master = not self._is_stopping
        self.stop()
        if at_once:
            self._cut()
        return {}

    @commands.EndLinks.responder
    def end_links(self) -> dict[str, Any]:
        """No worker needs links to SMSCs any more."""
        if not self._links_may_end.called:
            self._links_may_end.callback(None)
        return {}

    @commands.Ping.responder
    def ping(self) -> dict[str, Any]:
        """It is alive."""
        return {}

    @commands.OpenFilesAnew.responder
    def open_files_anew(self) -> dict[str, Any]:
        """Open files of messages anew."""
        if self.worker is not None:
            self.worker.reopen_files()
        return {}

    @commands.LogState.responder
    def log_state(self) -> dict[str, Any]:
        """Write the state into the log, some lines a turn."""
        if self.worker is not None:
            log_lines(self.worker.state_lines(), self.log, Clock.of(self._reactor))
        return {}

    def stop(self) -> None:
        """End the process in order, unless it ends already."""
        if not self._is_stopping:
            self._is_stopping = True
            self._reactor.stop()

    def lost(self) -> None:
        """The master is gone."""
        self.stop()
        self._cut()
        self._reactor.callLater(ORPHAN_TIME, os._exit, 1)

    def _tell_status(self) -> None:
        status = self.worker.status() if self.worker is not None else self._told_status
        if status != self._told_status:
            self._told_status = status
            esmes, links_up, links = status
            self.control.callRemote(commands.Status, esmes=esmes, links_up=links_up, links=links)

    async def _esmes_ended(self) -> None:
        self.control.callRemote(commands.EsmesEnded)
        await self._links_may_end

    def _stopped(self) -> Deferred[None]:
        self._is_stopping = True
        return Deferred.fromCoroutine(self._end())

    async def _end(self) -> None:
        if self.worker is not None and self.worker.running:
            await self._worker_stopped(self.worker)
        await self._all_sent()

    def _worker_stopped(self, worker: Worker) -> Deferred[None]:
        if self._telling.running:
            self._telling.stop()
        self.control.callRemote(commands.Stopping)
        stopping = worker.stopService()
        if self._is_cut:
            worker.cut()
        return stopping

    async def _all_sent(self) -> None:
        """Let the last lines of the log go over: the reactor ends with what is not sent yet."""
        await until(
            lambda: not unwritten(self.control.transport),
            LAST_LINES_TIME,
            Clock.of(self._reactor),
        )

    def _told_again(self, _number: int) -> None:
        if self._is_told_by_master:
            # What is sent to the whole group says the same.
            self._is_told_by_master = False
            return
        self.log.tell(CUT_SHORT)
        self._cut()

    def _cut(self) -> None:
        # The stop may not have begun yet.
        self._is_cut = True
        self.end_links()
        if self.worker is not None:
            self.worker.cut()


def run() -> int:
    """Run the worker whose control connection is descriptor `CONTROL`; returns the exit status."""
    # The import installs the reactor: that of epoll, where there is epoll.
    from twisted.internet import reactor as twisted_reactor  # noqa: PLC0415

    reactor: Any = twisted_reactor
    use_monotonic(reactor)
    handed = HandedOver(reactor)
    orders = Orders(reactor, handed)
    control = Control([orders, handed], lambda: None)
    with socket.socket(fileno=CONTROL) as own:
        control.open(reactor, own)
    globalLogBeginner.beginLoggingTo([SentLog(control, reactor)], redirectStandardIO=False)
    orders.install_signals()
    prepare_process()
    # The reactor takes it from Python's own handler alone; `worker_process` has taken that away.
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    reactor.run()
    return 0
