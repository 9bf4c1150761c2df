"""The store of the settings where it is in Redis."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from functools import partial
from random import Random

from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint

from smppgate.gate.sessions.tls import ClientTls, ClientTlsEndpoint
from smppgate.settings import Settings, StoreSettings
from smppgate.settings.redis_places import RedisUrl, place_of
from smppgate.store import Durability, Limits, RedisStore
from smppgate.store.redis.access import Access, Address
from smppgate.store.redis.connection import Endpoints, endpoints
from smppgate.store.redis.faults import RedisFaults
from smppgate.store.redis.sentinel import Fixed, Sentinels
from smppgate.store.redis.server import LONGEST, SHORTEST, RedisServer, Way
from smppgate.txsmpp.backoff import Backoff
from smppgate.txsmpp.clock import Clock

LEAVING = 0.1
"""Seconds that an answer takes at the most to leave when its return path is kept."""


def make_redis_store(
    settings: Settings, reactor: IReactorTime, limits: Limits, entropy: Random, tls: ClientTls
) -> RedisStore:
    """The store, not open yet.

    :param reactor: with threads.
    :param limits: how much is kept.
    :param entropy: for what differs from run to run.
    :param tls: makes the connections that have TLS.
    """
    store, folder = settings.store, settings.gate.state_dir
    faults = RedisFaults(folder)
    made = partial(RedisServer, clock=Clock.of(reactor), trouble=faults)
    servers = [
        made(name, way, backoff=Backoff(SHORTEST, LONGEST, entropy.random))
        for name, way in ways(store, reactor, tls)
    ]
    return RedisStore(
        reactor,
        folder,
        servers,
        store.prefix,
        node_name(settings, entropy),
        limits,
        Durability(store.durability),
        faults,
        answered=store.patience + LEAVING,
    )


def node_name(settings: Settings, entropy: Random) -> bytes:
    """The name of this run of this node in Redis. The run before had another end of it.

    So what a run had goes with it, however soon the next one starts.
    """
    name = settings.peers.name or socket.gethostname()
    return f"{name}-{entropy.randbytes(4).hex()}".encode()


def ways(store: StoreSettings, reactor: IReactorTime, tls: ClientTls) -> Iterator[tuple[str, Way]]:
    """What each server is called, and how it is reached."""
    plain, encrypted = endpoints(reactor), tls_endpoints(reactor, tls)
    if store.sentinels:
        connect = plain if store.tls is None else encrypted
        source = _sentinels(store, reactor, tls)
        access = Access(store.username, store.password)
        yield (
            f"Redis master {store.sentinel_master}",
            Way(source, connect, access, store.patience, store.replicas),
        )
    for url in store.url:
        connect, address = encrypted if url.is_tls else plain, Address(url.host, url.port)
        way = Way(Fixed(address), connect, _access(url, store), store.patience, store.replicas)
        yield f"Redis at {address}", way


def tls_endpoints(reactor: IReactorTime, tls: ClientTls) -> Endpoints:
    """Connections of TCP with TLS."""
    plain = endpoints(reactor)

    def endpoint(address: Address) -> IStreamClientEndpoint:
        return ClientTlsEndpoint(reactor, plain(address), address.host, tls)

    return endpoint


def _sentinels(store: StoreSettings, reactor: IReactorTime, tls: ClientTls) -> Sentinels:
    own, reserve = Access(store.sentinel_username, store.sentinel_password), Access()
    if not own.password:
        own, reserve = Access(), Access(store.sentinel_username, store.password)
    is_plain = store.tls is None or not store.tls.sentinels
    return Sentinels(
        [Address(*place_of(text)) for text in store.sentinels],
        store.sentinel_master,
        Clock.of(reactor),
        endpoints(reactor) if is_plain else tls_endpoints(reactor, tls),
        own,
        reserve,
    )


def _access(url: RedisUrl, store: StoreSettings) -> Access:
    user, password = url.username or store.username, url.password or store.password
    return Access(user, password, url.database)
