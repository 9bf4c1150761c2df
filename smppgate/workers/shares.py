"""`Shares`: limits of rates, divided among all workers by the master: see `IQuota`.

The master knows limits by their names alone, and their parts in millionths: how many messages a
second that is, each worker knows from its settings. A limit is divided so that the least wishes
are fulfilled first, and those that remain get the same (max-min fairness); what is left over is
divided equally among all that use the limit. It is divided anew only when that is worth it: when a
worker begins or ceases to use it, and while one wishes for more than it has.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

from attrs import define, field

from smppgate.settings.workers import MOST_WORKERS
from smppgate.store.interface import LEAST_PART, WHOLE

Told = Callable[[Mapping[str, int]], None]
"""Tells a worker the parts of limits that it has from now on."""


@define(eq=False)
class _Limit:
    """One limit: what each worker that uses it wishes for, and what it has."""

    wanted: dict[Hashable, int] = field(factory=dict)
    parts: dict[Hashable, int] = field(factory=dict)

    def wish(self, worker: Hashable, wanted: int) -> bool:
        """``worker`` wishes for so much, 0 for not to use it; gives whether to divide anew."""
        is_other = (worker in self.wanted) is not bool(wanted)
        if wanted:
            self.wanted[worker] = wanted
            self.parts.setdefault(worker, LEAST_PART)
        else:
            self.leave(worker)
        return is_other or any(wish > self.parts[each] for each, wish in self.wanted.items())

    def leave(self, worker: Hashable) -> None:
        """``worker`` does not use it any more."""
        self.wanted.pop(worker, None)
        self.parts.pop(worker, None)

    def divide(self) -> dict[Hashable, int]:
        """Divide it anew; gives the parts that are others than before."""
        before, self.parts = self.parts, dict(zip(self.wanted, self._divided(), strict=True))
        return {each: part for each, part in self.parts.items() if before.get(each) != part}

    def _divided(self) -> list[int]:
        count = len(self.wanted)
        # Each may use `LEAST_PART` of a limit that it has not asked for.
        left = WHOLE - max(count, MOST_WORKERS) * LEAST_PART
        given = fulfilled(list(self.wanted.values()), left)
        rest = (left - sum(given)) // max(1, count)
        return [LEAST_PART + each + rest for each in given]


class Shares:
    """Which worker has which part of which limit."""

    def __init__(self) -> None:
        self._workers: dict[Hashable, Told] = {}
        # By name; those that no worker uses are not here.
        self._limits: dict[str, _Limit] = {}

    def __len__(self) -> int:
        """How many limits are in use."""
        return len(self._limits)

    def join(self, worker: Hashable, told: Told) -> None:
        """``worker`` may ask from now on; ``told`` is called with what it has got."""
        self._workers[worker] = told

    def gone(self, worker: Hashable) -> None:
        """``worker`` has ended: what it had is divided among the others."""
        if self._workers.pop(worker, None) is not None:
            users = (name for name, limit in self._limits.items() if worker in limit.wanted)
            self._wish(worker, dict.fromkeys(users, 0))

    def lease(self, worker: Hashable, wanted: Mapping[str, int]) -> None:
        """``worker`` wishes for these parts of limits, in millionths; 0: it uses one no more."""
        if worker in self._workers:
            self._wish(worker, wanted)

    def _wish(self, worker: Hashable, wanted: Mapping[str, int]) -> None:
        changed: dict[Hashable, dict[str, int]] = {}
        for name, wish in wanted.items():
            for each, part in self._divided(worker, name, wish).items():
                changed.setdefault(each, {})[name] = part
        for each, parts in changed.items():
            self._workers[each](parts)

    def _divided(self, worker: Hashable, name: str, wish: int) -> Mapping[Hashable, int]:
        limit = self._limits.setdefault(name, _Limit())
        changed = limit.divide() if limit.wish(worker, wish) else {}
        if not limit.wanted:
            del self._limits[name]
        return changed


def fulfilled(wishes: Sequence[int], whole: int) -> list[int]:
    """How much of ``whole`` each gets: what it wishes for, or as much as others that get less."""
    given = [0] * len(wishes)
    left = whole
    for rank, index in enumerate(sorted(range(len(wishes)), key=wishes.__getitem__)):
        given[index] = min(wishes[index], left // (len(wishes) - rank))
        left -= given[index]
    return given
