"""The ``twistd smppgate`` command: a file's name in, the gate's service out."""

from __future__ import annotations

import sys
from typing import Any

from twisted.application.service import IService
from twisted.python import usage

from smppgate.settings import SettingsError, load
from smppgate.workers.choice import Daemon, made


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


class Program:
    """The gate, for those who start theirs from a .tac file."""

    @classmethod
    def of(cls, file: str, reactor: Any) -> Daemon:
        """The gate that ``file`` describes.

        :raises SystemExit: with all that is wrong in it.
        """
        try:
            return made(load(file), reactor, file)
        except SettingsError as error:
            sys.exit(str(error))


def makeService(options: Options) -> IService:
    """The gate that the file describes.

    :raises SystemExit: its hooks cannot be made.
    """
    # Which reactor runs is known only now.
    from twisted.internet import reactor  # noqa: PLC0415

    try:
        return made(options["settings"], reactor, options["config"])
    except SettingsError as error:
        raise SystemExit(f"{options['config']}: {error}") from None
