"""`Surroundings`: what a daemon does for those around it: signals, systemd, its file, its log.

SIGHUP reads the file again, SIGUSR1 opens log files anew, SIGUSR2 writes the state into the log,
SIGTERM and SIGINT stop it.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from smppgate.daemon.log_files import reopen_log_files
from smppgate.daemon.own_log import OwnLog
from smppgate.daemon.process import prepare_process
from smppgate.daemon.reading import read_beside
from smppgate.daemon.reloads import Reloads
from smppgate.daemon.signals import Signals
from smppgate.daemon.state_lines import log_lines
from smppgate.daemon.systemd import Notifier, watchdog_interval
from smppgate.daemon.unit import Unit
from smppgate.notices.process import CUT_SHORT
from smppgate.settings import Settings
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

SIGNALLED = 128
"""A process that signal n ended has this and n for its exit status, as shells report it."""


class Served(Protocol):
    """The gate, whatever it is made of."""

    clock: Clock

    def reload(self, settings: Settings) -> Deferred[Settings]:
        """Apply what differs in ``settings``; fires with those in force then."""

    def reload_refused(self, lines: Sequence[str]) -> None:
        """Nothing is applied: what is wrong with the new settings."""

    def follow_reloads(self, follow: Callable[[Settings], None]) -> None:
        """Call ``follow`` after each reload, with the settings in force."""

    def state_lines(self) -> Iterator[str]:
        """The state, a line each; made while they are written."""

    def reopen_files(self) -> None:
        """Open all files of messages anew under their paths."""

    def status_line(self) -> str:
        """How it is, for ``systemctl status``."""

    def cut(self) -> None:
        """End a stop that is under way at once."""


class Surroundings:
    """Those of one process.

    :param reactor: the process's.
    :param file: the name of the configuration; empty where there is none to read again.
    :ivar exit_status: of the process: 0 after an orderly stop, 1 after a failure, 128 + n where
        signal n cut the stop short.
    """

    log = Logger()

    def __init__(self, gate: Served, reactor: Any, settings: Settings, file: str) -> None:
        self.exit_status = 0
        self._gate = gate
        self._reactor = reactor
        self._is_stopping = self._is_cut = False
        notifier = Notifier.of_process()
        # The process may change its folder before it reads the file again.
        path = os.path.abspath(file) if file else ""
        self._reloads = Reloads(gate, path, partial(read_beside, reactor), notifier)
        # The API can do what SIGHUP does.
        self.reload = self._reloads.done if path else None
        OwnLog.begin(settings, gate.follow_reloads)
        self._unit = Unit(notifier, gate.clock, gate.status_line, watchdog_interval())
        meaning = {
            signal.SIGHUP: self._reloads.request,
            signal.SIGUSR1: self._reopen_files,
            signal.SIGUSR2: self.log_state,
        }
        self._signals = Signals(reactor, meaning, lambda: self._is_stopping, self._told_again)
        prepare_process()

    def begin(self) -> None:
        """The gate begins to start: handle signals."""
        self._signals.install()
        self._unit.start()

    def started(self) -> None:
        """The gate serves its peers from now on."""
        self._unit.started()

    def stop(self, stop: Callable[[], Deferred[None]]) -> Deferred[None]:
        """The gate is told to stop: have it stop as ``stop`` does, which fires when it has."""
        self._is_stopping = True
        self._reloads.stop()
        self._unit.stopping()
        stopping = stop()
        # A second signal came before it had begun.
        if self._is_cut:
            self._gate.cut()
        return stopping.addBoth(self._stopped)

    def fail(self) -> None:
        """End the process with status 1: the log says what an operator has to mend."""
        self.exit_status = 1
        atexit.register(_end_in_failure)
        self._reactor.stop()

    def log_state(self) -> None:
        """Write the gate's state into the log, some lines a turn of the reactor."""
        log_lines(self._gate.state_lines(), self.log, self._gate.clock)

    def _reopen_files(self) -> None:
        """Open all files of logs anew."""
        reopen_log_files()
        self._gate.reopen_files()

    def _stopped(self, result: Failure | None) -> Failure | None:
        self._unit.stop()
        return result

    def _told_again(self, number: int) -> None:
        self.log.tell(CUT_SHORT)
        self.exit_status = SIGNALLED + number
        # The stop may not have begun yet, if the signals came in one turn.
        self._is_cut = True
        self._gate.cut()


def _end_in_failure() -> None:
    """End with status 1: Twisted ends a process that was stopped as if all were well."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)
