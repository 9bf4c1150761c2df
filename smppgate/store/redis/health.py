"""`Health`: whether one server answers in time, and enough replicas have what it is told."""

from __future__ import annotations

from typing import Any, Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from smppgate.store.redis.connection import Link
from smppgate.store.redis.pipe import LACKING, LATE
from smppgate.store.redis.ports import Unreached
from smppgate.store.redis.timing import Deadline

_NO_MASTER = ("READONLY", "LOADING", "MASTERDOWN", "UNBLOCKED")
"""How answers begin of a server that is no master any more, or not yet."""


class Trouble(Protocol):
    """Hears what fails, by the name of the part, and when that works again."""

    def failed(self, part: str, failure: Failure) -> None:
        """It fails with `Unreached`, or `Unfit` where an operator has to act."""

    def worked(self, part: str) -> None:
        """It works."""


class Owner(Protocol):
    """Uses the server."""

    def changed(self) -> None:
        """It is up or not, or has enough replicas or not: other than before."""

    def drop(self, reason: str) -> None:
        """It is of no use any more: another one has to be looked for."""


class Health:
    """How the server at the other end of a `Link` does, from `begin` to `end`.

    It is what the connections tell of their answers, see `smppgate.store.redis.pipe.Told`.

    :param name: the part that fails with it.
    :param patience: seconds within which it must answer.
    :param replicas: how many must have what is kept.
    :ivar is_up: whether it has answered all that it was asked lately.
    :ivar has_replicas: whether enough replicas had it.
    :ivar silent_since: when an answer was late, in seconds of the clock; None while it is up.
    :ivar is_lost: whether one of the connections is gone, also before `begin`.
    """

    def __init__(
        self,
        name: str,
        clock: IReactorTime,
        patience: float,
        replicas: int,
        trouble: Trouble,
        owner: Owner,
    ) -> None:
        self.name = name
        self.is_up = self.has_replicas = False
        self.silent_since: float | None = None
        self.is_lost = False
        self._clock = clock
        self._patience = patience
        self._replicas = replicas
        self._trouble = trouble
        self._owner = owner
        self._link: Link | None = None
        self._ping: Deadline | None = None
        self._is_counting = False
        self._stalls = 0

    def begin(self, link: Link, has_replicas: bool) -> None:
        """The server has answered all that was asked to begin with."""
        self._link = link
        self.is_up = True
        self._trouble.worked(self.name)
        self._set_replicas(has_replicas)

    def end(self) -> None:
        """Nothing is told any more."""
        self._link = None
        self.is_up = self.has_replicas = False
        self._answered()

    def beat(self) -> None:
        """See how it does: some times a second."""
        if self._link is None:
            return
        self._ping_it(self._link)
        if self.is_up and not self.has_replicas:
            self.count()

    def count(self) -> None:
        """See whether it has enough replicas by now."""
        link = self._link
        if link is not None and not self._is_counting:
            self._is_counting = True
            counting = link.pipe.count_replicas().addErrback(_uncounted)
            counting.addCallback(self._counted, link)

    # What the connections tell

    def late(self) -> None:
        """It is not up until it has answered all that it was asked by now."""
        link = self._link
        if link is None:
            return
        self._stalls += 1
        if self.silent_since is None:
            self.silent_since = self._clock.seconds()
            self._trouble.failed(self.name, Failure(Unreached(LATE)))
        self.is_up = False
        self._owner.changed()
        link.give_up(Unreached(LATE))

    def refused(self, error: str) -> None:
        """A server that is no master is left."""
        if self._link is not None and error.startswith(_NO_MASTER):
            self._owner.drop(f"it is no master any more: {error}")

    def lacking(self) -> None:
        """Nothing is kept until there are enough replicas."""
        link = self._link
        if link is not None and self.has_replicas:
            self._set_replicas(False)
            link.pipe.give_up(Unreached(LACKING))
            link.writer.give_up(Unreached(LACKING))

    def lost(self) -> None:
        """The other connections are of no use without one of them."""
        self.is_lost = True
        if self._link is not None:
            self._owner.drop("the connection is lost")

    # Pings

    def _ping_it(self, link: Link) -> None:
        if self._ping is None:
            due = self._clock.seconds() + self._patience
            self._ping = Deadline(self._clock, due, self.late)
            link.ping().addCallbacks(self._pinged, _ignored, callbackArgs=(link, self._stalls))

    def _answered(self) -> None:
        if self._ping is not None:
            self._ping.cancel()
            self._ping = None

    def _pinged(self, _pongs: Any, link: Link, stalls: int) -> None:
        if link is not self._link:
            return
        self._answered()
        if self.silent_since is None:
            return
        if stalls == self._stalls:
            self._recovered(link)
        else:
            # Only what is sent after a late answer comes behind it.
            self._ping_it(link)

    def _recovered(self, link: Link) -> None:
        self.silent_since = None
        self.is_up = True
        self._trouble.worked(self.name)
        if self._replicas:
            # It may have been the replicas that were late.
            self.has_replicas = False
            self.count()
        self._owner.changed()

    # Replicas

    def _counted(self, replicas: int, link: Link) -> None:
        self._is_counting = False
        if link is self._link:
            self._set_replicas(replicas >= self._replicas)

    def _set_replicas(self, are_enough: bool) -> None:
        part = f"replicas of {self.name}"
        self.has_replicas = are_enough
        if are_enough:
            self._trouble.worked(part)
        else:
            self._trouble.failed(part, Failure(Unreached(LACKING)))
        self._owner.changed()


def _ignored(_failure: Failure) -> None:
    """The connection is lost, which is told besides."""


def _uncounted(_failure: Failure) -> int:
    """A server that refuses to count them has none, as far as is known; it is asked again."""
    return 0
