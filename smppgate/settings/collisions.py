"""Warnings of places, numbers and names that two tables have and that are likely to be of one."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from smppgate.settings.esme_rules import WILDCARD
from smppgate.settings.listeners import listeners
from smppgate.settings.model import Settings
from smppgate.settings.places import Place, client_place


def collision_warnings(settings: Settings) -> Iterator[str]:
    """Connections of the gate to itself, ranges of two accounts, and names that are but one."""
    yield from _own_listeners(settings)
    yield from _equal_ranges(settings)
    yield from _equal_names(settings)


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


def _equal_names(settings: Settings) -> Iterator[str]:
    """Accounts whose names differ by case only, where an SMSC that ignores case judges binds."""
    folding = _folding_accounts(settings)
    if not folding:
        return
    folds_all = any(settings.esme[account].system_id == WILDCARD for account in folding)
    first: dict[str, int] = {}
    for account, esme in enumerate(settings.esme):
        there = first.setdefault(esme.system_id.lower(), account)
        if there != account and (folds_all or folding & {there, account}):
            yield (
                f"esme[{account}].system_id: differs from esme[{there}].system_id by case only, "
                'and an SMSC with system_id_case = "fold" judges binds: it takes both for one'
            )


def _folding_accounts(settings: Settings) -> set[int]:
    """The accounts whose binds are judged by an SMSC that ignores case."""
    folding = {smsc.name for smsc in settings.smsc if smsc.system_id_case == "fold"}
    pools = {pool.name for pool in settings.pool if not folding.isdisjoint(pool.names)}
    return {
        account
        for account, esme in enumerate(settings.esme)
        if esme.auth == "smsc" and (esme.pool or settings.pool[0].name) in pools
    }
