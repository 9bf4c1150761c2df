"""Checks of what conditions of ``[[route]]`` are made of."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import attrs

from smppgate.settings.checks import Check, Several, describe, shown, shown_integer
from smppgate.settings.errors import Problem
from smppgate.settings.texts import Text
from smppgate.txsmpp.address_range import LONGEST_ADDRESS, name_problem
from smppgate.txsmpp.constants import CommandStatus

UTC = "UTC"

_TLV = re.compile(r"0x([0-9A-Fa-f]{1,4})(?:=((?:[0-9A-Fa-f]{2})*))?")
_WINDOW = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-(?:([01][0-9]|2[0-3]):([0-5][0-9])|24:00)")


@attrs.frozen
class OneOrSeveral(Several):
    """An array of items that pass ``item``; one item stands for an array of it alone."""

    @property
    def kind(self) -> str:
        """The kind of an item, or an array of such."""
        return f"{self.item.kind}, or {super().kind}"

    def tidy(self, value: object) -> object:
        """An item as a tuple of it, with items tidied."""
        kind = str if isinstance(self.item, Text) else int
        if isinstance(value, kind) and not isinstance(value, bool):
            value = (value,)
        return tuple(map(self.item.tidy, value)) if isinstance(value, list | tuple) else value


@attrs.frozen
class Pattern(Text):
    """A name, ``prefix*`` or ``^regex$``, of ``longest`` octets at the most."""

    longest: int = LONGEST_ADDRESS

    @property
    def allowed(self) -> str:
        """The three forms."""
        return '`"prefix*"`, `"name"`, `"^regex$"`'

    def faults(self, text: str) -> Iterator[str]:
        """``text`` has none of the three forms."""
        fault = name_problem(text, self.longest)
        if fault is not None:
            yield fault


@attrs.frozen
class TlvPattern(Text):
    """A TLV that is there, ``0x1400``, or has this value, ``0x1400=01ff``."""

    @property
    def allowed(self) -> str:
        """Both forms."""
        return '`"0x1400"` (is there) or `"0x1400=01ff"` (has this value, in hexadecimal)'

    def faults(self, text: str) -> Iterator[str]:
        """``text`` has neither form."""
        if not _TLV.fullmatch(text):
            yield f"must be '0x1400', or with a value '0x1400=01ff', not {shown(text)}"


def tlv_of(text: str) -> tuple[int, bytes | None]:
    """Tag and value, None without one, of a text in the form of `TlvPattern`.

    :raises ValueError: for another text.
    """
    found = _TLV.fullmatch(text)
    if found is None:
        raise ValueError(text)
    tag, value = found.groups()
    return int(tag, 16), bytes.fromhex(value) if value is not None else None


@attrs.frozen
class Window(Text):
    """From one time of the day to another; over midnight where that is earlier."""

    @property
    def allowed(self) -> str:
        """The form."""
        return '`"HH:MM-HH:MM"`'

    def faults(self, text: str) -> Iterator[str]:
        """``text`` has not the form, or both times are the same."""
        if not _WINDOW.fullmatch(text):
            yield f"must be a time to a time ('22:00-06:00'), not {shown(text)}"
        elif text[:5] == text[6:]:
            yield f"must be two times that differ, not {shown(text)}; a whole day is 00:00-24:00"


def minutes_of(window: str) -> tuple[int, int]:
    """Both times of a text in the form of `Window`, in minutes since midnight."""
    begin, end = ((int(time[:2]) * 60 + int(time[3:])) for time in window.split("-"))
    return begin, end


@attrs.frozen
class Zone(Text):
    """The name of a time zone that this machine knows."""

    @property
    def allowed(self) -> str:
        """An example."""
        return 'a zone such as `"Europe/Berlin"`'

    def faults(self, text: str) -> Iterator[str]:
        """There is no such zone here."""
        if text == UTC:
            return
        try:
            ZoneInfo(text)
        except (OSError, ValueError, LookupError):
            yield f"{shown(text)} is no time zone that is known here"


@attrs.frozen
class Percentage(Check):
    """0 to 100."""

    @property
    def kind(self) -> str:
        """``number``."""
        return "number"

    @property
    def allowed(self) -> str:
        """The bounds."""
        return "0 to 100"

    def write(self, value: object) -> str:
        """``value`` with a decimal point."""
        return str(value)

    def tidy(self, value: object) -> object:
        """An integer as a float."""
        return float(value) if type(value) is int and abs(value) < 1 << 53 else value

    def problems(self, value: object) -> Iterator[Problem]:
        """``value`` is not a number, or out of range."""
        if not isinstance(value, float):
            yield Problem("", f"must be a number, not {describe(value)}")
        elif not (math.isfinite(value) and 0 <= value <= 100):
            yield Problem("", f"must be 0 to 100, not {value}")


@attrs.frozen
class Status(Check):
    """A command_status other than 0: a number, or the specification's name."""

    @property
    def kind(self) -> str:
        """``integer or string``."""
        return "integer or string"

    @property
    def none(self) -> str:
        """``none``."""
        return "none"

    @property
    def allowed(self) -> str:
        """The bounds, and a name."""
        return '0x01 to 0xFFFFFFFF, or a name such as `"ESME_RINVDSTADR"`'

    def write(self, value: object) -> str:
        """``value`` as ``0x08``."""
        return f"0x{value:02X}" if isinstance(value, int) else self.none

    def tidy(self, value: object) -> object:
        """A name as the number."""
        is_name = isinstance(value, str) and value in CommandStatus.__members__
        return int(CommandStatus[str(value)]) if is_name else value

    def problems(self, value: object) -> Iterator[Problem]:
        """``value`` is neither, or means success."""
        if isinstance(value, bool) or not isinstance(value, int):
            yield Problem(
                "", f"must be a command_status (0x0B, ESME_RINVDSTADR), not {describe(value)}"
            )
        elif not 1 <= value <= 0xFFFF_FFFF:
            yield Problem(
                "", f"must be a command_status from 0x01 to 0xFFFFFFFF, not {shown_integer(value)}"
            )
