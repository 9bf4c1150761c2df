"""`WaitingReceipts`: receipts whose return path is not known yet, with one timer for all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from twisted.internet.interfaces import IDelayedCall

from smppgate.gate.deliver.asking_again import AskingAgain
from smppgate.gate.return_path.keeper import ReturnPathKeeper
from smppgate.routing.return_path.early_receipts import EarlyReceipts
from smppgate.routing.sessions import SmscSession
from smppgate.routing.smscs.smsc import MessageCenter
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.located_receipt import LocatedReceipt

POLL_INTERVAL = 0.25
"""Seconds between two looks at receipts that wait for their return path."""

YIELD_INTERVAL = 0.001
"""Seconds to the next look while some are left that need wait no longer: others get a turn."""

MOST_AT_A_TIME = 32
"""Receipts that are looked up in all notations in one go: each takes 0.1 ms."""


class Incoming(NamedTuple):
    """A receipt as it came on ``link``; ``at`` is the time of its arrival.

    ``changed`` is what a hook has made of it, empty where nothing has been changed; ``receipt`` is
    read from ``octets``, once.
    """

    link: SmscSession
    frame: Frame
    receipt: LocatedReceipt
    at: float
    changed: bytes = b""

    @property
    def octets(self) -> bytes:
        """What is to be relayed."""
        return self.changed or self.frame.octets

    @property
    def size(self) -> int:
        """Octets that are kept of it while it waits."""
        return len(self.frame.octets) + len(self.changed)


class _NoneAwaited:
    """Whether a message center has no unanswered submits, so that no receipt need wait for one.

    :param is_awaited: asked once for each message center.
    """

    def __init__(self, is_awaited: Callable[[MessageCenter], bool]) -> None:
        self._is_awaited = is_awaited
        self._awaited: dict[MessageCenter, bool] = {}

    def __call__(self, waiting: Incoming) -> bool:
        center = waiting.link.smsc.center
        awaited = self._awaited.get(center)
        if awaited is None:
            # Once for each message center: there may be thousands of receipts.
            awaited = self._awaited[center] = self._is_awaited(center)
        return not awaited


class WaitingReceipts:
    """Receipts that wait for a submit_sm_resp, `receipt_patience` seconds at most.

    :param patience: seconds from a receipt's arrival until it waits no longer.
    :param is_awaited: whether the answer to any submit of a message center is awaited.
    :param arrived: called with a receipt and the key that it waited for, once that is kept; and
        with what is kept under it, where that is elsewhere.
    :param overdue: called with a receipt that need not, or must not, wait any longer.
    """

    def __init__(
        self,
        clock: Clock,
        return_paths: ReturnPathKeeper,
        patience: float,
        is_awaited: Callable[[MessageCenter], bool],
        arrived: Callable[[Incoming, bytes, bytes | None], None],
        overdue: Callable[[Incoming], None],
    ) -> None:
        self._clock = clock
        self._return_paths = return_paths
        self._is_awaited = is_awaited
        self._tell_arrived = arrived
        self._tell_overdue = overdue
        self._early: EarlyReceipts[Incoming] = EarlyReceipts(patience=patience)
        self._timer: IDelayedCall | None = None
        self._again = AskingAgain(clock, return_paths, self._early.is_waited_for, self._arrived)

    def __len__(self) -> int:
        return len(self._early)

    @property
    def limit(self) -> int:
        """How many may wait."""
        return self._early.limit

    def change_patience(self, seconds: float) -> None:
        """Let receipts wait so long at the most."""
        self._early.patience = seconds

    def is_in_time(self, incoming: Incoming) -> bool:
        """Whether a receipt may still wait."""
        return self._clock.monotonic() - incoming.at < self._early.patience

    def add(self, incoming: Incoming, keys: Iterable[bytes]) -> bool:
        """Let a receipt wait for a return path under any of ``keys``; False without room."""
        wanted = tuple(keys)
        if not self._early.add(incoming, wanted, incoming.at, incoming.size):
            return False
        self._again.add(wanted, incoming.at)
        self._return_paths.expected = self._arrived
        if self._timer is None:
            pause = min(POLL_INTERVAL, self._early.patience)
            self._timer = self._clock.callLater(pause, self._poll)
        return True

    def stop(self) -> list[Incoming]:
        """Stop the timer; gives the receipts that wait still, and waits for none any more."""
        self._return_paths.expected = None
        self._again.stop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return self._early.overdue(float("inf"))

    def _arrived(self, key: bytes, value: bytes | None = None) -> None:
        for incoming in self._early.arrived(key):
            self._tell_arrived(incoming, key, value)
        self._rest_if_empty()

    def _poll(self) -> None:
        self._timer = None
        done = self._early.overdue(self._clock.monotonic(), MOST_AT_A_TIME)
        done += self._early.take(_NoneAwaited(self._is_awaited), MOST_AT_A_TIME - len(done))
        for incoming in done:
            self._tell_overdue(incoming)
        if self._early and self._timer is None:
            pause = min(POLL_INTERVAL, self._early.patience)
            if len(done) == MOST_AT_A_TIME:
                pause = YIELD_INTERVAL
            self._timer = self._clock.callLater(pause, self._poll)
        self._rest_if_empty()

    def _rest_if_empty(self) -> None:
        if not self._early:
            self._return_paths.expected = None
