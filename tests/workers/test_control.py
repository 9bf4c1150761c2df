"""Master and worker ask each other over one connection, area by area."""

from __future__ import annotations

import os
import socket
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.logger import LogEvent, globalLogPublisher
from twisted.protocols import amp
from twisted.python.failure import Failure

from smppgate.workers.control import Responders
from tests.fakes import outcomes
from tests.workers.pair import Ends, real_ends


class NotThere(Exception):
    """What `Ask` may fail with."""


class Ask(amp.Command):
    arguments = [(b"what", amp.Unicode())]
    response = [(b"found", amp.Unicode())]
    errors = {NotThere: b"NOT_THERE"}


class Tell(amp.Command):
    arguments = [(b"what", amp.Unicode())]
    requiresAnswer = False


class Hand(amp.Command):
    arguments = [(b"what", amp.Unicode()), (b"it", amp.Descriptor())]


class Answers(Responders):
    def __init__(self) -> None:
        self.told: list[str] = []
        self.is_lost = False

    @Ask.responder
    def ask(self, what: str) -> Any:
        if what == "nothing":
            raise NotThere("there is none")
        if what == "mistake":
            raise ZeroDivisionError("secret")
        return {"found": what.upper()}

    def lost(self) -> None:
        self.is_lost = True


class Hears(Responders):
    def __init__(self) -> None:
        self.told: list[str] = []

    @Tell.responder
    def tell(self, what: str) -> Any:
        if what == "mistake":
            raise ZeroDivisionError
        self.told.append(what)
        return {}


class Holds(Responders):
    def __init__(self) -> None:
        self.held: dict[str, int] = {}

    @Hand.responder
    def hand(self, what: str, it: int) -> Any:
        self.held[what] = it
        return {}


@pytest.fixture
def log() -> Any:
    events: list[LogEvent] = []
    globalLogPublisher.addObserver(events.append)
    yield events
    globalLogPublisher.removeObserver(events.append)


def failure(deferred: Deferred[Any], ends: Ends) -> Any:
    """What it fails with."""
    seen = outcomes(deferred)
    ends.turn()
    assert isinstance(seen[0], Failure)
    return seen[0].value


def test_either_side_asks_the_other() -> None:
    ends = Ends(master=[Answers()], worker=[Answers()])
    seen = [
        *map(outcomes, (end.callRemote(Ask, what="here") for end in (ends.master, ends.worker)))
    ]
    ends.turn()
    assert seen == [[{"found": "HERE"}]] * 2


def test_each_area_answers_its_own_commands() -> None:
    hears = Hears()
    ends = Ends(worker=[Answers(), hears])
    seen = outcomes(ends.master.callRemote(Ask, what="here"))
    ends.master.callRemote(Tell, what="news")
    ends.turn()
    assert seen == [{"found": "HERE"}]
    assert hears.told == ["news"]


def test_an_area_may_be_added_later() -> None:
    ends, answers = Ends(), Answers()
    ends.worker.add(answers)
    found = outcomes(ends.master.callRemote(Ask, what="late"))
    ends.turn()
    assert found == [{"found": "LATE"}]
    assert answers.control is ends.worker


def test_a_known_error_comes_as_what_it_is() -> None:
    ends = Ends(worker=[Answers()])
    error = failure(ends.master.callRemote(Ask, what="nothing"), ends)
    assert isinstance(error, NotThere)
    assert str(error) == "there is none"


def test_what_no_area_knows_fails_and_the_connection_goes_on() -> None:
    ends = Ends(worker=[Answers()])
    unknown = outcomes(ends.worker.callRemote(Ask, what="here"))
    ends.turn()
    assert isinstance(unknown[0], Failure)
    assert unknown[0].check(amp.UnknownRemoteError, amp.UnhandledCommand)
    known = outcomes(ends.master.callRemote(Ask, what="here"))
    ends.turn()
    assert known == [{"found": "HERE"}]


def test_a_mistake_is_logged_and_the_connection_goes_on(log: list[LogEvent]) -> None:
    ends = Ends(worker=[Answers(), Hears()])
    error = failure(ends.master.callRemote(Ask, what="mistake"), ends)
    assert isinstance(error, amp.UnknownRemoteError)
    assert "secret" not in str(error)
    ends.master.callRemote(Tell, what="mistake")
    ends.turn()
    assert [event["command"] for event in log if event.get("code") == "SG-9501"] == ["Ask", "Tell"]
    assert not ends.lost
    known = outcomes(ends.master.callRemote(Ask, what="here"))
    ends.turn()
    assert known == [{"found": "HERE"}]


def test_a_lost_connection_fails_what_was_asked_and_tells_all_areas() -> None:
    answers = Answers()
    ends = Ends(worker=[answers, Hears()])
    asked = outcomes(ends.master.callRemote(Ask, what="here"))
    ends.transport.lose()
    ends.turn()
    assert isinstance(asked[0], Failure)
    assert asked[0].check(ConnectionDone)
    assert ends.lost == ["master", "worker"]
    assert answers.is_lost
    assert isinstance(failure(ends.worker.callRemote(Ask, what="here"), ends), ConnectionDone)


def test_nothing_of_the_connection_is_logged(log: list[LogEvent]) -> None:
    ends = Ends()
    ends.master.close()
    ends.turn()
    assert ends.lost == ["master", "worker"]
    assert not log


def test_descriptors_reach_the_area_that_they_are_for() -> None:
    holds = Holds()
    with real_ends() as ends:
        ends.connect([], [Answers(), holds])
        pairs = {name: socket.socketpair() for name in ("first", "second", "third")}
        for name, (_, theirs) in pairs.items():
            given = outcomes(ends.master.callRemote(Hand, what=name, it=theirs.fileno()))
            if name != "second":
                ends.until(lambda given=given: given)
        ends.until(lambda: len(holds.held) == len(pairs))
        for name, (ours, theirs) in pairs.items():
            with ours, theirs:
                os.write(holds.held[name], name.encode())
                os.close(holds.held[name])
                assert ours.recv(20) == name.encode()


def test_without_a_descriptor_that_was_sent_the_connection_ends() -> None:
    """AMP counts them: each that is to come would be taken for another."""
    holds = Holds()
    ends = Ends(worker=[holds])
    with pytest.raises(KeyError):
        holds._getDescriptor(3)
    ends.turn()
    assert sorted(ends.lost) == ["master", "worker"]
