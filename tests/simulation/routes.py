"""Routes as a plan has them, and the models' own reading of where a message must go.

It is read from the settings alone, by no code of the gate's. A model does not know the hash by
which a part of the numbers is chosen, nor the gate's wall clock at the moment: there it allows for
both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from attrs import evolve, frozen

from smppgate.settings import RouteSettings, Settings
from smppgate.settings.number_files import NumberFile

NO_ROUTE, REJECTED = 0x0B, 0x66

COUNTRIES = (b"99", b"98", b"9944", b"44")
"""How the numbers begin that messages go to."""
NAMES = (b"Shop-1", b"Info")
SERVICES = (b"", b"", b"WAP")
CODINGS = (0, 0, 8)

Place = tuple[str, ...] | int
"""Where a message goes: a pool, with those that stand in for it, or the status of its answer."""


@frozen
class Outside:
    """What is written on the outside of a message."""

    source: bytes
    destination: bytes
    service_type: bytes = b""
    data_coding: int = 0


# Drawing


def routes(draw: Random, pools: list[str]) -> tuple[str, ...]:
    """Some routes, each as it is written in the configuration."""
    found = [_route(draw, pools) for _ in range(draw.randint(1, 4))]
    if draw.random() < 0.5:
        found.append(_table('pool = "other"', 'fallback = "all"'))
    elif draw.random() < 0.8:
        found.append(_table(f'pool = "{draw.choice(pools)}"', *_fallback(draw, pools)))
    return tuple(found)


def _route(draw: Random, pools: list[str]) -> str:
    conditions = draw.sample(list(_CONDITIONS), draw.choice((0, 1, 1, 1, 2)))
    lines = [f"{key} = {draw.choice(_CONDITIONS[key])}" for key in conditions]
    if draw.random() < 0.15:
        return _table(*lines, f"reject = {REJECTED}")
    return _table(*lines, f'pool = "{draw.choice(pools)}"', *_fallback(draw, pools))


def _fallback(draw: Random, pools: list[str]) -> list[str]:
    return [f'fallback = "{draw.choice(pools)}"'] if draw.random() < 0.5 else []


def _table(*lines: str) -> str:
    return "\n".join(("[[route]]", *lines))


_CONDITIONS = {
    "esme": ('"e0*"', '"^e[01]$"', '"e2*"'),
    "source": ('"47*"', '"Shop-*"', '["Info", "4710*"]'),
    "destination": ('"99*"', '["98*", "44*"]', '"9944*"', '"^99[0-9]*[13579]$"'),
    "service_type": ('"WAP"', '""'),
    "data_coding": ("8", "[0, 1]"),
    "percent": ("40",),
    "between": ('{ times = "08:00-20:00" }',),
}


def files(draw: Random, pools: list[str], settings: Settings) -> Settings:
    """The same, with a file of prefixes in place of the pool of one route."""
    places = [n for n, route in enumerate(settings.route) if route.pool]
    if not places or draw.random() < 0.4:
        return settings
    place = draw.choice(places)
    return _with_file(draw, pools, settings, place)


def _with_file(draw: Random, pools: list[str], settings: Settings, place: int) -> Settings:
    some = draw.sample((b"99", b"9944", b"98", b"4", b"994412"), draw.randint(1, 4))
    pool_of = {prefix: draw.choice(pools).encode() for prefix in some}
    lines = (
        b" ".join((pool, *sorted(p for p in some if pool_of[p] == pool)))
        for pool in sorted(set(pool_of.values()))
    )
    file = NumberFile("pools.txt", b"\n".join(lines))
    changed = evolve(settings.route[place], pool="", pools_file=file)
    route = (*settings.route[:place], changed, *settings.route[place + 1 :])
    return evolve(settings, route=route)


# Reading


def places(settings: Settings, account: str, outside: Outside) -> list[Place]:
    """Where a message of an account may go, by these settings."""
    found: list[Place] = []
    for route in settings.route:
        place = _place(route, outside)
        holds = _holds(route, account, outside) if place is not None else False
        if place is not None and holds is not False:
            found.append(place)
            if holds:
                return found
    return [*found, NO_ROUTE]


def _place(route: RouteSettings, outside: Outside) -> Place | None:
    if route.reject is not None:
        return route.reject
    pool = route.pool
    if route.pools_file is not None:
        prefixes = dict(_prefixes(route.pools_file))
        fitting = [p for p in prefixes if outside.destination.startswith(p)]
        if not fitting:
            return None
        pool = prefixes[max(fitting, key=len)]
    return tuple(dict.fromkeys((pool, *route.fallback)))


def _prefixes(file: NumberFile) -> Iterator[tuple[bytes, str]]:
    for line in file.content.splitlines():
        pool, *prefixes = line.split(b" ")
        yield from ((prefix, pool.decode()) for prefix in prefixes)


def _holds(route: RouteSettings, account: str, outside: Outside) -> bool | None:
    """Whether the conditions hold; None where a model cannot know."""
    asked = (
        (route.esme, account.encode()),
        (route.source, outside.source),
        (route.destination, outside.destination),
    )
    if not all(not some or any(_fits(p, text) for p in some) for some, text in asked):
        return False
    if route.service_type and outside.service_type.decode() not in route.service_type:
        return False
    if route.data_coding and outside.data_coding not in route.data_coding:
        return False
    return None if route.percent < 100 or route.between is not None else True


def _fits(pattern: str, text: bytes) -> bool:
    if pattern.startswith("^"):
        return re.match(pattern, text.decode()) is not None
    return (
        text.startswith(pattern[:-1].encode()) if pattern[-1] == "*" else text.decode() == pattern
    )
