"""A `twistd` forked from a process that has loaded a gate already, instead of loading it itself.

Loading is most of what a start takes, and hundreds of tests start a gate. It is a process of its
own all the same: `twistd` runs in it from the command line on, in its folder, with its environment
and output. What a start as a program does is seen where gates are launched as one: `test_launch`,
`test_daemon`, `test_workers`.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TextIO

_CONTEXT: ForkServerContext = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["twisted.scripts.twistd", "smppgate.tap"])


class ForkedProcess:
    """What tests ask of a `subprocess.Popen`.

    :ivar pid: its process.
    :ivar stdout: what it writes, stderr too.
    """

    def __init__(self, process: BaseProcess, stdout: TextIO) -> None:
        assert process.pid is not None
        self._process = process
        self.pid = process.pid
        self.stdout = stdout

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        """Its exit code, once it has ended.

        :raises subprocess.TimeoutExpired: if it has not within ``timeout`` seconds.
        """
        self._process.join(timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired("twistd", timeout)
        return code

    def send_signal(self, number: int) -> None:
        """Send it this, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """End it by SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it by SIGKILL."""
        self.send_signal(signal.SIGKILL)


def forked_twistd(
    folder: Path, arguments: list[str], environment: Mapping[str, str]
) -> ForkedProcess:
    """Start `twistd` with these arguments in that folder; the caller ends it."""
    ours, theirs = _CONTEXT.Pipe(duplex=False)
    with ours, theirs:
        process = _CONTEXT.Process(
            target=_run_twistd, args=(folder, arguments, dict(environment), theirs), daemon=True
        )
        process.start()
        return ForkedProcess(process, os.fdopen(os.dup(ours.fileno())))


def _run_twistd(
    folder: Path, arguments: list[str], environment: dict[str, str], output: Connection
) -> None:
    from twisted.scripts.twistd import run  # noqa: PLC0415 - Tests import this module, too.

    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for descriptor in (1, 2):
        os.dup2(output.fileno(), descriptor)
    output.close()
    sys.argv = ["twistd", *arguments]
    try:
        run()
    finally:
        # As at the end of a program, which a process forked by multiprocessing does without.
        atexit._run_exitfuncs()
