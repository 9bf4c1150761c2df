"""Each server that fails is told of once, and once when it works again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from twisted.logger import formatEvent
from twisted.python.failure import Failure

from smppgate.notices.redis import (
    REDIS_LACKS_REPLICAS,
    REDIS_REFUSES,
    REDIS_UNFIT,
    REDIS_UNREACHED,
)
from smppgate.notices.store import STORE_FAILS
from smppgate.store.redis.faults import RedisFaults
from smppgate.store.redis.greeting import Unfit
from smppgate.store.redis.pipe import LACKING, LATE
from smppgate.store.redis.ports import Refused, Unreached
from smppgate.txsmpp.notice import Notice
from tests.store.fakes import logged


@contextmanager
def told() -> Iterator[list[str]]:
    """The lines that are logged meanwhile."""
    lines: list[str] = []
    with logged() as events:
        yield lines
    lines += [formatEvent(event) for event in events]


def failed(faults: RedisFaults, part: str, error: Exception) -> list[str]:
    with told() as lines:
        faults.failed(part, Failure(error))
    return lines


@pytest.mark.parametrize(
    ("error", "notice"),
    [
        (Unreached(LATE), REDIS_UNREACHED),
        (Unreached(LACKING), REDIS_LACKS_REPLICAS),
        (Unfit("its maxmemory-policy is allkeys-lru"), REDIS_UNFIT),
        (Refused("OOM"), REDIS_REFUSES),
        (OSError("disk full"), STORE_FAILS),
    ],
)
def test_what_fails_has_a_code(error: Exception, notice: Notice) -> None:
    (line,) = failed(RedisFaults("state"), "Redis at a:1", error)
    assert line.startswith(notice.code)
    assert "Redis at a:1" in line
    assert str(error) in line or notice is REDIS_LACKS_REPLICAS


def test_it_is_told_once() -> None:
    """And again where something else is to be done about it."""
    faults = RedisFaults("state")
    assert failed(faults, "Redis", Unreached(LATE))
    assert not failed(faults, "Redis", Unreached("Connection refused."))
    assert str(faults) == "Redis: Connection refused"
    assert failed(faults, "Redis", Unfit("too old"))
    assert failed(faults, "other", Unreached(LATE))
    assert str(faults) == f"Redis: too old; other: {LATE}"
    assert faults.failures == 4


def test_it_works_again() -> None:
    faults = RedisFaults("state")
    with told() as lines:
        faults.worked("Redis")
        faults.failed("Redis", Failure(Unreached(LATE)))
        faults.worked("Redis")
        faults.worked("Redis")
    assert lines[1:] == ["Redis works again"]
    assert str(faults) == ""


def test_the_disk_beside_it() -> None:
    """Is told of as that of any store, whatever Redis does."""
    faults = RedisFaults("state")
    failed(faults, "Redis", Unreached(LATE))
    (line,) = failed(faults, "writing in redis-1", OSError("full"))
    assert line.startswith("SG-4002")
    assert "Redis" in faults
    assert "writing in redis-1" in faults
    with told() as lines:
        faults.worked("Redis")
        faults.worked("writing in redis-1")
    assert lines == ["Redis works again", "The store in state works again"]
