"""`Pipe`: the connection that return paths are kept over.

All that is asked for while a round trip is under way goes with the next one, in one write. So the
replicas are waited for once a round trip, and a path costs no more than its octets: a pipeline of
txredisapi, with a Deferred for each command, costs ten times as much.

Each command that goes over it has an answer of one line.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from math import inf
from typing import Protocol as Shape
from typing import cast

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import IReactorTime, ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from smppgate.store.redis.path_commands import command, ends, sets
from smppgate.store.redis.ports import Refused, Unreached, without_arguments
from smppgate.store.redis.timing import Deadline

_CRON = 0.12

LATE = "no answer in time"
LACKING = "too few replicas have it"


class Told(Shape):
    """Hears how a connection does."""

    def late(self) -> None:
        """An answer has not come within the patience."""

    def refused(self, error: str) -> None:
        """The server has answered with this error."""

    def lacking(self) -> None:
        """Too few replicas had what was written within the patience."""

    def lost(self) -> None:
        """The connection is gone."""


@define(eq=False)
class _Call:
    """Commands that are answered together.

    :ivar count: how many they are.
    :ivar asked: since when they are waited for.
    :ivar is_safe: whether they keep something: then they must be answered by a time.
    :ivar is_over: whether that has passed.
    """

    # The password may be in it.
    octets: bytes = field(repr=False)
    count: int
    asked: float
    is_safe: bool
    is_over: bool = False
    done: Deferred[Sequence[bytes]] = field(factory=Deferred)

    def fail(self, error: Exception) -> None:
        self.done.errback(error)


@define(eq=False)
class _Round:
    """What was written at once, when, and how many lines answer it."""

    calls: list[_Call]
    count: int
    is_safe: bool
    written: float


class Pipe(Protocol):
    """One connection, see above.

    :param patience: seconds from the call of a method until it has failed.
    :param replicas: how many must have what is kept.
    :param told: hears of what fails, before the Deferred of the call does.
    """

    def __init__(self, clock: IReactorTime, patience: float, replicas: int, told: Told) -> None:
        self._clock = clock
        self._patience = patience
        self._replicas = replicas
        self._wait = self._wait_command(wait_time(patience))
        self._told = told
        self._waiting: list[_Call] = []
        self._rounds: deque[_Round] = deque()
        self._deadline: Deadline | None = None
        self._since = 0.0
        """When the oldest call was asked for, since which its answer is waited for."""
        self._received: list[bytes] = []
        self._lines = 0
        self._lost: Unreached | None = None

    # What is asked

    def keep(
        self,
        kept: Mapping[bytes, bytes],
        lifetime: int,
        ended: Mapping[bytes, int],
        waited: float = 0.0,
    ) -> Deferred[None]:
        """See `smppgate.store.redis.ports.Server.keep`."""
        count = len(kept) + len(ended)
        octets = sets(kept, lifetime) + ends(ended)
        call = _Call(octets, count, self._clock.seconds() - waited, is_safe=True)
        self._ask(call)
        return call.done.addCallback(_nothing)

    def ask(self, *words: bytes) -> Deferred[bytes]:
        """The one line with which a command is answered, without the sign before it.

        It is waited for until the connection is lost.
        """
        call = _Call(command(*words), 1, self._clock.seconds(), is_safe=False)
        self._write([call])
        return call.done.addCallback(_first)

    def count_replicas(self) -> Deferred[int]:
        """How many replicas have all that was kept, or have it soon."""
        octets = self._wait_command(wait_time(self._patience / 4))
        call = _Call(octets, 1, self._clock.seconds(), is_safe=False)
        self._write([call])
        return call.done.addCallback(_first).addCallback(int)

    def give_up(self, error: Exception) -> None:
        """Let all fail that is kept at present. What was written may be done all the same."""
        self._fail_due(inf, error)

    def abort(self) -> None:
        """Cut the connection."""
        if self._lost is None and self.transport is not None:
            cast(ITCPTransport, self.transport).abortConnection()

    # Twisted's

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Octets go out at once."""
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Count lines until a round trip is over."""
        self._received.append(data)
        self._lines += data.count(b"\n")
        if self._rounds and self._lines >= self._rounds[0].count:
            self._read()

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802 - Twisted's name
        """All fails that was asked."""
        error = self._lost = lost(reason)
        self._told.lost()
        rounds, self._rounds = self._rounds, deque()
        self.give_up(error)
        for call in (call for each in rounds for call in each.calls if not call.is_over):
            call.fail(error)

    # Round trips

    def _wait_command(self, time: int) -> bytes:
        return command(b"WAIT", b"%d" % self._replicas, b"%d" % time)

    def _ask(self, call: _Call) -> None:
        if self._lost is not None:
            call.fail(self._lost)
            return
        self._waiting.append(call)
        if self._deadline is None or call.asked < self._since:
            self._start_deadline(call.asked)
        if not self._rounds:
            self._next()

    def _next(self) -> None:
        calls, self._waiting = self._waiting, []
        if calls:
            self._write(calls)

    def _write(self, calls: list[_Call]) -> None:
        if self._lost is not None or self.transport is None:
            for call in calls:
                call.fail(self._lost or Unreached(LATE))
            return
        is_safe = self._replicas > 0 and any(call.is_safe for call in calls)
        count = sum(call.count for call in calls) + is_safe
        self._rounds.append(_Round(calls, count, is_safe, self._clock.seconds()))
        octets = b"".join([call.octets for call in calls])
        self.transport.write(octets + self._wait if is_safe else octets)

    def _read(self) -> None:
        answers = b"".join(self._received).split(b"\r\n")
        while self._rounds and len(answers) > self._rounds[0].count:
            answered = self._rounds.popleft()
            lines, answers = answers[: answered.count], answers[answered.count :]
            self._answered(answered, lines)
        self._lines = len(answers) - 1
        self._received = [b"\r\n".join(answers)]
        if not self._rounds:
            self._next()

    def _answered(self, answered: _Round, lines: list[bytes]) -> None:
        self._set_deadline()
        has_replicas = not answered.is_safe or self._enough(lines.pop())
        at = 0
        for call in answered.calls:
            if not call.is_over:
                self._finish(call, lines[at : at + call.count], has_replicas or not call.is_safe)
            at += call.count

    def _enough(self, line: bytes) -> bool:
        if line[:1] == b":" and int(line[1:]) >= self._replicas:
            return True
        self._told.lacking() if line[:1] == b":" else self._told.refused(_text(line))
        return False

    def _finish(self, call: _Call, lines: list[bytes], has_replicas: bool) -> None:
        refused = next((line for line in lines if line[:1] == b"-"), None)
        if refused is not None:
            self._told.refused(_text(refused))
            call.fail(Refused(_text(refused)))
        elif has_replicas:
            call.done.callback(lines)
        else:
            call.fail(Unreached(LACKING))

    # What is late

    def _set_deadline(self) -> None:
        """That of the oldest call that is kept, if there is any."""
        self._stop_deadline()
        asked = [call.asked for call in self._open()]
        if asked:
            self._start_deadline(min(asked))

    def _open(self) -> list[_Call]:
        """What is kept at present."""
        written = [call for each in self._rounds for call in each.calls if call.is_safe]
        return [call for call in (*written, *self._waiting) if not call.is_over]

    def _start_deadline(self, asked: float) -> None:
        self._stop_deadline()
        self._since = asked
        self._deadline = Deadline(self._clock, asked + self._patience, self._late)

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        now = self._clock.seconds()
        if self._rounds and self._rounds[0].written + self._patience <= now:
            self._told.late()
            self.give_up(Unreached(LATE))
        else:
            # The server has not been asked for so long: a call has waited before, or for others.
            self._fail_due(now, Unreached(LATE))

    def _fail_due(self, now: float, error: Exception) -> None:
        """Let what should have been answered by ``now`` fail."""
        due = [call for call in self._open() if call.asked + self._patience <= now]
        for call in due:
            call.is_over = True
        self._waiting = [call for call in self._waiting if not call.is_over]
        self._set_deadline()
        for call in due:
            call.fail(error)


def lost(reason: Failure) -> Unreached:
    """What fails what was asked on a connection that is lost."""
    if reason.check(ConnectionDone, ConnectionAborted):
        return Unreached("the connection is lost")
    return Unreached(f"the connection is lost: {reason.getErrorMessage()}")


def wait_time(patience: float) -> int:
    """Milliseconds for which replicas are waited for, until a little before it is over.

    A server that has nothing else to do notices ten times a second that the time is over.
    """
    return max(1, int(1000 * max(patience - _CRON, patience / 2)))


def _text(line: bytes) -> str:
    return without_arguments(line[1:].decode("ascii", "replace"))


def _nothing(_lines: Sequence[bytes]) -> None:
    return None


def _first(lines: Sequence[bytes]) -> bytes:
    return lines[0][1:]
