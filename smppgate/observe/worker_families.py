"""`WORKER_FAMILIES`: metrics of the workers of a gate, which only their master has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from smppgate.observe.family import WORKER, Family, Joining, Row


def _each(value: Callable[[Any], float | None]) -> Callable[[Any], Iterator[Row]]:
    """A row for each worker that has said it.

    The records are those that the API shows.
    """

    def rows(workers: Sequence[Any]) -> Iterator[Row]:
        for each in workers:
            found = value(each)
            if found is not None:
                yield (str(each.number),), found

    return rows


WORKER_FAMILIES: tuple[Family, ...] = (
    Family(
        "smppgate_worker_up",
        "gauge",
        "1 while a worker takes connections.",
        (WORKER,),
        _each(lambda each: float(each.state == "up")),
        Joining.NONE,
    ),
    Family(
        "smppgate_worker_restarts_total",
        "counter",
        "How often a worker had to be started again.",
        (WORKER,),
        _each(lambda each: each.restarts),
        Joining.NONE,
    ),
    Family(
        "smppgate_worker_sessions",
        "gauge",
        "Sessions of ESMEs that are bound at a worker.",
        (WORKER,),
        _each(lambda each: each.sessions),
        Joining.NONE,
    ),
)
