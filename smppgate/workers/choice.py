"""`made`: the gate of a configuration, as one process or several."""

from __future__ import annotations

from typing import Any, TypeAlias

from smppgate.daemon.program import Program
from smppgate.settings import Settings
from smppgate.settings.workers import worker_count
from smppgate.workers.master import Master

Daemon: TypeAlias = Program | Master


def made(settings: Settings, reactor: Any, file: str) -> Daemon:
    """What the process of a gate runs.

    :param file: the name of the configuration, for SIGHUP.
    :raises SettingsError: its hooks cannot be made.
    """
    kind = Master if worker_count(settings.gate.workers) > 1 else Program
    return kind(settings, reactor, file)
