"""Sentinels that answer, do not, or do not know."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from smppgate.store.redis.access import Access, Address
from smppgate.store.redis.greeting import Unfit
from smppgate.store.redis.path_commands import command
from smppgate.store.redis.ports import Unreached
from smppgate.store.redis.sentinel import PATIENCE, Fixed, Sentinels
from tests.fakes import outcomes
from tests.store.redis.endpoint_in_memory import InMemory

A, B, C = (Address(f"10.0.0.{number}", 26379) for number in (1, 2, 3))
MASTER = Address("10.0.0.9", 6379)
PING = command(b"PING")
QUESTION = command(b"SENTINEL", b"GET-MASTER-ADDR-BY-NAME", b"gates")
ANSWER = b"*2\r\n$8\r\n10.0.0.9\r\n$4\r\n6379\r\n"


class World:
    """Three Sentinels."""

    def __init__(
        self,
        access: Access | None = None,
        reserve: Access | None = None,
        **places: dict[str, bool],
    ) -> None:
        self.clock = Clock()
        self.places = {
            address: InMemory(self.clock, **places.get(name, {}))
            for name, address in (("a", A), ("b", B), ("c", C))
        }
        self.sentinels = Sentinels(
            [A, B, C], "gates", self.clock, self.places.__getitem__, access, reserve
        )

    def find(self) -> list[Any]:
        return outcomes(Deferred.fromCoroutine(self.sentinels.find()))

    def answer(self, address: Address, *answers: bytes) -> bytes:
        """Answer one thing after the other; gives what was asked."""
        transport = self.places[address].transports[-1]
        asked = transport.take()
        for octets in answers:
            transport.deliver(octets)
            asked += transport.take()
        return asked

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.clock.advance(0)


def test_the_first_that_answers_says_it_and_is_asked_first_from_then_on() -> None:
    world = World(a={"refuses": True})
    found = world.find()
    assert world.answer(B, b"+PONG\r\n", ANSWER) == PING + QUESTION
    assert found == [MASTER]
    world.pass_time(0)
    assert not world.places[B].transports[0].connected
    found = world.find()
    assert len(world.places[B].transports) == 2
    world.answer(B, b"+PONG\r\n", ANSWER)
    assert found == [MASTER]
    assert not world.clock.getDelayedCalls()


def test_one_that_is_silent_or_not_reached_costs_its_patience() -> None:
    world = World(a={"silent": True})
    found = world.find()
    world.pass_time(PATIENCE)
    assert world.places[B].transports
    world.pass_time(PATIENCE)
    world.answer(C, b"+PONG\r\n", ANSWER)
    assert found == [MASTER]
    assert not world.places[B].transports[0].connected
    assert not world.clock.getDelayedCalls()


def test_none_knows_it() -> None:
    world = World(a={"refuses": True})
    found = world.find()
    world.answer(B, b"+PONG\r\n", b"*-1\r\n")
    world.pass_time(PATIENCE)
    assert isinstance(found[0], Failure)
    assert found[0].check(Unreached)
    reason = str(found[0].value)
    assert reason.startswith(f"no Sentinel says where gates is: {A}: Connection was refused")
    assert f"{B}: knows no master gates; {C}: " in reason
    assert "CancelledError" not in reason


def test_those_that_ask_for_a_password_are_told_that_in_reserve() -> None:
    world = World(reserve=Access(username="gate", password="geheim"))
    found = world.find()
    wanted = b"-NOAUTH Authentication required.\r\n"
    asked = world.answer(A, wanted, b"+OK\r\n", b"+PONG\r\n", ANSWER)
    assert asked == PING + command(b"AUTH", b"gate", b"geheim") + PING + QUESTION
    assert found == [MASTER]


def test_no_password_is_told_to_those_that_ask_for_none() -> None:
    world = World(reserve=Access(password="geheim"))
    found = world.find()
    assert world.answer(A, b"+PONG\r\n", ANSWER) == PING + QUESTION
    assert found == [MASTER]


def test_a_password_of_theirs_is_told_at_once() -> None:
    """Also to those that let everybody in, who may do less."""
    world = World(Access(username="gate", password="geheim"))
    found = world.find()
    asked = world.answer(A, b"+OK\r\n", b"+PONG\r\n", ANSWER)
    assert asked == command(b"AUTH", b"gate", b"geheim") + PING + QUESTION
    assert found == [MASTER]


WANTED = b"-NOAUTH Authentication required.\r\n"
WRONG = b"-WRONGPASS invalid username-password pair or user is disabled.\r\n"
FORBIDDEN = b"-NOPERM User default has no permissions to run the 'sentinel' command\r\n"


@pytest.mark.parametrize(
    ("access", "reserve", "answers", "word"),
    [
        (Access(), Access(), [WANTED], "NOAUTH"),
        (Access(), Access(password="x"), [WANTED, WRONG], "WRONGPASS"),
        (Access(password="y"), Access(password="x"), [WRONG], "WRONGPASS"),
        (Access(), Access(), [b"+PONG\r\n", FORBIDDEN], "NOPERM"),
    ],
)
def test_where_all_refuse_this_node_an_operator_has_to_act(
    access: Access, reserve: Access, answers: list[bytes], word: str
) -> None:
    world = World(access, reserve)
    found = world.find()
    for address in (A, B, C):
        world.answer(address, *answers)
    assert found[0].check(Unfit)
    assert str(found[0].value).count(word) == 3


def test_where_some_are_not_reached_it_may_be_well_soon() -> None:
    world = World(b={"refuses": True})
    found = world.find()
    for address in (A, C):
        world.answer(address, WANTED)
    assert found[0].check(Unreached)


def test_why_a_connection_is_lost_is_told() -> None:
    """As that a certificate cannot be verified, which is found out when it is made."""
    world = World(b={"refuses": True}, c={"refuses": True})
    found = world.find()
    world.places[A].transports[-1].lose(ConnectionLost("certificate verify failed"))
    assert "certificate verify failed" in str(found[0].value)


def test_a_place_that_is_fixed() -> None:
    assert outcomes(Deferred.fromCoroutine(Fixed(MASTER).find())) == [MASTER]
