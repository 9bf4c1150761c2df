"""Rules between settings that are valid each by itself.

The functions take a document of plain mappings and lists, and skip values of the wrong kind, so
that they work on a file that has other problems. Time is linear in the document, suggestions
included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeGuard

from smppgate.settings.checks import Seconds, shown
from smppgate.settings.errors import Problem
from smppgate.settings.listeners import listener_problems
from smppgate.settings.members import names_in
from smppgate.settings.peer_side import peer_problems
from smppgate.settings.raw import is_array, named_tables, tables
from smppgate.settings.route_relations import rewrite_problems, route_problems
from smppgate.settings.suggestions import nearest
from smppgate.settings.tags import tag_problems
from smppgate.settings.workers import worker_problems

DEFAULT_POOL = "default"
"""The name of the pool of all SMSCs, where no pool is configured."""

NAME_KEYS = {
    "peer": "name",
    "esme": "system_id",
    "smsc": "name",
    "pool": "name",
    "route": "name",
    "rewrite": "name",
}
"""The key that names a table, for each section in which names are unique."""

RECEIPT_IDS = ("auto", "same", "resp_hex", "receipt_hex")
"""How an SMSC writes the id of a message in the resp and in the receipt; the first is the
default."""

_SECONDS = Seconds()


def relation_problems(document: Mapping[str, object]) -> Iterator[Problem]:
    """The problems between the tables of ``document``.

    Names that are used twice, references to pools and SMSCs that are not defined, tags that
    collide, listeners in one place, SMSCs of one group with different ``receipt_ids``, two logs in
    one file, more peers than there may be, and workers beside peers.
    """
    for section, key in NAME_KEYS.items():
        yield from _duplicates(document, section, key)
    yield from _unknown_members(document)
    yield from _unknown_pools(document)
    yield from _unknown_of_routes(document)
    yield from tag_problems(document)
    yield from listener_problems(document)
    yield from _divided_groups(document)
    yield from _shared_files(document)
    yield from peer_problems(document)
    yield from worker_problems(document)


def _shared_files(document: Mapping[str, object]) -> Iterator[Problem]:
    log, cdr = document.get("log"), document.get("cdr")
    if isinstance(log, dict) and isinstance(cdr, dict):
        path = cdr.get("path")
        if path and isinstance(path, str) and path == log.get("messages"):
            yield Problem("cdr.path", f"{shown(path)} is log.messages too")


def reconnect_problems(shortest: object, longest: object) -> Iterator[Problem]:
    """A ``shortest`` wait that is longer than the ``longest``; each is a number of seconds."""
    times = [time for time in map(_SECONDS.tidy, (shortest, longest)) if _is_time(time)]
    if len(times) == 2 and times != sorted(times):
        text = f"must be at most reconnect_max ({times[1]}), not {times[0]}"
        yield Problem("reconnect_min", text)


def _duplicates(document: Mapping[str, object], section: str, key: str) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, table in tables(document, section):
        name = table.get(key)
        # Routes and rules need no name.
        if isinstance(name, str) and name and first.setdefault(name, index) != index:
            there = f"{section}[{first[name]}]"
            yield Problem(
                f"{section}[{index}].{key}", f"{shown(name)} is the {key} of {there} too"
            )


def _unknown_members(document: Mapping[str, object]) -> Iterator[Problem]:
    if not is_array(document.get("smsc", ())):
        return
    known = _names(document, "smsc")
    for index, pool in tables(document, "pool"):
        for key in ("members", "backup"):
            for place, name in names_in(pool.get(key)):
                if name not in known:
                    yield Problem(f"pool[{index}].{key}[{place}]", _unknown("smsc", name, known))


def _unknown_pools(document: Mapping[str, object]) -> Iterator[Problem]:
    pools = document.get("pool", ())
    if not is_array(pools):
        return
    known = _pool_names(document)
    for index, esme in tables(document, "esme"):
        name = esme.get("pool")
        if isinstance(name, str) and name and name not in known:
            yield Problem(f"esme[{index}].pool", _unknown("pool", name, known))


def _unknown_of_routes(document: Mapping[str, object]) -> Iterator[Problem]:
    if not is_array(document.get("esme", ())):
        return
    esmes = _names(document, "esme")
    if is_array(document.get("pool", ())):
        yield from route_problems(document, _pool_names(document), esmes)
    if is_array(document.get("smsc", ())):
        yield from rewrite_problems(document, _names(document, "smsc"), esmes)


def _pool_names(document: Mapping[str, object]) -> dict[str, None]:
    return _names(document, "pool") if document.get("pool") else {DEFAULT_POOL: None}


def _divided_groups(document: Mapping[str, object]) -> Iterator[Problem]:
    first: dict[str, tuple[int, object]] = {}
    for index, name, table in named_tables(document, "smsc", NAME_KEYS["smsc"]):
        group, written = table.get("group") or name, table.get("receipt_ids", RECEIPT_IDS[0])
        if not isinstance(group, str) or written not in RECEIPT_IDS:
            continue
        there, expected = first.setdefault(group, (index, written))
        if written != expected:
            yield Problem(
                f"smsc[{index}].receipt_ids",
                f'must be "{expected}" as in smsc[{there}], which is in the group '
                f'{shown(group)} too, not "{written}"',
            )


def _names(document: Mapping[str, object], section: str) -> dict[str, None]:
    """The names in ``section``, in order; a dict, so that lookups take constant time."""
    names = (table.get(NAME_KEYS[section]) for _, table in tables(document, section))
    return {name: None for name in names if isinstance(name, str)}


def _unknown(section: str, name: str, known: Iterable[str]) -> str:
    return f"there is no {section} named {shown(name)}{nearest(name, known)}"


def _is_time(value: object) -> TypeGuard[float]:
    return not any(_SECONDS.problems(value))
