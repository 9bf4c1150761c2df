"""Warnings about routes and rules: those that can never hold, and accounts without a route."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import combinations

from smppgate.settings.conditions import CONDITIONS, Conditions
from smppgate.settings.esme_side import EsmeSettings
from smppgate.settings.model import Settings
from smppgate.settings.routes import RouteSettings

MOST_KEYS = 6
"""Conditions of a route of which all subsets are looked for among the routes before it."""


def route_warnings(settings: Settings) -> Iterator[str]:
    """One line for each route that never holds, and each account without a route."""
    if not settings.route:
        return
    accounts = [esme for esme in settings.esme if esme.auth == "gate"]
    yield from _shadowed(settings.route)
    for index, route in enumerate(settings.route):
        for fault in _never(route, accounts, settings):
            yield f"route[{index}]: can never hold: {fault}"
    yield from _unserved(settings)


def rewrite_warnings(settings: Settings) -> Iterator[str]:
    """One line for each rule that never holds."""
    for index, rule in enumerate(settings.rewrite):
        for fault in _never_by_itself(rule):
            yield f"rewrite[{index}]: can never hold: {fault}"
        if not _fits_any(rule, settings.esme, settings):
            yield f"rewrite[{index}]: can never hold: esme fits no account"


def routed_pools(settings: Settings) -> dict[str, list[str]]:
    """The pools that routes lead to, each with the paths of the settings that name it."""
    found: dict[str, list[str]] = {}
    for index, route in enumerate(settings.route):
        for path, names in _pools_of(route):
            for name in names:
                found.setdefault(name, []).append(f"route[{index}].{path}")
    return found


def _pools_of(route: RouteSettings) -> Iterator[tuple[str, Collection[str]]]:
    if route.pool:
        yield "pool", (route.pool,)
    if route.pools_file is not None:
        yield "pools_file", route.pools_file.by_pool()
    yield "fallback", route.fallback


# Routes that never hold


def _shadowed(routes: Collection[RouteSettings]) -> Iterator[str]:
    """Routes whose conditions are those of one before, or more."""
    seen: dict[frozenset[tuple[str, object]], int] = {}
    for index, route in enumerate(routes):
        own = _conditions(route)
        before = _first_before(seen, own)
        if before is not None:
            yield (
                f"route[{index}]: can never hold: route[{before}] is before it, and holds for all "
                "of its messages"
            )
        if route.pools_file is None and route.percent == 100:
            seen.setdefault(own, index)


def _first_before(
    seen: dict[frozenset[tuple[str, object]], int], own: frozenset[tuple[str, object]]
) -> int | None:
    """The first route all of whose conditions are among these."""
    sizes = range(len(own) + 1) if len(own) <= MOST_KEYS else (0, len(own))
    subsets = (frozenset(some) for size in sizes for some in combinations(own, size))
    return min((seen[some] for some in subsets if some in seen), default=None)


def _conditions(route: RouteSettings) -> frozenset[tuple[str, object]]:
    """The conditions that may fail."""
    values = ((key, getattr(route, key)) for key in CONDITIONS)
    return frozenset((key, value) for key, value in values if value not in ((), None))


def _never(
    route: RouteSettings, accounts: Collection[EsmeSettings], settings: Settings
) -> Iterator[str]:
    yield from _never_by_itself(route)
    if route.pools_file is not None and not len(route.pools_file):
        yield "pools_file has no prefix"
    if not _fits_any(route, accounts, settings):
        yield "esme fits no account that the gate judges"


def _never_by_itself(rule: Conditions) -> Iterator[str]:
    """Why the conditions of a route or a rule never hold, whatever accounts there are."""
    if not rule.percent:
        yield "percent is 0"
    if rule.destination_file is not None and not len(rule.destination_file):
        yield "destination_file has no prefix"


def _fits_any(rule: Conditions, accounts: Collection[EsmeSettings], settings: Settings) -> bool:
    """Whether a route or a rule may be for messages of any of these accounts."""
    if not rule.esme or any(esme.is_wildcard for esme in settings.esme):
        return True
    return any(serves(rule, esme) for esme in accounts)


# Accounts that no route serves


def _unserved(settings: Settings) -> Iterator[str]:
    routes = [route for route in settings.route if route.percent]
    if any(not route.esme for route in routes):
        return
    for index, esme in enumerate(settings.esme):
        if esme.auth == "gate" and not any(serves(route, esme) for route in routes):
            yield f"esme[{index}]: no route is for its messages; they are answered 0x0B"


def serves(route: Conditions, esme: EsmeSettings) -> bool:
    """Whether a route or a rule may be for messages of an account."""
    return not route.esme or any(_fits(pattern, esme.system_id) for pattern in route.esme)


def _fits(pattern: str, name: str) -> bool:
    if pattern.startswith("^"):
        return re.fullmatch(pattern, name) is not None
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern
