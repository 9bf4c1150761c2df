"""`TalkingRedis`: a `ModelRedis` that is spoken with over connections in memory, as a real one.

So the connections of the gate themselves are tried, on a clock that does not run by itself.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from zope.interface import implementer

from smppgate.store.redis.script import Script
from tests.fakes import MemoryTransport, connect
from tests.store.redis.line import _answer as read_value
from tests.store.redis.model import ModelRedis
from tests.store.redis.model_data import READONLY, Answer, RedisError, Status
from tests.store.redis.scripts_of_tests import script

_INFO = b"redis_version:7.2.4\r\nrole:%b\r\nrun_id:%d\r\n"
_CRON = 0.1
"""Seconds that a server may take longer to notice that a WAIT is over."""


class TalkingRedis:
    """A server, as those who speak with it see it.

    :ivar delay: seconds until it has read what it is sent, and until its answer is there.
    :ivar refusal: the answer to all that new connections ask for; "" where they may come in.
    """

    def __init__(self, clock: Clock, replicas: int = 0) -> None:
        self.clock = clock
        self.model = ModelRedis(clock.seconds, replicas)
        self.delay = 0.0005
        self.refusal = ""
        self.is_master = True
        self.is_down = self.is_silent = False
        self.run = 1
        self.scripts: dict[bytes, Script] = {}
        self.talks: list[Talk] = []

    def freeze(self) -> None:
        """Answer nothing, and read nothing."""
        self.model.freeze()

    def thaw(self) -> None:
        """Go on."""
        self.model.thaw()
        for talk in list(self.talks):
            talk.go_on()

    def stop(self) -> None:
        """End, with all connections; from then on none is made."""
        self.is_down = True
        self._hang_up()

    def become(self, is_master: bool, hangs_up: bool = True) -> None:
        """A replica takes nothing from nodes; Sentinels that make it one end its connections."""
        self.is_master = is_master
        self.model.refuse("" if is_master else READONLY)
        if not is_master and hangs_up:
            self._hang_up()

    def _hang_up(self) -> None:
        talks, self.talks = self.talks, []
        for talk in talks:
            talk.end()

    def start(self) -> None:
        """Begin again, with all that there was."""
        self.is_down = False
        self.run += 1


@implementer(IStreamClientEndpoint)
class ToTalkingRedis:
    """Connects to it: at once, never, or it is refused."""

    def __init__(self, redis: TalkingRedis) -> None:
        self._redis = redis

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:  # noqa: N803 - Twisted's name
        redis = self._redis
        if redis.is_down:
            return fail(ConnectionRefusedError())
        if redis.is_silent:
            return Deferred()
        protocol: Any = protocolFactory.buildProtocol(None)  # type: ignore[arg-type]
        talk = Talk(redis)
        redis.talks.append(talk)
        connect(redis.clock, protocol, peer=talk)
        return succeed(protocol)


class Talk(Protocol):
    """One connection, seen from the server."""

    transport: MemoryTransport

    def __init__(self, redis: TalkingRedis) -> None:
        self._redis = redis
        self._refusal = redis.refusal
        self._unread = b""
        self._asked: deque[list[bytes]] = deque()
        self._waits = False
        self._is_over = False
        self._arrives = self._returns = 0.0
        """When the last command arrives, and the last answer: none passes another."""

    def dataReceived(self, data: bytes) -> None:
        """Commands arrive after a while."""
        self._arrives = self._later(self._arrives, self._arrived, data)

    def connectionLost(self, reason: Any = None) -> None:
        """Nothing more is answered."""
        self._is_over = True

    def end(self) -> None:
        """The server ends."""
        self._is_over = True
        self.transport.loseConnection()

    def go_on(self) -> None:
        """Do what waits, in its order."""
        while self._asked and not (self._waits or self._is_over or self._redis.model.is_frozen):
            self._do(self._asked.popleft())

    def _later(self, behind: float, function: Callable[[bytes], None], octets: bytes) -> float:
        clock = self._redis.clock
        at = max(behind, clock.seconds() + self._redis.delay)
        clock.callLater(at - clock.seconds(), function, octets)
        return at

    def _arrived(self, data: bytes) -> None:
        octets = io.BytesIO(self._unread + data)
        while True:
            place = octets.tell()
            try:
                self._asked.append(read_value(octets))  # type: ignore[arg-type]
            except (EOFError, TypeError):
                self._unread = octets.getvalue()[place:]
                break
        self.go_on()

    def _do(self, words: list[bytes]) -> None:
        name, *rest = words
        if name == b"WAIT":
            self._wait(int(rest[0]), int(rest[1]) / 1000)
            return
        try:
            answer = self._own(name, rest)
        except RedisError as error:
            self._send(b"-%b\r\n" % str(error).encode())
        else:
            self._send(_octets(answer))

    def _own(self, name: bytes, rest: list[bytes]) -> Answer:
        model = self._redis.model
        if self._refusal:
            raise RedisError(self._refusal)
        if name == b"INFO":
            return _INFO % (b"master" if self._redis.is_master else b"slave", self._redis.run)
        if name == b"CLIENT":
            return 1 if rest[0] == b"ID" else Status(b"OK")
        if name in (b"EVAL", b"EVALSHA"):
            return self._script(name, rest)
        return model.call(name, *rest)

    def _script(self, name: bytes, rest: list[bytes]) -> Answer:
        known = self._redis.scripts
        if name == b"EVAL":
            made = script(rest[0])
            known[made.digest] = made
        elif rest[0] not in known:
            raise RedisError("NOSCRIPT No matching script.")
        else:
            made = known[rest[0]]
        count = int(rest[1])
        return self._redis.model.run(made, rest[2 : 2 + count], rest[2 + count :])

    def _wait(self, replicas: int, longest: float) -> None:
        """Replicas have it after the lag; where they have not in time, that is noticed late."""
        self._waits = True
        lag = self._redis.model.lag
        has = lag <= longest and self._redis.model.has_replicas(replicas)
        pause = lag if has else longest + _CRON
        self._redis.clock.callLater(pause, self._waited, replicas if has else 0)

    def _waited(self, count: int) -> None:
        self._waits = False
        self._when_thawed(lambda: self._send(b":%d\r\n" % count))
        self.go_on()

    def _when_thawed(self, function: Callable[[], None]) -> None:
        if self._redis.model.is_frozen:
            self._redis.clock.callLater(0.01, self._when_thawed, function)
        else:
            function()

    def _send(self, octets: bytes) -> None:
        self._returns = self._later(self._returns, self._sent, octets)

    def _sent(self, octets: bytes) -> None:
        if not self._is_over:
            self.transport.write(octets)


def _octets(answer: Answer) -> bytes:
    """An answer as it goes over the wire."""
    if answer is None:
        return b"$-1\r\n"
    if isinstance(answer, Status):
        return b"+%b\r\n" % bytes(answer)
    if isinstance(answer, bytes):
        return b"$%d\r\n%b\r\n" % (len(answer), answer)
    if isinstance(answer, int):
        return b":%d\r\n" % answer
    return b"*%d\r\n" % len(answer) + b"".join(map(_octets, answer))
