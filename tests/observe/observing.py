"""A gate in memory that is observed, and what its metrics say."""

from __future__ import annotations

from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from twisted.internet.defer import ensureDeferred

from smppgate.observe import Observer
from smppgate.settings import SmscSettings
from tests.fakes import outcomes
from tests.gate.memory_gateway import MemoryGateway
from tests.gate.test_reload import gate_of

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


class Observed:
    """A gate and its observer."""

    def __init__(self, *smscs: SmscSettings, **more: Any) -> None:
        self.gate: MemoryGateway = gate_of(*smscs, **more)
        self.observer = Observer(self.gate.gateway)
        self.observer.setServiceParent(self.gate.gateway)

    def text(self) -> str:
        """What a scrape gives."""
        assert self.observer.metrics is not None
        scraping = ensureDeferred(self.observer.metrics.exposition())
        for _ in range(200):
            self.gate.reactor.advance(0)
            if scraping.called:
                break
        (found,) = outcomes(scraping)
        assert isinstance(found, bytes), found
        return found.decode()

    def samples(self) -> Samples:
        """All samples of a scrape, as a parser reads them."""
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(self.text())
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float | None:
        """The value of one sample; None where there is none."""
        return self.samples().get((f"smppgate_{name}", tuple(sorted(labels.items()))))

    def counts(self, name: str, **labels: str) -> dict[tuple[str, ...], float]:
        """The samples of one name with these labels that are not 0, by their other labels."""
        return {
            tuple(value for key, value in found if key not in labels): count
            for (each, found), count in self.samples().items()
            if each == f"smppgate_{name}" and labels.items() <= dict(found).items() and count
        }
