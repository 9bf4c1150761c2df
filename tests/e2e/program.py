"""A process that a test starts, watches by its log, and ends whatever happened."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tests.e2e.forked import ForkedProcess
from tests.e2e.wire import PATIENCE

ROOT = Path(__file__).parents[2]


class RunningProgram:
    """The process and its log, read line by line as it comes."""

    def __init__(self, process: subprocess.Popen[str] | ForkedProcess) -> None:
        self.process = process
        self._lines: list[str] = []
        self._ended = False
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return "".join(self._lines)

    def wait_for_log(self, text: str, times: int = 1) -> None:
        """Return when ``text`` stands in the log so often."""
        with self._news:
            self._news.wait_for(lambda: self._ended or self.log.count(text) >= times, PATIENCE)
        assert self.log.count(text) >= times, f"{times} times {text!r} in the log:\n{self.log}"

    def stop(self) -> int:
        """End it as an operator does; gives its exit code when it has ended."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """End it as a crash does, with nothing left to say."""
        self.process.kill()
        self.wait()

    def wait(self) -> int:
        """Its exit code, once it has ended and its log is read."""
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def _read(self) -> None:
        for line in self.process.stdout or ():
            with self._news:
                self._lines.append(line)
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()


_Program = TypeVar("_Program", bound=RunningProgram)


def launched(
    folder: Path,
    command: list[str],
    environment: Mapping[str, str] | None = None,
    descriptors: tuple[int, ...] = (),
) -> subprocess.Popen[str]:
    """Start this in that folder, with more in its environment; the caller ends it.

    ``descriptors`` stay open in it.
    """
    return subprocess.Popen(
        command,
        cwd=folder,
        env=surroundings(environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        pass_fds=descriptors,
    )


def surroundings(more: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process that finds the modules of this folder, with ``more`` in it."""
    paths = (str(ROOT), *os.environ.get("PYTHONPATH", "").split(os.pathsep))
    return {**os.environ, **more, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


@contextmanager
def until_done(program: _Program, ready: str) -> Iterator[_Program]:
    """It, once this stands in its log; ended afterwards, whatever happened."""
    try:
        program.wait_for_log(ready)
        yield program
    finally:
        program.process.terminate()
        try:
            program.wait()
        except subprocess.TimeoutExpired:
            program.process.kill()
            program.wait()
