"""One screen of ``smppgate top``, as lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from smppgate.cli.control.columns import (
    alarming,
    counted,
    links_text,
    made,
    name,
    state,
    window_text,
)
from smppgate.cli.control.looks import Looks, Rows
from smppgate.cli.control.status import total
from smppgate.cli.control.tables import Cell, Column, Line, Row, laid_out
from smppgate.cli.control.texts import age, figure, lasting, latency, number, shown

_BLOCKS = "▁▂▃▄▅▆▇█"

_BAR = 12
"""Columns of a bar that stands for all messages."""

_ACCOUNTS = 10
"""The busiest ones, where any number of lines fits."""


def _bar(row: Row) -> Cell:
    part = figure(row.get("share")) or 0.0
    return Cell(f"{part * 100:3.0f} % {'█' * round(_BAR * part)}", "cyan")


def _per_second(value: Any) -> str:
    found = figure(value)
    return shown(value) if found is None else f"{found:,.0f}" if found >= 10 else f"{found:.1f}"


_SMSCS = (
    name("SMSC"),
    Column("STATE", lambda row, now: state(row.get("state"))),
    Column("LINKS", lambda row, now: links_text(row.get("links")), True, 4),
    made("MSG/S", "per_second", _per_second),
    Column("WINDOW", lambda row, now: window_text(row), True, 2),
    made("LATENCY", "latency", latency, 1),
    made("ERRORS", "errors", alarming, 3),
    counted("WAITING", "waiting", 5),
    Column("SHARE", lambda row, now: _bar(row), rank=2),
)

_BUSIEST = (
    name("ACCOUNT", "system_id"),
    Column("STATE", lambda row, now: state(row.get("state")), rank=3),
    made("MSG/S", "per_second", _per_second),
    made("ERRORS/S", "errors_per_second", _per_second, 1),
    counted("SESSIONS", "sessions", 2),
    counted("WAITING", "waiting", 1),
    counted("OVER RATE", "over_rate", 4),
    counted("QUEUED", "queued", 2),
)


def frame(looks: Looks, seconds: float, width: int | None, height: int | None) -> list[Line]:
    """The screen, for so many seconds that have gone by.

    :param width: columns of the terminal, and ``height`` its lines; None for any number.
    """
    head = [_title(looks), (), *_figures(looks, seconds, width), *_spark(looks, width), ()]
    # The SMSCs may have half of the rest, the accounts have what is left then. Both tables have
    # titles, and an empty line is between them.
    rest = None if height is None else height - len(head) - 3
    smscs, accounts = _smscs(looks), _accounts(looks)
    upper = _table(_SMSCS, smscs, looks, width, _room(rest, len(smscs), 0.5), "SMSCs")
    rest = None if height is None else height - len(head) - len(upper) - 2
    lower = _table(_BUSIEST, accounts, looks, width, _room(rest, _ACCOUNTS, 1.0), "accounts")
    return [*head, *upper, (), *lower]


def _room(rest: int | None, rows: int, part: float) -> int:
    """For how many rows there is room, with a line that tells of more."""
    return rows if rest is None else max(1, int(rest * part) - 1)


def _smscs(looks: Looks) -> Rows:
    rates = looks.rates("smscs", "name", "taken", "refused", "timed_out")
    whole = sum(rates.values()) or 1.0
    return [
        {
            **row,
            "per_second": rates.get(row.get("name")),
            "share": rates.get(row.get("name"), 0.0) / whole,
        }
        for row in looks.now.smscs
    ]


def _accounts(looks: Looks) -> Rows:
    """The busiest first."""
    rates = looks.rates("accounts", "system_id", "messages")
    errors = looks.rates("accounts", "system_id", "errors")
    found = [
        {
            **row,
            "per_second": rates.get(row.get("system_id")),
            "errors_per_second": errors.get(row.get("system_id")),
        }
        for row in looks.now.accounts
    ]
    return sorted(found, key=_busy)


def _title(looks: Looks) -> Line:
    return (
        Cell(shown(looks.state.get("name")), "bold"),
        Cell(f"smppgate {shown(looks.state.get('version'))}"),
        Cell(f"up {age(looks.started_at, looks.time)}"),
        Cell(looks.time.astimezone().strftime("%H:%M:%S"), "dim"),
    )


def _figures(looks: Looks, seconds: float, width: int | None) -> Iterator[Line]:
    history = looks.history
    errors = history.mean("errors", seconds)
    waiting = total(looks.now.pools, "waiting")
    oldest = max(figure(pool.get("waiting_seconds")) or 0.0 for pool in (*looks.now.pools, {}))
    cells = (
        _figure("messages/s", _per_second(history.mean("messages", seconds))),
        _figure("errors/s", _per_second(errors), "red" if errors else ""),
        _figure("receipts/s", _per_second(history.mean("receipts", seconds))),
        _figure("waiting", number(waiting), "yellow" if waiting else ""),
        _figure("oldest", lasting(oldest) if waiting else "-"),
        _figure("latency", latency(history.mean("latency_seconds", seconds))),
    )
    beside = 3 if width is None or width >= 80 else max(1, width // 25)
    yield from (cells[at : at + beside] for at in range(0, len(cells), beside))


def _figure(title: str, value: str, style: str = "") -> Cell:
    return Cell(f"{title:<10} {value:>10}  ", style)


def _spark(looks: Looks, width: int | None) -> Iterator[Line]:
    """Messages of each second as a line of blocks, the last on the right."""
    values = looks.history.values("messages")[-max(10, (width or 80) - 12) :]
    if not values:
        return
    most = max(values) or 1.0
    blocks = "".join(_BLOCKS[min(7, int(value / most * 7.999))] for value in values)
    yield (
        Cell(f"{'last ' + lasting(len(values) * looks.history.interval):<10}"),
        Cell(blocks, "cyan"),
    )


def _busy(row: Row) -> tuple[float, ...]:
    """What comes first in order: most messages, then most that waits, then most sessions."""
    keys = ("per_second", "waiting", "sessions")
    return tuple(-(figure(row.get(key)) or 0.0) for key in keys)


def _table(
    columns: tuple[Column, ...],
    rows: Rows,
    looks: Looks,
    width: int | None,
    room: int,
    noun: str,
) -> list[Line]:
    lines = list(laid_out(columns, rows[:room], looks.time, width).lines)
    if len(rows) > room:
        lines.append((Cell(f"and {len(rows) - room:,} {noun} more", "dim"),))
    return lines
