"""What is said of a store in Redis by ``smppgate check``."""

from __future__ import annotations

from collections.abc import Iterator

from smppgate.settings.model import Settings
from smppgate.settings.places import is_loopback
from smppgate.settings.redis_places import place_of
from smppgate.settings.store_relations import PASSWORDS, SENTINEL_PASSWORDS
from smppgate.settings.store_side import StoreSettings

_ONLY = (
    "url",
    "sentinels",
    "sentinel_master",
    "username",
    *PASSWORDS,
    "sentinel_username",
    *SENTINEL_PASSWORDS,
    "wait_replicas",
    "tls",
)
"""Settings that only a store in Redis has a use for, and that mean something else if left out."""

_OF_SENTINELS = ("sentinel_master", "sentinel_username", *SENTINEL_PASSWORDS)


def store_warnings(settings: Settings) -> Iterator[str]:
    """What is of no use, what others can read on the way, and what a failover loses."""
    store = settings.store
    if not store.is_redis:
        for key in _ONLY:
            if getattr(store, key) not in ((), "", None):
                yield f'store.{key}: is not used, the store is of kind "{store.kind}"'
        return
    if not settings.peers.name:
        yield (
            "peers.name: is missing; other nodes that use this Redis do not know the sessions and "
            "links of this one: see [peers]"
        )
    yield from _ways(store)
    if store.sentinels and not store.replicas:
        yield (
            "store.wait_replicas: is 0; what the master alone had is lost when sentinels put "
            "another in its place, though its messages were answered"
        )
    if store.durability == "none":
        yield (
            'store.durability: is "none"; no answer waits for Redis, and what it has not taken is '
            "lost with this node"
        )


def _ways(store: StoreSettings) -> Iterator[str]:
    for key in _OF_SENTINELS if not store.sentinels else ():
        if getattr(store, key):
            yield f"store.{key}: is not used, there are no sentinels"
    if store.tls is not None and not (store.sentinels or any(url.is_tls for url in store.url)):
        yield "store.tls: is not used, no url begins with rediss://"
    for index, url in enumerate(store.url):
        if (url.password or store.password) and not (url.is_tls or is_loopback(url.host)):
            path = "store.url" if len(store.url) == 1 else f"store.url[{index}]"
            yield f"{path}: the password can be read on the way: use rediss://"
    if store.tls is None and (store.password or store.sentinel_password):
        hosts = [place_of(text)[0] for text in store.sentinels]
        if not all(map(is_loopback, hosts)):
            yield "store.sentinels: passwords can be read on the way: there is no [store.tls]"
