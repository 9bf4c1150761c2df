"""`Link`: the three connections to one server, and what is found out before they are used.

txredisapi speaks the protocol on two of them; its timeouts, its way to connect again and its
factories are not used. It is imported when the first connection is made: it wants the reactor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, cast

from twisted.internet.defer import CancelledError, Deferred, fail, gatherResults
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure

from smppgate.store.redis.access import Address
from smppgate.store.redis.pipe import LATE, Pipe, Told, lost
from smppgate.store.redis.ports import Refused, Unreached, Word, without_arguments
from smppgate.store.redis.script import Script
from smppgate.store.redis.timing import Deadline
from smppgate.store.redis.writer import Writer, is_unknown

Endpoints: TypeAlias = Callable[[Address], IStreamClientEndpoint]
"""How an address is connected to."""


def endpoints(reactor: Any) -> Endpoints:
    """Connections of TCP, without TLS."""

    def endpoint(address: Address) -> IStreamClientEndpoint:
        return HostnameEndpoint(reactor, address.host.encode(), address.port)

    return endpoint


class Asker:
    """A connection on which commands are answered in their order.

    :param protocol: txredisapi's, connected.
    :param patience: seconds within which a script is answered.
    :param told: hears of what fails, before the Deferred of the call does.
    """

    def __init__(self, protocol: Any, clock: IReactorTime, patience: float, told: Told) -> None:
        self._protocol = protocol
        self._clock = clock
        self._patience = patience
        self._told = told
        self._asked: dict[Deferred[Any], Deadline | None] = {}
        self._lost: Unreached | None = None
        self._follow(protocol)

    def ask(self, *words: Word, due: float | None = None) -> Deferred[Any]:
        """What a command is answered.

        :param due: when the answer is late; by default it is waited for until the connection is
            lost.
        """
        if self._lost is not None:
            return fail(self._lost)
        done: Deferred[Any] = Deferred()
        answer = self._protocol.execute_command(*words)
        self._asked[done] = Deadline(self._clock, due, self._late) if due is not None else None
        answer.addBoth(self._answered, done)
        return done

    def ask_soon(self, *words: Word) -> Deferred[Any]:
        """The same, within the patience."""
        return self.ask(*words, due=self._due())

    def run(
        self, script: Script, keys: Sequence[bytes], arguments: Sequence[Word]
    ) -> Deferred[Any]:
        """What ``script`` returns; a server that does not have it gets its text."""
        due, rest = self._due(), (len(keys), *keys, *arguments)

        def with_text(failure: Failure) -> Deferred[Any] | Failure:
            if not is_unknown(failure):
                return failure
            return self.ask(b"EVAL", script.text, *rest, due=due)

        return self.ask(b"EVALSHA", script.digest, *rest, due=due).addErrback(with_text)

    def give_up(self, error: Exception) -> None:
        """Let all fail that is not answered, but for what is waited for however long it takes."""
        timed = [(done, deadline) for done, deadline in self._asked.items() if deadline]
        for done, deadline in timed:
            deadline.cancel()
            del self._asked[done]
        for done, _ in timed:
            done.errback(error)

    def abort(self) -> None:
        """Cut the connection."""
        if self._lost is None:
            self._protocol.transport.abortConnection()

    def _follow(self, protocol: Any) -> None:
        """Hear why the connection is lost, which txredisapi tells nobody."""
        ended = protocol.connectionLost

        def connection_lost(reason: Failure) -> None:
            self._lost = lost(reason)
            self._told.lost()
            ended(reason)

        protocol.connectionLost = connection_lost

    def _due(self) -> float:
        return self._clock.seconds() + self._patience

    def _late(self) -> None:
        self._told.late()
        self.give_up(Unreached(LATE))

    def _answered(self, answer: Any, done: Deferred[Any]) -> None:
        if done not in self._asked:
            return  # It was late.
        deadline = self._asked.pop(done)
        if deadline is not None:
            deadline.cancel()
        if not isinstance(answer, Failure):
            done.callback(answer)
        elif _is_response(answer):
            error = without_arguments(answer.getErrorMessage())
            self._told.refused(error)
            done.errback(Refused(error))
        else:
            done.errback(self._lost or Unreached("the connection is lost"))


class Link:
    """The connections to one server.

    :ivar address: where it is.
    :ivar pipe: for return paths.
    :ivar asker: for what need not survive a failover.
    :ivar safe: for what must, by ``writer``.
    """

    def __init__(
        self, address: Address, pipe: Pipe, asker: Asker, safe: Asker, writer: Writer
    ) -> None:
        self.address = address
        self.pipe = pipe
        self.asker = asker
        self.safe = safe
        self.writer = writer

    def ping(self) -> Deferred[Any]:
        """Fires when all that was asked before, on each of them, has been answered."""
        pings = [it.ask(b"PING") for it in (self.pipe, self.asker, self.safe)]
        return gatherResults(cast(Any, pings), consumeErrors=True)

    def give_up(self, error: Exception) -> None:
        """Let all fail that is not answered. It may be done all the same."""
        self.pipe.give_up(error)
        self.asker.give_up(error)
        self.writer.give_up(error)
        self.safe.give_up(error)

    def abort(self) -> None:
        """Cut all of them."""
        for connection in (self.pipe, self.asker, self.safe):
            connection.abort()


async def open_link(
    address: Address,
    endpoint: IStreamClientEndpoint,
    clock: IReactorTime,
    patience: float,
    replicas: int,
    told: Told,
) -> Link:
    """Make the three connections.

    :raises Unreached: where one of them cannot be made.
    """
    pipe = Pipe(clock, patience, replicas, told)
    await connected(endpoint, pipe)
    made: list[Pipe | Asker] = [pipe]
    try:
        asker = await open_asker(endpoint, clock, patience, told)
        made.append(asker)
        safe = await open_asker(endpoint, clock, patience, told)
    except BaseException:
        for connection in made:
            connection.abort()
        raise
    return Link(address, pipe, asker, safe, Writer(safe, clock, patience, replicas, told))


class One(Factory):
    """Has one protocol, for one connection."""

    noisy = False

    def __init__(self, protocol: Protocol) -> None:
        self._made = protocol

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802 - Twisted's name
        """That one."""
        self._made.factory = self
        return self._made


async def open_asker(
    endpoint: IStreamClientEndpoint, clock: IReactorTime, patience: float, told: Told
) -> Asker:
    """A connection by txredisapi.

    :raises Unreached: where it cannot be made.
    """
    # It is part of the extra `redis`, and imports the reactor.
    from txredisapi import RedisProtocol  # type: ignore[import-untyped] # noqa: PLC0415

    protocol = RedisProtocol(charset=None, convertNumbers=False)
    # Where hiredis is missing, it takes a turn of the reactor for each value: of this one.
    protocol.callLater = clock.callLater
    await connected(endpoint, protocol)
    _send_at_once(protocol.transport)
    return Asker(protocol, clock, patience, told)


async def connected(endpoint: IStreamClientEndpoint, protocol: Any) -> None:
    """Connect ``protocol``.

    :raises Unreached: where that does not work.
    """
    try:
        await endpoint.connect(One(protocol))
    except CancelledError:
        raise
    except Exception as error:
        raise Unreached(str(error) or type(error).__name__) from error


def _is_response(failure: Failure) -> bool:
    from txredisapi import ResponseError  # noqa: PLC0415

    return bool(failure.check(ResponseError))


def _send_at_once(transport: Any) -> None:
    if hasattr(transport, "setTcpNoDelay"):
        transport.setTcpNoDelay(True)
