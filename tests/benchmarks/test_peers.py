"""What the row about a hop says of its measurements."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from attrs import evolve

from benchmarks import peers
from benchmarks.bench import Shape
from benchmarks.flow.found import FlowFound
from benchmarks.gate_process import GateOptions
from benchmarks.measurement import GATE, Measurement, Timing
from benchmarks.two_nodes import NODES
from tests.benchmarks.measurements import measurement

Figures = tuple[float, float, float]
"""Messages a second, µs of processor a message, median latency in µs."""


class Played:
    """Measurements that are known, of one gate and of two nodes."""

    def __init__(self, one: list[Figures], two: list[Figures], **faults: int) -> None:
        self.figures = {GATE: one, NODES: two}
        self.faults = faults
        self.order: list[tuple[str, Shape, bool]] = []
        self._places: dict[tuple[str, Shape], Iterator[Figures]] = {}

    def measured(self, through: str, shape: Shape, options: GateOptions) -> Measurement:
        """The next of that kind."""
        self.order.append((through, shape, options.pairs))
        places = self._places.setdefault((through, shape), iter(self.figures[through]))
        rate, cpu, median = next(places)
        faults = self.faults if through == NODES else {}
        return evolve(
            measurement(cpu, **faults), through=through, rate=rate, latency_us={"p50": median}
        )


def found_by(monkeypatch: pytest.MonkeyPatch, played: Played) -> tuple[FlowFound, list[str]]:
    """What the row makes of it, and what it told."""

    def one(shape: Shape, through: str, *rest: object) -> Measurement:
        options = rest[-1]
        assert isinstance(options, GateOptions)
        return played.measured(through, shape, options)

    def two(shape: Shape, _core: int, _timing: Timing, options: GateOptions) -> Measurement:
        return played.measured(NODES, shape, options)

    monkeypatch.setattr(peers, "measure", one)
    monkeypatch.setattr(peers, "_through_both", two)
    told: list[str] = []
    found = FlowFound("hop", told.append)
    peers.measure_hop(0, GateOptions(), found, Timing(), len(played.figures[GATE]))
    return found, told


ONE: Figures = (200_000.0, 4.0, 200.0)


@pytest.mark.parametrize(
    ("two", "met"),
    [
        ((100_000.0, 10.0, 500.0), [True, True, True]),
        ((99_999.0, 10.0, 500.0), [False, True, True]),
        ((100_000.0, 10.1, 500.0), [True, False, True]),
        ((100_000.0, 10.0, 501.0), [True, True, False]),
    ],
)
def test_each_target_is_judged_by_its_own_figure(
    monkeypatch: pytest.MonkeyPatch, two: Figures, met: list[bool]
) -> None:
    found, _ = found_by(monkeypatch, Played([ONE], [two]))
    assert [target.met for target in found.targets] == met


def test_both_take_turns_and_receipts_come_over_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    played = Played([ONE] * 2, [ONE] * 2)
    _, told = found_by(monkeypatch, played)
    shapes = (peers.SHAPE, peers.PACED, *peers.WITH_RECEIPTS)
    assert played.order == [
        (through, shape, shape.receipts)
        for shape in shapes
        for _ in range(2)
        for through in (GATE, NODES)
    ]
    assert sum("200,000 a second, 4.0 µs" in line for line in told) == len(played.order)


def test_what_a_hop_adds_is_the_median_of_what_it_added_in_each_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A turn in which the machine was slow for both says nothing of the hop."""
    one = [(1.0, 1.0, median) for median in (100.0, 900.0, 100.0)]
    two = [(1.0, 1.0, median) for median in (300.0, 1000.0, 400.0)]
    found, _ = found_by(monkeypatch, Played(one, two))
    assert found.targets[-1].found == "200 µs (400 and 100)"


def test_faults_of_all_are_added_up_and_say_where(monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = found_by(monkeypatch, Played([ONE] * 2, [ONE] * 2, lost=3))
    assert found.faults == {"two nodes: lost": 24}
