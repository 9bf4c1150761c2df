"""What is said of a store in Redis by ``smppgate check``."""

from __future__ import annotations

from collections.abc import Iterator

from smppgate.settings.model import Settings
from smppgate.settings.places import is_loopback
from smppgate.settings.store_side import StoreSettings

_ONLY = ("url", "sentinels", "sentinel_master", "password_file", "wait_replicas")
"""Settings that only a store in Redis has a use for, and that mean something else if left out."""


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
    for index, url in enumerate(store.url):
        if url.password and not (url.is_tls or is_loopback(url.host)):
            path = "store.url" if len(store.url) == 1 else f"store.url[{index}]"
            yield f"{path}: the password can be read on the way: use rediss://"
