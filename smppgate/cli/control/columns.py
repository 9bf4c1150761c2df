"""What each list of the API shows: the columns of its table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from smppgate.cli.control.tables import Cell, Column, Row
from smppgate.cli.control.texts import (
    ABSENT,
    age,
    figure,
    lasting,
    latency,
    number,
    number_in_short,
    octets,
    rate,
    share,
    shown,
)

_STYLES = {
    "ready": "green",
    "bound": "green",
    "up": "green",
    "partly": "yellow",
    "refused": "red",
    "drain": "yellow",
    "unbinding": "yellow",
    "waiting": "yellow",
    "connecting": "yellow",
    "starting": "yellow",
    "stopping": "yellow",
    "closed": "yellow",
    "maint": "red",
    "down": "red",
}


def state(value: Any) -> Cell:
    """A state, in its colour."""
    text = shown(value)
    return Cell(text, _STYLES.get(text, ""))


def alarming(value: Any) -> Cell:
    """A count of what should not be."""
    return Cell(number(value), "red" if figure(value) else "")


def links_text(value: Any) -> Cell:
    """``2 of 4``: of an SMSC's links those that are up."""
    if not isinstance(value, dict):
        return Cell(shown(value))
    up, total = value.get("up"), value.get("all")
    style = "green" if up == total else "yellow" if up else "red"
    return Cell(f"{number(up)} of {number(total)}", style)


def window_text(row: Row) -> str:
    """``3 of 20``: unanswered requests, and how many there may be now."""
    return f"{number(row.get('outstanding'))} of {number(row.get('capacity'))}"


def _text(key: str) -> Callable[[Row, datetime], str | Cell]:
    return lambda row, now: shown(row.get(key))


def _made(key: str, make: Callable[[Any], str | Cell]) -> Callable[[Row, datetime], str | Cell]:
    return lambda row, now: make(row.get(key))


def name(title: str, key: str = "name") -> Column:
    """The column that tells rows apart."""
    return Column(title, _text(key), least=24)


def text(title: str, key: str, rank: int = 0, least: int = 0) -> Column:
    """A text as it is."""
    return Column(title, _text(key), rank=rank, least=least)


def made(title: str, key: str, make: Callable[[Any], str | Cell], rank: int = 0) -> Column:
    """A number, as ``make`` writes it."""
    return Column(title, _made(key, make), True, rank)


def counted(title: str, key: str, rank: int = 0) -> Column:
    """A number."""
    return made(title, key, number, rank)


def _age(title: str, key: str, rank: int = 0) -> Column:
    return Column(title, lambda row, now: age(row.get(key), now), True, rank)


def _state(title: str = "STATE", key: str = "state") -> Column:
    return Column(title, _made(key, state))


def _use(row: Row) -> Cell:
    if row.get("is_active"):
        return Cell("in use", "green")
    return Cell("backup" if row.get("is_backup") else "not in use", "yellow")


ACCOUNTS = (
    name("ACCOUNT", "system_id"),
    _state(),
    counted("SESSIONS", "sessions"),
    counted("MAX", "max_binds", 3),
    counted("WINDOW", "window", 5),
    made("RATE", "rate", rate, 6),
    made("SESSION RATE", "session_rate", rate, 8),
    made("TOKENS", "tokens", number_in_short, 8),
    counted("WAITING", "waiting", 1),
    counted("OVER RATE", "over_rate", 7),
    counted("QUEUED", "queued", 2),
    text("POOL", "pool", 4, 8),
)

SESSIONS = (
    counted("ID", "id"),
    name("ACCOUNT", "account"),
    text("PEER", "peer", 1),
    text("BIND", "bind", 2),
    text("VERSION", "version", 6),
    _age("SINCE", "since", 4),
    counted("OPEN", "open", 3),
    counted("OUTSTANDING", "outstanding", 5),
    made("TOKENS", "tokens", number_in_short, 8),
    text("LIMITED BY", "limited_by", 7),
)

SMSCS = (
    name("SMSC"),
    _state(),
    Column("LINKS", _made("links", links_text), True),
    counted("WEIGHT", "weight", 2),
    Column("WINDOW", lambda row, now: window_text(row), True, 1),
    made("USED", "utilization", share, 6),
    made("LATENCY", "latency", latency, 1),
    made("RATE", "rate", rate, 9),
    made("ADAPTIVE", "adaptive_rate", rate, 10),
    counted("TAKEN", "taken", 3),
    counted("REFUSED", "refused", 3),
    counted("TIMED OUT", "timed_out", 5),
    counted("LOST", "lost", 5),
    made("ERRORS", "errors", alarming, 4),
    counted("WAITING", "waiting", 7),
    counted("BIND ERRORS", "bind_errors", 8),
    text("LIMITED BY", "limited_by", 9),
    text("TAG", "tag", 10),
)

LINKS = (
    name("LINK", "id"),
    text("SMSC", "smsc", 5, 8),
    _state(),
    _state("CONDITION", "condition"),
    _age("SINCE", "since", 2),
    counted("OUTSTANDING", "outstanding", 1),
    counted("OPEN", "open", 4),
    made("TOKENS", "tokens", number_in_short, 6),
    text("ENDPOINT", "endpoint", 3, 16),
    text("LAST ERROR", "last_error", 2, 16),
)

POOLS = (
    name("POOL"),
    Column(
        "STATE",
        lambda row, now: state({True: "up", False: "down"}.get(row.get("is_up"))),  # type: ignore[arg-type]
    ),
    text("BALANCE", "balance", 3),
    made("USED", "utilization", share, 2),
    counted("WAITING", "waiting"),
    made("OLDEST", "waiting_seconds", lasting, 1),
    made("MEMORY", "waiting_octets", octets, 4),
    counted("RETRIES", "retries", 2),
    counted("NOT RETRIED", "retries_refused", 3),
)

MEMBERS = (
    name("POOL", "pool"),
    name("SMSC"),
    Column("USE", lambda row, now: _use(row)),
    counted("WEIGHT", "weight"),
    made("SLOW START", "slow_start", share, 3),
    made("EJECTED FOR", "ejected_for", lambda s: lasting(s) if figure(s) else ABSENT, 1),
    counted("EJECTIONS", "ejections", 2),
    text("REASON", "reason", 1, 16),
)

QUEUES = (
    name("ACCOUNT", "system_id"),
    counted("QUEUED", "queued"),
    counted("DELIVERED", "delivered"),
    made("REFUSED", "refused", alarming, 1),
    counted("DROPPED", "dropped", 2),
    counted("EXPIRED", "expired", 3),
)

PEERS = (
    name("PEER"),
    _state(),
    _age("SINCE", "since", 3),
    counted("SESSIONS", "sessions", 1),
    counted("SENT", "sent", 2),
    counted("TAKEN", "taken", 2),
    made("RETURNED", "returned", alarming, 4),
    Column("DIFFERS", lambda row, now: _names(row.get("differs")), rank=5, least=8),
    text("ENDPOINT", "endpoint", 6, 16),
    text("LAST ERROR", "last_error", 3, 16),
)

WORKER = counted("WORKER", "worker", 4)
"""Of what each worker has for itself; a gate of one process says of no worker."""

WORKERS = (
    counted("WORKER", "number"),
    _state(),
    counted("PID", "pid", 2),
    _age("SINCE", "since", 1),
    made("RESTARTS", "restarts", alarming, 1),
    counted("SESSIONS", "sessions"),
    counted("LINKS", "links"),
    counted("RELAYED", "relayed", 3),
    made("LAG", "lag", latency, 2),
)

LISTENERS = (
    name("LISTENER", "endpoint"),
    text("ADDRESS", "address", 1),
    counted("CONNECTIONS", "sessions"),
    counted("NOT BOUND", "unbound", 2),
    made("REFUSED", "refused", alarming),
    counted("DELAYED", "delayed", 3),
)

ROUTES = (
    counted("NO", "number"),
    Column("ROUTE", lambda row, now: shown(row.get("label", row.get("name"))), least=12),
    Column("POOLS", lambda row, now: _names(row.get("pools")), rank=1, least=12),
    counted("MESSAGES", "messages"),
)

REWRITES = (
    counted("NO", "number"),
    name("RULE", "label"),
    text("APPLIES TO", "applies_to"),
    counted("MESSAGES", "messages"),
)


def _names(value: Any) -> str:
    return ", ".join(map(shown, value)) if isinstance(value, list) else shown(value)
