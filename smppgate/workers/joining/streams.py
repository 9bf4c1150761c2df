"""`JoinedLooks`: the traffic of all workers, to one client as long as it reads.

A worker that ends does not end it, and the one that takes its place is looked at too. What a
client does not read yet stays with the workers, which leave out what they cannot keep.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IPushProducer
from zope.interface import implementer

from smppgate.admin import event_stream
from smppgate.admin.audit import Audit
from smppgate.admin.messages import Answer, Problem
from smppgate.admin.routes import Call
from smppgate.observe.traffic import Interest
from smppgate.observe.traffic.pcapng import CONTENT_TYPE, head_of
from smppgate.txsmpp.clock import Clock
from smppgate.version import installed_version
from smppgate.workers.joining.asking import all_of, problem_of
from smppgate.workers.joining.ports import Opened, Worker, Workers


class JoinedLooks:
    """Shows the traffic of all workers."""

    def __init__(self, workers: Workers, audit: Audit, clock: Clock) -> None:
        self._workers = workers
        self._audit = audit
        self._clock = clock
        self._streams: dict[JoinedStream, None] = {}
        workers.follow(self._came, lambda _: None)

    async def trace(self, call: Call) -> Answer:
        """PDUs as they pass, decoded."""
        return await self._stream(call, "trace", event_stream.CONTENT_TYPE, b": \n\n")

    async def capture(self, call: Call) -> Answer:
        """PDUs as they pass, as packets: each worker is an interface."""
        names = [f"smppgate worker {each.number}" for each in self._workers.states()]
        head = head_of(f"smppgate {installed_version()}".rstrip(), names)
        return await self._stream(call, "capture", CONTENT_TYPE, head)

    async def _stream(self, call: Call, what: str, content_type: str, head: bytes) -> Answer:
        if call.asked.method == "HEAD":
            return Answer(content_type=content_type)
        stream = JoinedStream(call, head, self._clock, self._streams.pop)
        self._streams[stream] = None
        try:
            await stream.open(self._workers.up())
        except BaseException:
            # The client may be gone by now.
            stream.stopProducing()
            raise
        query = call.query
        interest = Interest(account=query["account"], smsc=query["smsc"], to=query["to"])
        self._audit.changed(call, what, f"{interest}{', with texts' * query['text']}")
        return Answer(content_type=content_type, stream=stream.start)

    def _came(self, worker: Worker) -> None:
        for stream in list(self._streams):
            stream.came(worker)


@implementer(IPushProducer)
class JoinedStream:
    """What several workers write, written to one client.

    :param head: what comes first.
    :param over: called when it has ended, with itself and None.
    """

    def __init__(
        self, call: Call, head: bytes, clock: Clock, over: Callable[[JoinedStream, None], None]
    ) -> None:
        self._path = call.asked.path
        self._query = dict(call.asked.query)
        seconds: float = call.query["seconds"]
        self._head = head
        self._clock = clock
        self._ends_at = clock.monotonic() + seconds if seconds else 0.0
        self._over = over
        self._request: Any = None
        self._is_paused = True
        self._has_ended = False
        self._open: dict[Worker, Callable[[], None]] = {}
        self._unwritten: deque[tuple[bytes, Deferred[None]]] = deque()
        self._end: IDelayedCall | None = None

    async def open(self, workers: Any) -> None:
        """Have these write.

        :raises Problem: one of them cannot, or there is none.
        """
        asked = [(each, self._asked(each)) for each in workers]
        found = [found for is_answered, found in await all_of(asked) if is_answered]
        for opened in found:
            if opened.answered.status != 200:
                raise problem_of(opened.answered)
        if not found:
            raise Problem(503, "no worker is up")

    def came(self, worker: Worker) -> None:
        """Another worker can be looked at."""
        if not self._is_time_over():
            self._asked(worker).addErrback(lambda _: None)

    def start(self, request: Any) -> None:
        """Write to ``request`` until its client is gone, or the time is over."""
        self._request = request
        request.notifyFinish().addBoth(lambda _: self.stopProducing())
        request.registerProducer(self, True)
        if self._ends_at:
            seconds = max(0.0, self._ends_at - self._clock.monotonic())
            self._end = self._clock.callLater(seconds, self._look)
        request.write(self._head)
        self.resumeProducing()

    def pauseProducing(self) -> None:
        """The client does not read as fast as it is written to."""
        self._is_paused = True

    def resumeProducing(self) -> None:
        """It has read."""
        self._is_paused = False
        while self._unwritten and not self._is_paused:
            octets, taken = self._unwritten.popleft()
            self._request.write(octets)
            taken.callback(None)
        self._look()

    def stopProducing(self) -> None:
        """It is gone."""
        if self._has_ended:
            return
        self._has_ended = True
        self._over(self, None)
        for close in list(self._open.values()):
            close()
        self._open.clear()
        while self._unwritten:
            self._unwritten.popleft()[1].callback(None)
        if self._end is not None and self._end.active():
            self._end.cancel()

    def _asked(self, worker: Worker) -> Deferred[Opened]:
        query = dict(self._query)
        if self._ends_at:
            query["seconds"] = str(max(0.001, self._ends_at - self._clock.monotonic()))
        asking = worker.open(self._path, query, self._write, lambda: self._ended(worker))
        return asking.addCallback(self._opened, worker)

    def _opened(self, opened: Opened, worker: Worker) -> Opened:
        if opened.answered.status == 200:
            if self._has_ended:
                opened.close()
            else:
                self._open[worker] = opened.close
        return opened

    def _write(self, octets: bytes) -> Deferred[None] | None:
        if self._has_ended:
            return None
        if not self._is_paused and not self._unwritten:
            self._request.write(octets)
            return None
        taken: Deferred[None] = Deferred()
        self._unwritten.append((octets, taken))
        return taken

    def _ended(self, worker: Worker) -> None:
        self._open.pop(worker, None)
        self._look()

    def _is_time_over(self) -> bool:
        return self._has_ended or 0.0 < self._ends_at <= self._clock.monotonic() + 0.01

    def _look(self) -> None:
        """End when the time is over and all is written."""
        if self._has_ended or self._request is None or not self._is_time_over():
            return
        if not (self._open or self._unwritten):
            request = self._request
            self.stopProducing()
            request.unregisterProducer()
            request.finish()
