"""How many return paths accumulate at a given rate of messages, and how long the room lasts."""

from __future__ import annotations

from collections.abc import Iterator

from smppgate.settings.model import Settings
from smppgate.settings.store_side import StoreSettings

_RECORD_SIZE = 80
"""Octets on disk of one return path with its key and its place in an index, about."""
OCTETS_IN_REDIS = 200
"""Memory that a return path takes in Redis. Measured with 7.0: 193, of which 63 are its own."""
_RATES = (1_000, 10_000, 100_000)
"""Messages a second that the room is told for."""


def keeping_notes(settings: Settings, rate: float) -> Iterator[str]:
    """How long the room lasts, and what ``queries = true`` keeps at ``rate`` messages a second."""
    store = settings.store
    if store.is_redis:
        yield _memory(store)
    if store.kind != "memory":
        yield _room(store)
    asking = [esme.system_id for esme in settings.esme if esme.queries]
    if asking and rate > 0:
        yield _queries(store, rate, f"{len(asking)} of {len(settings.esme)} accounts")


def _room(store: StoreSettings) -> str:
    limit, reason = _limit(store)
    rates = ", ".join(f"{_hours(limit / rate)} at {rate}" for rate in _RATES)
    if store.is_redis:
        return (
            f"while Redis does not answer, state_dir of this node has room for {reason}: {rates} "
            "messages a second of this node that may get a receipt or be queried"
        )
    return (
        f"return paths have room for {reason}: {rates} messages a second that may get a receipt "
        f"or be queried; each is kept for {_hours(store.return_path_ttl)} at most, and those that "
        "have had their final receipt make room before"
    )


def _memory(store: StoreSettings) -> str:
    """What all return paths take in Redis, where each has had its receipt, and where none has."""
    least, most = store.receipted_ttl, store.return_path_ttl
    needs = ", ".join(
        f"{_gigabytes(rate * least)} to {_gigabytes(rate * most)} GB at {rate}" for rate in _RATES
    )
    return (
        f"Redis needs memory for return paths: {needs} messages a second of all nodes; less "
        "where all get their final receipts at once, most where none gets any"
    )


def _gigabytes(paths: float) -> str:
    needed = paths * OCTETS_IN_REDIS / 1e9
    return f"{needed:.0f}" if needed >= 10 else f"{needed:.1f}"


def _queries(store: StoreSettings, rate: float, accounts: str) -> str:
    """A return path for each message, as long as there is room, as one line."""
    limit, reason = _limit(store)
    wanted = rate * store.return_path_ttl
    # In Redis they have as much room as that has memory.
    kept, size = (
        (wanted, OCTETS_IN_REDIS) if store.is_redis else (min(wanted, limit), _RECORD_SIZE)
    )
    line = (
        f"queries = true ({accounts}): at {rate:g} messages a second {kept:.0f} return paths are "
        f"kept, about {kept * size / 1e6:.0f} MB{' in Redis' if store.is_redis else ''}"
    )
    if wanted > kept:
        line += (
            f"; each is forgotten after {limit / rate / 3600:.1f} h, since {reason} "
            f"({wanted:.0f} would last the {store.return_path_ttl / 3600:.0f} h of "
            "return_path_ttl)"
        )
    return line


def _limit(store: StoreSettings) -> tuple[int, str]:
    """How many return paths there is room for, and the setting that says so."""
    if store.kind == "memory":
        limits = {"return_paths_in_memory": store.return_paths_in_memory}
    else:
        limits = {"return_paths_disk": store.return_paths_disk // _RECORD_SIZE}
    if store.return_paths:
        limits["return_paths"] = store.return_paths
    name = min(limits, key=limits.__getitem__)
    return limits[name], f"{name} = {getattr(store, name)}"


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.0f} h" if seconds >= 36_000 else f"{seconds / 3600:.1f} h"
