"""`CertificateWatch`: looks at the files of certificates once a minute, and has changed ones read.

Programs that renew certificates seldom tell those that use them. A look asks for size, time and
number of each file, in a thread; only what has changed is read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure

from smppgate.notices.program import CERTIFICATES_UNSEEN
from smppgate.txsmpp.log import Logger

INTERVAL = 60.0
"""Seconds between two looks."""

Looks = dict[str, tuple[int, int, int] | None]
"""How files looked, by name; None where there was none."""


class Renewable(Protocol):
    """What has certificates, or may have."""

    def names(self) -> tuple[str, ...]:
        """The names of its files; none without certificates."""

    def renew(self) -> None:
        """Read them again if they have changed."""


InThread = Callable[[Callable[[], Looks]], "Deferred[Looks]"]
"""Calls a function in a thread."""


class CertificateWatch(Service):
    """Looks at the files of what ``sources`` give.

    :param in_thread: see `InThread`.
    """

    log = Logger()

    def __init__(self, clock: IReactorTime, in_thread: InThread) -> None:
        self.sources: list[Callable[[], Iterable[Renewable]]] = []
        self._clock = clock
        self._in_thread = in_thread
        self._seen: Looks = {}
        self._timer: IDelayedCall | None = None

    def startService(self) -> None:
        """Begin."""
        super().startService()
        self.changed()

    def stopService(self) -> None:
        """Look no more."""
        super().stopService()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def changed(self) -> None:
        """There may be other certificates than before: without any, nothing is looked at."""
        if self.running and self._timer is None and self._names():
            self._timer = self._clock.callLater(INTERVAL, self._look)

    def _all(self) -> list[Renewable]:
        return [each for source in self.sources for each in source()]

    def _names(self) -> tuple[str, ...]:
        return tuple(name for each in self._all() for name in each.names())

    def _look(self) -> None:
        self._timer = None
        names = self._names()
        looking = self._in_thread(lambda: {name: _look_of(name) for name in names})
        looking.addCallbacks(self._looked, self._not_looked)
        looking.addBoth(lambda _: self.changed())

    def _looked(self, seen: Looks) -> None:
        before, self._seen = self._seen, seen
        if self.running and seen != before:
            # Those that have not changed see so by themselves.
            for each in self._all():
                each.renew()

    def _not_looked(self, why: Failure) -> None:
        self.log.tell_failure(CERTIFICATES_UNSEEN, why)


def _look_of(name: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(name)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def looks_in_thread(reactor: Any) -> InThread:
    """What has files looked at in a thread of the reactor's."""

    def look_in_thread(look: Callable[[], Looks]) -> Deferred[Looks]:
        looking: Deferred[Looks] = deferToThreadPool(reactor, reactor.getThreadPool(), look)
        return looking

    return look_in_thread
