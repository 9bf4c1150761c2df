"""`Supervised`: one worker of the master's, which is started again whenever it ends.

A worker is a process of this program, with its end of the control connection as descriptor
`CONTROL`. What it may import is what the master may; see `smppgate.daemon.reading`.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from twisted.internet.error import ConnectionClosed, ProcessDone, ProcessTerminated
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from smppgate.notices.workers import WORKER_ENDED, WORKER_NOT_STARTED
from smppgate.txsmpp.backoff import Backoff
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger
from smppgate.workers.commands import STOPPED, Begin, Serve
from smppgate.workers.control import Control, Responders, ignore_failure

CONTROL = 3
"""The descriptor of a worker's end of the control connection."""

MODULE = "smppgate.workers.worker_process"

_OF_MASTER = ("NOTIFY_SOCKET", "WATCHDOG_", "LISTEN_")
"""What systemd tells the master alone begins so, in its environment."""


class Watcher(Protocol):
    """Hears of a worker."""

    def responders(self, worker: Supervised) -> Sequence[Responders]:
        """What answers the commands of one process of ``worker``."""

    def common(self) -> bytes:
        """What a worker is to go by, for `Begin`."""

    def listens(self, worker: Supervised) -> None:
        """It has opened its listeners; `Supervised.serve` is to follow."""

    def began(self, worker: Supervised) -> None:
        """It serves from now on."""

    def disconnected(self, worker: Supervised) -> None:
        """It hears nothing any more."""

    def ended(self, worker: Supervised, has_begun: bool) -> None:
        """Its process has ended.

        :param has_begun: whether that one had begun to serve, or was stopped before by a signal.
        """


class Supervised(ProcessProtocol):
    """One worker.

    :param number: counted from 1.
    :param backoff: gives the pause before it is started again.
    :ivar control: the connection to its process; None without one.
    :ivar common: what its process goes by.
    :ivar is_listening: whether its process has opened its listeners.
    :ivar is_serving: whether its process serves, and does not stop.
    :ivar since: when its process was started; seconds since 1970, 0 without one.
    """

    log = Logger()

    def __init__(
        self, reactor: Any, number: int, backoff: Backoff, clock: Clock, watcher: Watcher
    ) -> None:
        self.number = number
        self.control: Control | None = None
        self.common = b""
        self.is_listening = self.is_serving = False
        self.since = 0.0
        self._starts = 0
        self._reactor = reactor
        self._backoff = backoff
        self._clock = clock
        self._watcher = watcher
        self._process: Any = None
        self._fault = ""
        self._is_told_to_serve = self._has_begun = self._is_over = False
        self._pause: IDelayedCall | None = None

    @property
    def is_running(self) -> bool:
        """Whether it has a process."""
        return self._process is not None

    @property
    def pid(self) -> int:
        """The id of its process; 0 without one."""
        return self._process.pid if self._process is not None else 0

    @property
    def restarts(self) -> int:
        """How often it had to be started again."""
        return max(0, self._starts - 1)

    @property
    def state(self) -> str:
        """See `WorkerState.state`."""
        if self.is_serving:
            return "up"
        if not self.is_running:
            return "down"
        return "stopping" if self._is_over else "starting"

    def start(self) -> None:
        """Start a process for it."""
        self._part()
        self._fault, self._is_told_to_serve, self._has_begun = "", False, False
        self.since = self._clock.wall()
        self._starts += 1
        self.control = control = self._made_control()
        try:
            self._spawn(control)
        except OSError as error:
            self._not_spawned(control, error)
            return
        self.common = self._watcher.common()
        self._ask(control, self._listens, Begin, number=self.number, common=self.common)

    def serve(self) -> None:
        """Let its process serve, unless that was told to serve before."""
        if self.control is not None and not self._is_told_to_serve:
            self._is_told_to_serve = True
            self._ask(self.control, self._began, Serve)

    def tell(self, command: Any, **arguments: object) -> None:
        """Send it a command, where it has a process; what becomes of it is not waited for."""
        if self.control is not None:
            self.control.callRemote(command, **arguments).addErrback(ignore_failure)

    def stop(self) -> None:
        """Start it no more. Its process is asked to stop by others, or killed."""
        self._is_over = True
        self.is_serving = False
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    def kill(self) -> None:
        """End its process at once."""
        if self._process is not None:
            self._process.signalProcess("KILL")

    def _part(self) -> None:
        """Let go of the process before, whose connection what it had started may hold open."""
        self._pause = None
        if self.control is not None:
            self.control.cut()
            self._disconnected(self.control)

    def _made_control(self) -> Control:
        made = Control(self._watcher.responders(self), lambda: self._disconnected(made))
        return made

    def _spawn(self, control: Control) -> None:
        """Start a process that has the other end of ``control``.

        :raises OSError: it cannot be: the system has no descriptors, processes or memory left.
        """
        ours, theirs = socket.socketpair()
        with ours, theirs:
            control.open(self._reactor, ours)
            self._process = self._reactor.spawnProcess(
                self,
                sys.executable,
                [sys.executable, "-P", "-m", MODULE],
                env=_environment(),
                childFDs={0: 0, 1: 1, 2: 2, CONTROL: theirs.fileno()},
            )

    def _not_spawned(self, control: Control, error: OSError) -> None:
        self.control, self._fault = None, str(error)
        control.close()
        # As of any process, its end is told in a turn of its own.
        self._pause = self._clock.callLater(0.0, self.processEnded, Failure(error))

    def _ask(
        self,
        control: Control,
        answered: Callable[[Control, object], None],
        command: Any,
        **arguments: object,
    ) -> None:
        asking = control.callRemote(command, **arguments)
        asking.addCallbacks(partial(answered, control), partial(self._not_begun, control))

    # What comes late from a process before is not of this one.

    def _listens(self, control: Control, _: object) -> None:
        if control is self.control:
            self.is_listening = True
            self._watcher.listens(self)

    def _began(self, control: Control, _: object) -> None:
        if control is not self.control:
            return
        self._has_begun = True
        self._backoff.bound(self._clock.seconds())
        if not self._is_over:
            self.is_serving = True
        self._watcher.began(self)

    def _not_begun(self, control: Control, failure: Failure) -> None:
        # Where the connection is lost its process has ended, which is told when it is known how.
        if control is self.control and not failure.check(ConnectionClosed):
            self._fault = str(failure.value)
            # It waits for this, so that it can say why.
            control.close()

    def _disconnected(self, control: Control) -> None:
        """Without the connection it ends by itself, or does not know what it does."""
        if control is self.control:
            self.control, self.is_serving = None, False
            self._watcher.disconnected(self)

    def processEnded(self, reason: Failure) -> None:
        """The process is gone."""
        self._process, self.since = None, 0.0
        self.is_listening = self.is_serving = False
        self._backoff.lost(self._clock.seconds())
        if not self._is_over:
            self._tell(reason)
        was_stopped = self._fault in ("", STOPPED) and _is_stopped(reason)
        self._watcher.ended(self, self._has_begun or was_stopped)
        if not self._is_over:
            self._pause = self._clock.callLater(self._backoff(0), self.start)

    def _tell(self, reason: Failure) -> None:
        if self._has_begun:
            self.log.tell(WORKER_ENDED, worker=self.number, reason=_in_words(reason))
        else:
            fault = self._fault or _in_words(reason)
            self.log.tell(WORKER_NOT_STARTED, worker=self.number, reason=fault)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OF_MASTER)}
    return {**kept, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def _is_stopped(reason: Failure) -> bool:
    """Whether a process has ended as one does that SIGTERM or SIGINT stops."""
    error = reason.value
    if isinstance(error, ProcessTerminated):
        return error.signal in (signal.SIGTERM, signal.SIGINT)
    return isinstance(error, ProcessDone)


def _in_words(reason: Failure) -> str:
    """How a process has ended."""
    error = reason.value
    if isinstance(error, ProcessTerminated):
        if error.signal is not None:
            return f"by signal {error.signal}"
        return f"with exit status {error.exitCode}"
    return "with exit status 0"
