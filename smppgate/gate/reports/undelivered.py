"""`Undelivered`: why messages are not delivered, as one line a kind and interval."""

from __future__ import annotations

from typing import NamedTuple

from smppgate.notices.messages import REFUSED
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.constants import status_meaning
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.notice import Notice

INTERVAL = 60.0
"""Seconds between two lines of one kind."""

MOST_KINDS = 1000
"""Kinds told apart at one time; what comes beyond is one kind."""


class Miss(NamedTuple):
    """A kind of message that is not delivered.

    ``notice`` is its line, ``why`` is a few words, ``account`` the system_id of the ESME that
    sent it or was to get it, ``smsc`` the name of the SMSC; both are empty where none is known.
    ``status`` is the command_status that its sender was answered.
    """

    notice: Notice
    why: str
    account: bytes
    smsc: str
    status: int

    def tell(self, log: Logger, count: int) -> None:
        """Write the line for ``count`` messages."""
        log.tell(
            self.notice,
            messages=f"{count} message{'' if count == 1 else 's'}",
            count=count,
            reason=self.why,
            account=self.account.decode("latin-1") or "-",
            smsc=self.smsc or "-",
            status=self.status,
            meaning=status_meaning(self.status),
        )


_OTHERS = Miss(REFUSED, "too many kinds to tell apart", b"", "", 0)


def smsc_of(origin: object) -> str:
    """The name of the SMSC that a request came from; empty for one of an ESME."""
    smsc = getattr(origin, "smsc", None)
    return str(smsc.name) if smsc is not None else ""


def ignore(_miss: Miss) -> None:
    """Tells nothing."""


class Undelivered:
    """Counts messages that are not delivered, by kind.

    The first of a kind is told at once. As long as more come, their number is told once an
    interval.
    """

    def __init__(self, clock: Clock, log: Logger, interval: float = INTERVAL) -> None:
        self._clock = clock
        self._log = log
        self._interval = interval
        # Kind → messages since its last line.
        self._counts: dict[Miss, int] = {}
        self._ends_at = 0.0

    def __len__(self) -> int:
        return len(self._counts)

    def add(self, miss: Miss) -> None:
        """A message of this kind is not delivered."""
        counts = self._counts
        if miss not in counts and len(counts) >= MOST_KINDS:
            miss = _OTHERS
        if miss in counts:
            counts[miss] += 1
            return
        if not counts:
            self._ends_at = self._clock.monotonic() + self._interval
        counts[miss] = 0
        miss.tell(self._log, 1)

    def tick(self) -> None:
        """Tell what was counted, if the interval is over; called now and then."""
        now = self._clock.monotonic()
        if self._counts and now >= self._ends_at:
            self._ends_at = now + self._interval
            self.tell_counts()

    def tell_counts(self) -> None:
        """Tell what was counted, whether the interval is over or not."""
        told = {miss: count for miss, count in self._counts.items() if count}
        # A kind of which no more came is told at once when it comes again.
        self._counts = dict.fromkeys(told, 0)
        for miss, count in told.items():
            miss.tell(self._log, count)
