"""`RedisServer`: one master, which is looked for again and again while it does not answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import field, frozen
from twisted.internet.defer import Deferred, TimeoutError, fail, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from smppgate.store.redis.access import Access, Address
from smppgate.store.redis.connection import Endpoints, Link, open_link
from smppgate.store.redis.greeting import Unfit, Visit, greet
from smppgate.store.redis.health import Health, Trouble
from smppgate.store.redis.pipe import LACKING, LATE
from smppgate.store.redis.ports import Unreached, Word
from smppgate.store.redis.script import Script
from smppgate.store.redis.sentinel import Source
from smppgate.store.redis.succession import Succession
from smppgate.txsmpp.backoff import Backoff

BEAT = 0.25
"""Seconds between two looks at how the server does."""

ATTEMPT = 2.0
"""Seconds for which a server may be silent while it is connected to."""

OPENING = 2.0
"""Seconds that the start of the gate waits for it."""

DEAD = 5.0
"""Seconds of silence after which it is connected to anew: the network may have forgotten the
connections."""

SHORTEST, LONGEST = 0.05, 1.0
"""Seconds of the first and of the longest pause between two tries to connect: for `Backoff`."""


@frozen
class Way:
    """How a server is reached.

    :ivar source: knows where it is.
    :ivar connect: how an address is connected to.
    :ivar access: how to come in.
    :ivar patience: seconds within which an answer must be here.
    :ivar replicas: how many must have what is kept.
    """

    source: Source
    connect: Endpoints
    access: Access = field(factory=Access)
    patience: float = 0.25
    replicas: int = 0


class RedisServer:
    """Provides `smppgate.store.redis.ports.Server`.

    :param name: that of the part which fails with it.
    :param backoff: the pause before the next try to connect.
    :ivar address: where the master is, or was the last time it answered.
    """

    def __init__(
        self, name: str, way: Way, clock: IReactorTime, backoff: Backoff, trouble: Trouble
    ) -> None:
        self.name = name
        self.address: Address | None = None
        self._way = way
        self._clock = clock
        self._backoff = backoff
        self._trouble = trouble
        self._told: list[Callable[[], None]] = []
        self._link: Link | None = None
        self._health: Health | None = None
        self._visit: Visit | None = None
        self._before = (False, False)
        self._is_closed = True
        self._search: Deferred[None] | None = None
        self._succession = Succession(way.source, clock, self._named)
        self._timers: dict[str, IDelayedCall] = {}
        self._opened: Deferred[None] | None = None

    @property
    def is_up(self) -> bool:
        """See `smppgate.store.redis.ports.Server`."""
        return self._health is not None and self._health.is_up

    @property
    def has_replicas(self) -> bool:
        """Whether enough replicas have what is kept.

        While they have not, `keep` and `run_safely` fail at once, and all else goes on.
        """
        return self._health is not None and self._health.has_replicas

    # Its life

    def open(self) -> Deferred[None]:
        """Look for the master from now on.

        :return: fires when it answers, or after `OPENING` if it does not; fails with `Unfit` where
            it answers, and an operator has to act.
        """
        self._is_closed = False
        opened = self._opened = Deferred()
        self._later("opening", OPENING, self._opens)
        self._later("beat", BEAT, self._beat)
        self._look()
        return opened

    def close(self) -> Deferred[None]:
        """Let it go. What is asked for at present fails."""
        self._is_closed = True
        for timer in self._timers.values():
            if timer.active():
                timer.cancel()
        self._timers.clear()
        if self._search is not None:
            self._search.cancel()
        self._let_go(Unreached("the store is closed"))
        self._opens()
        return succeed(None)

    # What is asked of it

    def keep(
        self,
        kept: Mapping[bytes, bytes],
        lifetime: int,
        ended: Mapping[bytes, int],
        waited: float = 0.0,
    ) -> Deferred[None]:
        """See `smppgate.store.redis.ports.Server`."""
        link = self._link
        if not kept and not ended:
            return succeed(None)
        if link is None or not self.is_up:
            return fail(Unreached(LATE))
        if not self.has_replicas:
            return fail(Unreached(LACKING))
        return link.pipe.keep(kept, lifetime, ended, waited)

    def find(self, keys: Sequence[bytes]) -> Deferred[list[bytes | None]]:
        """See `smppgate.store.redis.ports.Server`."""
        link = self._link
        if not keys:
            return succeed([])
        if link is None or not self.is_up:
            return fail(Unreached(LATE))
        return link.asker.ask_soon(b"MGET", *keys)

    def run(
        self, script: Script, keys: Sequence[bytes], arguments: Sequence[Word]
    ) -> Deferred[Any]:
        """See `smppgate.store.redis.ports.Server`."""
        link = self._link
        if link is None or not self.is_up:
            return fail(Unreached(LATE))
        return link.asker.run(script, keys, arguments)

    def run_safely(
        self, script: Script, keys: Sequence[bytes], arguments: Sequence[Word]
    ) -> Deferred[Any]:
        """See `smppgate.store.redis.ports.Server`."""
        link = self._link
        if link is None or not self.is_up:
            return fail(Unreached(LATE))
        if not self.has_replicas:
            return fail(Unreached(LACKING))
        return link.writer.run(script, keys, arguments)

    def follow(self, told: Callable[[], None]) -> None:
        """See `smppgate.store.redis.ports.Server`; also after a change of `has_replicas`."""
        self._told.append(told)

    # What its health tells

    def changed(self) -> None:
        """Tell of it."""
        before, self._before = self._before, (self.is_up, self.has_replicas)
        if before != self._before:
            for told in tuple(self._told):
                told()

    def drop(self, reason: str) -> None:
        """Leave this server, and look for the master anew."""
        if self._link is not None:
            self._trouble.failed(self.name, Failure(Unreached(reason)))
            self._let_go(Unreached(reason))
            self._backoff.lost(self._clock.seconds())
            self._look_again()

    # To look for it

    def _look(self) -> None:
        self._search = Deferred.fromCoroutine(self._find())
        self._search.addErrback(self._not_found)

    async def _find(self) -> None:
        address = await self._way.source.find()
        await Deferred.fromCoroutine(self._open(address)).addTimeout(ATTEMPT, self._clock)

    async def _open(self, address: Address) -> None:
        way = self._way
        health = Health(self.name, self._clock, way.patience, way.replicas, self._trouble, self)
        link = await open_link(
            address, way.connect(address), self._clock, way.patience, way.replicas, health
        )
        try:
            connections = (link.pipe, link.safe, link.asker)
            self._visit = await greet(connections, way.access, self._visit)
            replicas = await link.pipe.count_replicas() if way.replicas else 0
            if health.is_lost:
                raise Unreached("the connection is lost")
        except BaseException:
            link.abort()
            raise
        self._found(link, health, replicas >= way.replicas)

    def _found(self, link: Link, health: Health, has_replicas: bool) -> None:
        self._search = None
        self._link, self._health, self.address = link, health, link.address
        self._backoff.bound(self._clock.seconds())
        health.begin(link, has_replicas)
        self._opens()

    def _not_found(self, failure: Failure) -> None:
        self._search = None
        if self._is_closed:
            return
        if failure.check(TimeoutError):
            failure = Failure(Unreached(LATE))
        if self._opened is not None and failure.check(Unfit):
            opened, self._opened = self._opened, None
            self.close()
            opened.errback(failure)
            return
        self._trouble.failed(self.name, failure)
        self._look_again()

    def _look_again(self) -> None:
        if not self._is_closed:
            self._later("look", self._backoff(0), self._look)

    def _opens(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.callback(None)

    def _let_go(self, error: Unreached) -> None:
        link, self._link = self._link, None
        self._succession.stop()
        if self._health is not None:
            self._health.end()
        self.changed()
        if link is not None:
            link.abort()
            link.give_up(error)

    # How it does

    def _beat(self) -> None:
        self._later("beat", BEAT, self._beat)
        health = self._health
        if self._link is None or health is None:
            return
        health.beat()
        since = health.silent_since
        if since is not None and self._clock.seconds() - since >= DEAD:
            self.drop(f"it has been silent for {DEAD:g} s")
        else:
            self._succession.look(is_urgent=not self._is_sound)

    @property
    def _is_sound(self) -> bool:
        """Whether it shows no sign that another is the master by now.

        One that is cut off from all others has no replicas, though this node may reach it.
        """
        return self.is_up and self.has_replicas

    def _named(self, address: Address) -> None:
        """The source says where the master is."""
        link, health = self._link, self._health
        if link is None or health is None or address == link.address:
            return
        if self._way.replicas and self._is_sound:
            # A Sentinel may be behind. One that has been replaced has lost its replicas.
            health.count()
        else:
            self.drop(f"the master is {address} now")

    def _later(self, name: str, pause: float, function: Callable[[], None]) -> None:
        self._timers[name] = self._clock.callLater(pause, function)
