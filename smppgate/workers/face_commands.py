"""The admin interface between master and workers: what is asked and answered, and streams.

A stream is written in pieces, and each is answered when the master has passed it on: what is not
answered yet is bounded, so a client that does not read holds the worker's views back as if it were
connected to the worker itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlencode

from twisted.internet.defer import CancelledError, Deferred, TimeoutError, fail
from twisted.protocols import amp
from twisted.python.failure import Failure

from smppgate.admin.workers import WorkerState
from smppgate.txsmpp.clock import Clock
from smppgate.workers.control import Responders
from smppgate.workers.face import WorkerFace
from smppgate.workers.joining.ports import (
    Answered,
    Opened,
    Worker,
    WorkerGone,
    WorkerSilent,
    Write,
)
from smppgate.workers.long_octets import LongOctets

PATIENCE = 10.0
"""Seconds in which a worker answers: many times what it takes where it has a lot to do."""

MOST_UNDER_WAY = 256 << 10
"""Octets of one stream that the master has not passed on yet."""

OK = 200


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


class WorkerAtMaster(Responders):
    """The master's side of one worker: see `smppgate.workers.joining.ports.Worker`.

    :param gone: called when it has ended.
    """

    def __init__(self, number: int, clock: Clock, gone: Callable[[WorkerAtMaster], None]) -> None:
        super().__init__()
        self.number = number
        self._clock = clock
        self._gone = gone
        self._numbers = count(1)
        self._streams: dict[int, tuple[Write, Callable[[], None]]] = {}

    def __repr__(self) -> str:
        return f"<WorkerAtMaster {self.number}>"

    def ask(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Deferred[Answered]:
        """What its gate answers."""
        encoded = urlencode(query or {}).encode()
        asking = self._call(Ask, method=method, path=path, query=encoded, body=body)
        return asking.addCallback(_answered)

    def open(
        self, path: str, query: Mapping[str, str], write: Write, ended: Callable[[], None]
    ) -> Deferred[Opened]:
        """Have octets of a stream written."""
        number = next(self._numbers)
        self._streams[number] = write, ended
        opening = self._call(OpenStream, stream=number, path=path, query=urlencode(query).encode())
        return opening.addCallbacks(
            self._opened, self._not_opened, callbackArgs=(number,), errbackArgs=(number,)
        )

    def observe(self, is_wanted: bool) -> None:
        """Have it count, or no more."""
        self._call(Observe, is_wanted=is_wanted).addErrback(lambda _: None)

    def lost(self) -> None:
        """The worker has ended."""
        streams, self._streams = self._streams, {}
        self._gone(self)
        for _, ended in streams.values():
            ended()

    @Piece.responder
    def piece(self, stream: int, octets: bytes) -> Deferred[dict[str, Any]] | dict[str, Any]:
        """See `Piece`."""
        write, _ = self._streams.get(stream, (None, None))
        taken = write(octets) if write is not None else None
        return taken.addCallback(lambda _: {}) if taken is not None else {}

    @EndStream.responder
    def end_stream(self, stream: int) -> dict[str, Any]:
        """See `EndStream`."""
        _, ended = self._streams.pop(stream, (None, None))
        if ended is not None:
            ended()
        return {}

    def _call(self, command: type[amp.Command], **arguments: Any) -> Deferred[Any]:
        if self.control.transport is None:
            return fail(WorkerGone())
        calling: Deferred[Any] = self.control.callRemote(command, **arguments)
        calling.addTimeout(PATIENCE, self._clock)
        return calling.addErrback(_failed)

    def _opened(self, found: Mapping[str, Any], number: int) -> Opened:
        answered = _answered(found)
        if answered.status != OK:
            self._streams.pop(number, None)
        return Opened(answered, lambda: self._close(number))

    def _not_opened(self, failure: Failure, number: int) -> Failure:
        self._close(number)
        return failure

    def _close(self, number: int) -> None:
        if self._streams.pop(number, None) is not None and self.control.transport is not None:
            self._call(CloseStream, stream=number).addErrback(lambda _: None)


class WorkerFaces:
    """The workers of a master, for its admin interface: see `Workers`.

    :param states: gives all of them, with what is known without asking.
    """

    def __init__(self, clock: Clock, states: Callable[[], Sequence[WorkerState]]) -> None:
        self._clock = clock
        self._states = states
        self._up: dict[int, WorkerAtMaster] = {}
        self._followers: list[tuple[Callable[[Worker], None], Callable[[Worker], None]]] = []

    def responders(self, number: int) -> WorkerAtMaster:
        """What the connection to this worker needs; `came` says when it can be asked."""
        return WorkerAtMaster(number, self._clock, self._gone)

    def came(self, worker: WorkerAtMaster) -> None:
        """The worker of these responders is up."""
        self._up[worker.number] = worker
        for came, _ in self._followers:
            came(worker)

    def up(self) -> list[WorkerAtMaster]:
        """Those that can be asked, in order of their numbers."""
        return [self._up[number] for number in sorted(self._up)]

    def states(self) -> Sequence[WorkerState]:
        """All of them."""
        return self._states()

    def follow(self, came: Callable[[Worker], None], gone: Callable[[Worker], None]) -> None:
        """Call these whenever one can be asked, or no more."""
        self._followers.append((came, gone))

    def _gone(self, worker: WorkerAtMaster) -> None:
        if self._up.get(worker.number) is worker:
            del self._up[worker.number]
            for _, gone in self._followers:
                gone(worker)


def _query(encoded: bytes) -> dict[str, str]:
    return dict(parse_qsl(encoded.decode("ascii"), keep_blank_values=True))


def _answered(found: Mapping[str, Any]) -> Answered:
    return Answered(found["status"], found["body"], found["content_type"])


def _failed(failure: Failure) -> Any:
    """As who asks knows it."""
    if failure.check(CancelledError):
        # Who has asked wants no answer any more.
        return failure
    if failure.check(TimeoutError):
        raise WorkerSilent from None
    raise WorkerGone from None
