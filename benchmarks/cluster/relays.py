"""HAProxy in TCP mode, before all nodes and between two of them: what is between can be frozen."""

from __future__ import annotations

from pathlib import Path

from benchmarks.cluster.part import Part
from benchmarks.esme import HOST
from benchmarks.haproxy import installed
from benchmarks.process import ProgramError, free_port

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


class Relay(Part):
    """One process of HAProxy with any number of ports; a cut network where it is frozen. Mutable.

    :param ways: ports that are reached by each of its own, which a connection is given in turn.
    :ivar ports: its own, for each of ``ways``.
    """

    def __init__(self, folder: Path, name: str, ways: list[list[int]], checked: bool) -> None:
        super().__init__()
        self.ports = [free_port() for _ in ways]
        self._file = folder / f"{name}.cfg"
        check = " check" if checked else ""
        listens = [
            f"listen l{port}\n    bind {HOST}:{port}\n    balance leastconn\n"
            + "".join(f"    server s{each} {HOST}:{each}{check}\n" for each in way)
            for port, way in zip(self.ports, ways, strict=True)
        ]
        self._file.write_text(_HEAD + "".join(listens))

    def start(self) -> None:
        """Begin; raises ProgramError where HAProxy is not installed."""
        program = installed()
        if program is None:
            raise ProgramError("haproxy is not installed: `apt-get install haproxy` on Debian")
        log = self._file.with_suffix(".log")
        self._start([program, "-db", "-f", str(self._file)], log, log.parent)
