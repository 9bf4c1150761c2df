"""``[gate] workers``: how many processes the gate is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

import attrs

from smppgate.settings.checks import Whole, describe
from smppgate.settings.errors import Problem
from smppgate.settings.peer_side import MOST_PEERS
from smppgate.settings.store_checks import REDIS

AUTO = "auto"
"""In place of a number: a worker for each core."""

MOST_WORKERS = MOST_PEERS
"""Each worker has a link to each other."""


@attrs.frozen
class Workers(Whole):
    """A number of workers, or `AUTO`."""

    @property
    def kind(self) -> str:
        """``integer or string``."""
        return "integer or string"

    @property
    def allowed(self) -> str:
        """The numbers, and the word."""
        return f'{super().allowed}, or `"{AUTO}"`'

    def problems(self, value: object) -> Iterator[Problem]:
        """``value`` is neither."""
        if isinstance(value, str) and value != AUTO:
            yield Problem("", f'must be an integer or "{AUTO}", not {describe(value)}')
        elif value != AUTO:
            yield from super().problems(value)


def worker_count(wanted: int | str) -> int:
    """The workers that a setting asks for on this machine.

    `AUTO` is one for each core that the process may use.
    """
    if isinstance(wanted, int):
        return wanted
    return max(1, min(len(os.sched_getaffinity(0)), MOST_WORKERS))


def worker_problems(document: Mapping[str, object]) -> Iterator[Problem]:
    """Workers of a node that has peers, or of one whose store other nodes share."""
    gate, peers, store = (document.get(section) for section in ("gate", "peers", "store"))
    if not isinstance(gate, dict) or gate.get("workers", 1) == 1:
        return
    if isinstance(peers, dict) and peers.get("name"):
        text = "must be 1 where there are [peers]: links between nodes are those of one process"
        yield Problem("gate.workers", text)
    if isinstance(store, dict) and store.get("kind") == REDIS:
        text = 'must be 1 where [store] kind = "redis": run a node for each core instead'
        yield Problem("gate.workers", text)
