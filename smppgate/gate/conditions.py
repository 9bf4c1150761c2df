"""Makes conditions of routes and of rules from their settings."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import attrgetter
from zoneinfo import ZoneInfo

from smppgate.routing.numbers import Kind, NumberTable
from smppgate.routing.routes.conditions import (
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
from smppgate.routing.routes.table import FileTable
from smppgate.settings.conditions import Conditions, TimeWindows
from smppgate.settings.number_files import NumberFile
from smppgate.settings.route_checks import UTC, minutes_of, tlv_of

# Quicker than functions of Python.
_destination: Callable[[Message], bytes] = attrgetter("destination")
_source: Callable[[Message], bytes] = attrgetter("source")

Tables = Mapping[object, FileTable]
"""What is in files of prefixes, by their content."""


def file_tables(files: Iterable[NumberFile | None], known: Tables) -> Tables:
    """The tables of these files, those of ``known`` as they are.

    To take a file apart takes some 30 ms for 100 000 prefixes.
    """
    return {file: known.get(file) or _table_of_file(file) for file in files if file is not None}


def conditions(settings: Conditions, tables: Tables) -> Iterator[Condition]:
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


def _fields(settings: Conditions) -> Iterator[Condition]:
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


def _quoted(value: object) -> str:
    return f'"{value.decode("latin-1")}"' if isinstance(value, bytes) else str(value)
