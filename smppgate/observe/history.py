"""`History`: the last five minutes of a gate, one sample a second."""

from __future__ import annotations

from collections import deque

from attrs import frozen

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
    :ivar messages: that SMSCs answered, in the order of `History.smscs`.
    :ivar latencies: seconds from a message to its answer, in the same order.
    """

    totals: tuple[float, ...]
    messages: tuple[int, ...]
    latencies: tuple[float, ...]

    @property
    def time(self) -> float:
        """Its end, seconds since 1970."""
        return self.totals[0]


class History:
    """The last `MOST_SAMPLES` samples.

    :ivar smscs: the names of the SMSCs, in the order of `Sample.messages`.
    """

    def __init__(self) -> None:
        self.smscs: tuple[str, ...] = ()
        self._samples: deque[Sample] = deque(maxlen=MOST_SAMPLES)

    def since(self, time: float = 0.0) -> list[Sample]:
        """The samples that ended after ``time`` (seconds since 1970), the oldest first."""
        return [sample for sample in self._samples if sample.time > time]
