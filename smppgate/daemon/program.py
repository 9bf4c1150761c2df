"""`Program`: the gate as what its process is there for.

It sets the process up, and handles its signals: SIGHUP reads the file again, SIGUSR1 opens log
files anew, SIGUSR2 writes the gate's state into the log, SIGTERM and SIGINT stop it. Where a gate
is a part of another program all of this is left to that program, which has a `Gateway`.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Cooperator
from twisted.python.failure import Failure

from smppgate.admin import AdminService
from smppgate.daemon.log_files import reopen_log_files
from smppgate.daemon.own_log import OwnLog
from smppgate.daemon.process import prepare_process
from smppgate.daemon.reading import read_beside
from smppgate.daemon.reloads import Reloads
from smppgate.daemon.signals import Signals
from smppgate.daemon.state_lines import state_lines
from smppgate.daemon.systemd import Notifier, watchdog_interval
from smppgate.daemon.unit import Unit
from smppgate.gate import CannotListen, Gateway
from smppgate.notices.process import CUT_SHORT
from smppgate.observe.message_logs import MessageLogs
from smppgate.settings import Settings, SettingsError, load
from smppgate.store import StoreError
from smppgate.txsmpp.clock import use_monotonic

SIGNALLED = 128
"""A process that signal n ended has this and n for its exit status, as shells report it."""


class Program(Gateway):
    """The gate as what its process is there for: for `smppgate run`, twistd, and .tac files.

    :param settings: a file's.
    :param file: its name, for SIGHUP; empty where there is none to read again.
    :ivar exit_status: of the process: 0 after an orderly stop, 1 after a failure, 128 + n where
        signal n cut the stop short.
    """

    def __init__(self, settings: Settings, reactor: Any, file: str = "") -> None:
        use_monotonic(reactor)
        super().__init__(settings, reactor)
        self.exit_status = 0
        self._process = reactor
        self._is_stopping = self._is_cut = False
        notifier = Notifier.of_process()
        # The process may change its folder before it reads the file again.
        path = os.path.abspath(file) if file else ""
        self._reloads = Reloads(self, path, partial(read_beside, reactor), notifier)
        # The API can do what SIGHUP does.
        reload = self._reloads.done if path else None
        own_log = OwnLog()
        own_log.change(settings.log)
        self.follow_reloads(lambda settings: own_log.change(settings.log))
        self._message_logs = MessageLogs(self, reactor)
        self._message_logs.setServiceParent(self)
        AdminService(self, reactor, reload, self._message_logs).setServiceParent(self)
        self._unit = Unit(notifier, self.clock, self._status, watchdog_interval())
        meaning = {
            signal.SIGHUP: self._reloads.request,
            signal.SIGUSR1: self._reopen_files,
            signal.SIGUSR2: self.log_state,
        }
        self._signals = Signals(
            reactor, meaning, lambda: self._is_stopping, self._told_again_to_stop
        )
        prepare_process()

    @classmethod
    def of(cls, file: str, reactor: Any) -> Program:
        """The gate that ``file`` describes.

        :raises SystemExit: with all that is wrong in it.
        """
        try:
            return cls(load(file), reactor, file)
        except SettingsError as error:
            sys.exit(str(error))

    def privilegedStartService(self) -> None:
        """End the process with one line where there is nothing to listen on."""
        try:
            self.open_listeners()
        except CannotListen as error:
            sys.exit(f"smppgate: {error}")

    def open_listeners(self) -> None:
        """Open all listeners.

        :raises CannotListen: when one of them cannot be opened.
        """
        super().privilegedStartService()

    def startService(self) -> None:
        """Start the gate, and handle signals."""
        self._signals.install()
        self._unit.start()
        super().startService()
        self.router.ready().addCallbacks(lambda _: self._unit.started(), _ignore_cancelled)

    def stopService(self) -> Deferred[None]:
        """Stop the gate in order; fires when that is done."""
        self._is_stopping = True
        self._reloads.stop()
        self._unit.stopping()
        stopping = super().stopService()
        if self._is_cut:
            self.cut()
        return stopping.addBoth(self._stopped)

    def store_failed(self, error: StoreError) -> None:
        """End the process with status 1: the log says what an operator has to mend."""
        super().store_failed(error)
        self.exit_status = 1
        atexit.register(_end_in_failure)
        self._process.stop()

    def _reopen_files(self) -> None:
        """Open all files of logs anew."""
        reopen_log_files()
        self._message_logs.reopen()

    def log_state(self) -> None:
        """Write the gate's state into the log, some lines a turn of the reactor."""
        Cooperator(scheduler=partial(self.clock.callLater, 0.0)).cooperate(self._state_told())

    def _state_told(self) -> Iterator[None]:
        for line in state_lines(self.state()):
            self.log.info("{line}", line=line)
            yield

    def _stopped(self, result: Failure | None) -> Failure | None:
        self._unit.stop()
        return result

    def _told_again_to_stop(self, number: int) -> None:
        self.log.tell(CUT_SHORT)
        self.exit_status = SIGNALLED + number
        # The stop may not have begun yet, if the signals came in one turn.
        self._is_cut = True
        self.cut()

    def _status(self) -> str:
        """The line for ``systemctl status``."""
        esmes = self.router.statistics().esme_sessions
        up = sum(link.is_bound for link in self.links)
        return f"{esmes} ESME{'' if esmes == 1 else 's'}, {up} of {len(self.links)} links"


def _ignore_cancelled(failure: Failure) -> None:
    """The gate stops before its store was open."""
    failure.trap(CancelledError)


def _end_in_failure() -> None:
    """End with status 1: Twisted ends a process that was stopped as if all were well."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)
