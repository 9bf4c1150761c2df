"""Redis with a replica and three Sentinels, on loopback; processes that end when told."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from benchmarks.cluster.part import Part
from benchmarks.esme import HOST
from benchmarks.process import Program, ProgramError, free_port, started

MASTER_NAME = "smppgate"
_SENTINELS, _QUORUM = 3, 2
_DOWN_AFTER = 5000
"""Milliseconds without an answer after which a master is dead: more than the two seconds that one
is frozen for."""

_ASK_SECONDS = 2.0

_OPTIONS = {
    "bind": HOST,
    "save": '""',
    "appendonly": "yes",
    "maxmemory": "512mb",
    "maxmemory-policy": "noeviction",
    "repl-diskless-sync-delay": "0",
}


def installed() -> bool:
    """Whether there are redis-server and redis-cli."""
    return bool(shutil.which("redis-server") and shutil.which("redis-cli"))


class RedisServer(Part):
    """One redis-server, and what it has on its disk. Mutable.

    :ivar port: where it listens.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        folder.mkdir()
        self.port = free_port()
        self._folder = folder

    def start(self, master: int | None = None) -> None:
        """Begin, as a replica of the one at this port if there is one."""
        options = {**_OPTIONS, "port": str(self.port), "dir": str(self._folder)}
        if master is not None:
            options["replicaof"] = f"{HOST} {master}"
        file = self._folder / "redis.conf"
        file.write_text("".join(f"{name} {value}\n" for name, value in options.items()))
        command = ["redis-server", str(file)]
        self._start(command, self._folder / "output.log", self._folder)

    @property
    def is_up(self) -> bool:
        """Whether it answers."""
        return _ask(self.port, "PING") == ["PONG"]

    @property
    def has_replica(self) -> bool:
        """Whether a replica has all that it has."""
        return any("state=online" in line for line in _ask(self.port, "INFO", "replication"))


class RedisServers:
    """A master, a replica of it, and the Sentinels that look after both. Mutable.

    :ivar sentinel_ports: where these listen.
    """

    def __init__(self, folder: Path) -> None:
        self.servers = [RedisServer(folder / f"redis-{number}") for number in range(2)]
        self.sentinel_ports: list[int] = []
        self._folder = folder
        self._sentinels: list[Program] = []

    def start(self) -> None:
        """Begin with the first as the master; Sentinels come when it is there, see `watch`."""
        first, second = self.servers
        first.start()
        second.start(first.port)

    def watch(self) -> None:
        """Start the Sentinels."""
        for number in range(_SENTINELS):
            port = free_port()
            self.sentinel_ports.append(port)
            self._sentinels.append(self._sentinel(number, port))

    @property
    def is_watched(self) -> bool:
        """Whether each Sentinel knows the others, and the replica."""
        return all(
            _known(port, "num-slaves") >= 1
            and _known(port, "num-other-sentinels") == _SENTINELS - 1
            for port in self.sentinel_ports
        )

    @property
    def master(self) -> RedisServer:
        """The master, as Sentinels say; raises ProgramError."""
        said = _ask(self.sentinel_ports[0], "SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER_NAME)
        for server in self.servers:
            if said[1:] == [str(server.port)]:
                return server
        raise ProgramError(f"Sentinels say that the master is {said}")

    @property
    def is_whole(self) -> bool:
        """Whether the master is up, with a replica."""
        master = self.master
        return master.is_up and master.has_replica

    def start_again(self, server: RedisServer) -> None:
        """Start one that was killed; the Sentinels make it a replica where it is no master."""
        master = self.master
        server.start(None if master is server else master.port)

    def kill(self) -> None:
        """End all."""
        for program in self._sentinels:
            program.kill()
        for server in self.servers:
            server.kill()

    def _sentinel(self, number: int, port: int) -> Program:
        file = self._folder / f"sentinel-{number}.conf"
        file.write_text(
            f"bind {HOST}\nport {port}\ndir {self._folder}\n"
            f"sentinel monitor {MASTER_NAME} {HOST} {self.servers[0].port} {_QUORUM}\n"
            f"sentinel down-after-milliseconds {MASTER_NAME} {_DOWN_AFTER}\n"
            f"sentinel failover-timeout {MASTER_NAME} 10000\n"
        )
        command = ["redis-server", str(file), "--sentinel"]
        return started(command, file.with_suffix(".log"), self._folder)


def _known(port: int, field: str) -> int:
    words = _ask(port, "SENTINEL", "MASTER", MASTER_NAME)
    known = dict(zip(words[::2], words[1::2], strict=False))
    return int(known.get(field, 0))


def _ask(port: int, *words: str) -> list[str]:
    """The lines of an answer; none where there is no answer."""
    command = ["redis-cli", "-h", HOST, "-p", str(port), *words]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_ASK_SECONDS
        )
    except subprocess.TimeoutExpired:
        return []
    return done.stdout.splitlines()
