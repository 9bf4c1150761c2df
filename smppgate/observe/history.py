"""`History`: the last five minutes of a gate, one sample a second."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from attrs import frozen

from smppgate.gate.parts import Parts
from smppgate.routing.tally import SmscTally, Tally
from smppgate.txsmpp.clock import Clock

INTERVAL = 1.0
"""Seconds between two samples."""

MOST_SAMPLES = 300
"""Samples that are kept."""

COLUMNS = (
    "time",
    "messages",
    "answered",
    "errors",
    "receipts",
    "mobile_originated",
    "waiting",
    "latency_seconds",
)
"""The names of what a sample says of the whole gate, in the order of `Sample.totals`."""


@frozen
class Sample:
    """What happened in one second.

    :ivar totals: the values of `COLUMNS`.
    :ivar messages: how many each SMSC has answered, in the order of `History.smscs`.
    :ivar latencies: seconds from a message to its answer, in the same order; 0 without messages.
    """

    totals: tuple[float, ...]
    messages: tuple[int, ...]
    latencies: tuple[float, ...]

    @property
    def time(self) -> float:
        """Its end, seconds since 1970."""
        return self.totals[0]


@frozen
class _Counts:
    """What was counted of an SMSC up to one moment, or between two.

    :ivar answers: to requests of any kind, and ``seconds``: the time that they took together.
    :ivar deliveries: its messages, and its receipts among them.
    """

    messages: int = 0
    answers: int = 0
    seconds: float = 0.0
    deliveries: int = 0
    receipts: int = 0

    @classmethod
    def of(cls, tally: SmscTally) -> _Counts:
        """Up to now."""
        latencies, seconds = tally.latencies()
        return cls(
            tally.messages,
            sum(latencies),
            seconds,
            tally.deliveries,
            sum(tally.receipts.values()),
        )

    def __sub__(self, before: _Counts) -> _Counts:
        return _Counts(
            self.messages - before.messages,
            self.answers - before.answers,
            self.seconds - before.seconds,
            self.deliveries - before.deliveries,
            self.receipts - before.receipts,
        )


_NOTHING = _Counts()


class History:
    """The last `MOST_SAMPLES` samples.

    After a reload that adds or removes SMSCs the samples before it have what they have of those
    that are there now.
    """

    def __init__(self, clock: Clock, parts: Parts) -> None:
        self._clock = clock
        self._parts = parts
        self._samples: deque[_Taken] = deque(maxlen=MOST_SAMPLES)
        self._accounts: dict[Tally, tuple[int, int]] = {}
        self._smscs: dict[SmscTally, _Counts] = {}
        # Receipts are counted when they come and messages when they are answered: below 0 while
        # receipts are under way.
        self._mobile_originated = 0

    @property
    def smscs(self) -> tuple[str, ...]:
        """The names of the SMSCs, in the order of `Sample.messages`."""
        return tuple(self._parts.smscs)

    def since(self, time: float = 0.0) -> list[Sample]:
        """The samples that ended after ``time`` (seconds since 1970), the oldest first."""
        names = self.smscs
        return [taken.sample(names) for taken in self._samples if taken.totals[0] > time]

    def begin(self) -> None:
        """Count from now on: what was before is in no sample."""
        self._accounts_changed()
        self._smscs_changed()

    def take(self) -> None:
        """Take a sample of what happened since the last."""
        messages, errors = self._accounts_changed()
        of_smscs = self._smscs_changed()
        answers = sum(each.answers for each in of_smscs.values())
        seconds = sum(each.seconds for each in of_smscs.values())
        deliveries = sum(each.deliveries for each in of_smscs.values())
        receipts = sum(each.receipts for each in of_smscs.values())
        mobile_originated = self._mobile_originated + deliveries - receipts
        self._mobile_originated = min(0, mobile_originated)
        totals = (
            self._clock.wall(),
            messages,
            messages - errors,
            errors,
            receipts,
            max(0, mobile_originated),
            len(self._parts.router.waiting_room),
            seconds / answers if answers else 0.0,
        )
        self._samples.append(_Taken(totals, of_smscs))

    def _accounts_changed(self) -> tuple[int, int]:
        """Messages of all accounts since the last call, and those answered with an error."""
        before, now = self._accounts, {}
        messages = errors = 0
        for service in self._parts.accounts.values():
            tally = service.account.tally
            now[tally] = counts = tally.messages, tally.errors
            was = before.get(tally, (0, 0))
            messages, errors = messages + counts[0] - was[0], errors + counts[1] - was[1]
        self._accounts = now
        return messages, errors

    def _smscs_changed(self) -> dict[str, _Counts]:
        """What was counted of each SMSC since the last call, by name."""
        before, now, found = self._smscs, {}, {}
        for service in self._parts.smscs.values():
            tally = service.smsc.tally
            now[tally] = counts = _Counts.of(tally)
            found[service.smsc.name] = counts - before.get(tally, _NOTHING)
        self._smscs = now
        return found


@frozen
class _Taken:
    """A sample as it was taken, with SMSCs by name."""

    totals: tuple[float, ...]
    of_smscs: dict[str, _Counts]

    def sample(self, names: Iterable[str]) -> Sample:
        """The sample for these SMSCs."""
        of_smscs = [self.of_smscs.get(name, _NOTHING) for name in names]
        return Sample(
            self.totals,
            tuple(each.messages for each in of_smscs),
            tuple(each.seconds / each.answers if each.answers else 0.0 for each in of_smscs),
        )
