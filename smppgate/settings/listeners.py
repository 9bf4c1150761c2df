"""Places that two listeners of a configuration name: the gate could not start with both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from smppgate.settings.admin_side import endpoints_of
from smppgate.settings.errors import Problem
from smppgate.settings.places import Place, server_place
from smppgate.settings.raw import named_tables, tables


def listeners(document: Mapping[str, object]) -> Iterator[tuple[str, Place]]:
    """Path of the setting and place, for each place that is listened in."""
    endpoints = [
        (f"listen[{index}].endpoint", table.get("endpoint"))
        for index, table in tables(document, "listen")
    ]
    endpoints += [
        (f"smsc[{index}].outbind_listen", table.get("outbind_listen"))
        for index, _name, table in named_tables(document, "smsc", "name")
    ]
    peers = document.get("peers")
    if isinstance(peers, dict):
        endpoints.append(("peers.endpoint", peers.get("endpoint")))
    admin = document.get("admin")
    if isinstance(admin, dict):
        # STATE_DIR is the same text in all of them.
        endpoints += [(f"admin.{path}", endpoint) for path, endpoint in endpoints_of(admin)]
    for path, endpoint in endpoints:
        place = server_place(endpoint) if endpoint and isinstance(endpoint, str) else None
        if place is not None:
            yield path, place


def listener_problems(document: Mapping[str, object]) -> Iterator[Problem]:
    """A problem for each listener whose place, or a part of it, an earlier one has."""
    by_port: dict[int, list[tuple[str, Place]]] = {}
    for path, place in listeners(document):
        others = by_port.setdefault(place.port, [])
        there = next((path for path, other in others if place.overlaps(other)), None)
        if there is None:
            others.append((path, place))
        else:
            yield Problem(path, f"listens where {there} does already")
