"""A real `twistd smppgate` in a process of its own, for tests to connect to."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from tests.e2e.forked import ForkedProcess, forked_twistd
from tests.e2e.ports import free_port
from tests.e2e.program import RunningProgram, launched, surroundings, until_done
from tests.e2e.wire import Smsc, Wire, hang_up


class RunningGate(RunningProgram):
    """The process, its port and its log, read line by line as it comes."""

    def __init__(self, process: subprocess.Popen[str] | ForkedProcess, port: int) -> None:
        super().__init__(process)
        self.port = port

    def stop(self) -> int:
        """Hang up and end it as an operator does; gives its exit code when it has ended."""
        hang_up()
        return super().stop()


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
    pool: str = "",
) -> str:
    """A configuration with the accounts acme and bolt, and these SMSCs: name → port.

    An SMSC's name is its tag too. ``gate`` and ``store`` are more lines of these tables, ``smsc``
    is more of each SMSC's, ``pool`` more of the pool that has all of them. SMSCs have windows of
    100 unless that says otherwise. What the gate keeps, it keeps in the folder that it is started
    in.
    """
    wide = "" if "window = " in smsc else "window = 100"
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
{wide}
{smsc}
"""
        )
    if pool:
        members = ", ".join(f'"{name}"' for name in smscs)
        parts.append(f'[[pool]]\nname = "default"\nmembers = [{members}]\n{pool}\n')
    return "\n".join(parts)


TWISTD = [sys.executable, "-c", "from twisted.scripts.twistd import run; run()"]
"""The `twistd` of this environment."""


def start(folder: Path, config: str, port: int) -> RunningGate:
    """Start `twistd -n smppgate --config FILE`; the caller ends it."""
    (folder / "gate.toml").write_text(config)
    options = ["-n", "--pidfile", str(folder / "twistd.pid"), "--logfile", "-"]
    arguments = [*options, "smppgate", "--config", str(folder / "gate.toml")]
    return RunningGate(forked_twistd(folder, arguments, surroundings({})), port)


def running(folder: Path, config: str, port: int) -> AbstractContextManager[RunningGate]:
    """`twistd -n smppgate --config FILE`, listening; ended afterwards, whatever happened."""
    return _until_done(start(folder, config, port))


def running_command(
    folder: Path, command: list[str], port: int, environment: Mapping[str, str]
) -> AbstractContextManager[RunningGate]:
    """The same of any command that runs a gate, with more in its environment."""
    return _until_done(RunningGate(launched(folder, command, environment), port))


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
    with until_done(gate, "listening on "):
        try:
            yield gate
        finally:
            hang_up()
