"""`JoinedMetrics`: the metrics of several workers as those of one gate.

How series of workers are joined stands with their family. Counts never go back, as Prometheus
takes it for a process that was started again: what a worker had told is kept beyond its end.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.samples import Sample

from smppgate.observe.families import CONNECTIONS, FAMILIES, LIMIT_HITS
from smppgate.observe.family import WORKER, AnyFamily, Distribution, Joining
from smppgate.observe.metrics import Told, pieces, process_piece
from smppgate.observe.worker_families import WORKER_FAMILIES
from smppgate.store import StoreStatistics

MASTER = "master"
"""The value of the label of workers for the process that is none."""

OF_STORE = "smppgate_store_"
"""The beginning of names of families that tell of a store alone."""

_FAMILIES: dict[str, AnyFamily] = {family.name: family for family in FAMILIES}


class Joined:
    """Rows of families, added up as their rules say."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[tuple[str, ...], Any]] = {}

    def add(self, worker: str, told: Told) -> None:
        """What ``worker`` has told of a family. Names that are not known are passed over."""
        name, rows = told
        kept = self._rows.setdefault(name, {})
        add = _ADDING[_joining(name)]
        for values, value in rows:
            add(kept, tuple(values), worker, _value(value))

    def rows(self, name: str) -> Mapping[tuple[str, ...], Any]:
        """The rows of a family, by their labels."""
        return self._rows.get(name, {})

    def keep(self, is_known: Callable[[str, str], bool]) -> None:
        """Forget what has labels, given by name and value, that are not known any more."""
        for name, rows in self._rows.items():
            labels = _FAMILIES[name].labels
            for values in [v for v in rows if not all(map(is_known, labels, v))]:
                del rows[values]


class Departed:
    """What workers had counted that are no more."""

    def __init__(self) -> None:
        self._joined = Joined()

    def add(self, told: Told) -> None:
        """What one had told last of a family: if it counts, that stays."""
        family = _FAMILIES.get(told[0])
        if family is not None and family.kind != "gauge" and family.joining is Joining.SUM:
            self._joined.add("", told)

    def told(self) -> Iterator[Told]:
        """All of it, as a worker tells it."""
        for name in _FAMILIES:
            rows = self._joined.rows(name)
            if rows:
                yield name, list(rows.items())

    def keep(self, is_known: Callable[[str, str], bool]) -> None:
        """See `Joined.keep`."""
        self._joined.keep(is_known)


class Text:
    """The text of joined metrics."""

    def __init__(self) -> None:
        self._process = ProcessCollector(registry=CollectorRegistry())

    def pieces(self, joined: Joined, workers: Sequence[Any]) -> Iterator[str]:
        """In pieces of some milliseconds at the most.

        :param workers: what `WORKER_FAMILIES` are made of.
        """
        for family in FAMILIES:
            if family.joining is Joining.NONE:
                continue
            labels = (*family.labels, *((WORKER,) if family.joining is Joining.EACH else ()))
            samples = family.written(labels, joined.rows(family.name).items())
            yield from (text for text, _ in pieces(family, samples))
        for own in WORKER_FAMILIES:
            yield from (
                text for text, _ in pieces(own, own.written(own.labels, own.rows(workers)))
            )
        for metric in self._process.collect():
            yield process_piece(metric, [*self._of_processes(metric, joined)])[0]

    def _of_processes(self, metric: Metric, joined: Joined) -> Iterator[Sample]:
        for sample in metric.samples:
            yield Sample(sample.name, {WORKER: MASTER}, sample.value)
            for (worker,), value in joined.rows(sample.name).items():
                yield Sample(sample.name, {WORKER: worker}, value)


@frozen
class _OfStore:
    """As much of a `Scrape` as families of the store look at."""

    store: StoreStatistics


def told_of_store(store: StoreStatistics) -> Iterator[Told]:
    """What tells of a store that is no worker's, as a worker tells it."""
    for family in FAMILIES:
        if family.name.startswith(OF_STORE):
            yield family.name, list(family.rows(_OfStore(store)))  # type: ignore[arg-type]


def told_of_connections(refused: int) -> Told:
    """What tells of connections that no worker has refused, as a worker tells it."""
    return LIMIT_HITS, [((CONNECTIONS,), refused)]


def octets_of(told: Told) -> bytes:
    """A line of JSON that `told_by` reads."""
    return json.dumps(told, default=_plain, separators=(",", ":")).encode() + b"\n"


def told_by(octets: bytes) -> Iterator[Told]:
    """What a worker has told, a line of JSON each."""
    for line in octets.splitlines():
        name, rows = json.loads(line)
        yield name, rows


def _joining(name: str) -> Joining:
    """That of a family; each process has its own values of the rest."""
    return _FAMILIES[name].joining if name in _FAMILIES else Joining.EACH


def _plain(value: Any) -> Any:
    return [list(value.counts), value.sum]


def _value(value: Any) -> Any:
    return Distribution(*value) if isinstance(value, list) else value


_Rows = dict[tuple[str, ...], Any]


def _sum(kept: _Rows, labels: tuple[str, ...], worker: str, value: Any) -> None:
    before = kept.get(labels)
    kept[labels] = value if before is None else before + value


def _most(kept: _Rows, labels: tuple[str, ...], worker: str, value: Any) -> None:
    before = kept.get(labels)
    kept[labels] = value if before is None else max(before, value)


def _each(kept: _Rows, labels: tuple[str, ...], worker: str, value: Any) -> None:
    kept[*labels, worker] = value


def _none(kept: _Rows, labels: tuple[str, ...], worker: str, value: Any) -> None:
    """It is left out."""


_ADDING = {
    Joining.SUM: _sum,
    Joining.MOST: _most,
    Joining.EACH: _each,
    Joining.NONE: _none,
}
