"""What the gate is to reach, and whether it did."""

from __future__ import annotations

from attrs import frozen

from benchmarks.attacks import FLAT_MB, MOST_MB, AttackFound
from benchmarks.floods import FloodFound
from benchmarks.idle import SESSIONS, IdleSessions
from benchmarks.killed import KilledFound
from benchmarks.lookups import NOTATIONS, RATE, LookupsFound
from benchmarks.measurement import GATE, HAPROXY
from benchmarks.reloads import FLAT_MB as RELOADS_MB
from benchmarks.reloads import MOST_PAUSE_MS, RELOADS, ReloadsFound
from benchmarks.rows import ROUTES, STEADY, Row, ScaleRow
from benchmarks.sustained import LEAST_RATIO, SustainedFound

# With everything on: tagged ids, and the return path of each message kept before its answer.
_RATE_RATIOS = {"16x50": 0.04, "64x10": 0.09}
_STEADY_P99_MS = 10.0
_LOOKUP_P99_MS, _PATHS_MB = 5.0, 1000.0
_START_SECONDS, _NOTATIONS_P99_MS, _PAUSE_MS = 10.0, 20.0, 5.0
_LATENCY_ROW, _LATENCY_RATIO = "1x1", 2.0
_SCALE_TOLERANCE = 0.10
_ROUTED = 1.5
_IDLE_MB = 150.0


@frozen
class Target:
    """One target; ``met`` is None when what it needs was not measured."""

    what: str
    wanted: str
    found: str
    met: bool | None

    @property
    def verdict(self) -> str:
        """Met, missed, or not measured."""
        return {True: "met", False: "missed", None: "not measured"}[self.met]


def targets(
    rows: list[Row],
    scales: list[ScaleRow],
    idle: IdleSessions | None,
) -> list[Target]:
    """The targets that the rows measured have something to say on."""
    found = [_rate(row) for row in rows if row.name in _RATE_RATIOS]
    found += [_latency(row) for row in rows if row.name == _LATENCY_ROW]
    found += [_steady(row) for row in rows if row.name == STEADY]
    found += [_scale(row) for row in scales]
    if idle:
        found.append(_idle(idle))
    return found


def flood_target(found: FloodFound) -> Target:
    """Whether a flood keeps nobody waiting."""
    best = found.best
    return Target(
        what=f"flood of {found.flood}: p99 of another ESME",
        wanted=f"<= {best.bound_us / 1e3:.2f} ms",
        found=f"{best.flooded_us['p99'] / 1e3:.2f} ms",
        met=found.met,
    )


def attack_target(found: AttackFound) -> Target:
    """Whether an attack fills the gate's memory."""
    grown = found.most_afterwards_mb - found.settled_mb
    return Target(
        what=f"{found.attack.name}: RSS, and its growth in the end",
        wanted=f"<= {found.quiet_mb + MOST_MB:.0f} MB, {FLAT_MB:.0f} MB",
        found=f"{found.most_mb:.0f} MB, {grown:.0f} MB",
        met=found.met,
    )


def reload_targets(found: ReloadsFound) -> list[Target]:
    """Whether reloads are felt, and whether they fill memory."""
    own = found.alone.own_ms
    return [
        Target(
            what="reloads of 1 000 accounts that all change: longest pause of the reactor",
            wanted=f"<= {MOST_PAUSE_MS:.0f} ms",
            found=f"{own:.1f} ms",
            met=own <= MOST_PAUSE_MS,
        ),
        Target(
            what=f"{RELOADS} reloads: growth of RSS in the second half",
            wanted=f"<= {RELOADS_MB:.0f} MB",
            found=f"{found.grown_mb:.1f} MB",
            met=found.grown_mb <= RELOADS_MB,
        ),
    ]


def sustained_targets(found: SustainedFound) -> list[Target]:
    """Whether the store keeps up."""
    what = f"{found.seconds:.0f} s without a receipt"
    return [
        Target(
            what=f"{what}: rate of the last {found.edge_seconds:.0f} s over that of the first",
            wanted=f">= {LEAST_RATIO:.2f}",
            found=f"{found.ratio:.3f}",
            met=found.ratio >= LEAST_RATIO,
        ),
        Target(
            what=f"{what}: return paths forgotten",
            wanted="0",
            found=f"{found.forgotten:,} ({found.kept:,} kept of {found.told:,})",
            met=found.forgotten == 0,
        ),
    ]


def lookups_targets(found: LookupsFound) -> list[Target]:
    """Whether a store is soon there, and soon knows."""
    rss = max(found.rss_keeping_mb, found.rss_mb)
    exact, notations = (each["p99"] / 1e3 for each in (found.exact_us, found.notations_us))
    figures = (
        ("start", found.start_seconds, _START_SECONDS, "s"),
        ("p99 of a lookup of one id", exact, _LOOKUP_P99_MS, "ms"),
        (f"p99 of a lookup of {NOTATIONS} ids", notations, _NOTATIONS_P99_MS, "ms"),
        ("RSS", rss, _PATHS_MB, "MB"),
        (f"pause of the reactor at {RATE:,} kept a second", found.late_ms, _PAUSE_MS, "ms"),
    )
    return [
        Target(
            what=f"{found.paths:,} return paths through the store: {what}",
            wanted=f"<= {most:.0f} {unit}",
            found=f"{figure:.2f} {unit}",
            met=figure <= most and not found.faults,
        )
        for what, figure, most, unit in figures
    ]


def killed_targets(found: KilledFound) -> list[Target]:
    """Whether what an ESME was told outlives the gate."""
    coming, what = found.homecoming, f"kill -9, {found.kills} times"
    counts = {
        "ids told that were not brought home": coming.missing,
        "receipts at a wrong account": coming.elsewhere,
    }
    return [
        Target(
            what=f"{what}: {name}",
            wanted="0",
            found=f"{count:,} (of {coming.told:,})",
            met=count == 0 and coming.told > 0,
        )
        for name, count in counts.items()
    ]


def _rate(row: Row) -> Target:
    least = _RATE_RATIOS[row.name]
    ratio, by_cpu = row.ratio(GATE, HAPROXY), row.cpu_ratio(GATE, HAPROXY)
    return Target(
        what=f"{row.name}: rate over HAProxy's",
        wanted=f">= {least:.2f}",
        found="" if ratio is None or by_cpu is None else f"{ratio:.3f} (by CPU {by_cpu:.3f})",
        met=None if ratio is None else ratio >= least,
    )


def _latency(row: Row) -> Target:
    gate, haproxy = (_median_latency(row, through) for through in (GATE, HAPROXY))
    ratio = gate / haproxy if gate and haproxy else None
    return Target(
        what=f"{row.name}: median latency over HAProxy's",
        wanted=f"<= {_LATENCY_RATIO:.1f}",
        found="" if ratio is None else f"{ratio:.2f}",
        met=None if ratio is None else ratio <= _LATENCY_RATIO,
    )


def _steady(row: Row) -> Target:
    measurement = row.measurements.get(GATE)
    p99 = measurement.latency_us.get("p99") if measurement else None
    return Target(
        what=f"{row.name}: p99 of latency, with receipts",
        wanted=f"<= {_STEADY_P99_MS:.0f} ms",
        found="" if p99 is None else f"{p99 / 1e3:.2f} ms",
        met=None if p99 is None else p99 <= _STEADY_P99_MS * 1e3,
    )


def _median_latency(row: Row, through: str) -> float | None:
    measurement = row.measurements.get(through)
    return measurement.latency_us.get("p50") if measurement else None


def _scale(row: ScaleRow) -> Target:
    ratio = row.cost_ratio
    if row.name == ROUTES:
        return Target(
            what=f"{row.name}: cost a message, routed by number over not routed",
            wanted=f"<= {_ROUTED:.2f}",
            found="" if ratio is None else f"{ratio:.3f}",
            met=None if ratio is None else ratio <= _ROUTED,
        )
    return Target(
        what=f"{row.name}: cost a message, many accounts over few",
        wanted=f"1.00 +- {_SCALE_TOLERANCE:.2f}",
        found="" if ratio is None else f"{ratio:.3f}",
        met=None if ratio is None else abs(ratio - 1) <= _SCALE_TOLERANCE,
    )


def _idle(idle: IdleSessions) -> Target:
    return Target(
        what=f"{idle.sessions} idle ESME sessions: RSS",
        wanted=f"<= {_IDLE_MB:.0f} MB",
        found=f"{idle.rss_after_mb:.0f} MB",
        met=idle.sessions >= SESSIONS and idle.rss_after_mb <= _IDLE_MB and not idle.faults,
    )
