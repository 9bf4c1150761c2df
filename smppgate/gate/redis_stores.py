"""The store of the settings where it is in Redis."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from functools import partial
from random import Random

from twisted.internet.interfaces import IReactorTime

from smppgate.settings import Settings, StoreSettings
from smppgate.settings.redis_places import RedisUrl, place_of
from smppgate.store import Durability, Limits, RedisStore
from smppgate.store.redis.access import Access, Address
from smppgate.store.redis.connection import endpoints
from smppgate.store.redis.faults import RedisFaults
from smppgate.store.redis.sentinel import Fixed, Sentinels
from smppgate.store.redis.server import LONGEST, SHORTEST, RedisServer, Way
from smppgate.txsmpp.backoff import Backoff
from smppgate.txsmpp.clock import Clock

LEAVING = 0.1
"""Seconds that an answer takes at the most to leave when its return path is kept."""


def make_redis_store(
    settings: Settings, reactor: IReactorTime, limits: Limits, entropy: Random
) -> RedisStore:
    """The store, not open yet.

    :param reactor: with threads.
    :param limits: how much is kept.
    :param entropy: for what differs from run to run.
    """
    store, folder = settings.store, settings.gate.state_dir
    faults = RedisFaults(folder)
    made = partial(RedisServer, clock=Clock.of(reactor), trouble=faults)
    servers = [
        made(name, way, backoff=Backoff(SHORTEST, LONGEST, entropy.random))
        for name, way in ways(store, reactor)
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


def ways(store: StoreSettings, reactor: IReactorTime) -> Iterator[tuple[str, Way]]:
    """What each server is called, and how it is reached."""
    if store.sentinels:
        addresses = [Address(*place_of(text)) for text in store.sentinels]
        connect = endpoints(reactor)
        access = Access(password=store.password)
        clock = Clock.of(reactor)
        source = Sentinels(addresses, store.sentinel_master, clock, connect, access)
        yield (
            f"Redis master {store.sentinel_master}",
            Way(source, connect, access, store.patience, store.replicas),
        )
    for url in store.url:
        connect = endpoints(reactor, url.is_tls)
        access = _access(url, store.password)
        way = Way(Fixed(_address(url)), connect, access, store.patience, store.replicas)
        yield f"Redis at {_address(url)}", way


def _address(url: RedisUrl) -> Address:
    return Address(url.host, url.port)


def _access(url: RedisUrl, password: str) -> Access:
    return Access(url.username, url.password or password, url.database)
