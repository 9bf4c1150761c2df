"""`Asker` and `Writer` on connections in memory, and a clock that does not run by itself."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from smppgate.store.redis.connection import Asker, open_asker
from smppgate.store.redis.path_commands import command
from smppgate.store.redis.pipe import LACKING, LATE
from smppgate.store.redis.ports import Refused, Unreached
from smppgate.store.redis.writer import Writer
from tests.fakes import outcomes
from tests.store.redis.endpoint_in_memory import InMemory
from tests.store.redis.scripts_of_tests import script
from tests.store.redis.test_pipe import Heard

PATIENCE = 0.25
ONE, TWO = script(b"return 1"), script(b"return 2")
WAIT = command(b"WAIT", b"1", b"130")
NO_SCRIPT = b"-NOSCRIPT No matching script.\r\n"


class Ends:
    """An asker and a writer on it, and the test as their server."""

    def __init__(self, replicas: int = 0) -> None:
        self.clock = Clock()
        self.told = Heard()
        place = InMemory(self.clock)
        made: list[Any] = outcomes(
            Deferred.fromCoroutine(open_asker(place, self.clock, PATIENCE, self.told))
        )
        self.asker: Asker = made[0]
        self.transport = place.transports[0]
        self.writer = Writer(self.asker, self.clock, PATIENCE, replicas, self.told)

    def answer(self, octets: bytes) -> None:
        self.transport.deliver(octets)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.clock.advance(0)


def _evalsha(it: Any, *rest: bytes) -> bytes:
    return command(b"EVALSHA", it.digest, *rest)


def _eval(it: Any, *rest: bytes) -> bytes:
    return command(b"EVAL", it.text, *rest)


def _error(seen: list[Any]) -> Any:
    assert isinstance(seen[0], Failure)
    return seen[0].value


def test_octets_and_numbers_go_there_and_back() -> None:
    ends = Ends()
    asked = outcomes(ends.asker.run(ONE, [b"\xff{0}"], [b"\r\n", -5]))
    assert ends.transport.take() == _evalsha(ONE, b"1", b"\xff{0}", b"\r\n", b"-5")
    ends.answer(b"*4\r\n$3\r\n1.5\r\n:7\r\n$-1\r\n*1\r\n$2\r\n\xff\r\r\n")
    assert asked == [[b"1.5", 7, None, [b"\xff\r"]]]
    assert ends.transport.no_delay
    assert not ends.clock.getDelayedCalls()


def test_a_script_that_is_not_known_is_sent_once() -> None:
    ends = Ends()
    asked = outcomes(ends.asker.run(ONE, [b"k"], []))
    ends.transport.take()
    ends.answer(NO_SCRIPT)
    assert ends.transport.take() == _eval(ONE, b"1", b"k")
    ends.answer(NO_SCRIPT)
    assert isinstance(_error(asked), Refused)
    assert not ends.transport.take()


def test_what_a_server_repeats_of_a_command_is_told_nobody() -> None:
    ends = Ends()
    asked = outcomes(ends.asker.ask(b"AUTH", b"geheim"))
    ends.answer(b"-ERR unknown command 'AUTH', with args beginning with: 'geheim' \r\n")
    assert str(_error(asked)) == "ERR unknown command 'AUTH'"
    assert "geheim" not in str(ends.told.heard)


def test_a_late_answer_is_let_go() -> None:
    ends = Ends()
    late, pong = outcomes(ends.asker.ask_soon(b"GET", b"k")), outcomes(ends.asker.ask(b"PING"))
    ends.pass_time(PATIENCE)
    assert str(_error(late)) == LATE
    assert ends.told.heard == ["late"]
    ends.answer(b"$1\r\nx\r\n+PONG\r\n")
    assert pong in ([b"PONG"], ["PONG"])
    assert len(late) == 1


def test_a_lost_connection_fails_all() -> None:
    ends = Ends(replicas=1)
    asked = [outcomes(ends.asker.ask(b"PING")), outcomes(ends.writer.run(ONE, [], []))]
    asked.append(outcomes(ends.writer.run(TWO, [], [])))
    ends.transport.lose()
    asked.append(outcomes(ends.asker.ask_soon(b"PING")))
    assert {str(_error(it)) for it in asked} == {"the connection is lost"}
    assert ends.told.heard == ["lost"]
    assert not ends.clock.getDelayedCalls()
    ends.asker.abort()


def test_scripts_of_one_round_trip_wait_for_replicas_once() -> None:
    ends = Ends(replicas=1)
    asked = [outcomes(ends.writer.run(it, [], [])) for it in (ONE, TWO, ONE)]
    assert ends.transport.take() == _evalsha(ONE, b"0") + WAIT
    ends.answer(b":1\r\n")
    assert asked == [[], [], []]
    ends.answer(b":1\r\n")
    assert asked == [[1], [], []]
    assert ends.transport.take() == _evalsha(TWO, b"0") + _evalsha(ONE, b"0") + WAIT
    ends.answer(b"-OOM\r\n:1\r\n:1\r\n")
    assert isinstance(_error(asked[1]), Refused)
    assert asked[2] == [1]


def test_too_few_replicas_fail_what_was_done() -> None:
    ends = Ends(replicas=1)
    asked = outcomes(ends.writer.run(ONE, [], []))
    ends.answer(b":1\r\n:0\r\n")
    assert isinstance(_error(asked), Unreached)
    assert str(_error(asked)) == LACKING
    assert ends.told.heard == ["lacking"]


def test_scripts_that_are_not_known_keep_their_order() -> None:
    ends = Ends()
    asked = [outcomes(ends.writer.run(ONE, [], [b"%d" % it])) for it in range(4)]
    ends.transport.take()
    ends.answer(b":0\r\n")
    ends.transport.take()
    last = outcomes(ends.writer.run(ONE, [], [b"4"]))
    ends.answer(NO_SCRIPT * 3)
    texts = b"".join(_eval(ONE, b"0", b"%d" % it) for it in (1, 2, 3))
    assert ends.transport.take() == texts + _evalsha(ONE, b"0", b"4")
    ends.answer(b":1\r\n:2\r\n:3\r\n:4\r\n")
    assert [*asked, last] == [[0], [1], [2], [3], [4]]


def test_a_script_that_waits_is_late_by_its_own_time() -> None:
    ends = Ends()
    first = outcomes(ends.writer.run(ONE, [], []))
    ends.pass_time(0.2)
    second = outcomes(ends.writer.run(TWO, [], []))
    ends.answer(b":1\r\n")
    ends.pass_time(0.2)
    assert (first, second) == ([1], [])
    ends.pass_time(0.06)
    assert str(_error(second)) == LATE


def test_nothing_waits_after_all_is_given_up() -> None:
    ends = Ends()
    asked = [outcomes(ends.writer.run(it, [], [])) for it in (ONE, TWO)]
    ends.writer.give_up(Unreached("closed"))
    ends.asker.give_up(Unreached("closed"))
    assert [str(_error(it)) for it in asked] == ["closed", "closed"]
    assert not ends.clock.getDelayedCalls()
    # The connection goes on where the server does.
    again = outcomes(ends.writer.run(TWO, [], []))
    ends.answer(b":1\r\n:2\r\n")
    assert again == [2]
