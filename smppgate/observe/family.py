"""`Family`: a metric, and what its samples are made from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from itertools import accumulate
from typing import Any, TypeAlias

from attrs import field, frozen
from prometheus_client.core import Metric
from prometheus_client.samples import Sample

from smppgate.gate.parts import Parts
from smppgate.gate.relay.events import Events
from smppgate.gate.submit.room import Line
from smppgate.observe.counting import Counting
from smppgate.observe.lag import ReactorLag
from smppgate.routing.smscs.pool import Pool
from smppgate.routing.smscs.smsc import Smsc
from smppgate.store import StoreStatistics

Row: TypeAlias = "tuple[Sequence[str], float]"
"""The values of the labels, and the value."""

WORKER = "worker"
"""The label of series that each of several workers has for itself."""


class Joining(Enum):
    """What series of several workers are together that have the same labels."""

    SUM = "sum"
    MOST = "max"
    EACH = "each"
    """Still several: `WORKER` tells them apart."""
    NONE = "none"
    """Left out: it says what workers are to each other."""


@frozen
class Scrape:
    """What is looked at for one scrape.

    :ivar lines: what waits, by pool and by SMSC.
    :ivar now: seconds on the monotonic clock.
    :ivar lost_lines: of message logs, by the name of the log.
    """

    parts: Parts
    counting: Counting
    lag: ReactorLag
    store: StoreStatistics
    lines: Mapping[Pool | Smsc, Line]
    now: float
    lost_lines: Mapping[str, int] = field(factory=dict)

    @classmethod
    def of(
        cls,
        parts: Parts,
        counting: Counting,
        lag: ReactorLag,
        lost_lines: Mapping[str, int],
    ) -> Scrape:
        """The gate of these parts as it is now; what several families show is looked at once."""
        router = parts.router
        store, lines = router.return_paths.store.statistics(), router.waiting_room.lines()
        return cls(parts, counting, lag, store, lines, parts.clock.monotonic(), lost_lines)

    @property
    def events(self) -> Events:
        """The counts of the gate as a whole."""
        return self.parts.router.events


@frozen
class Family:
    """A counter or a gauge.

    :param name: as it is written; a counter's ends with ``_total``.
    :param kind: ``counter`` or ``gauge``.
    :param about: one sentence for an operator.
    :param labels: their names.
    :param rows: gives the rows of a `Scrape`, as they are asked for: many, and between two of them
        the gate may go on. Of `WORKER_FAMILIES` it is given the workers instead.
    :param joining: of several workers.
    """

    name: str
    kind: str
    about: str
    labels: tuple[str, ...]
    rows: Callable[[Any], Iterable[Row]]
    joining: Joining

    @property
    def sample_names(self) -> tuple[str, ...]:
        """The names that its samples have."""
        return (self.name,)

    def metric(self) -> Metric:
        """Without samples, for prometheus-client."""
        return Metric(self.name.removesuffix("_total"), self.about, self.kind)

    def samples(self, scrape: Scrape) -> Iterator[Sample]:
        """Its samples, made as they are asked for."""
        return self.written(self.labels, self.rows(scrape))

    def written(self, labels: Sequence[str], rows: Iterable[Row]) -> Iterator[Sample]:
        """The samples of these rows."""
        for values, value in rows:
            yield Sample(self.name, dict(zip(labels, values, strict=True)), value)


@frozen
class Distribution:
    """Seconds, counted by the bounds of buckets.

    :ivar counts: for each bound, and for what is beyond the last.
    :ivar sum: all of them together.
    """

    counts: Sequence[int]
    sum: float

    def __add__(self, other: Distribution) -> Distribution:
        counts = [one + more for one, more in zip(self.counts, other.counts, strict=True)]
        return Distribution(counts, self.sum + other.sum)


@frozen
class HistogramFamily:
    """A histogram; the rest is as with `Family`.

    :param bounds: upper bounds of the buckets.
    """

    name: str
    about: str
    labels: tuple[str, ...]
    bounds: tuple[float, ...]
    rows: Callable[[Scrape], Iterable[tuple[Sequence[str], Distribution]]]
    joining: Joining
    kind: str = "histogram"

    @property
    def sample_names(self) -> tuple[str, ...]:
        """The names that its samples have."""
        return tuple(self.name + suffix for suffix in ("_bucket", "_count", "_sum"))

    def metric(self) -> Metric:
        """Without samples, for prometheus-client."""
        return Metric(self.name, self.about, self.kind)

    def samples(self, scrape: Scrape) -> Iterator[Sample]:
        """Its samples, made as they are asked for."""
        return self.written(self.labels, self.rows(scrape))

    def written(
        self, labels: Sequence[str], rows: Iterable[tuple[Sequence[str], Distribution]]
    ) -> Iterator[Sample]:
        """The samples of these rows."""
        bounds = (*(str(bound) for bound in self.bounds), "+Inf")
        for values, found in rows:
            named = dict(zip(labels, values, strict=True))
            sums = tuple(accumulate(found.counts))
            for bound, count in zip(bounds, sums, strict=True):
                yield Sample(f"{self.name}_bucket", {**named, "le": bound}, count)
            yield Sample(f"{self.name}_count", named, sums[-1])
            yield Sample(f"{self.name}_sum", named, found.sum)


AnyFamily: TypeAlias = Family | HistogramFamily
