"""The ``twistd smppgate`` command: a file's name in, the gate's service out."""

from __future__ import annotations

import atexit
import gc
import os
import resource
import sys
from contextlib import suppress
from typing import Any

from twisted.application.service import IService
from twisted.python import usage

from smppgate.gate import CannotListen, Gateway
from smppgate.settings import Settings, SettingsError, load
from smppgate.store import StoreError
from smppgate.txsmpp.clock import use_monotonic


class Options(usage.Options):
    """What ``twistd smppgate`` takes."""

    longdesc = "An SMPP load balancer and message router between ESMEs and SMSCs."
    optParameters = [  # noqa: RUF012 (Twisted's way)
        ["config", "c", "smppgate.toml", "The configuration file; try `smppgate check` on it."],
    ]

    def postOptions(self) -> None:
        """Read the file: only what is found wrong here is told without a traceback.

        :raises UsageError: with all that is wrong in it.
        """
        try:
            self["settings"] = load(self["config"])
        except SettingsError as error:
            raise usage.UsageError(str(error)) from None


class Program(Gateway):
    """The gate as what its process is there for: for the plugin, and for .tac files.

    :param settings: a file's.
    """

    def __init__(self, settings: Settings, reactor: Any) -> None:
        use_monotonic(reactor)
        super().__init__(settings, reactor)
        self._stop_reactor = reactor.stop
        _raise_descriptor_limit()
        _calm_the_collector()
        _share_the_interpreter()

    @classmethod
    def of(cls, file: str, reactor: Any) -> Program:
        """The gate that ``file`` describes.

        :raises SystemExit: with all that is wrong in it.
        """
        try:
            return cls(load(file), reactor)
        except SettingsError as error:
            sys.exit(str(error))

    def privilegedStartService(self) -> None:
        """End the process with one line where there is nothing to listen on."""
        try:
            super().privilegedStartService()
        except CannotListen as error:
            sys.exit(f"smppgate: {error}")

    def store_failed(self, error: StoreError) -> None:
        """End the process with status 1: the log says what an operator has to mend."""
        super().store_failed(error)
        atexit.register(_end_in_failure)
        self._stop_reactor()


def makeService(options: Options) -> IService:
    """The gate that the file describes."""
    # Which reactor runs is known only now.
    from twisted.internet import reactor  # noqa: PLC0415

    return Program(options["settings"], reactor)


def _end_in_failure() -> None:
    """End with status 1: Twisted ends a process that was stopped as if all were well."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


def _raise_descriptor_limit() -> None:
    """Let the process have as many connections as its hard limit permits.

    The soft limit is 1024 on most systems, for programs that use select().
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _calm_the_collector() -> None:
    """Look for garbage less often, and not among what stays.

    Relaying makes no reference cycles, so there is next to nothing to find, and a full search
    through all that is imported and configured is a pause of many milliseconds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _share_the_interpreter() -> None:
    """Let the store's threads have their turn sooner than Python would by itself (5 ms).

    The answers of a whole batch wait for the thread that writes it.
    """
    sys.setswitchinterval(0.001)
