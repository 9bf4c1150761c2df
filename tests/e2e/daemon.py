"""The gate as a daemon, in both ways that it is started; and what systemd does for it."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from tests.e2e.program import launched
from tests.e2e.twistd import TWISTD, RunningGate
from tests.e2e.wire import PATIENCE, hang_up

RUN = [sys.executable, "-m", "smppgate", "run"]

KINDS = ("twistd", "run")

ENDED = {"twistd": -signal.SIGTERM, "run": 0}
"""The exit codes after an orderly stop by SIGTERM; twistd ends by the signal that stopped it."""

_HAND_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="smpp")
os.execv(sys.argv[2], sys.argv[2:])
"""


class Notifications:
    """The socket of systemd that services send their states to."""

    def __init__(self, address: str = "") -> None:
        self.address = address or f"@smppgate-{uuid4().hex}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address.replace("@", "\0", 1))
        self._socket.settimeout(PATIENCE)

    def __enter__(self) -> Notifications:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    @property
    def environment(self) -> dict[str, str]:
        """What systemd sets for the service."""
        return {"NOTIFY_SOCKET": self.address}

    def next(self) -> str:
        """The next message."""
        return self._socket.recv(4096).decode()

    def wait_for(self, text: str) -> str:
        """The next message that begins so; those in front are passed over."""
        while not (message := self.next()).startswith(text):
            pass
        return message


def command(kind: str, config: Path, log: str = "-", pidfile: str = "") -> list[str]:
    """The command line that starts the gate."""
    if kind == "run":
        pid = ["--pidfile", pidfile] if pidfile else []
        return [*RUN, "--config", str(config), "--logfile", log, *pid]
    pidfile = pidfile or str(config.with_name("twistd.pid"))
    options = ["-n", "--pidfile", pidfile, "--logfile", log]
    return [*TWISTD, *options, "smppgate", "--config", str(config)]


@contextmanager
def daemon(
    folder: Path,
    line: list[str],
    port: int,
    environment: Mapping[str, str] | None = None,
    handed_over: socket.socket | None = None,
) -> Iterator[RunningGate]:
    """The process of this command line; ended afterwards, whatever happened."""
    descriptors: tuple[int, ...] = ()
    if handed_over is not None:
        descriptors = (handed_over.fileno(),)
        line = [sys.executable, "-c", _HAND_OVER, str(descriptors[0]), *line]
    gate = RunningGate(launched(folder, line, environment, descriptors), port)
    try:
        yield gate
    finally:
        hang_up()
        if gate.process.poll() is None:
            os.kill(gate.process.pid, signal.SIGKILL)
        gate.wait()
