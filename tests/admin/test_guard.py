"""Who asks, and what becomes of guesses."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock as TwistedClock

from smppgate.admin.guard import MOST_WAITING, REMEMBERED, User, check_origin
from smppgate.admin.messages import Asked, Client, Problem
from smppgate.txsmpp.clock import Clock
from tests.admin.asking import HASH, LOCAL, REMOTE, USERS, Compared, basic, guard_of
from tests.fakes import outcomes

OTHER = Client(network="192.0.2.8", peer="192.0.2.8:4000")


class Door:
    """A guard, its clock, and what it compared."""

    def __init__(self) -> None:
        self.time: Any = TwistedClock()
        self.compared = Compared()
        self.guard = guard_of(Clock.of(self.time), self.compared)

    def knock(self, name: str, password: str, client: Client = REMOTE) -> list[Any]:
        """What comes of it: a `User`, or the status of a refusal."""
        asked = Asked(method="GET", path="/", headers=basic(name, password), client=client)
        asking: Deferred[User] = Deferred.fromCoroutine(self.guard.user(asked))
        asking.addErrback(lambda failure: failure.value)
        return outcomes(asking)

    def status(self, name: str, password: str, client: Client = REMOTE) -> int:
        """The status of a refusal; 200 for a user."""
        (found,) = self.knock(name, password, client)
        return found.status if isinstance(found, Problem) else 200


def test_who_can_open_the_socket_is_an_operator() -> None:
    door = Door()
    asking = Deferred.fromCoroutine(door.guard.user(Asked(method="GET", path="/", client=LOCAL)))
    assert outcomes(asking) == [User("uid 1000", "operator")]
    assert door.compared.passwords == []


def test_a_user_has_a_name_a_password_and_a_role() -> None:
    door = Door()
    assert door.knock("vera", "secret") == [User("vera", "viewer")]
    assert door.knock("otto", "secret") == [User("otto", "operator")]


@pytest.mark.parametrize(
    "header", ["", "Basic", "Basic !!", "Basic /w==", "Bearer abc", "Basic dmVyYQ=="]
)
def test_without_name_and_password_nobody_comes_in(header: str) -> None:
    door = Door()
    asked = Asked(method="GET", path="/", headers={"authorization": header}, client=REMOTE)
    asking = Deferred.fromCoroutine(door.guard.user(asked))
    (failure,) = outcomes(asking)
    assert failure.value.status == 401  # type: ignore[union-attr]
    assert failure.value.headers["WWW-Authenticate"].startswith("Basic ")  # type: ignore[union-attr]


def test_an_unknown_name_costs_as_much_as_a_wrong_password() -> None:
    door = Door()
    assert (door.status("vera", "wrong"), door.status("nobody", "wrong")) == (401, 401)
    assert door.compared.passwords == ["wrong", "wrong"]


def test_a_right_password_is_compared_once_in_a_while() -> None:
    door = Door()
    for _ in range(3):
        assert door.status("vera", "secret") == 200
    assert door.compared.passwords == ["secret"]
    door.time.advance(REMEMBERED + 1)
    assert door.status("vera", "secret") == 200
    assert door.compared.passwords == ["secret", "secret"]
    assert b"secret" not in b"".join(door.guard._remembered)


def test_what_was_right_is_forgotten_when_users_change() -> None:
    door = Door()
    assert door.status("vera", "secret") == 200
    door.guard.change(USERS[1:])
    assert door.status("vera", "secret") == 401
    door.guard.change([evolve(USERS[0], role="operator")])
    assert door.knock("vera", "secret") == [User("vera", "operator")]


def test_guesses_have_to_wait_longer_and_longer() -> None:
    door = Door()
    waits = []
    for _ in range(8):
        while door.status("vera", "wrong") == 429:
            door.time.advance(0.25)
        began = door.time.seconds()
        while door.status("vera", "secret") == 429:
            door.time.advance(0.25)
            if door.time.seconds() - began >= 1000:
                raise AssertionError("for ever")
        waits.append(door.time.seconds() - began)
        door.guard.change(USERS)
        door.guard._guesses.failed("192.0.2.7", b"vera", door.time.seconds())
        door.guard._guesses._pairs["192.0.2.7", b"vera"].count = len(waits) + 1
    assert waits[0] == 0.0
    assert waits == sorted(waits)
    assert waits[-1] >= 8 * waits[3] > 0


def test_one_address_and_name_wait_and_no_others() -> None:
    door = Door()
    for _ in range(3):
        assert door.status("vera", "wrong") == 401
    assert door.status("vera", "secret") == 429
    assert door.status("vera", "secret", OTHER) == 200
    assert door.status("otto", "secret") == 200
    (problem,) = door.knock("vera", "wrong")
    assert int(problem.headers["Retry-After"]) >= 1


def test_who_is_known_does_not_wait_for_the_guesses_of_others_at_its_address() -> None:
    door = Door()
    assert door.status("vera", "secret") == 200
    for _ in range(5):
        door.status("vera", "wrong")
    assert door.status("vera", "wrong") == 429
    assert door.status("vera", "secret") == 200


def test_guesses_at_once_are_judged_one_by_one() -> None:
    """Many that come together are no way around the wait."""
    door = Door()
    door.compared.is_held = True
    asked = [door.knock("vera", f"guess {number}") for number in range(10)]
    assert len(door.compared.waiting) == 1
    while door.compared.waiting:
        door.compared.waiting.pop(0).callback(False)
    assert [each[0].status for each in asked] == [401] * 3 + [429] * 7


def test_a_browser_that_asks_several_times_at_once_is_compared_once() -> None:
    door = Door()
    door.compared.is_held = True
    asked = [door.knock("vera", "secret") for _ in range(6)]
    door.compared.waiting.pop(0).callback(True)
    assert asked == [[User("vera", "viewer")]] * 6
    assert door.compared.passwords == ["secret"]


def test_who_hangs_up_has_guessed_all_the_same() -> None:
    door = Door()
    door.compared.is_held = True
    for _ in range(3):
        asked = Asked(method="GET", path="/", headers=basic("vera", "x"), client=REMOTE)
        asking = Deferred.fromCoroutine(door.guard.user(asked))
        found = outcomes(asking)
        asking.cancel()
        assert len(found) == len(door.compared.waiting) == 1
        door.compared.waiting.pop(0).callback(False)
    assert door.status("vera", "secret") == 429


def test_there_is_a_limit_to_what_waits_for_a_comparison() -> None:
    door = Door()
    door.compared.is_held = True
    asked = [door.knock(f"name{number}", "x") for number in range(MOST_WAITING + 5)]
    refused = [each[0].status for each in asked if each]
    assert refused == [429] * 4


def test_a_user_that_is_removed_while_its_password_is_compared_is_not_let_in() -> None:
    door = Door()
    door.compared.is_held = True
    asked = door.knock("vera", "secret")
    door.guard.change([])
    door.compared.waiting.pop(0).callback(True)
    assert asked[0].status == 401


@pytest.mark.parametrize(
    ("method", "headers", "is_secure", "is_let"),
    [
        ("POST", {}, False, True),
        ("POST", {"origin": "http://gate:8080"}, False, True),
        ("POST", {"origin": "https://gate:8080"}, False, False),
        ("POST", {"origin": "https://gate:8080"}, True, True),
        ("POST", {"origin": "http://evil"}, False, False),
        ("GET", {"origin": "http://evil"}, False, False),
        ("POST", {"origin": "null"}, False, False),
        ("POST", {"origin": ""}, False, False),
        ("POST", {"sec-fetch-site": "cross-site"}, False, False),
        ("POST", {"sec-fetch-site": "same-origin"}, False, True),
        ("GET", {"sec-fetch-site": "cross-site"}, False, True),
    ],
)
def test_pages_of_other_origins_are_refused(
    method: str, headers: dict[str, str], is_secure: bool, is_let: bool
) -> None:
    asked = Asked(
        method=method,
        path="/",
        headers={"host": "gate:8080", **headers},
        client=Client(is_secure=is_secure),
    )
    if is_let:
        check_origin(asked)
        return
    with pytest.raises(Problem) as caught:
        check_origin(asked)
    assert caught.value.status == 403


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.floats(0, 100))))
def test_tables_have_bounds(steps: list[tuple[str, bool, float]]) -> None:
    """Whatever is guessed: a wrong password never gets in, and little is kept."""
    door = Door()
    door.compared = door.guard._compare = lambda kept, password: _fired(password == "right")  # type: ignore[assignment]
    door.guard.change([evolve(USERS[0], name="a", password_hash=HASH)])
    for name, is_right, seconds in steps:
        door.time.advance(seconds)
        status = door.status(name, "right" if is_right else "wrong")
        assert status in ((200, 429) if is_right and name == "a" else (401, 429))
    assert len(door.guard._guesses) <= 4
    assert len(door.guard._remembered) <= 1


def _fired(value: bool) -> Deferred[bool]:
    fired: Deferred[bool] = Deferred()
    fired.callback(value)
    return fired
