"""The stores of the settings, where several processes share them."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

from smppgate.gate.build import store_limits
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


def make_shared_store(settings: Settings, home: Home, reactor: IReactorTime) -> SharedStore:
    """The store of one worker, not open yet: it is one of the responders of its `Control`.

    :param settings: of all workers together.
    :param home: which worker this is.
    :param reactor: with threads, unless the store is in memory.
    """
    store, limits = settings.store, store_limits(settings).part(home.count)
    if store.kind == "memory":
        return SharedStore(MemoryStore(reactor, limits))
    return SharedStore(DiskPaths(reactor, home, limits, Durability(store.durability)))
