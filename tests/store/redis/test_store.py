"""The life of a `RedisStore`, and what it tells; its parts are tested by themselves."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import formatEvent
from twisted.python.failure import Failure

from smppgate.store.records import Limits, StoreError
from smppgate.store.redis.faults import RedisFaults
from smppgate.store.redis.greeting import Unfit
from smppgate.store.redis.ports import Unreached
from smppgate.store.redis.store import TOLD_EVERY, RedisStore
from smppgate.store.segments.indexing import HereJobs
from smppgate.store.segments.setting import Setting
from smppgate.store.segments.sizes import Sizes
from tests.store.fakes import clock_at, inline_workers, logged, result_of
from tests.store.redis.model import ModelRedis, ModelServer
from tests.store.segments.model_disk import ModelFolder


class Way(ModelServer):
    """A way to a server that is found when the test says so.

    :ivar opening: what `open` gives.
    """

    def __init__(self, redis: ModelRedis, clock: object, name: str = "Redis at a:1") -> None:
        super().__init__(redis, clock)  # type: ignore[arg-type]
        self.name = name
        self.opening: Deferred[None] = succeed(None)
        self.is_closed = False

    def open(self) -> Deferred[None]:
        return self.opening

    def close(self) -> Deferred[None]:
        self.is_closed = True
        return super().close()


class Box:
    """A store of one node with two servers."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clock = clock_at(1e9)
        self.redis = [ModelRedis(self.clock.seconds) for _ in range(2)]
        self.ways = [
            Way(redis, self.clock, f"Redis at {name}")
            for redis, name in zip(self.redis, ("a:1", "b:2"), strict=True)
        ]
        self.faults = RedisFaults(str(directory))
        self.store = self.made(self.ways)

    def made(self, ways: list[Way]) -> RedisStore:
        return RedisStore(
            self.clock,
            self.directory,
            ways,
            "t:",
            b"node",
            Limits(return_path_ttl=100.0),
            faults=self.faults,
            workers=inline_workers(),
            settings=lambda _: Setting(
                folder := ModelFolder(), HereJobs(folder), Sizes(600, 4, 12, 1 << 20)
            ),
        )

    def pass_by(self, seconds: float) -> None:
        self.clock.pump([0.01] * round(100 * seconds))

    def open(self) -> None:
        opening = self.store.open()
        self.pass_by(0.1)
        result_of(opening)

    def close(self) -> None:
        closing = self.store.close()
        self.pass_by(2.0)
        result_of(closing)


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path / "state")


def test_it_is_one_process_at_a_time(box: Box) -> None:
    """The folder is claimed, as that of any store is; nothing of Redis is asked then."""
    box.open()
    second = box.made(box.ways)
    with pytest.raises(StoreError, match="another gate"):
        result_of(second.open())
    box.close()
    box.open()


def test_where_an_operator_has_to_act_it_is_closed_again(box: Box) -> None:
    """What is wrong is told with the server's name, and the folder is free."""
    box.ways[1].opening = fail(Unfit("its maxmemory-policy is allkeys-lru"))
    opening = box.store.open()
    box.pass_by(2.0)
    with pytest.raises(StoreError, match=r"^Redis at b:2: its maxmemory-policy is allkeys-lru$"):
        result_of(opening)
    assert [way.is_closed for way in box.ways] == [True, True]
    assert not box.clock.getDelayedCalls()
    box.ways = [Way(redis, box.clock) for redis in box.redis]
    box.store = box.made(box.ways)
    box.open()


def test_a_mistake_is_no_error_of_an_operator(box: Box) -> None:
    box.ways[0].opening = fail(ZeroDivisionError())
    opening = box.store.open()
    box.pass_by(2.0)
    with pytest.raises(ZeroDivisionError):
        result_of(opening)


def test_sessions_wait_for_the_store(box: Box) -> None:
    """Else those that come first would be counted by this node alone."""
    box.ways[0].opening, box.ways[1].opening = Deferred(), Deferred()
    opening = box.store.open()
    asking = box.store.admit(b"acme", 1)
    box.pass_by(1.0)
    assert not asking.called
    for way in box.ways:
        way.opening.callback(None)
    box.pass_by(3.0)
    result_of(opening)
    assert result_of(asking)
    refused = box.store.admit(b"acme", 1)
    box.pass_by(0.2)
    assert not result_of(refused)


def test_sessions_do_not_wait_for_a_store_that_fails(box: Box) -> None:
    box.ways[0].opening = Deferred()
    opening = box.store.open()
    asking = box.store.admit(b"acme", 1)
    box.ways[0].opening.errback(Failure(Unfit("too old")))
    box.pass_by(2.0)
    with pytest.raises(StoreError):
        result_of(opening)
    assert result_of(asking)


def test_sessions_do_not_wait_for_a_store_whose_folder_another_gate_has(box: Box) -> None:
    """Its servers have not been looked for then: this node alone counts."""
    box.open()
    ways = [Way(redis, box.clock) for redis in box.redis]
    for way in ways:
        way.close()
    second = box.made(ways)
    asking = second.admit(b"acme", 1)
    with pytest.raises(StoreError, match="another gate"):
        result_of(second.open())
    assert result_of(asking)


def test_after_a_stop_others_have_at_once_what_it_had(box: Box) -> None:
    """Its places are free, and nothing of it goes on."""
    box.open()
    box.pass_by(3.0)
    asking = box.store.admit(b"acme", 1)
    box.pass_by(0.2)
    assert result_of(asking)
    keeping = box.store.keep({b"key": b"value"})
    box.pass_by(0.2)
    result_of(keeping)
    box.close()
    assert not box.clock.getDelayedCalls()
    assert not any(redis.call(b"EXISTS", b"t:n:node") for redis in box.redis)


def test_what_it_tells(box: Box) -> None:
    """Servers, those that answer, and what fails."""
    box.open()
    box.store.keep({b"key": b"value"})
    box.pass_by(0.1)
    told = box.store.statistics()
    assert (told.servers, told.servers_up, told.paths_recent, told.unconfirmed) == (2, 2, 1, 0)
    box.redis[0].freeze()
    box.faults.failed("Redis at a:1", Failure(Unreached("no answer in time")))
    box.pass_by(1.0)
    told = box.store.statistics()
    assert (told.servers_up, told.failures) == (1, 1)
    assert told.fault == "Redis at a:1: no answer in time"


def test_a_server_that_refuses_looks_is_told_of_once(box: Box) -> None:
    """Places, queues and parts of limits go by them: an operator has to know."""
    box.open()
    with logged() as events:
        box.redis[1].refuse("NOPERM this user has no permissions")
        box.pass_by(2.0)
        fault = box.store.statistics().fault
        box.redis[1].refuse("")
        box.pass_by(1.0)
    assert fault == "looking at Redis at b:2: NOPERM this user has no permissions"
    assert box.store.statistics().fault == ""
    first, second = map(formatEvent, events)
    assert first.startswith("SG-4404 looking at Redis at b:2 is refused by Redis: NOPERM")
    assert second == "looking at Redis at b:2 works again"


def test_answers_that_redis_had_not_confirmed_are_told_of(box: Box) -> None:
    """Once a minute at the most, with their count."""
    box.open()
    for redis in box.redis:
        redis.freeze()
    with logged() as events:
        for number in range(20):
            box.store.keep({b"%d" % number: b"value"})
        box.pass_by(3.0)
        box.store.keep({b"one more": b"value"})
        box.pass_by(TOLD_EVERY)
    lines = [line for line in map(formatEvent, events) if line.startswith("SG-4405")]
    assert [line.split()[1] for line in lines] == ["20", "1"]
    assert all(os.fspath(box.directory) in line for line in lines)
