"""Reads and checks a configuration in a process of its own, while the gate goes on.

A thousand accounts with ten thousand ranges take the better part of a second to check: more than
the peers of a gate are to feel. A thread would not do, as it takes the interpreter from the
reactor again and again. The settings come back pickled through a pipe and are unpickled in a
thread, so that no password is in an argument, an environment or a file.

Rejected: Twisted's spawnProcess. It looks at each open descriptor before the child starts, and a
gate may have ten thousand of them.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from threading import Thread
from typing import Any

from twisted.internet.defer import Deferred

from smppgate.settings import Settings, SettingsError

READING_TIMEOUT = 60.0
"""Seconds after which the file counts as one that cannot be read: it may be a pipe."""

_MODULE = "smppgate.daemon.checked_file"


def read_beside(reactor: Any, file: str) -> Deferred[Settings]:
    """Read and check ``file`` as ``smppgate check`` does; fires with the settings.

    Fails with a `SettingsError` of all that is wrong in it, or of why it cannot be read.
    Cancelled, it gives up reading.

    :param reactor: goes on meanwhile.
    """
    reading = _Reading(file)
    result: Deferred[Settings] = Deferred(lambda _: reading.stop())

    def work() -> None:
        try:
            settings = reading.run()
        except Exception as error:
            reactor.callFromThread(_fail, result, error)
        else:
            reactor.callFromThread(_succeed, result, settings)

    # Not one of the reactor's own threads: for those a process waits when it ends.
    Thread(target=work, name="reading settings", daemon=True).start()
    return result


def _succeed(result: Deferred[Settings], settings: Settings) -> None:
    if not result.called:
        result.callback(settings)


def _fail(result: Deferred[Settings], error: Exception) -> None:
    if not result.called:
        result.errback(error)


class _Reading:
    """One reading of a file, in a thread."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._child: subprocess.Popen[bytes] | None = None
        self._is_stopped = False

    def run(self) -> Settings:
        """The settings.

        :raises SettingsError: with all that is wrong in the file, or with why it was not read.
        """
        try:
            told = self._told()
        except (OSError, subprocess.SubprocessError) as error:
            raise self._not_read(type(error).__name__) from None
        result = pickle.loads(told)  # noqa: S301 - of this program's own, through a pipe
        if isinstance(result, Settings):
            return result
        raise SettingsError(result, self._file)

    def stop(self) -> None:
        """End the child."""
        self._is_stopped = True
        if self._child is not None:
            self._child.kill()

    def _told(self) -> bytes:
        """What the child says."""
        # What this process may import, the child may: nothing else, and not from the folder that
        # it runs in.
        paths = os.pathsep.join(path for path in sys.path if path)
        with subprocess.Popen(  # noqa: S603 - the file is the operator's, and no shell reads it
            [sys.executable, "-P", "-m", _MODULE, self._file],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": paths},
        ) as self._child:
            if self._is_stopped:
                self._child.kill()
            try:
                told, _ = self._child.communicate(timeout=READING_TIMEOUT)
            except subprocess.TimeoutExpired:
                self._child.kill()
                raise
        if self._child.returncode:
            raise self._not_read(f"exit status {self._child.returncode}")
        return told

    def _not_read(self, why: str) -> SettingsError:
        return SettingsError((f"could not be read and checked: {why}",), self._file)
