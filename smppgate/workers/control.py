"""`Control`: the connection between the master and one worker, by which each asks the other.

It is AMP: each side sends commands and answers those of the other. What is answered is said by
`Responders`, one class for each area, and areas do not know each other.

A caller of `Control.callRemote` must handle failures of its Deferred: where nothing does, AMP ends
the connection, and with it the worker. `Control.ask` gives one that may be handed on.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeAlias

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.protocol import Factory, connectionDone
from twisted.protocols import amp
from twisted.python.failure import Failure

from smppgate.notices.workers import COMMAND_FAILED
from smppgate.txsmpp.log import Logger

Responder: TypeAlias = Callable[[amp.AmpBox], Any]
"""Takes the box of a command; gives the box of its answer, or a Deferred of it."""


class Responders(amp.CommandLocator):
    """Answers commands of one area, by methods with ``@Command.responder``.

    :ivar control: the connection that they come by, once it is made.
    """

    control: Control

    def lost(self) -> None:
        """The connection is lost: forget what was for it."""

    # `amp.Descriptor` asks for it.
    def _getDescriptor(self, number: int) -> int:
        try:
            descriptor: int = self.control._getDescriptor(number)
        except KeyError:
            # It was lost, for this process has no more of them, and AMP counts: each that is to
            # come would be taken for another.
            self.control.close()
            raise
        return descriptor


class Control(amp.AMP):
    """One end of the connection.

    A responder that fails with an error that its command does not name is a mistake: it is logged,
    and the command fails with `UnknownRemoteError`. Twisted would end the connection for it.

    :param responders: of all areas; the first that knows a command answers it.
    :param lost: called once, when the connection is lost.
    """

    log = Logger()

    def __init__(self, responders: Iterable[Responders], lost: Callable[[], None]) -> None:
        super().__init__()
        self._responders = tuple(responders)
        self._lost = lost
        for each in self._responders:
            each.control = self

    def add(self, responders: Responders) -> None:
        """Let ``responders`` answer too, behind those that are there."""
        self._responders += (responders,)
        responders.control = self

    def open(self, reactor: Any, connection: socket.socket) -> None:
        """Begin on ``connection``, which the caller closes: the reactor has its own descriptor."""
        connection.setblocking(False)
        factory: Factory[Any] = Factory.forProtocol(lambda: self)
        factory.noisy = False
        reactor.adoptStreamConnection(connection.fileno(), connection.family, factory)

    def makeConnection(self, transport: Any) -> None:
        """Begin; Twisted's own would log it."""
        amp.BinaryBoxProtocol.makeConnection(self, transport)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Let what was asked fail, and tell all areas."""
        amp.BinaryBoxProtocol.connectionLost(self, reason)
        self.transport = None
        for each in self._responders:
            each.lost()
        self._lost()

    def locateResponder(self, name: bytes) -> Responder | None:
        """What answers the command of this name; None where no area knows it."""
        for each in self._responders:
            found: Responder | None = each.locateResponder(name)
            if found is not None:
                return partial(self._answered, found, name)
        return None

    def ask(self, command: Any, **arguments: Any) -> Deferred[Any]:
        """`callRemote`; the connection goes on where nothing handles a failure."""
        asked: Deferred[Any] = Deferred()
        self.callRemote(command, **arguments).addCallbacks(asked.callback, asked.errback)
        return asked

    def close(self) -> None:
        """End the connection once what was written is sent."""
        if self.transport is not None:
            self.transport.loseConnection()

    def cut(self) -> None:
        """End the connection whatever is written and not sent."""
        transport: Any = self.transport
        if transport is not None:
            transport.abortConnection()

    def _answered(self, responder: Responder, name: bytes, box: amp.AmpBox) -> Deferred[Any]:
        answering: Deferred[Any] = maybeDeferred(responder, box)
        return answering.addErrback(self._failed, name, amp.ASK in box)

    def _failed(self, why: Failure, name: bytes, is_asked: bool) -> amp.AmpBox:
        """Tell the other side; where it asked for no answer, only the log can be told."""
        if why.check(amp.RemoteAmpError) and is_asked:
            why.raiseException()
        self.log.tell_failure(COMMAND_FAILED, why, command=name.decode("latin-1"))
        if is_asked:
            raise amp.RemoteAmpError(amp.UNKNOWN_ERROR_CODE, type(why.value).__name__)
        return amp.AmpBox()


def ignore_failure(_: Failure) -> None:
    """A command has failed: the other side is gone, or has a mistake, which it has logged."""
