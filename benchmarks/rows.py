"""The rows of the benchmark: which measurements belong together, and in what order.

What is compared is measured by turns, so that whatever else the machine does hits all of it.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable
from typing import Any

from attrs import evolve, frozen

from benchmarks.bench import Shape
from benchmarks.gate_process import Accounts, GateOptions
from benchmarks.measurement import GATE, HAPROXY, Measurement, Timing, measure

SHAPES = ("1x1", "4x10", "16x50", "64x10")
RECEIPTS, RECEIPTS_TLV, STEADY = "receipts", "receipts-tlv", "steady"
SCALE, SCALE_TO_ESMES, ROUTES, IDLE = "scale", "scale-mo", "routes", "idle"
FLOODS, ATTACKS = "floods", "attacks"
RELOADS, SUSTAINED, LOOKUPS, KILLED = "reloads", "sustained", "lookups", "killed"
LARGE, COUNTS, OPERATING = "large", "counts", "operating"
WORKERS, HOP = "workers", "hop"
NEIGHBOURS, BALANCING, LIMITS, SICK = FLOW = ("neighbours", "balancing", "limits", "sick")
DEFAULT = (*SHAPES, RECEIPTS, RECEIPTS_TLV, STEADY, SCALE, SCALE_TO_ESMES, ROUTES, IDLE)
# To fill a store with so many return paths takes minutes, and so do the others.
ON_DEMAND = (
    *(LARGE, *FLOW, FLOODS, ATTACKS, RELOADS, SUSTAINED, LOOKUPS, KILLED),
    *(COUNTS, OPERATING, WORKERS, HOP),
)
ALL = (*DEFAULT, *ON_DEMAND)
# Those that are not one cost a message of one gate.
ALONE = (SCALE, SCALE_TO_ESMES, ROUTES, IDLE, *ON_DEMAND)

FEW = Accounts(count=2, ranges_each=1)
MANY = Accounts(count=1000, ranges_each=10)
_SCALE_SHAPE = Shape(16, 50)
_ALONE_SHAPE = Shape(16, 1)
_RECEIPTS_SHAPE = Shape(16, 50, receipts=True)
# No more outstanding in all than the SMSCs' windows have room for: a gate that is late answers
# late, not with an error.
_STEADY_SHAPE = Shape(64, 50, receipts=True)
STEADY_RATE = 20_000
_SCALE_TURNS = 3

SCALES = (SCALE, SCALE_TO_ESMES, ROUTES, LARGE)
_SCALED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    ROUTES: ({}, {"is_routed": True}),
    LARGE: ({"is_routed": True, "prefixes": 100, "links": 8}, {"is_routed": True, "links": 100}),
}
"""Row → `GateOptions` of few, and of many, where they differ."""

Told = Callable[[str, Measurement], None]


@frozen
class Row:
    """One shape, through each of several things.

    ``measurements`` are those of median rate; ``rates`` has the rates of all rounds.
    """

    name: str
    measurements: dict[str, Measurement]
    rates: dict[str, list[float]]

    def ratio(self, through: str, to: str) -> float | None:
        """How the rate through one compares with the other's; None if either is not known."""
        one, other = self.measurements.get(through), self.measurements.get(to)
        return one.rate / other.rate if one and other and other.rate else None

    def cpu_ratio(self, through: str, to: str) -> float | None:
        """The same by processor time a message, which a slow generator does not distort."""
        one, other = self.measurements.get(through), self.measurements.get(to)
        if not (one and other and one.cpu_us and other.cpu_us):
            return None
        return other.cpu_us / one.cpu_us


@frozen
class ScaleRow:
    """The gate with few accounts and ranges, and with many.

    ``cost_ratio`` is processor time a message with many over that with few: the median over
    turns, each with its own neighbour, since a machine is not equally fast for long.
    """

    name: str
    few: Measurement
    many: Measurement
    cost_ratio: float | None

    @classmethod
    def of(cls, name: str, few: list[Measurement], many: list[Measurement]) -> ScaleRow:
        """From measurements made by turns."""
        ratios = cpu_ratios(many, few)
        ratio = statistics.median(ratios) if ratios else None
        return cls(name, middle(few), middle(many), ratio)


@frozen
class Plan:
    """How rows are measured; ``told`` hears of each measurement when it is done.

    ``rate`` is messages a second in the row `STEADY`.
    """

    core: int
    timing: Timing
    rounds: int
    receipts_asked: bool
    throughs: tuple[str, ...]
    options: GateOptions
    told: Told
    rate: int = STEADY_RATE

    def row(self, name: str) -> Row:
        """Measure the row of that name, one that has several things to go through."""
        if name in (RECEIPTS, RECEIPTS_TLV):
            return self.receipts_row(name)
        if name == STEADY:
            return self.steady_row()
        return self.shape_row(name)

    def shape_row(self, name: str) -> Row:
        """Measure ``sessions x window`` through everything, so many rounds."""
        shape = self._shape(name)
        return self._row(name, dict.fromkeys(self.throughs, shape))

    def receipts_row(self, name: str) -> Row:
        """Measure the gate with receipts, and HAProxy without: it cannot bring them home."""
        shape = evolve(_RECEIPTS_SHAPE, tlvs=name == RECEIPTS_TLV)
        shapes = {HAPROXY: evolve(shape, receipts=False), GATE: shape}
        return self._row(name, {t: shapes[t] for t in self.throughs if t in shapes})

    def steady_row(self) -> Row:
        """Measure latency at a steady rate: through the gate with receipts."""
        shape = evolve(_STEADY_SHAPE, rate=self.rate)
        bare = evolve(shape, receipts=False)
        return self._row(STEADY, {t: shape if t == GATE else bare for t in self.throughs})

    def _row(self, name: str, shapes: dict[str, Shape]) -> Row:
        found: dict[str, list[Measurement]] = {through: [] for through in shapes}
        for _ in range(self.rounds):
            for through, shape in shapes.items():
                accounts = Accounts(
                    max_binds=max(100, shape.sessions), window=max(100, shape.window)
                )
                found[through].append(self._measure(name, shape, through, accounts))
        return Row(
            name,
            measurements={through: middle(several) for through, several in found.items()},
            rates={through: [m.rate for m in several] for through, several in found.items()},
        )

    def scale_row(self, name: str) -> ScaleRow:
        """Measure the gate with few and with many accounts, by turns.

        In the row `ROUTES` those many are routed by number, and those few are not. In `LARGE`
        both are, by many prefixes and by few, over many links and over as many as there are
        sessions, each with one message under way: else those over few came in larger batches.
        """
        few_as, many_as = _SCALED.get(name, ({}, {}))
        shape = evolve(
            _ALONE_SHAPE if name == LARGE else _SCALE_SHAPE,
            to_esmes=name == SCALE_TO_ESMES,
            receipts_asked=self.receipts_asked,
        )
        few, many = [], []
        for _ in range(max(_SCALE_TURNS, self.rounds)):
            few.append(self._measure(f"{name}, few", shape, GATE, FEW, few_as))
            many.append(self._measure(f"{name}, many", shape, GATE, MANY, many_as))
        return ScaleRow.of(name, few, many)

    def _shape(self, name: str) -> Shape:
        sessions, _, window = name.partition("x")
        return Shape(int(sessions), int(window), receipts_asked=self.receipts_asked)

    def _measure(
        self,
        name: str,
        shape: Shape,
        through: str,
        accounts: Accounts,
        gate: dict[str, Any] | None = None,
    ) -> Measurement:
        options = evolve(self.options, pairs=shape.receipts, **(gate or {}))
        measurement = measure(shape, through, self.core, self.timing, accounts, options)
        self.told(name, measurement)
        return measurement


def cpu_ratios(ones: list[Measurement], others: list[Measurement]) -> list[float]:
    """Processor time a message of each over that of its neighbour, where both are known."""
    pairs = zip(ones, others, strict=True)
    return [one.cpu_us / other.cpu_us for one, other in pairs if one.cpu_us and other.cpu_us]


def middle(measurements: list[Measurement]) -> Measurement:
    """The one of median rate, with the faults of all."""
    rate = statistics.median_low(m.rate for m in measurements)
    faults: Counter[str] = Counter()
    for measurement in measurements:
        faults.update(measurement.faults)
    return evolve(next(m for m in measurements if m.rate == rate), faults=dict(faults))
