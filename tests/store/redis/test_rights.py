"""The rights that `docs/redis.md` gives to a user of Redis are all that the store needs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from smppgate.store.records import Enqueued, Limits, NewMessage
from smppgate.store.redis.access import Access, Address
from smppgate.store.redis.connection import endpoints
from smppgate.store.redis.faults import RedisFaults
from smppgate.store.redis.sentinel import Fixed
from smppgate.store.redis.server import RedisServer, Way
from smppgate.store.redis.store import RedisStore
from smppgate.txsmpp.backoff import Backoff
from tests.store.fakes import Watcher, inline_workers
from tests.store.redis.real import RealRedis
from tests.store.redis.secured import OF_SERVERS, rule_for
from tests.store.redis.turning import Turning, turning


def _store(it: Turning, redis: RealRedis, directory: Path) -> RedisStore:
    faults = RedisFaults("Redis")
    source, access = Fixed(Address(*redis.address)), Access("gate", OF_SERVERS)
    way = Way(source, endpoints(it.reactor), access)
    backoff = Backoff(0.05, 1.0, lambda: 0.5)
    server = RedisServer("Redis", way, it.reactor, backoff, faults)
    limits, workers = Limits(), inline_workers()
    return RedisStore(
        it.reactor, directory, [server], "smppgate:", b"n", limits, faults=faults, workers=workers
    )


def _counts(it: Turning, store: RedisStore) -> None:
    assert it.wait(store.admit(b"acme", 1))
    assert not it.wait(store.admit(b"acme", 1))
    assert it.wait(store.take_slot("alpha", 1))
    store.leave(b"acme")
    parts: list[Any] = []
    store.tell_leased(parts.append)
    store.lease({"alpha": 10_000})
    it.until(lambda: parts)
    assert it.wait(store.reserve_numbers(3)) < it.wait(store.reserve_numbers(1))


def _queues(it: Turning, store: RedisStore) -> None:
    watcher, expired = Watcher(), list[bytes]()
    store.tell_expired(lambda account, message: expired.append(message.pdu))
    store.watch(b"acme", watcher)
    now = time.time()
    messages = [NewMessage(b"acme", b"one", now + 60), NewMessage(b"acme", b"two", now + 0.2)]
    assert it.wait(store.enqueue(messages)) == [Enqueued.STORED] * 2
    store.claim(b"acme", 1)
    it.until(lambda: any(news.startswith("granted") for news in watcher.heard))
    (first, *_) = it.wait(store.queued(b"acme", 0, 10))
    it.until(lambda: expired == [b"two"])
    assert it.wait(store.queue_sizes()) == {b"acme": 1}
    ends = it.wait(store.queue_ends())
    assert list(ends) == [b"acme"]
    it.wait(store.remove(b"acme", [first.number]))
    store.release(b"acme")


def _paths(it: Turning, redis: RealRedis, store: RedisStore) -> None:
    it.wait(store.keep({b"k": b"1"}))
    assert it.wait(store.find([b"k", b"unknown"])).paths == {b"k": b"1"}
    redis.freeze()
    it.wait(store.keep({b"waits": b"2"}))
    assert store.statistics().unconfirmed == 1
    store.end([b"k"], 3.0)
    redis.thaw()
    it.until(lambda: redis.call("GET", "smppgate:p:waits") is not None)
    it.until(lambda: redis.call("PTTL", "smppgate:p:k") <= 3000)


def test_all_that_is_done_in_redis(tmp_path: Path) -> None:
    with RealRedis() as redis, turning() as it:
        redis.call(*rule_for(OF_SERVERS))
        store = _store(it, redis, tmp_path)
        it.wait(store.open())
        _counts(it, store)
        _queues(it, store)
        assert store.statistics().failures == 0
        _paths(it, redis, store)
        it.until(lambda: not store.statistics().fault)
        it.wait(store.close())
        assert redis.call("KEYS", "smppgate:n:*") == []
