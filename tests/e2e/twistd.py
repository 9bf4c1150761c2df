"""A real `twistd smppgate` in a process of its own, for tests to connect to."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.e2e.wire import PATIENCE, hang_up

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port


class RunningGate:
    """The process, its port and its log, read line by line as it comes."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port
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
        """Hang up and end it as an operator does; gives its exit code when it has ended."""
        hang_up()
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

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


def settings(port: int, smscs: dict[str, int], gate: str = "", esmes: str = "") -> str:
    """A configuration with the accounts acme and bolt, and these SMSCs."""
    parts = [f'[gate]\nname = "gate1"\n{gate}\n']
    parts.append(f'[[listen]]\nendpoint = "tcp:{port}:interface=127.0.0.1"\n')
    parts.append(
        esmes
        or """
[[esme]]
system_id = "acme"
password = "secret"
address_ranges = ["4477009*"]
[[esme]]
system_id = "bolt"
password = "hidden"
address_ranges = ["4988*"]
"""
    )
    for name, smsc_port in smscs.items():
        parts.append(
            f"""
[[smsc]]
name = "{name}"
endpoint = "tcp:127.0.0.1:{smsc_port}"
system_id = "gate"
password = "pw-of-{name}"
reconnect_min = 0.1
reconnect_max = 0.2
"""
        )
    return "\n".join(parts)


TWISTD = [sys.executable, "-c", "from twisted.scripts.twistd import run; run()"]
"""The `twistd` of this environment."""


def start(folder: Path, config: str, port: int) -> RunningGate:
    """Start `twistd -n smppgate --config FILE`; the caller ends it."""
    (folder / "gate.toml").write_text(config)
    options = ["-n", "--pidfile", str(folder / "twistd.pid"), "--logfile", "-"]
    return _launch([*TWISTD, *options, "smppgate", "--config", str(folder / "gate.toml")], port)


def _launch(
    command: list[str], port: int, environment: dict[str, str] | None = None
) -> RunningGate:
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return RunningGate(process, port)


def running(folder: Path, config: str, port: int) -> AbstractContextManager[RunningGate]:
    """`twistd -n smppgate --config FILE`, listening; ended afterwards, whatever happened."""
    return _until_done(start(folder, config, port))


def running_command(
    command: list[str], port: int, environment: dict[str, str]
) -> AbstractContextManager[RunningGate]:
    """The same of any command that runs a gate."""
    return _until_done(_launch(command, port, environment))


@contextmanager
def _until_done(gate: RunningGate) -> Iterator[RunningGate]:
    try:
        gate.wait_for_log("listening on ")
        yield gate
    finally:
        hang_up()
        gate.process.terminate()
        try:
            gate.wait()
        except subprocess.TimeoutExpired:
            gate.process.kill()
            gate.wait()
