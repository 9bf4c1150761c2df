"""`Program`: the gate as what its process is there for.

It sets the process up, and handles its signals, see `smppgate.daemon.surroundings`. Where a gate
is a part of another program all of this is left to that program, which has a `Gateway`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from smppgate.admin import AdminService
from smppgate.daemon.state_lines import state_lines
from smppgate.daemon.surroundings import Surroundings
from smppgate.gate import CannotListen, Gateway
from smppgate.observe.message_logs import MessageLogs
from smppgate.settings import Settings
from smppgate.store import StoreError
from smppgate.txsmpp.clock import use_monotonic


class Program(Gateway):
    """The gate as what its process is there for: for `smppgate run`, twistd, and .tac files.

    :param settings: a file's.
    :param file: its name, for SIGHUP; empty where there is none to read again.
    """

    def __init__(self, settings: Settings, reactor: Any, file: str = "") -> None:
        use_monotonic(reactor)
        super().__init__(settings, reactor)
        self._surroundings = Surroundings(self, reactor, settings, file)
        self._message_logs = MessageLogs(self, reactor)
        self._message_logs.setServiceParent(self)
        reload = self._surroundings.reload
        AdminService(self, reactor, reload, self._message_logs).setServiceParent(self)

    @property
    def exit_status(self) -> int:
        """That of the process; see `Surroundings`."""
        return self._surroundings.exit_status

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
        self._surroundings.begin()
        super().startService()
        self.router.ready().addCallbacks(lambda _: self._surroundings.started(), _ignore_cancelled)

    def stopService(self) -> Deferred[None]:
        """Stop the gate in order; fires when that is done."""
        return self._surroundings.stop(super().stopService)

    def store_failed(self, error: StoreError) -> None:
        """End the process with status 1: the log says what an operator has to mend."""
        super().store_failed(error)
        self._surroundings.fail()

    # What `Surroundings` needs

    def state_lines(self) -> Iterator[str]:
        """The gate's state."""
        return state_lines(self.state())

    def reopen_files(self) -> None:
        """Open the files of messages anew."""
        self._message_logs.reopen()

    def status_line(self) -> str:
        """The line for ``systemctl status``."""
        esmes = self.router.statistics().esme_sessions
        up = sum(link.is_bound for link in self.links)
        return f"{esmes} ESME{'' if esmes == 1 else 's'}, {up} of {len(self.links)} links"


def _ignore_cancelled(failure: Failure) -> None:
    """The gate stops before its store was open."""
    failure.trap(CancelledError)
