"""`WorkerFaces`: the workers of a master, as its admin interface asks them: see `Workers`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any
from urllib.parse import urlencode

from twisted.internet.defer import CancelledError, Deferred, TimeoutError, fail
from twisted.protocols import amp
from twisted.python.failure import Failure

from smppgate.admin.workers import WorkerState
from smppgate.txsmpp.clock import Clock
from smppgate.workers.control import Responders
from smppgate.workers.face_commands import Ask, CloseStream, EndStream, Observe, OpenStream, Piece
from smppgate.workers.joining.ports import (
    Answered,
    Opened,
    Worker,
    WorkerGone,
    WorkerSilent,
    Write,
)

PATIENCE = 4.0
"""Seconds in which a worker answers: many times what it takes where it has a lot to do.

Commands wait 10 s for the whole answer, see `smppgate.cli.control.client.TIMEOUT`.
"""

OK = 200


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
