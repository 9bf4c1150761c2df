"""Which store the settings describe."""

from __future__ import annotations

import subprocess
import sys
from random import Random
from typing import Any

import pytest
from zope.interface.verify import verifyObject

from smppgate.gate.stores import make_store
from smppgate.settings import Settings, parse
from smppgate.store import DiskStore, IStore, MemoryStore, RedisStore
from tests.settings import documents
from tests.store.fakes import ThreadedClock

SECRET = "never-to-be-shown"
CHANCE = Random(1)


def settings(name: str = "", **store: Any) -> Settings:
    document = documents.minimal() | {"store": store}
    if name:
        endpoint = "tcp:2790:interface=127.0.0.1"
        document["peers"] = {"name": name, "endpoint": endpoint, "secret": SECRET}
    return parse(documents.toml(document))


@pytest.mark.parametrize(
    ("store", "kind"),
    [
        ({}, DiskStore),
        ({"kind": "sqlite"}, DiskStore),
        ({"kind": "memory"}, MemoryStore),
        ({"kind": "redis", "url": "redis://cache"}, RedisStore),
        ({"kind": "redis", "url": ["redis://a", "redis://b"]}, RedisStore),
        ({"kind": "redis", "sentinels": ["a:1"], "sentinel_master": "m"}, RedisStore),
    ],
)
def test_each_kind_has_its_store(store: dict[str, Any], kind: type) -> None:
    """It is not open yet: nothing is connected to, and no file is made."""
    made = make_store(settings(**store), ThreadedClock(), CHANCE)
    assert type(made) is kind
    assert verifyObject(IStore, made)


def test_a_gate_loads_what_speaks_with_redis_only_where_it_is_used() -> None:
    """Each of its processes would have to wait for it."""
    look = (
        "import sys; import smppgate.daemon.program, smppgate.workers.orders\n"
        "print([name for name in sys.modules if name.startswith('smppgate.store.redis')])"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
