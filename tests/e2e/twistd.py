"""A real `twistd smppgate` in a process of its own, for tests to connect to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from tests.e2e.ports import free_port
from tests.e2e.wire import PATIENCE, Smsc, Wire, hang_up

ROOT = Path(__file__).parents[2]


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


ACCOUNTS = """
[[esme]]
system_id = "acme"
password = "secret"
address_ranges = ["4477009*"]
[[esme]]
system_id = "bolt"
password = "hidden"
address_ranges = ["4988*"]
"""


def settings(
    port: int,
    smscs: Mapping[str, int],
    gate: str = "",
    esmes: str = ACCOUNTS,
    store: str = "",
    smsc: str = "",
) -> str:
    """A configuration with the accounts acme and bolt, and these SMSCs: name → port.

    An SMSC's name is its tag too. ``gate`` and ``store`` are more lines of these tables, ``smsc``
    is more of each SMSC's. What the gate keeps, it keeps in the folder that it is started in.
    """
    parts = [f'[gate]\nname = "gate1"\n{gate}\n[store]\n{store}\n']
    parts.append(f'[[listen]]\nendpoint = "tcp:{port}:interface=127.0.0.1"\n')
    parts.append(esmes)
    for name, smsc_port in smscs.items():
        parts.append(
            f"""
[[smsc]]
name = "{name}"
tag = "{name}"
endpoint = "tcp:127.0.0.1:{smsc_port}"
system_id = "gate"
password = "pw-of-{name}"
reconnect_min = 0.1
reconnect_max = 0.2
{smsc}
"""
        )
    return "\n".join(parts)


TWISTD = [sys.executable, "-c", "from twisted.scripts.twistd import run; run()"]
"""The `twistd` of this environment."""


def start(folder: Path, config: str, port: int) -> RunningGate:
    """Start `twistd -n smppgate --config FILE`; the caller ends it."""
    (folder / "gate.toml").write_text(config)
    options = ["-n", "--pidfile", str(folder / "twistd.pid"), "--logfile", "-"]
    command = [*TWISTD, *options, "smppgate", "--config", str(folder / "gate.toml")]
    return _launch(folder, command, port)


def _launch(
    folder: Path, command: list[str], port: int, environment: Mapping[str, str] | None = None
) -> RunningGate:
    paths = (str(ROOT), *os.environ.get("PYTHONPATH", "").split(os.pathsep))
    process = subprocess.Popen(
        command,
        # Each gate has a folder of its own: the default state_dir is beneath it.
        cwd=folder,
        env={
            **os.environ,
            **(environment or {}),
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return RunningGate(process, port)


def running(folder: Path, config: str, port: int) -> AbstractContextManager[RunningGate]:
    """`twistd -n smppgate --config FILE`, listening; ended afterwards, whatever happened."""
    return _until_done(start(folder, config, port))


def running_command(
    folder: Path, command: list[str], port: int, environment: Mapping[str, str]
) -> AbstractContextManager[RunningGate]:
    """The same of any command that runs a gate, with more in its environment."""
    return _until_done(_launch(folder, command, port, environment))


@contextmanager
def relaying(folder: Path, *names: str, **more: str) -> Iterator[tuple[RunningGate, list[Wire]]]:
    """A gate bound to one SMSC for each name; gives it and the SMSCs' ends.

    ``more`` goes to `settings`.
    """
    with ExitStack() as stack:
        smscs = {name: stack.enter_context(Smsc()) for name in names}
        port = free_port()
        config = settings(port, {name: smsc.port for name, smsc in smscs.items()}, **more)
        instance = stack.enter_context(running(folder, config, port))
        links = [smsc.link() for smsc in smscs.values()]
        instance.wait_for_log("bound at", len(links))
        yield instance, links


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
