"""What was found, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from attrs import asdict, define, field
from rich.console import Console
from rich.table import Table

from benchmarks.attacks import AttackFound
from benchmarks.floods import FloodFound
from benchmarks.flow.found import FlowFound
from benchmarks.idle import IdleSessions
from benchmarks.killed import KilledFound
from benchmarks.lookups import LookupsFound
from benchmarks.measurement import HAPROXY, Measurement, ReceiptFlow
from benchmarks.reloads import ReloadsFound
from benchmarks.rows import (
    IDLE,
    KILLED,
    LOOKUPS,
    RECEIPTS,
    RECEIPTS_TLV,
    RELOADS,
    STEADY,
    SUSTAINED,
    Row,
    ScaleRow,
)
from benchmarks.sustained import SustainedFound
from benchmarks.targets import (
    Target,
    attack_target,
    flood_target,
    killed_targets,
    lookups_targets,
    reload_targets,
    sustained_targets,
    targets,
)

_COLUMNS = (
    "round trips/s",
    "of HAProxy",
    "by CPU",
    "p50 µs",
    "p90",
    "p99",
    "p99.9",
    "max",
    "CPU µs",
    "busy",
    "others",
    "RSS MB",
)

_RANKS = ("p50", "p90", "p99", "p99.9", "max")
_RECEIPTS_NOTE = (
    "a message with its receipt counts once; HAProxy's are without: it cannot bring receipts home"
)
_NOTES = {
    RECEIPTS: _RECEIPTS_NOTE,
    RECEIPTS_TLV: f"as {RECEIPTS}, but each receipt has its id and its state in TLVs, too",
    STEADY: "each message is timed from when it was due; the gate's has receipts beside it",
}


@define
class Report:
    """Everything found in one run; rows are added as they are done."""

    machine: dict[str, str]
    options: dict[str, Any]
    rows: list[Row] = field(factory=list)
    scales: list[ScaleRow] = field(factory=list)
    idle: IdleSessions | None = None
    floods: list[FloodFound] = field(factory=list)
    flow: list[FlowFound] = field(factory=list)
    attacks: list[AttackFound] = field(factory=list)
    reloads: ReloadsFound | None = None
    sustained: SustainedFound | None = None
    lookups: LookupsFound | None = None
    killed: KilledFound | None = None

    @property
    def targets(self) -> list[Target]:
        """The targets, as far as they were measured."""
        return [
            *targets(self.rows, self.scales, self.idle),
            *(target for row in self.flow for target in row.targets),
            *(flood_target(each) for each in self.floods),
            *(attack_target(each) for each in self.attacks),
            *(reload_targets(self.reloads) if self.reloads else ()),
            *(sustained_targets(self.sustained) if self.sustained else ()),
            *(lookups_targets(self.lookups) if self.lookups else ()),
            *(killed_targets(self.killed) if self.killed else ()),
        ]

    @property
    def faults(self) -> list[str]:
        """Whatever should not have happened, with where it did."""
        places = {
            f"{row.name} {through}": measurement.faults
            for row in self.rows
            for through, measurement in row.measurements.items()
        }
        for scale in self.scales:
            places[f"{scale.name} few"] = scale.few.faults
            places[f"{scale.name} many"] = scale.many.faults
        for flood in self.floods:
            places[f"flood: {flood.flood}"] = flood.best.faults
        for row_found in self.flow:
            places[row_found.row] = row_found.faults
        for attack in self.attacks:
            places[f"attack: {attack.attack.name}"] = attack.faults
        once = {
            IDLE: self.idle,
            RELOADS: self.reloads,
            SUSTAINED: self.sustained,
            LOOKUPS: self.lookups,
            KILLED: self.killed,
        }
        places |= {name: found.faults for name, found in once.items() if found}
        return [
            f"{place}: {what}: {count}"
            for place, faults in places.items()
            for what, count in faults.items()
        ]

    @property
    def status(self) -> int:
        """The exit status: 1 after faults; a missed target is no fault."""
        return 1 if self.faults else 0

    def write(self, file: Path) -> None:
        """Write JSON, making the folder if need be."""
        document = asdict(self, value_serializer=_plain)
        for row, written in zip(self.rows, document["rows"], strict=True):
            written["ratio_to_haproxy"] = {t: row.ratio(t, HAPROXY) for t in row.measurements}
            written["ratio_by_cpu"] = {t: row.cpu_ratio(t, HAPROXY) for t in row.measurements}
        document["targets"] = [asdict(target) for target in self.targets]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document, indent=2) + "\n")

    def show(self, console: Console) -> None:
        """Print tables of rows and targets, and the faults."""
        console.print(" · ".join(f"{name} {value}" for name, value in self.machine.items()))
        if self.rows or self.scales:
            console.print(self._table())
        for row in self.rows:
            if row.name in _NOTES:
                console.print(f"{row.name}: {_NOTES[row.name]}", markup=False)
        if self.idle:
            before, after = self.idle.rss_before_mb, self.idle.rss_after_mb
            console.print(
                f"{self.idle.sessions} idle sessions: RSS {before:.0f} MB before, {after:.0f} MB "
                f"with them, {(after - before) * 1000 / self.idle.sessions:.1f} kB each"
            )
        if self.targets:
            console.print(_target_table(self.targets))
        for fault in self.faults:
            console.print(f"[red]fault[/red] {fault}")

    def _table(self) -> Table:
        table = Table("sessions x window", "through")
        for column in _COLUMNS:
            table.add_column(column, justify="right")
        for row in self.rows:
            for through, measurement in row.measurements.items():
                ratios = row.ratio(through, HAPROXY), row.cpu_ratio(through, HAPROXY)
                table.add_row(row.name, through, *_cells(measurement, *ratios))
                if measurement.receipts:
                    table.add_row("", "  receipts", *_receipt_cells(measurement.receipts))
            table.add_section()
        for scale in self.scales:
            table.add_row(scale.name, "gate, few", *_cells(scale.few))
            table.add_row(scale.name, "gate, many", *_cells(scale.many))
            table.add_section()
        return table


def _plain(_owner: object, _field: object, value: object) -> object:
    """What JSON can say of a value."""
    return value if not callable(value) and not isinstance(value, bytes) else None


def line(name: str, measurement: Measurement) -> str:
    """One measurement in one line, told when it is done."""
    latency = measurement.latency_us.get("p50", 0.0)
    state = "" if not measurement.faults else f"  FAULTS {measurement.faults}"
    return (
        f"{name:15} {measurement.through:8} {measurement.rate:12,.0f}/s  p50 {latency:9,.0f} µs"
        f"{state}"
    )


def _cells(
    measurement: Measurement, ratio: float | None = None, cpu_ratio: float | None = None
) -> list[str]:
    latency = measurement.latency_us
    return [
        f"{measurement.rate:,.0f}",
        "" if ratio is None else f"{ratio:.3f}",
        "" if cpu_ratio is None else f"{cpu_ratio:.3f}",
        *(f"{latency[name]:,.0f}" if name in latency else "" for name in _RANKS),
        "" if measurement.cpu_us is None else f"{measurement.cpu_us:.2f}",
        "" if measurement.busy is None else f"{measurement.busy:.0%}",
        "" if measurement.others is None else f"{measurement.others:.0%}",
        "" if measurement.rss_mb is None else f"{measurement.rss_mb:.0f}",
    ]


def _receipt_cells(receipts: ReceiptFlow) -> list[str]:
    latencies = (f"{receipts.latency_us.get(name, 0):,.0f}" for name in _RANKS)
    return [f"{receipts.rate:,.0f}", "", "", *latencies, "", "", "", ""]


def _target_table(found: list[Target]) -> Table:
    table = Table("target", "wanted", "found", "verdict")
    for target in found:
        table.add_row(target.what, target.wanted, target.found, target.verdict)
    return table
