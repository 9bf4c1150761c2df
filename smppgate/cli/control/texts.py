"""Values of a gate's answers as text for people.

An answer may be of a gate of another version: what is absent, or of another type than it should
be, is shown as what it is and never ends a command.
"""

from __future__ import annotations

from datetime import datetime
from math import isfinite
from typing import Any

ABSENT = "-"

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def shown(value: Any) -> str:
    """Any value on one line; control characters are escaped, so that none steers the terminal."""
    if value is None or value == "":
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    # `smppgate.txsmpp.printable` does the same, and would load Twisted.
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def figure(value: Any) -> float | None:
    """The number, if it is a finite one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if isfinite(found) else None


def number(value: Any) -> str:
    """``12,345``; fractions have one digit: ``0.5``."""
    found = figure(value)
    if found is None:
        return shown(value)
    return f"{value:,}" if found.is_integer() and isinstance(value, int) else f"{found:,.1f}"


def rate(value: Any) -> str:
    """A limit per second, where 0 is none."""
    return ABSENT if figure(value) == 0 else number_in_short(value)


def number_in_short(value: Any) -> str:
    """A number without the zeros behind its point: ``100``, ``0.5``."""
    found = figure(value)
    return shown(value) if found is None else f"{found:,.2f}".rstrip("0").rstrip(".")


def share(value: Any) -> str:
    """A share from 0.0 to 1.0 as ``42 %``."""
    found = figure(value)
    return shown(value) if found is None else f"{found * 100:.0f} %"


def octets(value: Any) -> str:
    """``1.5 MiB``."""
    found = figure(value)
    if found is None:
        return shown(value)
    for unit in ("octets", "KiB", "MiB", "GiB"):
        if found < 1024:
            return f"{found:.0f} {unit}" if unit == "octets" else f"{found:.1f} {unit}"
        found /= 1024
    return f"{found:.1f} TiB"


def latency(value: Any) -> str:
    """Seconds from a request to its answer as ``12.3 ms``; 0 while none was answered."""
    found = figure(value)
    if found is None or found == 0:
        return ABSENT if found == 0 else shown(value)
    return f"{found * 1000:.1f} ms" if found < 1 else f"{found:.2f} s"


def lasting(value: Any) -> str:
    """Seconds in the two largest units: ``3 d 4 h``, ``5 min 2 s``, ``8 s``."""
    found = figure(value)
    if found is None:
        return shown(value)
    seconds = max(0, int(found))
    for unit, name, lesser, lesser_name in (
        (_DAY, "d", _HOUR, "h"),
        (_HOUR, "h", _MINUTE, "min"),
        (_MINUTE, "min", 1, "s"),
    ):
        if seconds >= unit:
            rest = seconds % unit // lesser
            return f"{seconds // unit} {name}" + (f" {rest} {lesser_name}" if rest else "")
    return f"{seconds} s"


def moment(value: Any) -> datetime | None:
    """The time of an ISO 8601 text, if it is one that has a zone."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def age(value: Any, now: datetime) -> str:
    """How long ago an ISO 8601 time is."""
    found = moment(value)
    return shown(value) if found is None else lasting((now - found).total_seconds())


def local_time(value: Any) -> str:
    """An ISO 8601 time as ``2026-01-31 22:00:00`` in the zone of this process."""
    found = moment(value)
    return shown(value) if found is None else found.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def several(count: int, noun: str) -> str:
    """``1 link``, ``2 links``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
