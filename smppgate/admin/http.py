"""HTTP: requests in, answers out, by Twisted's parser and within bounds.

Bounded are connections, lines, headers, bodies, the time that a request takes to come, and the
time between two. Responses have the headers that let a browser use this gate's own files only.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any, cast
from urllib.parse import parse_qsl

from twisted.internet.address import UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IProtocolNegotiationFactory
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import NOT_MODIFIED, HTTPChannel, HTTPFactory, Request
from zope.interface import implementer

from smppgate.admin.messages import Answer, Asked, Client, Problem
from smppgate.gate.sessions.addresses import network_of, shown_address
from smppgate.gate.sessions.listener import TurnedAway
from smppgate.notices.program import REQUEST_UNANSWERED
from smppgate.txsmpp.log import Logger

MOST_CONNECTIONS = 100
"""Connections of one listener at one time; a browser has six."""

MOST_BODY = 64 << 10
"""Octets of a body; the largest that is of use has a few hundred."""

MOST_HEADERS = 100

PATIENCE = 30
"""Seconds that a request may take to come, and that a connection may be idle."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Of each response; an answer may have another Cache-Control."""

Respond = Callable[[Asked], Awaitable[Answer]]
"""Gives the answer to each request; must not raise."""


class AdminRequest(Request):
    """A request, from its first line to the end of its answer."""

    log = Logger()
    channel: Any
    content: Any
    _answering: Deferred[None] | None = None
    _size = 0
    is_refused = False

    def gotLength(self, length: int | None) -> None:
        """Its headers are here. Bodies stay in memory: they are small."""
        if length is not None and length > MOST_BODY:
            self._refuse_body()
        super().gotLength(0)

    def handleContentChunk(self, data: bytes) -> None:
        """A part of its body is here."""
        self._size += len(data)
        if self._size > MOST_BODY:
            self._refuse_body()
        elif not self.is_refused:
            super().handleContentChunk(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """All of it is here: answer it."""
        self.method, self.uri, self.clientproto = command, path, version
        if self.is_refused:
            return
        self._answering = Deferred.fromCoroutine(self._answer())
        self._answering.addErrback(self._failed)

    def connectionLost(self, reason: Failure) -> None:
        """The client is gone: its answer is of no use."""
        super().connectionLost(reason)
        if self._answering is not None:
            self._answering.cancel()

    async def _answer(self) -> None:
        answer = await self.channel.factory.respond(self._asked())
        if self._disconnected:
            return
        self.setResponseCode(answer.status)
        for name, value in {**HEADERS, **answer.headers}.items():
            self.setHeader(name, value)
        self.setHeader("Content-Type", answer.content_type)
        if answer.stream is not None and self.method != b"HEAD":
            answer.stream(self)
            return
        if answer.stream is None and answer.status != NOT_MODIFIED:
            self.setHeader("Content-Length", str(sum(map(len, answer.body))))
        for piece in answer.body:
            self.write(piece)
        self.finish()

    def _asked(self) -> Asked:
        path, _, query = self.uri.partition(b"?")
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        headers = {
            name.decode("latin-1").lower(): values[0].decode("utf-8", "surrogateescape")
            for name, values in self.requestHeaders.getAllRawHeaders()
        }
        return Asked(
            method=self.method.decode("latin-1"),
            path=path.decode("latin-1"),
            query=dict(pairs),
            headers=headers,
            body=self.content.getvalue(),
            client=self.channel.client,
        )

    def _failed(self, failure: Failure) -> None:
        if self._disconnected:
            return
        self.log.tell_failure(REQUEST_UNANSWERED, failure)
        self.channel.transport.abortConnection()

    def _refuse_body(self) -> None:
        """Say so at once, and read no more."""
        if not self.is_refused:
            self.is_refused = True
            self.channel.refuse(Problem(413, f"a body may have {MOST_BODY} octets").answer)


class AdminChannel(HTTPChannel):
    """A connection, with one request after the other."""

    transport: Any
    factory: Any
    maxHeaders = MOST_HEADERS
    requestFactory = AdminRequest
    client = Client()
    _is_begun = False

    def connectionMade(self) -> None:
        """Note who has connected."""
        self.client = _client(self.transport, self.isSecure())
        super().connectionMade()

    def resetTimeout(self) -> None:
        """The time of a request begins with its first octet, and no other gives it more."""
        if not self._is_begun:
            self._is_begun = True
            super().resetTimeout()

    def allContentReceived(self) -> None:
        """A request is here."""
        self._is_begun = False
        super().allContentReceived()

    def refuse(self, answer: Answer) -> None:
        """Answer what is not all here yet, and close."""
        body = b"".join(answer.body)
        head = (
            f"HTTP/1.1 {answer.status} Refused\r\nContent-Type: {answer.content_type}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.loseConnection()

    def finish(self) -> None:
        """End with the answer to what is asked; at once where nothing is, or it has no end."""
        if self._handlingRequest and self._requestProducer is None:
            self.persistent = 0
        elif self.transport is not None:
            self.transport.abortConnection()

    def timeoutConnection(self) -> None:
        """Close; a peer that does not read is cut soon after."""
        self._abortingCall = self.callLater(self.abortTimeout, self.forceAbortClient)
        self.loseConnection()

    def forceAbortClient(self) -> None:
        """Cut."""
        self._abortingCall = None
        self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Give its place back."""
        super().connectionLost(reason)
        self.factory.channels.pop(self, None)


@implementer(IProtocolNegotiationFactory)
class AdminFactory(HTTPFactory):
    """Makes the connections of one listener.

    :param respond: answers requests.
    :ivar channels: those whose connection is not lost.
    """

    protocol: Any = AdminChannel
    noisy = False

    def __init__(self, reactor: Any, respond: Respond) -> None:
        super().__init__(timeout=PATIENCE, reactor=reactor)
        self.respond = respond
        self.channels: dict[AdminChannel, None] = {}

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """A connection, or one that is cut at once where there are too many."""
        if len(self.channels) >= MOST_CONNECTIONS:
            return TurnedAway()
        channel = cast(AdminChannel, super().buildProtocol(addr))
        self.channels[channel] = None
        return channel

    def close(self) -> None:
        """Cut all connections, but for those with a request that is being answered: they end then.

        One of them may have asked for the reload that closes this listener.
        """
        for channel in list(self.channels):
            channel.finish()

    def acceptableProtocols(self) -> list[bytes]:
        """What TLS may agree on: HTTP/2 would go by other bounds."""
        return [b"http/1.1"]

    # No access log, and so no clock for its lines.

    def startFactory(self) -> None:
        """Nothing is to be done."""

    def stopFactory(self) -> None:
        """Nothing is to be done."""

    def log(self, request: Request) -> None:
        """Changes have a line of their own, see `Audit`."""


def _client(transport: Any, is_secure: bool) -> Client:
    peer = transport.getPeer()
    is_local = isinstance(transport.getHost(), UNIXAddress)
    return Client(
        network=network_of(peer),
        peer="unix socket" if is_local else shown_address(peer),
        is_local=is_local,
        uid=_uid(transport) if is_local else None,
        is_secure=is_secure,
    )


def _uid(transport: Any) -> int | None:
    """The user of the process at the other end of a UNIX socket; None where that is unknown."""
    try:
        octets = transport.getHandle().getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    except (AttributeError, OSError):
        return None
    _pid, uid, _gid = struct.unpack("3i", octets)
    return int(uid)
