"""`Node`: one gate of several, which is killed and started again on its disk."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from benchmarks.admin import Admin
from benchmarks.checkout import HERE
from benchmarks.cluster.part import Part
from benchmarks.cluster.redis_servers import MASTER_NAME
from benchmarks.cluster.smsc import ABSENT, PREFIXES
from benchmarks.esme import HOST, PASSWORD
from benchmarks.process import free_port
from benchmarks.two_nodes import peers_toml

NAMES = ("a", "b", "c")

_TWISTD_OPTIONS = ["--nodaemon", "--pidfile=", "--reactor=epoll"]
_UNHANDLED = re.compile(r"Unhandled|Traceback")


@frozen
class Surroundings:
    """What all nodes have around them.

    :ivar smscs: name → port; ``sentinels``: ports, none where each node has a store of its own.
    """

    smscs: Mapping[str, int]
    sentinels: list[int]


class Node(Part):
    """One of them. Mutable.

    :ivar port: where ESMEs bind; ``peer_port``: where peers do.
    """

    def __init__(self, name: str, folder: Path) -> None:
        super().__init__()
        folder.mkdir()
        self.name = name
        self.port, self.peer_port = free_port(), free_port()
        self._folder = folder
        self._starts = 0

    def configure(self, around: Surroundings, peers: Mapping[str, int]) -> None:
        """Write its file. ``peers`` has where each of the others is reached from here."""
        peers_tables = peers_toml(self.name, {**peers, self.name: self.peer_port})
        self._file.write_text(
            f'[gate]\nname = "{self.name}"\nstop_timeout = 1.0\n'
            f'state_dir = "{self._folder / "state"}"\n'
            f"{_store_toml(around.sentinels)}{peers_tables}"
            f'[[listen]]\nendpoint = "tcp:{self.port}:interface={HOST}"\n{_FROM_HAPROXY}'
            f"{_esmes_toml()}{_smscs_toml(around.smscs)}"
        )

    def start(self) -> None:
        """Begin, with what is on its disk."""
        self._starts += 1
        command = [*HERE.twistd, *_TWISTD_OPTIONS, "smppgate", "--config", str(self._file)]
        log = self._folder / f"output-{self._starts}.log"
        self._start(command, log, HERE.root)

    def lose_disk(self) -> None:
        """All that it keeps is gone."""
        shutil.rmtree(self._folder / "state")

    @property
    def is_ready(self) -> bool:
        """Whether it serves and its links with all peers are up, as it says."""
        try:
            rows = self.admin.api("peers")
        except OSError:
            return False
        return len(rows) == len(NAMES) - 1 and all(row["state"] == "up" for row in rows)

    @property
    def admin(self) -> Admin:
        """Asks it."""
        return Admin(self._folder / "state" / "admin.sock")

    @property
    def has_ended(self) -> str:
        """The last that it said, where it ended by itself; else empty."""
        program = self._program
        return program.said() if program is not None and not program.running else ""

    def unhandled(self) -> int:
        """How many errors that nothing has handled stand in its logs."""
        logs = self._folder.glob("output-*.log")
        return sum(len(_UNHANDLED.findall(each.read_text(errors="replace"))) for each in logs)

    @property
    def _file(self) -> Path:
        return self._folder / "gate.toml"


_FROM_HAPROXY = "max_per_address = 0\nmax_unbound = 0\nbind_rate = 0\n"


def _store_toml(sentinels: list[int]) -> str:
    if not sentinels:
        return ""
    places = ", ".join(f'"{HOST}:{port}"' for port in sentinels)
    return (
        f'[store]\nkind = "redis"\nsentinels = [{places}]\nsentinel_master = "{MASTER_NAME}"\n'
        "wait_replicas = 1\n"
    )


def _esmes_toml() -> str:
    return "".join(
        f'[[esme]]\nsystem_id = "{name}"\npassword = "{PASSWORD}"\nmax_binds = 100\n'
        f'window = 1000\naddress_ranges = ["{prefix}*"]\n' + "queue = true\n" * (name == ABSENT)
        for name, prefix in PREFIXES.items()
    )


def _smscs_toml(smscs: Mapping[str, int]) -> str:
    return "".join(
        f'[[smsc]]\nname = "{name}"\nendpoint = "tcp:{HOST}:{port}"\nsystem_id = "gate"\n'
        'password = "pw"\nwindow = 1000\nreconnect_min = 0.2\nreconnect_max = 1.0\n'
        for name, port in smscs.items()
    )
