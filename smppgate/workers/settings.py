"""The settings of one worker, made of those of the file."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.internet.endpoints import quoteStringArgument

from smppgate.settings import PeerSettings, PeersSettings, Settings
from smppgate.settings.log_side import JOURNAL
from smppgate.settings.tables import with_values
from smppgate.store import Home
from smppgate.workers.common import Common

LEAST_DISK = 16 << 20
"""Octets on disk that a worker has for return paths at the least, as `[store]` says."""

SOCKETS_END = ".sock"


def worker_settings(common: Common, number: int) -> Settings:
    """The settings of worker ``number``, counted from 1.

    It is a gate of one process whose peers are the other workers, with a folder, and files of
    messages, of its own. What limits memory and disk is shared out evenly.
    """
    settings, workers = common.settings, common.workers
    others = (each for each in range(1, workers + 1) if each != number)
    return with_values(
        settings,
        {
            "gate": _gate(settings, workers, number),
            "store": _store(settings, workers),
            "admin": with_values(settings.admin, {"endpoint": ()}),
            "log": with_values(settings.log, {"messages": _own(settings.log.messages, number)}),
            "cdr": with_values(settings.cdr, {"path": _own(settings.cdr.path, number)}),
            "peers": PeersSettings(
                name=str(number),
                endpoint=f"unix:address={_quoted(common, number)}:mode=600:lockfile=0",
                secret=common.secret,
            ),
            "peer": tuple(
                PeerSettings(str(each), f"unix:path={_quoted(common, each)}") for each in others
            ),
        },
    )


def socket_of(common: Common, number: int) -> str:
    """The path of the UNIX socket at which the other workers bind at worker ``number``.

    Each run of the master has its own: a worker whose master was killed may still be there.
    """
    name = f"worker-{number}-{common.run}{SOCKETS_END}"
    return os.path.join(common.settings.gate.state_dir, name)


def former_sockets(common: Common) -> list[Path]:
    """Those that other runs of the master have left."""
    found = Path(common.settings.gate.state_dir).glob(f"worker-*{SOCKETS_END}")
    return [path for path in found if not path.stem.endswith(f"-{common.run}")]


def _quoted(common: Common, number: int) -> str:
    quoted: str = quoteStringArgument(socket_of(common, number))
    return quoted


def _gate(settings: Settings, workers: int, number: int) -> object:
    gate = settings.gate
    values = {
        "workers": 1,
        "reuse_port": False,
        "state_dir": str(Home(Path(gate.state_dir), number, workers).own),
        "hold_octets": _share(gate.hold_octets, workers),
    }
    return with_values(gate, values)


def _store(settings: Settings, workers: int) -> object:
    store = settings.store
    values = {
        "return_paths": _share(store.return_paths, workers),
        "return_paths_in_memory": _share(store.return_paths_in_memory, workers),
        "return_paths_disk": max(LEAST_DISK, store.return_paths_disk // workers),
    }
    return with_values(store, values)


def _share(amount: int, workers: int) -> int:
    """An even share, rounded up; of none it is none."""
    return -(-amount // workers)


def _own(path: str, number: int) -> str:
    """A file beside that of the settings: ``m.worker-2.log`` for ``m.log``."""
    if not path or path == JOURNAL:
        return path
    whole = Path(path)
    return str(whole.with_name(f"{whole.stem}.worker-{number}{whole.suffix}"))
