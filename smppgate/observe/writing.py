"""`Writer`: a thread that writes lines, so that no disk is waited for.

What it is given waits in a queue of bounded size. Lines that do not fit, because the disk is slow,
and those that cannot be written, are lost, and told.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads

from smppgate.observe.appending import Destination, Unwritten

MOST_OCTETS = 16 << 20
"""Octets of lines that wait to be written: those of half a second at full rate, or of many
minutes at some hundred messages a second."""

_SLOW = "they are written more slowly than they come"


class Writer:
    """Writes lines in a thread of its own.

    :param reactor: ``lost`` is called in its thread.
    :param lost: called with the number of lines that are lost, and why.
    :param most: octets that may wait.
    :param after: one that was stopped, and that is to have written all before this one begins.
    """

    _thread: Thread

    def __init__(
        self,
        reactor: IReactorFromThreads,
        destination: Destination,
        lost: Callable[[int, str], None],
        most: int = MOST_OCTETS,
        after: Writer | None = None,
    ) -> None:
        self._reactor = reactor
        self._destination = destination
        self._lost = lost
        self._most = most
        # Octets that were put in, and that are done with: each is counted in one thread.
        self._put = self._done = 0
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._ends = False
        self._after = after._thread if after is not None else None
        # A daemon thread does not keep a program alive that ends without stopping it.
        self._thread = Thread(target=self._work, name="message-log", daemon=True)
        self._thread.start()

    def write(self, lines: list[bytes]) -> None:
        """Have whole lines written, behind those that wait."""
        octets = b"".join(lines)
        if self._put - self._done + len(octets) > self._most:
            self._lost(len(lines), _SLOW)
            return
        self._put += len(octets)
        self._jobs.put(lambda: self._write(octets))

    def reopen(self) -> None:
        """Open the file anew, behind what waits."""
        self._jobs.put(self._destination.reopen)

    def stop(self) -> Deferred[None]:
        """Write what waits, and close; fires when that is done."""
        stopped = Deferred[None]()
        self._jobs.put(lambda: self._end(stopped))
        return stopped

    # In the thread

    def _work(self) -> None:
        if self._after is not None:
            self._after.join()
            self._after = None
        while not self._ends:
            try:
                job = self._jobs.get(timeout=self._destination.rest())
            except Empty:
                continue
            job()

    def _write(self, octets: bytes) -> None:
        try:
            self._destination.write(octets)
        except Unwritten as error:
            self._reactor.callFromThread(self._lost, error.lines, error.why)
        self._done += len(octets)

    def _end(self, stopped: Deferred[None]) -> None:
        self._ends = True
        self._destination.close()
        self._reactor.callFromThread(stopped.callback, None)
