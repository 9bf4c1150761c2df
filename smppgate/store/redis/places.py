"""`RedisPlaces`: the places of sessions, and the slots of links, over all nodes: see `IAdmission`.

A node tells how many places it has of each name whenever that has changed, and asks for more in
the same call: so what was told twice, or late, or lost is set right by the next. What is asked for
while a call is under way goes with the next one.

Where a server is not up, sessions are admitted by what this node has alone: ESMEs must be able to
bind. They are counted when it is up again, and no more are admitted until there is room for one.
A link waits: its provider counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, Protocol

from attrs import define, field
from twisted.internet.defer import Deferred, fail, succeed
from twisted.python.failure import Failure

from smppgate.store.records import StoreError
from smppgate.store.redis.calls import SETTLING, SILENCE, Calls
from smppgate.store.redis.names import Names
from smppgate.store.redis.ports import Server, Word
from smppgate.store.redis.script import Script
from smppgate.store.redis.slots import Slots

PIECE = 200
"""Names in one call at the most: a server does nothing else for a few milliseconds."""

FULL_FOR = 5000
"""Milliseconds that an account stays noted as full: each node looks several times."""

NOT_YET = -1
"""What a server gives that does not know yet what all nodes have."""

_OF_SMSC = b"\0"
"""Comes before the name of an SMSC, where that of an account would be."""

_PLACES = Script("places")


class Looks(Protocol):
    """The looks that a node makes every half second, as `Presence` has them."""

    def follow(self, told: Callable[[Server, bool], None]) -> None:
        """Call ``told`` after each look: its server, and whether that did not know the node."""

    def follow_missed(self, told: Callable[[Server, Failure], None]) -> None:
        """Call ``told`` with each look that failed: its server, and why."""

    def follow_full(self, told: Callable[[bytes], None]) -> None:
        """Call ``told`` with each account of which a session has got no place anywhere."""


@define(eq=False)
class _Question:
    """A place is asked for.

    :ivar is_strict: whether there is none where the server does not say so.
    :ivar was_unsafe: whether too few replicas had the last answer.
    """

    name: bytes
    limit: int
    is_strict: bool
    answer: Deferred[bool] = field(factory=Deferred)
    was_unsafe: bool = False


class RedisPlaces:
    """The places that this node has.

    :param node: names this process: no other one, also not the one before it on the same node,
        or what that had is not given back until it is asked for here.
    """

    def __init__(self, servers: Slots, names: Names, node: bytes, looks: Looks) -> None:
        self._servers = servers
        self._held: dict[bytes, int] = {}
        """Name → places; none is 0."""
        self._told_full: Callable[[bytes], None] = lambda account: None
        self._desks = {
            server: _Desk(server, names, node, self._held, self._full) for server in servers
        }
        looks.follow(self._looked)
        looks.follow_missed(self._not_looked)
        looks.follow_full(self._full)

    def __len__(self) -> int:
        """How many places this node has, and slots."""
        return sum(self._held.values())

    def admit(self, account: bytes, limit: int) -> Deferred[bool]:
        """See `IAdmission.admit`. It does not fail."""
        return self._desk(account).ask(_Question(account, limit, is_strict=False))

    def leave(self, account: bytes) -> None:
        """See `IAdmission.leave`."""
        self._desk(account).leave(account)

    def take_slot(self, smsc: str, limit: int) -> Deferred[bool]:
        """See `IAdmission.take_slot`."""
        name = _of_smsc(smsc)
        return self._desk(name).ask(_Question(name, limit, is_strict=True))

    def give_slot(self, smsc: str) -> None:
        """See `IAdmission.give_slot`."""
        self.leave(_of_smsc(smsc))

    def tell_full(self, told: Callable[[bytes], None]) -> None:
        """See `IAdmission.tell_full`."""
        self._told_full = told

    def _desk(self, name: bytes) -> _Desk:
        return self._desks[self._servers.of(name)]

    def _full(self, account: bytes) -> None:
        if account in self._held:
            self._told_full(account)

    def _looked(self, server: Server, is_new: bool) -> None:
        self._desks[server].looked(is_new)

    def _not_looked(self, server: Server, _: Failure) -> None:
        self._desks[server].not_looked()


class _Desk:
    """What one server is told and asked, one call at a time.

    :param held: those of all servers.
    :param full: called with each account of which there was no place.
    """

    def __init__(
        self,
        server: Server,
        names: Names,
        node: bytes,
        held: dict[bytes, int],
        full: Callable[[bytes], None],
    ) -> None:
        self._server = server
        self._names = names
        self._node = node
        self._held = held
        self._full = full
        self._calls = Calls()
        self._names_here: dict[bytes, None] = {}
        """Those of ``held`` that this server has, or has been told of."""
        self._untold: dict[bytes, None] = {}
        self._questions: list[_Question] = []
        self._early: list[_Question] = []
        """Asked before the server knew all; they are asked again after the next look."""
        self._is_asking = False
        server.follow(self._turned)

    def ask(self, question: _Question) -> Deferred[bool]:
        """Whether there is a place."""
        if not self._server.is_up:
            return self._alone(question)
        self._questions.append(question)
        self._call()
        return question.answer

    def leave(self, name: bytes) -> None:
        """A place is free, if this node has any."""
        held = self._held.pop(name, 0)
        if held > 1:
            self._held[name] = held - 1
        self._untold[name] = None
        self._call()

    def looked(self, is_new: bool) -> None:
        """Ask again what was asked too early, and tell all where the server does not know it.

        It is called at each look at the server, which so knows that nodes tell.
        """
        if is_new:
            self._tell_all()
        self._questions += self._early
        self._early = []
        self._call(is_beat=True)

    def not_looked(self) -> None:
        """Wait for nothing: a server that refuses this node's looks never knows all nodes."""
        early, self._early = self._early, []
        self._answer_alone(early)

    def _turned(self) -> None:
        if not self._server.is_up:
            # None is under way but in a call, which fails by itself.
            waiting, self._questions, self._early = self._questions + self._early, [], []
            self._answer_alone(waiting)

    def _tell_all(self) -> None:
        self._untold |= self._names_here

    # Calls

    def _call(self, is_beat: bool = False) -> None:
        if self._is_asking or not self._server.is_up:
            return
        if not (is_beat or self._questions or self._untold):
            return
        questions, self._questions = self._questions[:PIECE], self._questions[PIECE:]
        by_name: dict[bytes, list[_Question]] = {question.name: [] for question in questions}
        for question in questions:
            by_name[question.name].append(question)
        for name in tuple(islice(self._untold, PIECE)):
            del self._untold[name]
            by_name.setdefault(name, [])
        self._is_asking = True
        self._names_here |= dict.fromkeys(by_name)
        is_safe = bool(questions) and not any(question.was_unsafe for question in questions)
        run = self._server.run_safely if is_safe else self._server.run
        asking = run(_PLACES, *self._words(by_name))
        asking.addCallbacks(self._told, self._failed, (by_name,), {}, (by_name,))
        asking.addCallback(self._go_on)

    def _words(self, by_name: dict[bytes, list[_Question]]) -> tuple[list[bytes], list[Word]]:
        names = self._names
        keys = [names.places(b""), names.full, *(names.places(name) for name in by_name)]
        words: list[Word] = [self._node, names.node_prefix, self._calls.next(), SETTLING]
        words += (SILENCE, FULL_FOR)
        for name, questions in by_name.items():
            account = b"" if name.startswith(_OF_SMSC) else name
            # The latest is of the settings as they are now.
            limit = questions[-1].limit if questions else 0
            words += (account, self._held.get(name, 0), len(questions), limit)
        return keys, words

    def _told(self, answer: list[Any], by_name: dict[bytes, list[_Question]]) -> bool:
        before, *given = answer
        if self._calls.is_late(before):
            self._again(by_name)
            return True
        if self._calls.has_lost(before):
            self._tell_all()
        for (name, questions), got in zip(by_name.items(), given, strict=True):
            self._forget_unless_held(name, got)
            if got == NOT_YET:
                self._early += questions
            else:
                self._give(name, questions, got)
        return True

    def _forget_unless_held(self, name: bytes, got: int) -> None:
        if got <= 0 and name not in self._held and name not in self._untold:
            self._names_here.pop(name, None)

    def _give(self, name: bytes, questions: Iterable[_Question], got: int) -> None:
        """The first ``got`` of ``questions`` have a place."""
        if got:
            self._held[name] = self._held.get(name, 0) + got
        for index, question in enumerate(questions):
            if index == got:
                self._full(name)
            question.answer.callback(index < got)

    def _failed(self, _: Failure, by_name: dict[bytes, list[_Question]]) -> bool:
        """It may have been done all the same: all is told again, and so set right."""
        questions = self._again(by_name)
        if not self._server.is_up:
            return False
        tried = [question for question in questions if question.was_unsafe]
        for question in questions:
            question.was_unsafe = True
        self._questions = [each for each in self._questions if each not in tried]
        self._answer_alone(tried)
        # What is only told is told again after the next look.
        return bool(self._questions)

    def _again(self, by_name: dict[bytes, list[_Question]]) -> list[_Question]:
        self._untold |= dict.fromkeys(by_name)
        questions = [question for each in by_name.values() for question in each]
        self._questions = questions + self._questions
        return questions

    def _go_on(self, goes_on: bool) -> None:
        self._is_asking = False
        self._turned()
        if goes_on:
            self._call()

    # Without the server

    def _answer_alone(self, questions: Iterable[_Question]) -> None:
        for question in questions:
            self._alone(question).chainDeferred(question.answer)

    def _alone(self, question: _Question) -> Deferred[bool]:
        name = question.name
        if question.is_strict:
            return fail(StoreError("Redis does not say whether there is one more"))
        held = self._held.get(name, 0)
        if held >= question.limit:
            self._full(name)
            return succeed(False)
        self._held[name] = held + 1
        self._untold[name] = None
        return succeed(True)


def _of_smsc(smsc: str) -> bytes:
    return _OF_SMSC + smsc.encode()
