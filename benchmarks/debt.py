"""The receipts that an SMSC owes, in runs, as its ids were given out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol, TypeVar

from attrs import define

from benchmarks import wire
from benchmarks.ring import MessageIdRing, Ring, first_ids, write_lap


class AnyRun(Protocol):
    """Ids whose receipts are sent in one go."""

    @property
    def count(self) -> int:
        """How many."""
        ...


R = TypeVar("R", bound=AnyRun)
R_co = TypeVar("R_co", bound=AnyRun, covariant=True)
R_contra = TypeVar("R_contra", bound=AnyRun, contravariant=True)


class AnyDebt(Protocol[R_co]):
    """Receipts that are still to be sent; ``pay`` sends as many of them as can be sent now."""

    count: int
    pay: Callable[[], None]

    def take(self, most: int) -> R_co:
        """Some of them, ``most`` at the most."""
        ...


class AnyReceipts(Protocol[R_contra]):
    """Makes receipts."""

    def of(self, run: R_contra, numbers: bytes) -> bytes:
        """The receipts for ``run``, numbered by one octet each."""
        ...


@define
class Run:
    """Ids that follow each other in one lap of a ring."""

    lap: int
    start: int
    count: int


class Debt:
    """Runs of ids whose receipts are still to be sent, the oldest first.

    ``pay`` sends as many of them as can be sent now.
    """

    def __init__(self) -> None:
        self.count = 0
        self.pay: Callable[[], None] = lambda: None
        self._runs: deque[Run] = deque()

    def add(self, run: Run) -> None:
        """Owe receipts for these, too."""
        self._runs.append(run)
        self.count += run.count

    def take(self, most: int) -> Run:
        """The oldest, up to ``most`` and as far as they are in a row; IndexError without any."""
        oldest = self._runs[0]
        count = min(most, oldest.count)
        taken = Run(oldest.lap, oldest.start, count)
        oldest.start += count
        oldest.count -= count
        if not oldest.count:
            self._runs.popleft()
        self.count -= count
        return taken


class OwingRing(MessageIdRing):
    """submit_sm_resp for each of which a receipt is owed."""

    def __init__(self, smsc: int, debt: Debt) -> None:
        super().__init__(smsc)
        self._debt = debt

    def _run(self, count: int) -> int:
        start = super()._run(count)
        self._debt.add(Run(self.lap, start, count))
        return start


class ReceiptRing(Ring):
    """Receipts for the ids of a `MessageIdRing`, at the same places, in laps of its own."""

    def __init__(self, smsc: int, *, tlvs: bool = False) -> None:
        ids = first_ids(smsc)
        pdus = [wire.receipt(message_id, tlvs=tlvs) for message_id in ids]
        super().__init__(pdus)
        self._id_places = wire.places(pdus[0], ids[0])
        self._lap = 0

    def of(self, run: Run, numbers: bytes) -> bytes:
        """The receipts for ``run``, numbered by one octet each."""
        if run.lap != self._lap:
            self._lap = run.lap
            for place in self._id_places:
                write_lap(self, place, run.lap)
        first, last = run.start * self.size, (run.start + run.count) * self.size
        self.pdus[first + 15 : last : self.size] = numbers
        return bytes(self._octets[first:last])
