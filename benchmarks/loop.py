"""The generator's event loop: one epoll, one core, no reactor.

Twisted is what the gate is made of; a generator on it would be as slow as the gate.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable

# One wait is never longer than this, so that deadlines are kept when nothing happens.
_LONGEST_WAIT = 0.01


class Loop:
    """Calls back whoever's socket is ready, until told to stop."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._ready: dict[int, Callable[[int], None]] = {}

    def watch(self, fd: int, ready: Callable[[int], None]) -> None:
        """Call ``ready(events)`` whenever ``fd`` can be read."""
        self._ready[fd] = ready
        self._epoll.register(fd, select.EPOLLIN)

    def watch_writes_only(self, fd: int, wanted: bool) -> None:
        """Do not call when ``fd`` can be read, only when it can be written if ``wanted``."""
        self._epoll.modify(fd, select.EPOLLOUT if wanted else 0)

    def watch_reads(self, fd: int, wanted: bool) -> None:
        """Call when ``fd`` can be read, or not at all."""
        self._epoll.modify(fd, select.EPOLLIN if wanted else 0)

    def watch_writes(self, fd: int, wanted: bool) -> None:
        """Also call when ``fd`` can be written, or no longer."""
        self._epoll.modify(fd, select.EPOLLIN | (select.EPOLLOUT if wanted else 0))

    def forget(self, fd: int) -> None:
        """Stop watching ``fd``, which is still open."""
        self._epoll.unregister(fd)
        del self._ready[fd]

    def run(
        self, seconds: float, meanwhile: Callable[[], None] | None = None, nap: float = 0.0
    ) -> None:
        """Run for so long, and call ``meanwhile`` as often as there is time.

        Never sleeps, because a sleeping generator adds its waking to each latency; but for ``nap``
        seconds whenever nothing is ready, where another program is to have what is left of the
        core.
        """
        poll, ready, clock = self._epoll.poll, self._ready, time.monotonic
        end = clock() + seconds
        while clock() < end:
            if meanwhile is not None:
                meanwhile()
            events = poll(0)
            for fd, happened in events:
                ready[fd](happened)
            if nap and not events:
                time.sleep(nap)

    def run_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Run until the condition holds, at most so long; whether it holds."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            for fd, events in self._epoll.poll(_LONGEST_WAIT):
                self._ready[fd](events)
        return True

    def close(self) -> None:
        """Give the epoll back."""
        self._epoll.close()
