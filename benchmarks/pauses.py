"""What a probed gate tells of the pauses of its reactor."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

PAUSES = "pauses"
"""The file that a probed gate writes them to, in its folder."""


@frozen
class Pause:
    """The reactor came late; seconds.

    ``cpu`` is processor time that its thread had meanwhile.
    """

    at: float
    late: float
    cpu: float

    @property
    def own_ms(self) -> float:
        """How much of it the reactor was at work: not what waited for the machine, or a thread."""
        return min(self.late, self.cpu) * 1e3


def pauses_since(folder: Path, began: float) -> list[Pause]:
    """Those that began later than that, by the monotonic clock."""
    lines = (folder / PAUSES).read_text().splitlines()
    found = [Pause(*map(float, line.split())) for line in lines if line.count(" ") == 2]
    return [each for each in found if each.at - each.late > began]


def late_ms(pauses: list[Pause]) -> float:
    """The longest pause, whatever it waited for."""
    return max((each.late * 1e3 for each in pauses), default=0.0)


def own_ms(pauses: list[Pause]) -> float:
    """The longest for which the reactor was at work."""
    return max((each.own_ms for each in pauses), default=0.0)
