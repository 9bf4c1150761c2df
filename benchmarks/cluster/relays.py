"""HAProxy in TCP mode, before all nodes and between two of them: what is between can be frozen."""

from __future__ import annotations

import signal
from pathlib import Path

from benchmarks.esme import HOST
from benchmarks.haproxy import installed
from benchmarks.process import Program, ProgramError, free_port, started

_HEAD = """\
global
    nbthread 1
    maxconn 2000
defaults
    mode tcp
    retries 2
    option redispatch 1
    timeout connect 1s
    timeout client 1h
    timeout server 1h
    default-server inter 500ms fall 1 rise 1 on-marked-down shutdown-sessions
"""


class Relay:
    """One process of HAProxy with any number of ports. Mutable.

    :param ways: ports that are reached by each of its own, which a connection is given in turn.
    :ivar ports: its own, for each of ``ways``.
    """

    def __init__(self, folder: Path, name: str, ways: list[list[int]], checked: bool) -> None:
        self.ports = [free_port() for _ in ways]
        self._file = folder / f"{name}.cfg"
        check = " check" if checked else ""
        listens = [
            f"listen l{port}\n    bind {HOST}:{port}\n    balance leastconn\n"
            + "".join(f"    server s{each} {HOST}:{each}{check}\n" for each in way)
            for port, way in zip(self.ports, ways, strict=True)
        ]
        self._file.write_text(_HEAD + "".join(listens))
        self._program: Program | None = None

    def start(self) -> None:
        """Begin; raises ProgramError where HAProxy is not installed."""
        program = installed()
        if program is None:
            raise ProgramError("haproxy is not installed: `apt-get install haproxy` on Debian")
        log = self._file.with_suffix(".log")
        self._program = started([program, "-db", "-f", str(self._file)], log, log.parent)

    def freeze(self) -> None:
        """Nothing passes until it is thawed, and no connection ends: as a network that is cut."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once."""
        if self._program is not None:
            self._program.kill()

    def _signal(self, number: signal.Signals) -> None:
        if self._program is not None:
            self._program.send_signal(number)
