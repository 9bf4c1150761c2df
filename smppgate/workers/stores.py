"""The stores of the settings, where several processes share them."""

from __future__ import annotations

from pathlib import Path

from twisted.internet.interfaces import IReactorTime

from smppgate.gate.stores import store_limits
from smppgate.settings import Settings
from smppgate.store import DiskPaths, DiskQueues, Durability, Home, MemoryStore
from smppgate.workers.shared_store import SharedStore
from smppgate.workers.store_server import StoreServer


def make_store_server(settings: Settings, reactor: IReactorTime) -> StoreServer:
    """What the master serves, not open yet.

    :param settings: as they are in the file.
    :param reactor: with threads, unless the store is in memory.
    """
    store, limits = settings.store, store_limits(settings)
    if store.kind == "memory":
        return StoreServer(MemoryStore(reactor, limits))
    durability = Durability(store.durability)
    queues = DiskQueues(reactor, settings.gate.state_dir, limits.return_path_ttl, durability)
    return StoreServer(queues)


def make_shared_store(settings: Settings, reactor: IReactorTime) -> SharedStore:
    """The store of one worker, not open yet: it is one of the responders of its `Control`.

    :param settings: of this worker: its own state directory, and the other workers as its peers.
    :param reactor: with threads, unless the store is in memory.
    """
    store, limits = settings.store, store_limits(settings)
    if store.kind == "memory":
        return SharedStore(MemoryStore(reactor, limits))
    durability = Durability(store.durability)
    return SharedStore(DiskPaths(reactor, home_of(settings), limits, durability))


def home_of(settings: Settings) -> Home:
    """Where a worker with these settings has its return paths, and the others theirs."""
    root = Path(settings.gate.state_dir).absolute().parent
    return Home(root, int(settings.peers.name), len(settings.peer) + 1)
