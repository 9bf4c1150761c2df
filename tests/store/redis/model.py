"""`ModelRedis`: a master and a replica that fail as told; `ModelServer`: a node's way to it.

All of it goes by a given clock, and nothing by chance: the same calls give the same answers. What
a node asks for goes to the master, is done there, and the answer comes back, or not:

- A frozen master, or a node that is cut off, does what it was asked when that is over, late.
- A master that ends, or is replaced, loses what was on its way to it, and the answers.
- A master that fails is replaced by its replica, which has what is older than ``lag``, and
  all that was waited for.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from itertools import count
from math import inf
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from smppgate.store.redis.pipe import LACKING, LATE
from smppgate.store.redis.ports import Refused, Unreached, Word
from smppgate.store.redis.script import Script
from smppgate.txsmpp.clock import Clock
from tests.store.redis.model_data import OOM, READONLY, Answer, Database, RedisError
from tests.store.redis.model_lua import Lua

__all__ = ["OOM", "READONLY", "ModelRedis", "ModelServer"]

PATIENCE = 0.25
PING_INTERVAL = 0.25

_TOO_FEW = object()


class ModelRedis:
    """A master, with or without a replica.

    :param now: seconds of the wall clock, as the machine of the server says.
    :ivar data: what the master has.
    :ivar lag: seconds until the replica has what the master has; infinite where it is cut off.
    :ivar cuts: how often it was.
    :ivar asked: how often each script was run, and ``keep`` and ``find``.
    """

    def __init__(self, now: Callable[[], float], replicas: int = 0, lag: float = 0.0) -> None:
        self.data = Database()
        self.lag = lag
        self.cuts = 0
        self.asked: Counter[str] = Counter()
        self.is_frozen = self.is_down = False
        self._now = now
        self._lua = Lua()
        self._replicas = replicas
        self._replica = Database()
        self._written: deque[float] = deque()
        """When the replica has each of the effects that it does not have yet."""
        self._servers: list[ModelServer] = []

    # What clients ask for

    def call(self, *words: Word) -> Answer:
        """Run one command.

        :raises RedisError: what the server answers.
        """
        return self._noted(lambda: self.data.call(_octets(words)))

    def run(self, script: Script, keys: Sequence[bytes], arguments: Sequence[Word] = ()) -> Answer:
        """What ``script`` returns.

        :raises RedisError: what it raises.
        """
        self.asked[script.name] += 1
        return self._noted(lambda: self._lua.run(self.data, script, keys, _octets(arguments)))

    def has_replicas(self, number: int) -> bool:
        """Whether so many replicas get what is written."""
        return number <= (self._replicas if self.lag < inf else 0)

    def contents(self) -> dict[bytes, tuple[Any, float]]:
        """Each key with its value and when it expires, in milliseconds."""
        self._set_time()
        return self.data.contents()

    # Trouble

    def freeze(self) -> None:
        """Do nothing, until `thaw` or `failover`."""
        self.is_frozen = True

    def thaw(self) -> None:
        """Do all that was asked for meanwhile, and go on."""
        self.is_frozen = False
        self._go_on()

    def stop(self) -> None:
        """End, with all connections.

        What the master has is there when it starts again; the replica gets no more of it before.
        """
        self._cut_off()
        self.is_down = True
        self._break()

    def start(self) -> None:
        """Be there again."""
        self.is_down = False
        self.join_replica(self.lag)

    def refuse(self, error: str = OOM) -> None:
        """Refuse what needs more memory, or, with `READONLY`, all that writes; "" ends it."""
        self.data.refuses = error

    def restart_empty(self) -> None:
        """End, and start again with nothing."""
        self._break()
        self._become(Database())

    def failover(self) -> None:
        """The replica becomes the master, and the master its replica. What it has not got is lost,
        and what was on its way."""
        assert self._replicas, "there is no replica"
        self._replicate()
        self._break()
        self._become(self._replica)

    def take_over(self, other: ModelRedis) -> None:
        """Be the one that was the replica of ``other``, with a replica of its own."""
        other._replicate()
        self._become(Database(entries=_copied(other._replica)))

    def cut_replica(self) -> None:
        """The replica gets nothing from now on; what was on its way to it is lost."""
        self._cut_off()
        self.lag = inf
        self.cuts += 1

    def join_replica(self, lag: float = 0.0) -> None:
        """It gets all that it has missed, and the rest ``lag`` seconds late."""
        self.lag = lag
        self._written = deque(self._now() + lag for _ in self._written)

    # For its clients

    def follow(self, server: ModelServer) -> None:
        """Tell ``server`` when its connection is lost, and when what is held may go on."""
        self._servers.append(server)

    def leave(self, server: ModelServer) -> None:
        """It has gone."""
        if server in self._servers:
            self._servers.remove(server)

    def _break(self) -> None:
        for server in list(self._servers):
            server.lost()

    def _go_on(self) -> None:
        for server in list(self._servers):
            server.go_on()

    def _become(self, data: Database) -> None:
        self.data = data
        data.refuses = ""
        data.effects.clear()
        self._written.clear()
        self._replica = Database(entries=_copied(data)) if self._replicas else Database()
        self.is_frozen = self.is_down = False

    def _noted(self, done: Callable[[], Answer]) -> Answer:
        """Do it at this time, and note when the replica has what was written."""
        self._set_time()
        effects = self.data.effects
        try:
            return done()
        finally:
            if not self._replicas:
                effects.clear()
            while len(self._written) < len(effects):
                self._written.append(self._now() + self.lag)
            if len(effects) > 1000:
                self._replicate()

    def _cut_off(self) -> None:
        self._replicate()
        self._written = deque(inf for _ in self._written)

    def _replicate(self) -> None:
        """The replica gets what it should have by now."""
        now, done = self._now(), 0
        while self._written and self._written[0] <= now:
            self._written.popleft()
            done += 1
        self._replica.follow(self.data.effects[:done])
        self._replica.effects.clear()
        del self.data.effects[:done]

    def _set_time(self) -> None:
        self.data.time = round(1e6 * self._now())


@define(eq=False)
class _Request:
    """What a node has asked for."""

    number: int
    do: Callable[[], Answer]
    answered: Deferred[Any]
    waits: bool
    sent: float
    patience: IDelayedCall | None = None
    outcome: Any = field(default=None)
    cuts: int = 0
    """How often the replica had been cut off when the master did it."""


class ModelServer:
    """A node's way to a `ModelRedis`; provides `OpenServer`.

    :param reactor: the clock or reactor of the node.
    :param delay: seconds from the node to the master, and back; asked for each way.
    :ivar is_cut: see `cut`.
    :ivar has_replicas: whether as many replicas as are asked for had what was written.
    :ivar late: how many answers came after the patience.
    """

    def __init__(
        self,
        redis: ModelRedis,
        reactor: IReactorTime,
        patience: float = PATIENCE,
        wait_replicas: int = 0,
        delay: Callable[[], float] = lambda: 0.0005,
    ) -> None:
        self.name = "model"
        self.is_up = self.has_replicas = True
        self.is_cut = False
        self.late = 0
        self._redis = redis
        self._clock = Clock.of(reactor)
        self._patience = patience
        self._wait_replicas = wait_replicas
        self._delay = delay
        self._longest_wait = 0.9 * patience
        self._numbers = count()
        self._open: dict[int, _Request] = {}
        """What is not answered, nor given up."""
        self._going: deque[_Request] = deque()
        """What is on its way to the master, in order."""
        self._held: deque[_Request] = deque()
        """What waits for a master that is frozen, or behind a cut."""
        self._arrives = 0.0
        self._returns = {False: 0.0, True: 0.0}
        """When the last answer comes, of those that wait for replicas and of the others."""
        self._timers: dict[int, IDelayedCall] = {}
        self._looking: IDelayedCall | None = None
        self._told: list[Callable[[], None]] = []
        redis.follow(self)
        if redis.is_down or redis.is_frozen:
            self.is_up = False
            self._look_later()

    @property
    def is_asked(self) -> bool:
        """Whether an answer is awaited."""
        return bool(self._open)

    # See `ports.Server`

    def keep(
        self,
        kept: Mapping[bytes, bytes],
        lifetime: int,
        ended: Mapping[bytes, int],
        waited: float = 0.0,
    ) -> Deferred[None]:
        """See `Server.keep`."""
        pairs, ends = list(kept.items()), list(ended.items())
        call = self._redis.call

        def do() -> None:
            self._redis.asked["keep"] += 1
            for key, value in pairs:
                call(b"SET", key, value, b"PX", lifetime)
            for key, rest in ends:
                call(b"PEXPIRE", key, rest, b"LT")

        return self._ask(do, waits=True, waited=waited)

    def find(self, keys: Sequence[bytes]) -> Deferred[list[bytes | None]]:
        """See `Server.find`."""
        wanted = tuple(keys)

        def do() -> Answer:
            self._redis.asked["find"] += 1
            return self._redis.call(b"MGET", *wanted) if wanted else []

        return self._ask(do, waits=False)

    def run(
        self, script: Script, keys: Sequence[bytes], arguments: Sequence[Word]
    ) -> Deferred[Any]:
        """See `Server.run`."""
        return self._run(script, keys, arguments, waits=False)

    def run_safely(
        self, script: Script, keys: Sequence[bytes], arguments: Sequence[Word]
    ) -> Deferred[Any]:
        """See `Server.run_safely`."""
        return self._run(script, keys, arguments, waits=True)

    def follow(self, told: Callable[[], None]) -> None:
        """See `Server.follow`."""
        self._told.append(told)

    # Trouble

    def die(self, done: int) -> None:
        """The process of the node ends: the first ``done`` of what is on its way are done still,
        where the master can be reached."""
        if not self._is_held and not self._redis.is_down:
            for request in list(self._going)[:done]:
                self._done(request)
        self.close()

    def cut(self) -> None:
        """What this node asks for does not reach the master before `heal`."""
        self.is_cut = True

    def heal(self) -> None:
        """All of it does, and all that comes."""
        self.is_cut = False
        self.go_on()

    def lost(self) -> None:
        """The connection is: what was on its way, either way, is not known to have been done."""
        self._forget()
        requests, self._open = list(self._open.values()), {}
        self._fall()
        for request in requests:
            self._give_up(request, "the connection was lost")

    def open(self) -> Deferred[None]:
        """Fires at once: it is looked for from the start."""
        return succeed(None)

    def close(self) -> Deferred[None]:
        """The node has ended: nothing fires any more."""
        self.is_up = False
        self._told.clear()
        self._redis.leave(self)
        self._forget()
        for request in self._open.values():
            _cancel(request)
        self._open.clear()
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        return succeed(None)

    def go_on(self) -> None:
        """The master does again what it is asked, or this node reaches it."""
        while self._held and not self._is_held:
            self._done(self._held.popleft())

    # One request

    def _run(
        self, script: Script, keys: Sequence[bytes], arguments: Sequence[Word], waits: bool
    ) -> Deferred[Any]:
        named, given = tuple(keys), tuple(arguments)
        return self._ask(lambda: self._redis.run(script, named, given), waits)

    def _ask(self, do: Callable[[], Answer], waits: bool, waited: float = 0.0) -> Deferred[Any]:
        if not self.is_up:
            return fail(Unreached(LATE))
        if waits and not self.has_replicas:
            return fail(Unreached(LACKING))
        sent, waits = self._clock.seconds(), waits and self._wait_replicas > 0
        request = _Request(next(self._numbers), do, Deferred(), waits, sent)
        self._open[request.number] = request
        patience = max(0.0, self._patience - waited)
        request.patience = self._clock.callLater(patience, self._late, request)
        self._send(request)
        return request.answered

    def _send(self, request: _Request) -> None:
        """It arrives behind all that was sent before."""
        now = self._clock.seconds()
        self._arrives = max(self._arrives, now + self._delay())
        self._going.append(request)
        self._at(self._arrives, self._arrived)

    def _forget(self) -> None:
        """What is on its way, to the master or back, is not any more."""
        self._going.clear()
        self._held.clear()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _arrived(self) -> None:
        request = self._going.popleft()
        if self._redis.is_down:
            self.lost()
        elif self._is_held or self._held:
            self._held.append(request)
        else:
            self._done(request)

    @property
    def _is_held(self) -> bool:
        return self.is_cut or self._redis.is_frozen

    def _done(self, request: _Request) -> None:
        """The master does it, and answers."""
        try:
            request.outcome = request.do()
        except RedisError as error:
            request.outcome = error
        request.cuts, lag = self._redis.cuts, 0.0
        if request.waits and not isinstance(request.outcome, RedisError):
            lag = min(self._redis.lag, self._longest_wait)
            if not self._is_replicated:
                request.outcome = _TOO_FEW
        now, returns = self._clock.seconds(), self._returns[request.waits]
        at = self._returns[request.waits] = max(returns, now + lag + self._delay())
        self._at(at, self._answer, request)

    def _answer(self, request: _Request) -> None:
        """The answer comes, if it gets through."""
        if self.is_cut:
            return
        if self._open.pop(request.number, None) is None:
            self.late += 1
            return
        _cancel(request)
        outcome = request.outcome
        if isinstance(outcome, RedisError):
            if str(outcome).startswith("READONLY"):
                self._fall()
            request.answered.errback(Refused(str(outcome)))
        elif outcome is _TOO_FEW or (request.waits and request.cuts < self._redis.cuts):
            # One that was cut off meanwhile has not said that it has it.
            self._lack()
            request.answered.errback(Unreached(LACKING))
        else:
            request.answered.callback(outcome)

    def _late(self, request: _Request) -> None:
        """One that has waited before was not sent so long ago: the master may be well."""
        request.patience = None
        oldest = min(each.sent for each in self._open.values())
        del self._open[request.number]
        if oldest + self._patience <= self._clock.seconds():
            self._fall()
        self._give_up(request, LATE)

    def _give_up(self, request: _Request, why: str) -> None:
        _cancel(request)
        request.answered.errback(Unreached(why))

    # Whether it answers

    def _fall(self) -> None:
        if self.is_up:
            self.is_up = False
            self._look_later()
            self._tell()

    def _lack(self) -> None:
        if self.has_replicas:
            self.has_replicas = False
            self._look_later()
            self._tell()

    def _look_later(self) -> None:
        if self._looking is None:
            self._looking = self._clock.callLater(PING_INTERVAL, self._ping)

    def _ping(self) -> None:
        self._looking = None
        is_well = not self._redis.is_down and self._redis.data.refuses != READONLY
        if is_well and not self._is_held:
            self._looking = self._clock.callLater(2 * self._delay(), self._ponged)
        else:
            self._look_later()

    def _ponged(self) -> None:
        self._looking = None
        before = self.is_up, self.has_replicas
        self.is_up, self.has_replicas = True, self._is_replicated
        if not self.has_replicas:
            self._look_later()
        if before != (self.is_up, self.has_replicas):
            self._tell()

    @property
    def _is_replicated(self) -> bool:
        """Whether as many replicas as are asked for have in time what is written now."""
        if not self._wait_replicas:
            return True
        return self._redis.has_replicas(self._wait_replicas) and (
            self._redis.lag <= self._longest_wait
        )

    def _tell(self) -> None:
        for told in list(self._told):
            told()

    def _at(self, time: float, function: Callable[..., None], *arguments: Any) -> None:
        number = next(self._numbers)

        def due() -> None:
            del self._timers[number]
            function(*arguments)

        delay = max(time - self._clock.seconds(), 0.0)
        self._timers[number] = self._clock.callLater(delay, due)


def _cancel(request: _Request) -> None:
    timer, request.patience = request.patience, None
    if timer is not None:
        timer.cancel()


def _octets(words: Sequence[Word]) -> list[bytes]:
    return [word if isinstance(word, bytes) else b"%d" % word for word in words]


def _copied(data: Database) -> dict[bytes, Any]:
    return deepcopy(data.entries)
