"""The store of the settings."""

from __future__ import annotations

from random import Random

from twisted.internet.interfaces import IReactorTime

from smppgate.gate.sessions.tls import ClientTls
from smppgate.settings import Settings, StoreTlsSettings
from smppgate.store import DiskStore, Durability, IStore, Limits, MemoryStore


def make_store(
    settings: Settings, reactor: IReactorTime, entropy: Random, tls: ClientTls | None = None
) -> IStore:
    """The store, not open yet.

    :param reactor: for a store on disk, or in Redis, it must have threads.
    :param entropy: for what differs from run to run.
    :param tls: makes connections with TLS to Redis; by default one of `store_tls`.
    """
    store, limits = settings.store, store_limits(settings)
    if store.kind == "memory":
        return MemoryStore(reactor, limits)
    if store.is_redis:
        # Some thirty modules, and scripts: a gate that does not use them starts without.
        from smppgate.gate.redis_stores import make_redis_store  # noqa: PLC0415

        return make_redis_store(settings, reactor, limits, entropy, tls or store_tls(settings))
    return DiskStore(reactor, settings.gate.state_dir, limits, Durability(store.durability))


def store_tls(settings: Settings) -> ClientTls:
    """Makes connections with TLS to Redis, of the files that `[store.tls]` names."""
    return ClientTls("Redis", settings.store.tls or StoreTlsSettings())


def store_limits(settings: Settings) -> Limits:
    """How much all processes of the gate keep together."""
    store = settings.store
    return Limits(
        store.return_paths,
        store.return_paths_in_memory,
        store.return_path_ttl,
        store.return_paths_disk,
    )
