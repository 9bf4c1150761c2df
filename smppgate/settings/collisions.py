"""Warnings of places and numbers that two tables name and that are likely to be of one."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from smppgate.settings.listeners import listeners
from smppgate.settings.model import Settings
from smppgate.settings.places import Place, client_place


def collision_warnings(settings: Settings) -> Iterator[str]:
    """Connections of the gate to itself, and ranges of two accounts."""
    yield from _own_listeners(settings)
    yield from _equal_ranges(settings)


def _own_listeners(settings: Settings) -> Iterator[str]:
    endpoints = [(f"smsc[{i}].endpoint", each.endpoint) for i, each in enumerate(settings.smsc)]
    endpoints += [(f"esme[{i}].outbind", e.outbind) for i, e in enumerate(settings.esme)]
    by_port: dict[int, list[tuple[str, Place]]] = {}
    for path, place in listeners(attrs.asdict(settings)):
        by_port.setdefault(place.port, []).append((path, place))
    for path, endpoint in endpoints:
        target = client_place(endpoint) if endpoint else None
        at_port = by_port.get(target.port, ()) if target is not None else ()
        for there, place in at_port:
            if target is not None and place.is_reached_at(target):
                yield f"{path}: is the gate's own listener {there}; it would connect to itself"


def _equal_ranges(settings: Settings) -> Iterator[str]:
    first: dict[str, tuple[int, int]] = {}
    for account, esme in enumerate(settings.esme):
        for index, address_range in enumerate(esme.address_ranges):
            # One + in front of a number says nothing.
            there = first.setdefault(address_range.removeprefix("+"), (account, index))
            if there[0] != account:
                yield (
                    f"esme[{account}].address_ranges[{index}]: is esme[{there[0]}].address_ranges"
                    f"[{there[1]}] too; each message goes to one of the accounts, in turn"
                )
