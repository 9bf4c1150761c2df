"""Rules between ``[[route]]``, ``[[rewrite]]`` and the tables that they name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from smppgate.settings.checks import shown
from smppgate.settings.errors import Problem
from smppgate.settings.esme_rules import WILDCARD
from smppgate.settings.number_files import NumberFile, line_with, read
from smppgate.settings.raw import is_array, tables
from smppgate.settings.suggestions import nearest

MOST_POOLS = 10
"""Unknown pools of one file that are told."""


def route_problems(
    document: Mapping[str, object], pools: Collection[str], esmes: Collection[str]
) -> Iterator[Problem]:
    """Names in routes that no table has: of pools, in files too, and of accounts.

    :param pools: the names that there are; ``esmes`` those of accounts.
    """
    for index, route in tables(document, "route"):
        path = f"route[{index}]"
        yield from _unknown(f"{path}.pool", route.get("pool") or None, "pool", pools)
        yield from _each_unknown(f"{path}.fallback", route.get("fallback"), "pool", pools)
        yield from _unknown_in_file(f"{path}.pools_file", route.get("pools_file"), pools)
        if WILDCARD not in esmes:
            yield from _each_unknown(f"{path}.esme", route.get("esme"), "esme", esmes)


def rewrite_problems(
    document: Mapping[str, object], smscs: Collection[str], esmes: Collection[str]
) -> Iterator[Problem]:
    """The same of rules that rewrite messages: names of SMSCs and of accounts."""
    for index, rule in tables(document, "rewrite"):
        path = f"rewrite[{index}]"
        yield from _each_unknown(f"{path}.smsc", rule.get("smsc"), "smsc", smscs)
        if WILDCARD not in esmes:
            yield from _each_unknown(f"{path}.esme", rule.get("esme"), "esme", esmes)


def _each_unknown(
    path: str, value: object, section: str, known: Collection[str]
) -> Iterator[Problem]:
    if not is_array(value):
        yield from _unknown(path, value, section, known)
        return
    for place, name in enumerate(value):
        yield from _unknown(f"{path}[{place}]", name, section, known)


def _unknown(path: str, name: object, section: str, known: Collection[str]) -> Iterator[Problem]:
    if not isinstance(name, str) or not name or name in known:
        return
    # Names of accounts may be patterns.
    if section == "esme" and (name.startswith("^") or name.endswith("*")):
        return
    yield Problem(path, f"there is no {section} named {shown(name)}{nearest(name, known)}")


def _unknown_in_file(path: str, value: object, known: Collection[str]) -> Iterator[Problem]:
    file = read(value, pools=True) if isinstance(value, str) and value else value
    if not isinstance(file, NumberFile):
        return
    unknown = [pool for pool in file.by_pool() if pool not in known]
    for pool in unknown[:MOST_POOLS]:
        where = f"{file.path!r} line {line_with(file.path, pool)}"
        text = f"{where}: there is no pool named {shown(pool)}{nearest(pool, known)}"
        yield Problem(path, text)
