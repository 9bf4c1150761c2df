"""`Metrics`: a gate's numbers in the text format of Prometheus.

The numbers are the gate's own counts and states. A scrape makes samples of them, and nothing else
is kept. The text of a large gate is made in slices: between two of them the reactor has a turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString
from twisted.internet.task import deferLater

from smppgate.observe.families import FAMILIES
from smppgate.observe.family import AnyFamily, Scrape
from smppgate.txsmpp.clock import Clock

SLICE = 250
"""Samples whose text is made in one turn of the reactor, at the most twice as many: one or two
milliseconds."""

Told = tuple[str, list[Any]]
"""The name of a family, and rows of it."""


class Metrics(Collector):
    """The metrics of one gate; a collector for any registry of prometheus-client, too.

    :param scrape: gives what is to be looked at.
    :ivar content_type: of `exposition`.
    """

    content_type = CONTENT_TYPE_PLAIN_0_0_4

    def __init__(self, clock: Clock, scrape: Callable[[], Scrape]) -> None:
        self._clock = clock
        self._scrape = scrape
        self._process = ProcessCollector(registry=CollectorRegistry())

    def collect(self) -> Iterator[Metric]:
        """The gate's families, whole."""
        scrape = self._scrape()
        for family in FAMILIES:
            metric = family.metric()
            metric.samples = list(family.samples(scrape))
            yield metric

    async def exposition(self) -> bytes:
        """All metrics as text, those of the process too, made in slices."""
        texts, left = [], SLICE
        for text, count in self._pieces():
            texts.append(text)
            left -= count
            if left <= 0:
                await deferLater(self._clock, 0.0)
                left = SLICE
        return "".join(texts).encode()

    def _pieces(self) -> Iterator[tuple[str, int]]:
        """The text in pieces of at most `SLICE` samples, with the number of these."""
        scrape = self._scrape()
        for family in FAMILIES:
            yield from pieces(family, family.samples(scrape))
        for metric in self._process.collect():
            yield process_piece(metric, metric.samples)


def told(scrape: Scrape) -> Iterator[Told]:
    """What a worker tells its master: rows of families, and values of the process.

    At the most `SLICE` of them at a time.
    """
    for family in FAMILIES:
        rows: Iterator[Any] = iter(family.rows(scrape))
        while some := list(islice(rows, SLICE)):
            yield family.name, some
    for metric in ProcessCollector(registry=CollectorRegistry()).collect():
        yield from ((each.name, [((), each.value)]) for each in metric.samples)


def pieces(family: AnyFamily, samples: Iterator[Sample]) -> Iterator[tuple[str, int]]:
    """The text of a family, in pieces of at most `SLICE` samples, with the number of these."""
    is_first = True
    while (some := list(islice(samples, SLICE))) or is_first:
        yield _text(family.metric(), family.name, some, is_first), len(some)
        is_first = False


def process_piece(metric: Metric, samples: Sequence[Sample]) -> tuple[str, int]:
    """The same of a metric of the process."""
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    return _text(metric, name, samples, True), len(samples)


def _text(metric: Metric, name: str, samples: Iterable[Sample], is_first: bool) -> str:
    """The samples as text, below the two lines about their family if they are its first.

    As `prometheus_client.generate_latest` writes it, which takes three times as long.
    """
    head = f"# HELP {name} {metric.documentation}\n# TYPE {name} {metric.type}\n"
    return head * is_first + "".join(map(_line, samples))


def _line(sample: Sample) -> str:
    labels = ",".join([f'{key}="{_escaped(sample.labels[key])}"' for key in sorted(sample.labels)])
    braced = f"{{{labels}}}" if labels else ""
    return f"{sample.name}{braced} {floatToGoString(sample.value)}\n"


def _escaped(value: str) -> str:
    if "\\" in value or '"' in value or "\n" in value:
        return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
    return value
