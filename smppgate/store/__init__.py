"""Keeps return paths and queued messages longer than the sessions of the gate live.

A store knows nothing of SMPP: it keeps octets under keys for a time, and queues of octets.

Modules are imported when they are asked for: helper processes need few of them, and no Twisted.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smppgate.store.disk import DiskStore
    from smppgate.store.disk_paths import DiskPaths
    from smppgate.store.disk_queues import DiskQueues
    from smppgate.store.interface import IStore
    from smppgate.store.memory import MemoryStore
    from smppgate.store.records import (
        Durability,
        Enqueued,
        Found,
        Limits,
        NewMessage,
        QueuedMessage,
        StoreError,
        StoreStatistics,
    )
    from smppgate.store.redis.store import RedisStore
    from smppgate.store.segments.home import Home

__all__ = [
    "DiskPaths",
    "DiskQueues",
    "DiskStore",
    "Durability",
    "Enqueued",
    "Found",
    "Home",
    "IStore",
    "Limits",
    "MemoryStore",
    "NewMessage",
    "QueuedMessage",
    "RedisStore",
    "StoreError",
    "StoreStatistics",
]

_MODULES = {
    "DiskPaths": "disk_paths",
    "DiskQueues": "disk_queues",
    "DiskStore": "disk",
    "Home": "segments.home",
    "IStore": "interface",
    "MemoryStore": "memory",
    "RedisStore": "redis.store",
}
"""Where names are that are not in ``records``."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_MODULES.get(name, 'records')}")
    return getattr(module, name)
