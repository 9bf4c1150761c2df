"""Makes the routes of a gate from its settings."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from zoneinfo import ZoneInfo

from smppgate.routing.numbers import Kind, NumberTable
from smppgate.routing.routes.conditions import (
    Accounts,
    Condition,
    EsmClass,
    Numbers,
    OneOf,
    Percent,
    Tlv,
    some_of,
    table_of,
)
from smppgate.routing.routes.hours import Hours
from smppgate.routing.routes.message import Message
from smppgate.routing.routes.rules import ByPrefix, Leads, Route, Target, ToOne
from smppgate.routing.routes.table import FileTable, Routes
from smppgate.routing.smscs.pool import Pool
from smppgate.settings import RouteSettings, Settings
from smppgate.settings.number_files import NumberFile
from smppgate.settings.route_checks import UTC, minutes_of, tlv_of
from smppgate.settings.routes import TimeWindows

# Quicker than functions of Python.
_destination: Callable[[Message], bytes] = attrgetter("destination")
_source: Callable[[Message], bytes] = attrgetter("source")

_Tables = Mapping[object, FileTable]


def make_routes(
    settings: Settings, pools: Mapping[str, Pool], before: Routes | None = None
) -> Routes | None:
    """The routes; None where none is configured.

    :param pools: by name.
    :param before: those until now: a file that has not changed is not taken apart again, which
        takes some 30 ms for 100 000 prefixes, and a route that has not changed goes on counting.
    """
    if not settings.route:
        return None
    known = before.tables if before is not None else {}
    tables: dict[object, FileTable] = {
        file: known.get(file) or _table_of_file(file)
        for route in settings.route
        for file in (route.destination_file, route.pools_file)
        if file is not None
    }
    routes = Routes((_route(route, pools, tables) for route in settings.route), tables)
    if before is not None:
        _go_on_counting(routes, before)
    return routes


def _route(settings: RouteSettings, pools: Mapping[str, Pool], tables: _Tables) -> Route:
    leads = _leads(settings, pools, tables)
    route = Route(
        settings.label,
        Accounts(settings.esme) if settings.esme else None,
        tuple(_conditions(settings, tables)),
        leads,
        settings.destination,
        settings.source,
    )
    for target in leads.targets:
        target.route = route
    return route


def _leads(settings: RouteSettings, pools: Mapping[str, Pool], tables: _Tables) -> Leads:
    fallback = [pools[name] for name in settings.fallback]

    def target(name: str) -> Target:
        return Target(None, tuple(dict.fromkeys((pools[name], *fallback))))

    file = settings.pools_file
    if settings.reject is not None:
        return ToOne(Target(None, (), settings.reject))
    if file is None:
        return ToOne(target(settings.pool))
    found = tables[file]
    named = {name: target(name) for name in found.pools}
    return ByPrefix(found.table, named, file.path)


def _conditions(settings: RouteSettings, tables: _Tables) -> Iterator[Condition]:
    """The conditions, the cheapest first but for those by which a route is found."""
    if settings.destination:
        yield _numbers("destination", settings.destination)
    if settings.destination_file is not None:
        file = settings.destination_file
        yield Numbers(
            "destination_file", _destination, tables[file].table, f"has no prefix in {file.path}"
        )
    if settings.source:
        yield _numbers("source", settings.source)
    yield from _fields(settings)
    if settings.esm_class is not None:
        yield EsmClass(settings.esm_class.mask, settings.esm_class.value)
    for text in settings.tlv:
        yield Tlv(*tlv_of(text))
    if settings.between is not None:
        yield _hours(settings.between)
    if settings.percent < 100:
        yield Percent(settings.percent, settings.label)


def _numbers(key: str, patterns: tuple[str, ...]) -> Numbers:
    read = _destination if key == "destination" else _source
    return Numbers(key, read, table_of(patterns), f"does not fit {some_of(patterns)}")


def _fields(settings: RouteSettings) -> Iterator[Condition]:
    if settings.source_ton:
        yield OneOf("source_ton", lambda it: it.source_ton, settings.source_ton, str)
    if settings.destination_ton:
        yield OneOf(
            "destination_ton", lambda it: it.destination_ton, settings.destination_ton, str
        )
    if settings.data_coding:
        yield OneOf("data_coding", lambda it: it.data_coding, settings.data_coding, str)
    if settings.service_type:
        values = [each.encode("latin-1") for each in settings.service_type]
        yield OneOf("service_type", lambda it: it.service_type, values, _quoted)


def _hours(settings: TimeWindows) -> Hours:
    zone = datetime.UTC if settings.zone == UTC else ZoneInfo(settings.zone)
    return Hours([minutes_of(each) for each in settings.times], settings.days, zone)


def _table_of_file(file: NumberFile) -> FileTable:
    """The prefixes of a file, each with the pool that it names, if it does."""
    table: NumberTable[str] = NumberTable()
    by_pool = file.by_pool()
    for pool, prefixes in by_pool.items():
        table.put_new(Kind.PREFIX, prefixes, pool)
    return FileTable(table, tuple(by_pool))


def _go_on_counting(routes: Routes, before: Routes) -> None:
    routes.unrouted = before.unrouted
    counts = _numbered(before)
    for key, route in _numbered(routes).items():
        if key in counts:
            route.messages = counts[key].messages


def _numbered(routes: Routes) -> dict[tuple[str, int], Route]:
    """The routes by label, and by number among those with the same."""
    found: dict[tuple[str, int], Route] = {}
    for route in routes.all:
        number = 0
        while (route.label, number) in found:
            number += 1
        found[route.label, number] = route
    return found


def _quoted(value: object) -> str:
    return f'"{value.decode("latin-1")}"' if isinstance(value, bytes) else str(value)
