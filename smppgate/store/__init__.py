"""Keeps return paths and queued messages longer than the sessions of the gate live.

A store knows nothing of SMPP: it keeps octets under keys for a time, and queues of octets.
"""

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
from smppgate.store.sqlite.store import SqliteStore

__all__ = [
    "Durability",
    "Enqueued",
    "Found",
    "IStore",
    "Limits",
    "MemoryStore",
    "NewMessage",
    "QueuedMessage",
    "SqliteStore",
    "StoreError",
    "StoreStatistics",
]
