"""`SharedStore`: a store in memory whose places and rates are those of several gates.

It stands for what a worker has: its `Master` answers later, in order, and forgets it when it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from smppgate.store import IStore, Limits, MemoryStore
from smppgate.workers.places import Places
from smppgate.workers.shares import Shares

Later = Callable[[float, Callable[[], None]], object]
"""Calls something after so many seconds."""


class Master:
    """What the stores of several gates share.

    :param later: has time.
    :param delay: seconds that something is under way, anew each time.
    """

    def __init__(self, later: Later, delay: Callable[[], float]) -> None:
        self.places, self.shares = Places(), Shares()
        self.later, self.delay = later, delay


class _Way:
    """Carries calls, and keeps their order."""

    def __init__(self, master: Master) -> None:
        self._master = master
        self._waiting: list[Callable[[], None]] = []

    def carry(self, call: Callable[[], None]) -> None:
        """``call`` is made some time later, behind those before it."""
        self._waiting.append(call)
        self._master.later(self._master.delay(), self._arrive)

    def _arrive(self) -> None:
        # One that was to arrive before others that are ahead of it has waited for them.
        self._waiting.pop(0)()


@implementer(IStore)
class SharedStore(MemoryStore):
    """One gate's.

    :ivar is_answered: while false, all that is told or answered to it is lost.
    """

    is_quota_shared = True

    def __init__(self, reactor: IReactorTime, limits: Limits, master: Master) -> None:
        super().__init__(reactor, limits)
        self.is_answered = True
        self._master = master
        self._there, self._back = _Way(master), _Way(master)
        self._tell_leased: Callable[[Mapping[str, int]], None] = lambda parts: None
        master.places.join(self, lambda name: self._return(lambda: self._tell_full(name)))
        master.shares.join(self, lambda parts: self._return(lambda: self._tell_leased(parts)))

    def close(self) -> Deferred[None]:
        """The process ends."""
        self.gone()
        return super().close()

    def gone(self) -> None:
        """The process has ended."""
        self._master.places.gone(self)
        self._master.shares.gone(self)

    def admit(self, account: bytes, limit: int) -> Deferred[bool]:
        """See `IAdmission.admit`."""
        answer: Deferred[bool] = Deferred()

        def ask() -> None:
            has_place = self._master.places.admit(self, account, limit)
            self._return(lambda: answer.callback(has_place))

        self._there.carry(ask)
        return answer

    def leave(self, account: bytes) -> None:
        """See `IAdmission.leave`."""
        self._there.carry(lambda: self._master.places.leave(self, account))

    def lease(self, wanted: Mapping[str, int]) -> None:
        """See `IQuota.lease`."""
        self._there.carry(lambda: self._master.shares.lease(self, wanted))

    def tell_leased(self, told: Callable[[Mapping[str, int]], None]) -> None:
        """See `IQuota.tell_leased`."""
        self._tell_leased = told

    def share_among(self, processes: int) -> None:
        """See `IQuota.share_among`."""

    def _return(self, call: Callable[[], None]) -> None:
        self._back.carry(lambda: call() if self.is_answered else None)
