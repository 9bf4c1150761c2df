"""`Health`, without connections."""

from __future__ import annotations

from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from smppgate.store.redis.connection import Link
from smppgate.store.redis.health import Health
from smppgate.store.redis.pipe import LACKING, LATE
from smppgate.store.redis.ports import Refused
from tests.store.redis.test_server import Heard

PATIENCE = 0.25


class FakeLink:
    """Answers when the test says so."""

    def __init__(self) -> None:
        self.pipe = self.writer = self
        self.pings: list[Deferred[None]] = []
        self.counts: list[Deferred[int]] = []
        self.given_up: list[str] = []

    def ping(self) -> Deferred[None]:
        self.pings.append(Deferred())
        return self.pings[-1]

    def count_replicas(self) -> Deferred[int]:
        self.counts.append(Deferred())
        return self.counts[-1]

    def give_up(self, error: Exception) -> None:
        self.given_up.append(str(error))


class Ward:
    """The health of a fake link, and its owner."""

    def __init__(self, replicas: int = 0) -> None:
        self.clock = Clock()
        self.link = FakeLink()
        self.heard = Heard()
        self.changes: list[tuple[bool, bool]] = []
        self.dropped: list[str] = []
        self.health = Health("redis", self.clock, PATIENCE, replicas, self.heard, self)
        self.health.begin(cast(Link, self.link), has_replicas=True)

    def changed(self) -> None:
        self.changes.append((self.health.is_up, self.health.has_replicas))

    def drop(self, reason: str) -> None:
        self.dropped.append(reason)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.clock.advance(0)


def test_a_ping_that_is_answered_in_time_changes_nothing() -> None:
    ward = Ward()
    ward.changes.clear()
    for _ in range(3):
        ward.health.beat()
        ward.health.beat()
        ward.link.pings[-1].callback(None)
        ward.pass_time(1)
    assert len(ward.link.pings) == 3
    assert not ward.changes
    assert not ward.clock.getDelayedCalls()


def test_only_a_ping_of_after_the_late_answer_shows_that_it_is_up() -> None:
    ward = Ward()
    ward.health.beat()
    ward.health.late()
    ward.health.late()
    assert ward.heard.all == [LATE]
    ward.link.pings[0].callback(None)
    assert ward.changes[-1] == (False, True)
    assert len(ward.link.pings) == 2
    ward.link.pings[1].callback(None)
    assert ward.changes[-1] == (True, True)
    assert not ward.heard.present
    assert not ward.clock.getDelayedCalls()


def test_a_ping_that_is_late_gives_all_up() -> None:
    ward = Ward()
    ward.health.beat()
    ward.pass_time(PATIENCE)
    assert not ward.health.is_up
    assert ward.link.given_up == [LATE]
    assert ward.health.silent_since == PATIENCE


def test_while_replicas_are_missing_nothing_waits_for_them() -> None:
    ward = Ward(replicas=1)
    ward.health.lacking()
    ward.health.lacking()
    assert ward.link.given_up == [LACKING, LACKING], "those of the pipe and of the writer, once"
    assert ward.changes[-1] == (True, False)
    ward.health.beat()
    ward.health.beat()
    assert len(ward.link.counts) == 1
    ward.link.counts[0].callback(0)
    assert not ward.health.has_replicas
    ward.health.beat()
    ward.link.counts[1].callback(1)
    assert ward.changes[-1] == (True, True)
    assert not ward.heard.present


def test_replicas_are_counted_again_where_that_was_refused() -> None:
    ward = Ward(replicas=1)
    ward.health.lacking()
    ward.health.beat()
    ward.link.counts[0].errback(Refused("ERR WAIT cannot be used with replica instances"))
    assert not ward.health.has_replicas
    ward.health.beat()
    ward.link.counts[1].callback(1)
    assert ward.changes[-1] == (True, True)


def test_after_a_silence_the_replicas_are_counted() -> None:
    ward = Ward(replicas=1)
    ward.health.late()
    ward.health.beat()
    ward.link.pings[0].callback(None)
    assert (ward.health.is_up, ward.health.has_replicas) == (True, False)
    ward.link.counts[0].callback(1)
    assert ward.health.has_replicas


def test_only_a_server_that_is_no_master_is_left() -> None:
    ward = Ward()
    for error in ("OOM command not allowed", "WRONGTYPE x", "ERR READONLY"):
        ward.health.refused(error)
    assert not ward.dropped
    ward.health.refused("READONLY You can't write against a read only replica.")
    ward.health.lost()
    assert ward.dropped[0].startswith("it is no master any more: READONLY")
    assert ward.dropped[1] == "the connection is lost"


def test_nothing_is_told_after_its_end() -> None:
    ward = Ward(replicas=1)
    ward.health.beat()
    ward.health.lacking()
    ward.health.beat()
    ward.health.end()
    told: list[Any] = [*ward.changes, *ward.heard.all]
    for event in (ward.health.late, ward.health.lacking, ward.health.lost, ward.health.beat):
        event()
    ward.health.refused("READONLY")
    ward.link.pings[0].callback(None)
    ward.link.counts[0].callback(1)
    ward.pass_time(10)
    assert told == [*ward.changes, *ward.heard.all]
    assert not ward.dropped
    assert not ward.health.is_up
    assert not ward.clock.getDelayedCalls()
