"""`FlowFound`: what one row about the flow of messages has shown."""

from __future__ import annotations

from collections.abc import Callable

from attrs import field, frozen

from benchmarks.flow.scene import Scene
from benchmarks.gate_process import GateOptions
from benchmarks.targets import Target

Check = Callable[[int, GateOptions, "FlowFound"], None]
"""Measures on a core, with a gate set up in this way, and adds what it finds."""


@frozen
class FlowFound:
    """The findings of one row. ``faults`` are what should not have happened, by description."""

    row: str
    tell: Callable[[str], None]
    targets: list[Target] = field(factory=list)
    faults: dict[str, int] = field(factory=dict)

    def add(self, what: str, wanted: str, found: str, met: bool) -> None:
        """Add a finding, and tell it."""
        self.targets.append(Target(what, wanted, found, met))
        self.tell(f"{what}: {found}, wanted {wanted}: {self.targets[-1].verdict}")

    def note(self, what: str, count: int) -> None:
        """Add to its faults."""
        self.faults[what] = self.faults.get(what, 0) + count

    def close(self, scene: Scene) -> None:
        """Wait for what is open in a scene, and look whether the books balance."""
        scene.drain()
        for sender in scene.senders:
            for what, count in sender.ledger.faults.items():
                self.note(what, count)
        if errors := scene.program.errors():
            self.note("errors in the log", errors)


def words(refused: dict[int, int]) -> str:
    """Statuses and how often they were heard."""
    return ", ".join(f"{n} times {status:#04x}" for status, n in refused.items()) or "no error"
