"""A `Pipe` on a connection in memory: round trips, their order, and what is late."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from smppgate.store.redis.path_commands import command
from smppgate.store.redis.pipe import LACKING, LATE, Pipe
from smppgate.store.redis.ports import Refused, Unreached
from tests.fakes import connect, outcomes

PATIENCE = 0.25
WAIT = command(b"WAIT", b"1", b"130")


class Heard:
    """Writes down what a connection tells."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def late(self) -> None:
        self.heard.append("late")

    def refused(self, error: str) -> None:
        self.heard.append(error)

    def lacking(self) -> None:
        self.heard.append("lacking")

    def lost(self) -> None:
        self.heard.append("lost")


class Ends:
    """A pipe, and the test as its server."""

    def __init__(self, replicas: int = 0) -> None:
        self.clock = Clock()
        self.told = Heard()
        self.pipe = Pipe(self.clock, PATIENCE, replicas, self.told)
        self.transport = connect(self.clock, self.pipe)

    def keep(self, *keys: bytes, ended: dict[bytes, int] | None = None) -> list[Any]:
        """What becomes of return paths."""
        kept = {key: b"value of " + key for key in keys}
        return outcomes(self.pipe.keep(kept, 5000, ended or {}))

    def answer(self, octets: bytes) -> None:
        self.transport.deliver(octets)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.clock.advance(0)


def _set(key: bytes) -> bytes:
    return command(b"SET", key, b"value of " + key, b"PX", b"5000")


def _errors(*seen: list[Any]) -> list[str]:
    return [str(it[0].value) if isinstance(it[0], Failure) else "" for it in seen]


def test_a_batch_is_one_write_and_one_round_trip() -> None:
    ends = Ends(replicas=1)
    kept = ends.keep(b"a", b"b", ended={b"c": 7, b"d": 80})
    ends_of_c_and_d = command(b"PEXPIRE", b"c", b"7", b"LT") + command(
        b"PEXPIRE", b"d", b"80", b"LT"
    )
    assert ends.transport.writes == [_set(b"a") + _set(b"b") + ends_of_c_and_d + WAIT]
    ends.answer(b"+OK\r\n+OK\r\n:1\r\n:0\r\n")
    assert not kept
    ends.answer(b":1\r\n")
    assert kept == [None]
    ends.pass_time(10)
    assert not ends.told.heard


def test_what_comes_meanwhile_goes_with_the_next_and_is_confirmed_for_itself() -> None:
    ends = Ends(replicas=1)
    first, second, third = ends.keep(b"a"), ends.keep(b"b"), ends.keep(b"c", b"d")
    assert ends.transport.take() == _set(b"a") + WAIT
    ends.answer(b"+OK\r\n:1\r\n")
    assert (first, second, third) == ([None], [], [])
    assert ends.transport.writes == [_set(b"b") + _set(b"c") + _set(b"d") + WAIT]
    ends.answer(b"+OK\r\n+OK\r\n-OOM too much\r\n:1\r\n")
    assert second == [None]
    assert third[0].check(Refused)
    assert _errors(third) == ["OOM too much"] == ends.told.heard


def test_what_a_server_repeats_of_a_command_is_told_nobody() -> None:
    ends = Ends()
    asked = outcomes(ends.pipe.ask(b"AUTH", b"geheim"))
    ends.answer(b"-ERR unknown command 'AUTH', with args beginning with: 'geheim' \r\n")
    assert _errors(asked) == ["ERR unknown command 'AUTH'"] == ends.told.heard


def test_too_few_replicas() -> None:
    ends = Ends(replicas=1)
    kept = ends.keep(b"a")
    ends.answer(b"+OK\r\n:0\r\n")
    assert kept[0].check(Unreached)
    assert _errors(kept) == [LACKING]
    assert ends.told.heard == ["lacking"]
    counted = outcomes(ends.pipe.count_replicas())
    assert ends.transport.take().endswith(command(b"WAIT", b"1", b"31"))
    ends.answer(b":1\r\n")
    assert counted == [1]


def test_what_is_late_fails_with_all_that_waits_and_its_answer_is_let_go() -> None:
    ends = Ends()
    first = ends.keep(b"a")
    ends.pass_time(0.2)
    second = ends.keep(b"b")
    ends.pass_time(PATIENCE - 0.21)
    assert (first, second) == ([], [])
    ends.pass_time(0.01)
    assert _errors(first, second) == [LATE, LATE]
    assert ends.told.heard == ["late"]
    pong = outcomes(ends.pipe.ask(b"PING"))
    assert ends.transport.take() == _set(b"a") + command(b"PING")
    ends.answer(b"+OK\r\n+PONG\r\n")
    assert pong == [b"PONG"]
    assert ends.keep(b"c") == []
    assert ends.transport.take() == _set(b"c")


def test_what_waits_behind_a_ping_is_late_too() -> None:
    ends = Ends()
    outcomes(ends.pipe.ask(b"PING"))
    kept = ends.keep(b"a")
    ends.pass_time(PATIENCE)
    assert _errors(kept) == [LATE]


def test_an_answer_that_is_there_when_the_process_goes_on_is_not_late() -> None:
    """The process was held up: timers run before sockets are read."""
    ends = Ends()
    kept = ends.keep(b"a")
    ends.clock.callLater(3, ends.pipe.dataReceived, b"+OK\r\n")
    ends.clock.advance(3)
    assert kept == [None]
    assert not ends.told.heard


def test_each_waits_for_its_own_time() -> None:
    ends = Ends()
    first = ends.keep(b"a")
    ends.pass_time(0.1)
    second = ends.keep(b"b")
    ends.pass_time(0.1)
    ends.answer(b"+OK\r\n")
    ends.pass_time(0.14)
    assert (first, second) == ([None], [])
    ends.pass_time(0.02)
    assert _errors(second) == [LATE]


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (ConnectionDone(), "the connection is lost"),
        (ConnectionLost("by the peer"), "the connection is lost: Connection .*by the peer"),
    ],
)
def test_a_lost_connection_fails_all(reason: Exception, text: str) -> None:
    ends = Ends(replicas=1)
    seen = [ends.keep(b"a"), outcomes(ends.pipe.ask(b"PING")), ends.keep(b"b")]
    ends.transport.lose(reason)
    seen += [ends.keep(b"c"), outcomes(ends.pipe.ask(b"PING"))]
    for outcome in seen:
        with pytest.raises(Unreached, match=text):
            outcome[0].raiseException()
    assert ends.told.heard == ["lost"]
    ends.pass_time(10)
    ends.pipe.abort()
    assert not ends.clock.getDelayedCalls()


def test_it_ends_without_timers() -> None:
    ends = Ends()
    kept = ends.keep(b"a")
    ends.pipe.give_up(Unreached("closed"))
    ends.pipe.abort()
    assert _errors(kept) == ["closed"]
    assert ends.transport.no_delay
    ends.pass_time(0)
    assert not ends.clock.getDelayedCalls()


_batches = st.lists(st.lists(st.booleans(), min_size=1, max_size=5), min_size=1, max_size=8)


@given(_batches, st.lists(st.integers(1, 30)), st.integers(0, 1), st.integers(0, 8))
def test_any_answers_in_any_pieces_belong_to_those_who_asked(
    batches: list[list[bool]], pieces: list[int], replicas: int, pings: int
) -> None:
    """Each batch is confirmed exactly when none of its own commands was refused."""
    ends = Ends(replicas)
    numbers = iter(range(10**6))
    seen = []
    refused: set[bytes] = set()
    for number, batch in enumerate(batches):
        keys = [b"%d" % next(numbers) for _ in batch]
        refused.update(key for key, works in zip(keys, batch, strict=True) if not works)
        seen.append(ends.keep(*keys))
        if number < pings:
            outcomes(ends.pipe.ask(b"PING"))
    sizes = iter(pieces)
    while octets := ends.transport.take():
        rest = _answers(octets, refused)
        while rest:
            size = next(sizes, 1000)
            ends.answer(rest[:size])
            rest = rest[size:]
    for batch, outcome in zip(batches, seen, strict=True):
        assert len(outcome) == 1
        assert (outcome == [None]) == all(batch)
    assert not ends.clock.getDelayedCalls()


def _answers(octets: bytes, refused: set[bytes]) -> bytes:
    words = octets.split(b"\r\n")
    answers = b""
    for at, word in enumerate(words):
        if word == b"SET":
            answers += b"-OOM\r\n" if words[at + 2] in refused else b"+OK\r\n"
        elif word in (b"WAIT", b"PING"):
            answers += b":1\r\n" if word == b"WAIT" else b"+PONG\r\n"
    return answers


def _kept_late(ends: Ends, key: bytes, waited: float) -> list[Any]:
    """What becomes of a return path whose answer has waited before."""
    return outcomes(ends.pipe.keep({key: b"value of " + key}, 5000, {}, waited))


def test_what_has_waited_before_is_over_sooner_and_the_server_may_be_well() -> None:
    ends = Ends()
    first, second = _kept_late(ends, b"a", 0.2), ends.keep(b"b")
    ends.pass_time(0.06)
    assert _errors(first) == [LATE]
    assert (second, ends.told.heard) == ([], [])
    ends.answer(b"+OK\r\n")
    assert ends.transport.take() == _set(b"a") + _set(b"b")
    ends.answer(b"+OK\r\n")
    assert second == [None]
    assert not ends.clock.getDelayedCalls()


def test_of_one_round_trip_those_are_over_that_have_waited_before() -> None:
    ends = Ends(replicas=1)
    other = ends.keep(b"x")
    kept = [_kept_late(ends, key, waited) for key, waited in ((b"a", 0.0), (b"b", 0.15))]
    kept.append(ends.keep(b"c"))
    ends.answer(b"+OK\r\n:1\r\n")
    ends.pass_time(0.11)
    assert (other, kept[0], kept[2]) == ([None], [], [])
    assert _errors(kept[1]) == [LATE]
    ends.answer(b"+OK\r\n-OOM of b\r\n+OK\r\n:1\r\n")
    assert (kept[0], kept[2], ends.told.heard) == ([None], [None], [])


def test_a_server_that_was_asked_so_long_ago_is_late_for_all() -> None:
    ends = Ends()
    first = ends.keep(b"a")
    ends.pass_time(0.2)
    kept = [_kept_late(ends, b"b", 0.19), ends.keep(b"c")]
    ends.pass_time(0.06)
    assert _errors(first, *kept) == [LATE] * 3
    assert ends.told.heard == ["late"]
    assert not ends.clock.getDelayedCalls()


def test_a_deadline_is_that_of_what_has_waited_longest() -> None:
    ends = Ends()
    first = ends.keep(b"a")
    second = _kept_late(ends, b"b", 0.1)
    ends.pass_time(0.16)
    assert (_errors(second), first, ends.told.heard) == ([LATE], [], [])
    ends.answer(b"+OK\r\n")
    assert (first, ends.transport.take()) == ([None], _set(b"a"))
