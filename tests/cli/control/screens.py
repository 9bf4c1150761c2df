"""A command in a terminal of its own."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Mapping

from tests.e2e.wire import PATIENCE

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Screen:
    """The terminal, and what was written to it.

    :ivar written: so far, with escapes.
    """

    def __init__(self, columns: int, *words: str, environment: Mapping[str, str] = {}) -> None:
        self.written = ""
        self._pid, self._descriptor = pty.fork()
        if self._pid == 0:  # pragma: no cover (the child is another program at once)
            variables = {**os.environ, "TERM": "xterm-256color", **environment}
            for name in ("COLUMNS", "LINES", "NO_COLOR"):
                variables.pop(name, None)
            command = [sys.executable, "-m", "smppgate", *words]
            # The size is set before the program looks at it: this line waits for it.
            os.read(0, 1)
            os.execve(sys.executable, command, variables)
        size = struct.pack("HHHH", 30, columns, 0, 0)
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, size)
        os.write(self._descriptor, b"\n")

    @property
    def text(self) -> str:
        """What was written, without escapes."""
        return _ESCAPES.sub("", self.written)

    @property
    def lines(self) -> list[str]:
        """Its lines, behind the one that the start took."""
        return self.text.replace("\r", "").split("\n")[1:]

    def press(self, keys: str) -> None:
        """Press these keys."""
        os.write(self._descriptor, keys.encode())

    def wait_for(self, text: str, times: int = 1) -> None:
        """Return when ``text`` was written so often."""
        deadline = time.monotonic() + PATIENCE
        while self.text.count(text) < times:
            is_going_on = time.monotonic() < deadline and self._read()
            assert is_going_on, f"no {text!r} in {self.written[-3000:]!r}"

    def end(self) -> int:
        """Its exit status, when it has ended."""
        deadline = time.monotonic() + PATIENCE
        while self._read():
            if time.monotonic() > deadline:
                os.kill(self._pid, signal.SIGKILL)
        _, status = os.waitpid(self._pid, 0)
        os.close(self._descriptor)
        return os.waitstatus_to_exitcode(status)

    def _read(self) -> bool:
        if not select.select([self._descriptor], [], [], PATIENCE)[0]:
            return False
        try:
            octets = os.read(self._descriptor, 65536)
        except OSError:
            # Linux says so when the other end is closed.
            return False
        self.written += octets.decode("utf-8", "replace")
        return bool(octets)
