"""The admin interface between master and workers: what is asked and answered, and streams.

A stream is written in pieces, and each is answered when the master has passed it on: what is not
answered yet is bounded, so a client that does not read holds the worker's views back as if it were
connected to the worker itself.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from twisted.internet.defer import Deferred
from twisted.protocols import amp

from smppgate.workers.control import Responders
from smppgate.workers.face import WorkerFace
from smppgate.workers.long_octets import LongOctets

MOST_UNDER_WAY = 256 << 10
"""Octets of one stream that the master has not passed on yet."""


class Observe(amp.Command):
    """Count and tell what happens, or no more."""

    arguments = [(b"is_wanted", amp.Boolean())]


class Ask(amp.Command):
    """Answer a request, as the API does."""

    arguments = [
        (b"method", amp.Unicode()),
        (b"path", amp.Unicode()),
        (b"query", LongOctets()),
        (b"body", LongOctets()),
    ]
    response = [
        (b"status", amp.Integer()),
        (b"content_type", amp.Unicode()),
        (b"body", LongOctets()),
    ]


class OpenStream(amp.Command):
    """The same of a request whose answer has no end: where its status is 200, `Piece` follows.

    ``stream`` is a number that the master has given to no other.
    """

    arguments = [(b"stream", amp.Integer()), (b"path", amp.Unicode()), (b"query", LongOctets())]
    response = Ask.response


class CloseStream(amp.Command):
    """Write no more of it."""

    arguments = [(b"stream", amp.Integer())]


class Piece(amp.Command):
    """Octets of a stream; answered when there may be more of them."""

    arguments = [(b"stream", amp.Integer()), (b"octets", LongOctets())]


class EndStream(amp.Command):
    """It has come to its end."""

    arguments = [(b"stream", amp.Integer())]
    requiresAnswer = False


class FaceResponders(Responders):
    """The worker's side.

    :param face: answers.
    """

    def __init__(self, face: WorkerFace) -> None:
        super().__init__()
        self._face = face
        self._streams: dict[int, Outgoing] = {}

    @Observe.responder
    def observe(self, is_wanted: bool) -> dict[str, Any]:
        """See `Observe`."""
        self._face.observe(is_wanted)
        return {}

    @Ask.responder
    def ask(self, method: str, path: str, query: bytes, body: bytes) -> Deferred[dict[str, Any]]:
        """See `Ask`."""
        return Deferred.fromCoroutine(self._answered(method, path, query, body))

    async def _answered(
        self, method: str, path: str, query: bytes, body: bytes, stream: int = 0
    ) -> dict[str, Any]:
        answer = await self._face.answer(method, path, _query(query), body)
        if answer.stream is not None:
            outgoing = self._streams[stream] = Outgoing(self, stream)
            answer.stream(outgoing)
        told = {"status": answer.status, "content_type": answer.content_type}
        return {**told, "body": b"".join(answer.body)}

    @OpenStream.responder
    def open_stream(self, stream: int, path: str, query: bytes) -> Deferred[dict[str, Any]]:
        """See `OpenStream`."""
        return Deferred.fromCoroutine(self._answered("GET", path, query, b"", stream))

    @CloseStream.responder
    def close_stream(self, stream: int) -> dict[str, Any]:
        """See `CloseStream`."""
        outgoing = self._streams.pop(stream, None)
        if outgoing is not None:
            outgoing.closed()
        return {}

    def lost(self) -> None:
        """The master is gone."""
        streams, self._streams = self._streams, {}
        for outgoing in streams.values():
            outgoing.closed()

    def end(self, stream: int) -> None:
        """A stream has come to its end by itself."""
        if self._streams.pop(stream, None) is not None:
            self.control.callRemote(EndStream, stream=stream)


class Outgoing:
    """One stream, as what a request is to who writes its answer.

    :ivar channel: itself: a client that is cut, for it does not read, is one whose stream ends.
    """

    def __init__(self, responders: FaceResponders, number: int) -> None:
        self._responders = responders
        self._number = number
        self._producer: Any = None
        self._is_paused = False
        self._under_way = 0
        self._finished: list[Deferred[None]] = []
        self.channel = self

    def registerProducer(self, producer: Any, is_pushed: bool) -> None:
        """Tell ``producer`` to pause while there is enough."""
        self._producer = producer

    def unregisterProducer(self) -> None:
        """It writes no more."""
        self._producer = None

    def notifyFinish(self) -> Deferred[None]:
        """Fires when the stream has ended."""
        finished: Deferred[None] = Deferred()
        self._finished.append(finished)
        return finished

    def write(self, octets: bytes) -> None:
        """Send ``octets`` to the master."""
        size = len(octets)
        self._under_way += size
        control = self._responders.control
        # Before it can be answered.
        if self._under_way >= MOST_UNDER_WAY and not self._is_paused:
            self._is_paused = True
            self._producer.pauseProducing()
        sending = control.callRemote(Piece, stream=self._number, octets=octets)
        sending.addBoth(self._sent, size)

    def finish(self) -> None:
        """All is written."""
        self._responders.end(self._number)
        self.closed()

    def forceAbortClient(self) -> None:
        """The same, whether or not it is."""
        self.finish()

    def closed(self) -> None:
        """The master wants no more of it, or has it all."""
        finished, self._finished = self._finished, []
        self._producer = None
        for each in finished:
            each.callback(None)

    def _sent(self, _: object, size: int) -> None:
        self._under_way -= size
        if self._is_paused and self._under_way < MOST_UNDER_WAY // 2:
            self._is_paused = False
            if self._producer is not None:
                self._producer.resumeProducing()


def _query(encoded: bytes) -> dict[str, str]:
    return dict(parse_qsl(encoded.decode("ascii"), keep_blank_values=True))
