"""What a server says of itself, and whether that will do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed

from smppgate.store.redis.access import Access
from smppgate.store.redis.greeting import Unfit, Visit, examine, greet
from smppgate.store.redis.ports import Refused, Unreached
from tests.fakes import outcomes

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
        ({"redis_mode": "cluster"}, Unfit, "a Redis Cluster, which is not supported"),
        ({"redis_mode": "sentinel", "role": ""}, Unfit, "belongs into sentinels"),
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


class Connection:
    """Writes down what it is asked."""

    def __init__(self, number: int, refused: Mapping[bytes, str]) -> None:
        self.asked: list[bytes] = []
        self._number = number
        self._refused = refused

    def ask(self, *words: bytes) -> Deferred[Any]:
        self.asked.append(b" ".join(words))
        for refused in (words[0], b" ".join(words[:2])):
            if refused in self._refused:
                return fail(Refused(self._refused[refused]))
        return succeed(_INFO if words[0] == b"INFO" else b"%d" % self._number)


_INFO = (
    b"# Server\r\nrun_id:abc\r\n"
    + "\r\n".join(f"{name}:{value}" for name, value in GOOD.items()).encode()
)


def _greeted(
    access: Access, last: Visit | None, refused: Mapping[bytes, str] = {}
) -> tuple[Any, list[Connection]]:
    connections = [Connection(number, refused) for number in (7, 8)]
    seen = outcomes(Deferred.fromCoroutine(greet(connections, access, last)))
    return seen[0], connections


def test_connections_of_before_are_ended_before_anything_else_is_done() -> None:
    last = Visit(b"abc", (3, 4))
    visit, (first, second) = _greeted(Access("u", "p", 2), last)
    assert visit == Visit(b"abc", (7, 8))
    assert first.asked == [b"AUTH u p", b"SELECT 2", b"PING", b"CLIENT ID"]
    begun = [b"AUTH u p", b"SELECT 2", b"PING", b"INFO", b"CLIENT ID"]
    assert second.asked == [*begun, b"CLIENT KILL ID 3", b"CLIENT KILL ID 4"]


def test_those_of_another_run_are_gone() -> None:
    visit, (_, second) = _greeted(Access(), Visit(b"another", (3, 4)))
    assert visit == Visit(b"abc", (7, 8))
    assert second.asked == [b"PING", b"INFO", b"CLIENT ID", b"CLIENT KILL ID 8"]


@pytest.mark.parametrize(
    ("command", "answer", "error"),
    [
        (b"AUTH", "WRONGPASS invalid username-password pair", Unfit),
        (b"AUTH", "ERR AUTH <password> called without any password configured", Unfit),
        (b"PING", "NOAUTH Authentication required.", Unfit),
        (b"SELECT", "ERR DB index is out of range", Unfit),
        (b"CLIENT KILL", "NOPERM this user has no permissions to run 'client|kill'", Unfit),
        (b"CLIENT", "NOPERM this user has no permissions to run 'client|id'", Unfit),
        (b"INFO", "BUSY Redis is busy running a script", Unreached),
    ],
)
def test_what_is_refused(command: bytes, answer: str, error: type[Exception]) -> None:
    failure, _ = _greeted(Access("u", "p", 2), None, {command: answer})
    with pytest.raises(error, match=answer.partition(" ")[2][:12]):
        failure.raiseException()
