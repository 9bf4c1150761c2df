"""``smppgate run``: the gate as a daemon in the foreground, without twistd."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from smppgate.cli.failures import FAILED
from smppgate.settings import Settings, SettingsError, load

DESCRIPTION = """\
Run the gate until it is told to stop. It stays in the foreground and logs to standard error, as
systemd and containers want it.

signals:
  HUP        read the file again and apply what has changed; with errors in it nothing changes
  USR1       open log files anew under their paths, as logrotate needs it
  USR2       write the gate's state into the log
  TERM, INT  stop in order, within stop_timeout; a second one ends at once

Exit status: 0 after an orderly stop, 1 when the gate cannot start, 128 + n when a second signal n
has cut the stop short.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``smppgate run`` to ``parser``."""
    parser.description = DESCRIPTION
    parser.add_argument(
        "--config",
        "-c",
        metavar="FILE",
        default="smppgate.toml",
        help="the configuration (default: %(default)s); try `smppgate check` on it",
    )
    parser.add_argument(
        "--logfile",
        metavar="FILE",
        default="-",
        help="where to log to; - is standard error (default: %(default)s)",
    )
    parser.add_argument(
        "--pidfile", metavar="FILE", default="", help="has the id of the process while it runs"
    )


def run(args: argparse.Namespace) -> int:
    """Run the gate that ``args.config`` describes; returns the exit status."""
    try:
        settings = load(args.config)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return FAILED
    # Imported here, as it takes half a second that the errors of a file need not wait for.
    from smppgate.daemon.pid_file import PidFile  # noqa: PLC0415

    # An OSError, of these files or of a listener, is one line of `main`.
    with PidFile(args.pidfile):
        return _run(settings, args.config, _log_file(args.logfile))


def _run(settings: Settings, file: str, log: Any) -> int:
    """Run the reactor until the gate has stopped; returns the exit status."""
    # The import installs the reactor: that of epoll, where there is epoll.
    from twisted.internet import reactor as twisted_reactor  # noqa: PLC0415
    from twisted.logger import globalLogBeginner, textFileLogObserver  # noqa: PLC0415

    from smppgate.txsmpp.log import Logger  # noqa: PLC0415
    from smppgate.workers.choice import made  # noqa: PLC0415

    reactor: Any = twisted_reactor
    try:
        program = made(settings, reactor, file)
    except SettingsError as error:
        print(f"{file}: {error}", file=sys.stderr)
        return FAILED
    # What is logged until the log begins is kept for it, and is not told twice if this fails.
    program.open_listeners()
    globalLogBeginner.beginLoggingTo([textFileLogObserver(log)], redirectStandardIO=False)
    Logger().info("smppgate runs with {file}", file=file)
    program.startService()
    reactor.addSystemEventTrigger("before", "shutdown", program.stopService)
    reactor.run()
    return program.exit_status


def _log_file(path: str) -> Any:
    if path == "-":
        return sys.stderr
    from smppgate.daemon.log_files import SteadyLogFile  # noqa: PLC0415

    return SteadyLogFile.at(path)
