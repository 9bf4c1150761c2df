"""What a server says of itself, and whether that will do."""

from __future__ import annotations

import pytest

from smppgate.store.redis.greeting import Unfit, examine
from smppgate.store.redis.ports import Unreached

GOOD = {
    "redis_version": "7.2.4",
    "role": "master",
    "loading": "0",
    "maxmemory": "1000",
    "maxmemory_policy": "noeviction",
}


@pytest.mark.parametrize("other", [{}, {"maxmemory": "0", "maxmemory_policy": "allkeys-lru"}])
def test_a_good_one(other: dict[str, str]) -> None:
    examine(GOOD | other)


@pytest.mark.parametrize(
    ("other", "error", "reason"),
    [
        ({"redis_version": "6.2.14"}, Unfit, "Redis 6.2.14 is too old: 7.0 is needed"),
        ({"role": "slave"}, Unreached, "a replica at present"),
        ({"loading": "1"}, Unreached, "reading its file"),
        ({"maxmemory_policy": "volatile-ttl"}, Unfit, "set maxmemory-policy noeviction"),
        # One that cannot be used at present may be another one soon.
        ({"role": "slave", "maxmemory_policy": "volatile-ttl"}, Unreached, "a replica"),
    ],
)
def test_others(other: dict[str, str], error: type[Exception], reason: str) -> None:
    with pytest.raises(error, match=reason):
        examine(GOOD | other)
