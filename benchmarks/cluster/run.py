"""One fault under load, from the first message until all has come that has to."""

from __future__ import annotations

from time import monotonic

from benchmarks.cluster.books import Outcome
from benchmarks.cluster.cluster import Cluster
from benchmarks.cluster.faults import Fault

_BEFORE_SECONDS = 5.0
"""Of load before the fault."""

_AFTER_SECONDS = 5.0
"""Of load behind its end, at least."""

_ABSENT_SHARE = 2 / 3
"""Of the time, an account is away."""

_SETTLE_SECONDS = 60.0
"""Until what has not come is missing."""


def outcome(cluster: Cluster, fault: Fault, seconds: float) -> Outcome:
    """What becomes of all that is sent in so many seconds, or more where the fault takes longer.

    :raises ProgramError: where the cluster does not get to work again.
    """
    unhandled = cluster.unhandled()
    books = cluster.begin()
    cluster.run(_BEFORE_SECONDS)
    books.broken = monotonic()
    end = books.broken + seconds - _BEFORE_SECONDS
    comes = books.broken + (seconds - _BEFORE_SECONDS) * _ABSENT_SHARE
    for pause in fault.course(cluster):
        _run_until(cluster, monotonic() + pause, comes)
    _run_until(cluster, max(end, monotonic() + _AFTER_SECONDS), comes)
    cluster.end(_SETTLE_SECONDS)
    if more := cluster.unhandled() - unhandled:
        books.strange["errors that nodes did not handle"] = more
    return books.outcome()


def _run_until(cluster: Cluster, end: float, comes: float) -> None:
    """Run, and let the account that is away come when it ``comes``."""
    now = monotonic()
    if now < comes < end:
        cluster.run(comes - now)
        cluster.absent.is_wanted = True
    cluster.run(max(0.0, end - monotonic()))
