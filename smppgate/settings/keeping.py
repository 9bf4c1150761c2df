"""How many return paths accumulate at a given rate of messages."""

from __future__ import annotations

from collections.abc import Iterator

from smppgate.settings.model import Settings

_RECORD_SIZE = 100
"""Octets on disk of one return path with its key, about."""


def keeping_notes(settings: Settings, rate: float) -> Iterator[str]:
    """What ``queries = true`` keeps at ``rate`` messages a second, as one line.

    A return path for each message, for ``return_path_ttl`` or until ``return_paths`` are there.
    """
    asking = [esme.system_id for esme in settings.esme if esme.queries]
    if not asking or rate <= 0:
        return
    store = settings.store
    limit = store.return_paths
    if store.kind == "memory":
        limit = min(limit, store.return_paths_in_memory)
    wanted = rate * store.return_path_ttl
    kept = min(wanted, limit)
    line = (
        f"queries = true ({len(asking)} of {len(settings.esme)} accounts): at {rate:g} messages a "
        f"second {kept:.0f} return paths are kept, about {kept * _RECORD_SIZE / 1e6:.0f} MB"
    )
    if wanted > limit:
        line += (
            f"; each is forgotten after {limit / rate / 3600:.1f} h, since return_paths = {limit} "
            f"({wanted:.0f} would last the {store.return_path_ttl / 3600:.0f} h of "
            "return_path_ttl)"
        )
    yield line
