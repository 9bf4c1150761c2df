"""`Looks`: a gate seen again and again, and what has happened between two times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from attrs import define, field, frozen

from smppgate.cli.control.client import Gate
from smppgate.cli.control.tables import Row
from smppgate.cli.control.texts import figure

Rows = list[dict[str, Any]]

MOST_SAMPLES = 300
"""Of the history, as many as the gate keeps: five minutes."""


@frozen
class Look:
    """What was seen at one time.

    :ivar at: seconds, of any clock that does not go back.
    """

    at: float
    smscs: Rows
    accounts: Rows
    pools: Rows


@define
class History:
    """What happened in the gate in each of the last seconds. Mutable.

    :ivar columns: what a sample has of the whole gate.
    :ivar smscs: whose messages and latencies a sample has besides.
    :ivar interval: seconds between two samples.
    """

    columns: list[str] = field(factory=list)
    smscs: list[str] = field(factory=list)
    interval: float = 1.0
    samples: list[list[Any]] = field(factory=list)

    def take(self, answer: Row) -> None:
        """Add the samples that the gate gave."""
        columns, smscs, samples = (answer.get(key) for key in ("columns", "smscs", "samples"))
        if not (isinstance(columns, list) and isinstance(samples, list)):
            return
        if columns != self.columns:
            self.samples = []
        self.columns, self.smscs = columns, smscs if isinstance(smscs, list) else []
        self.interval = figure(answer.get("interval_seconds")) or 1.0
        whole = [each for each in samples if isinstance(each, list) and len(each) >= len(columns)]
        known = self.samples[-1][0] if self.samples else ""
        # A time in ISO 8601 UTC compares as text.
        self.samples += [each for each in whole if str(each[0]) > str(known)]
        del self.samples[:-MOST_SAMPLES]

    @property
    def last_time(self) -> str:
        """That of the last sample; empty before the first."""
        return str(self.samples[-1][0]) if self.samples else ""

    def values(self, column: str) -> list[float]:
        """What the samples have of this; nothing where the gate has no such column."""
        if column not in self.columns:
            return []
        at = self.columns.index(column)
        return [figure(sample[at]) or 0.0 for sample in self.samples]

    def mean(self, column: str, seconds: float) -> float | None:
        """The mean of the last samples; None without any."""
        values = self.values(column)[-max(1, round(seconds / self.interval)) :]
        return sum(values) / len(values) if values else None


class Looks:
    """A gate, seen again and again.

    :ivar state: the whole gate as it was at first.
    :ivar now: the last look, and ``before`` the one in front of it; None before the second.
    """

    def __init__(self, gate: Gate, at: float) -> None:
        self._gate = gate
        self.state = gate.object("state")
        self.history = History()
        self.before: Look | None = None
        self.now = self._look(at)

    def again(self, at: float) -> None:
        """Look again.

        :raises NotReached: the gate is gone.
        """
        self.before, self.now = self.now, self._look(at)

    def _look(self, at: float) -> Look:
        since = {"since": self.history.last_time} if self.history.last_time else {}
        self.history.take(self._gate.object("history", **since))
        gate = self._gate
        return Look(at, gate.objects("smscs"), gate.objects("accounts"), gate.objects("pools"))

    @property
    def started_at(self) -> Any:
        """When the gate was started."""
        return self.state.get("started_at")

    @property
    def time(self) -> datetime:
        """Of this machine."""
        return datetime.now(UTC)

    def rates(self, kind: str, key: str, *counts: str) -> dict[Any, float]:
        """How much more of these counts there is, a second, by what each row is known by."""
        if self.before is None:
            return {}
        seconds = max(self.now.at - self.before.at, 0.001)
        former = {row.get(key): _sum(row, counts) for row in getattr(self.before, kind)}
        found = {}
        for row in getattr(self.now, kind):
            before, now = former.get(row.get(key)), _sum(row, counts)
            if before is not None and now is not None:
                # Less than before: the gate was started again.
                found[row.get(key)] = max(0.0, now - before) / seconds
        return found


def _sum(row: Row, counts: tuple[str, ...]) -> float | None:
    """Of these counts; None where the gate has none of them."""
    values = [value for count in counts if (value := figure(row.get(count))) is not None]
    return sum(values) if values else None
