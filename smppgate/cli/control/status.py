"""``smppgate status``: the gate on one screen, and what is not as it should be."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from smppgate.cli.control.asking import Asking, add_json, print_json
from smppgate.cli.control.client import Gate
from smppgate.cli.control.screen import print_lines, room
from smppgate.cli.control.tables import Cell, Line, Row
from smppgate.cli.control.texts import (
    age,
    figure,
    lasting,
    local_time,
    moment,
    number,
    octets,
    several,
    shown,
)

_TITLE_WIDTH = 10
"""Of what stands on the left."""


def parts(state: Row, key: str) -> list[dict[str, Any]]:
    """The objects of this list of the state; none where it has no such list."""
    found = state.get(key)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def time_of(state: Row) -> datetime:
    """When it was so, by the clock of the gate."""
    return moment(state.get("time")) or datetime.now(UTC)


def title_line(state: Row) -> Line:
    """Which gate it is, and since when."""
    what = f"smppgate {shown(state.get('version'))}"
    seconds = state.get("uptime_seconds")
    up = lasting(seconds) if seconds is not None else age(state.get("started_at"), time_of(state))
    line = (Cell(shown(state.get("name")), "bold"), Cell(what), Cell(f"up {up}"))
    return (*line, Cell("is stopping", "red")) if state.get("is_stopping") else line


def total(rows: list[dict[str, Any]], key: str) -> int:
    """The sum of this number of all rows."""
    return int(sum(figure(row.get(key)) or 0 for row in rows))


def troubles(state: Row) -> Iterator[Cell]:
    """What an operator should look at."""
    errors = {link.get("smsc"): link.get("last_error") for link in parts(state, "links")}
    for smsc in parts(state, "smscs"):
        yield from _smsc_troubles(smsc, errors.get(smsc.get("name")))
    for pool in parts(state, "pools"):
        yield from _pool_troubles(pool)
    for worker in parts(state, "workers"):
        if worker.get("state") != "up":
            number_, how = number(worker.get("number")), shown(worker.get("state"))
            yield Cell(f"worker {number_} is {how}", "red" if how == "down" else "yellow")
    store = state.get("store")
    if isinstance(store, dict) and store.get("fault"):
        yield Cell(f"the store fails: {shown(store['fault'])}", "red")
    for account in parts(state, "accounts"):
        if account.get("state") == "closed":
            yield Cell(f"account {shown(account.get('system_id'))} is closed", "yellow")


def _smsc_troubles(smsc: Row, error: Any) -> Iterator[Cell]:
    name = shown(smsc.get("name"))
    if smsc.get("state") in ("drain", "maint"):
        yield Cell(f"SMSC {name} is in {smsc['state']}", "yellow")
        return
    links = smsc.get("links")
    up, of_all = (links.get("up"), links.get("all")) if isinstance(links, dict) else (None, None)
    if figure(of_all) and up != of_all:
        why = f": {shown(error)}" if error else ""
        count = f"{number(up)} of {several(int(figure(of_all) or 0), 'link')} up"
        yield Cell(f"SMSC {name}: {count}{why}", "yellow" if up else "red")


def _pool_troubles(pool: Row) -> Iterator[Cell]:
    name = shown(pool.get("name"))
    if pool.get("is_up") is False:
        yield Cell(f"pool {name} takes no messages", "red")
    for member in parts(pool, "members"):
        seconds = member.get("ejected_for")
        if figure(seconds):
            smsc, why = shown(member.get("name")), shown(member.get("reason"))
            yield Cell(f"pool {name}: {smsc} is ejected for {lasting(seconds)}: {why}", "red")


def _lines(state: Row, limit: int | None) -> Iterator[Line]:
    yield title_line(state)
    yield ()
    for title, text in _figures(state):
        yield _titled(title, Cell(text))
    yield from _totals(state, limit)
    found = list(troubles(state))
    if found:
        yield ()
        yield from ((trouble,) for trouble in found)


def _titled(title: str, cell: Cell) -> Line:
    return (Cell(title.ljust(_TITLE_WIDTH), "bold"), cell)


def _figures(state: Row) -> Iterator[tuple[str, str]]:
    accounts, smscs = parts(state, "accounts"), parts(state, "smscs")
    links, pools = parts(state, "links"), parts(state, "pools")
    bound = sum(link.get("condition") == "bound" for link in links)
    yield "since", local_time(state.get("started_at"))
    yield "listening", ", ".join(_listening(state)) or "nowhere"
    workers = parts(state, "workers")
    if workers:
        yield "workers", f"{sum(w.get('state') == 'up' for w in workers):,} of {len(workers):,} up"
    yield "accounts", f"{len(accounts):,}, {several(total(accounts, 'sessions'), 'session')}"
    yield "SMSCs", f"{len(smscs):,}, {bound:,} of {several(len(links), 'link')} up"
    yield "pools", f"{sum(pool.get('is_up') is True for pool in pools):,} of {len(pools):,} up"
    yield "open", several(int(figure(state.get("open_exchanges")) or 0), "request")
    yield "waiting", several(total(pools, "waiting"), "message")
    if parts(state, "queues"):
        yield "queued", several(total(parts(state, "queues"), "queued"), "message")
    store = state.get("store")
    if isinstance(store, dict):
        yield "store", ", ".join(_store(store))


def _listening(state: Row) -> Iterator[str]:
    for listener in parts(state, "listeners"):
        address = listener.get("address")
        yield shown(address) if address else f"{shown(listener.get('endpoint'))} (closed)"


def _store(store: Row) -> Iterator[str]:
    for key, value in store.items():
        if key.endswith("octets"):
            yield f"{key.replace('_', ' ')}: {octets(value)}"
        elif figure(value):
            yield f"{shown(key).replace('_', ' ')}: {number(value)}"


def _totals(state: Row, limit: int | None) -> Iterator[Line]:
    """What was counted since the start, as far as it has happened."""
    totals = state.get("totals")
    if not isinstance(totals, dict):
        return
    told = [
        f"{number(count)} {shown(key).replace('_', ' ')}"
        for key, count in totals.items()
        if figure(count)
    ]
    text = ", ".join(told) or "nothing"
    lines = textwrap.wrap(text, max(20, limit - _TITLE_WIDTH - 2)) if limit else [text]
    for place, line in enumerate(lines):
        yield _titled("" if place else "counted", Cell(line))


def _work(gate: Gate, args: argparse.Namespace) -> int:
    state = gate.object("state")
    if args.json:
        print_json(state)
    else:
        print_lines(_lines(state, room()))
    return 0


STATUS = Asking(
    "Show the gate on one screen: what is bound, what is open and waits, what was counted since "
    "its start, and what is not as it should be.",
    add_json,
    _work,
)
